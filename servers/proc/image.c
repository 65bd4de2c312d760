/*
 * image.c: from a file of the archive to a process: an address space, the segments, stack, heap, the page
 * of arguments, the capabilities, a stopped thread. Text and read-only data are shared straight from the
 * archive's pages; writable segments are private copies. Programs elsewhere are copied whole. Files are
 * checked by libc's elf.c before anything
 * is made; any failure on the way is undone by one space_destroy.
 */
#include <stdio.h>
#include <string.h>
#include <mem_client.h>
#include <tessera/cpio.h>
#include <tessera/elf.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include "fetch.h"
#include "image.h"

#define BASE_LOWEST     0x100000000ull  /* programs are loaded at a random page above 4 GiB ... */
#define BASE_MEGAPAGES  0x7fff          /* ... of 32,768 megapages, */
#define BASE_PAGES      0x3f            /* in the first 64 pages of one */
#define BASE_PAGES_SHIFT 15
#define HEAP_SIZE       0x200000000ull
#define STACK_SIZE      0x40000         /* charged at once; */
#define STACK_MORE      0x7c0000        /* below it, of programs: charged when it is touched */
#define WRITE_PIECE     800             /* most bytes of one mem.space_write */
#define TRIES           4               /* random addresses tried */

/* A process being made. */
struct build {
	uint64_t id;                    /* mem's name of the space */
	cap_t space, cnode, endpoint, thread;
	struct elf_plan plan;
	size_t file_offset;             /* of the executable in the archive */
	unsigned char *bytes;           /* of one that is not there; NULL: it is */
	size_t size;                    /* of bytes */
	uint64_t page;                  /* of arguments */
	struct start_info info;
};

static int random_words(uint64_t words[4])
{
	uint64_t timebase;

	return mem_entropy(FACTORY, &words[0], &words[1], &words[2], &words[3], &timebase);
}

static int write_bytes(uint64_t id, uint64_t to, const unsigned char *bytes, size_t size)
{
	int error = 0;

	for (size_t n; !error && size; bytes += n, to += n, size -= n) {
		n = size < WRITE_PIECE ? size : WRITE_PIECE;
		error = mem_space_write(FACTORY, id, to, bytes, n);
	}
	return error;
}

static int clear_bytes(uint64_t id, uint64_t from, uint64_t end)
{
	static const unsigned char zero[PAGE_SIZE];

	return end > from ? write_bytes(id, from, zero, end - from) : 0;
}

/* A segment of an executable that is not in the archive: its bytes are copied. */
static int copy_segment(const struct build *b, const struct elf_segment *s)
{
	uint64_t start = b->info.image_base + s->start, size = s->file_pages * PAGE_SIZE, at;
	int error = mem_space_map(FACTORY, b->id, start, s->map_size, s->prot, MEM_FIXED, &at);

	if (s->prot & ELF_WRITE && s->zero_start - s->start < size)
		size = s->zero_start - s->start;
	if (size > b->size - s->file_offset)
		size = b->size - s->file_offset;
	return error || !s->file_pages ? error : write_bytes(b->id, start, b->bytes + s->file_offset, size);
}

static int map_segment(const struct build *b, const struct elf_segment *s)
{
	uint64_t start = b->info.image_base + s->start, from_file = s->file_pages * PAGE_SIZE, at;
	bool writable = s->prot & ELF_WRITE;
	int error = 0;

	if (from_file)
		error = mem_space_map_object(FACTORY, b->id, boot.archive, b->file_offset + s->file_offset, start,
					     from_file, s->prot, MEM_FIXED | (writable ? MEM_PRIVATE : 0), &at);
	if (!error && s->map_size > from_file)
		error = mem_space_map(FACTORY, b->id, start + from_file, s->map_size - from_file, s->prot, MEM_FIXED,
				      &at);
	if (!error && from_file && writable)
		error = clear_bytes(b->id, b->info.image_base + s->zero_start, start + from_file);
	return error;
}

static int map_image(struct build *b)
{
	uint64_t words[4];
	int error = random_words(words);

	b->info.image_base = BASE_LOWEST + (words[0] & BASE_MEGAPAGES) * MEGAPAGE_SIZE +
			     ((words[0] >> BASE_PAGES_SHIFT) & BASE_PAGES) * PAGE_SIZE;
	b->info.image_end = b->info.image_base + b->plan.span;
	for (unsigned i = 0; !error && i < b->plan.count; i++)
		error = b->bytes ? copy_segment(b, &b->plan.segments[i]) : map_segment(b, &b->plan.segments[i]);
	return error;
}

/* The object with the strings: a page for what argpage_build makes, then the bytes, read in place. */
static int map_long(struct build *b, const struct job *j)
{
	uint64_t size = PAGE_SIZE + (uint64_t)j->long_size;

	return mem_space_map_object(FACTORY, b->id, j->given[GIVEN - 1], 0, 0, size, MEM_READ, MEM_PRIVATE, &b->page);
}

/* Its end may be taken already: EXISTS. */
static int map_stack(struct build *b, uint32_t prio)
{
	uint64_t more = prio > PROGRAM_PRIO ? 0 : STACK_MORE, at = 0;
	const uint32_t access = MEM_READ | MEM_WRITE;
	int error = 0;

	if (more)
		error = mem_space_map(FACTORY, b->id, 0, more, access, MEM_GUARD | MEM_NORESERVE, &at);
	if (!error)
		error = mem_space_map(FACTORY, b->id, more ? at + more : 0, STACK_SIZE, access,
				      MEM_GUARD | (more ? MEM_FIXED : 0), &b->info.stack_base);
	b->info.stack_base -= more;
	b->info.stack_size = more + STACK_SIZE;
	return error;
}

/* Stack, heap and argument page lie where mem puts them. */
static int map_rest(struct build *b, const struct job *j)
{
	int error = map_stack(b, j->prio);

	b->info.heap_size = HEAP_SIZE;
	if (!error)
		error = mem_space_reserve(FACTORY, b->id, 0, HEAP_SIZE, MEGAPAGE_SIZE, 0, &b->info.heap_base);
	if (!error && j->long_size)
		error = map_long(b, j);
	else if (!error)
		error = mem_space_map(FACTORY, b->id, 0, PAGE_SIZE, MEM_READ, 0, &b->page);
	return error;
}

static int make_thread(struct build *b, uint32_t prio)
{
	return mem_space_start(FACTORY, b->id, b->info.image_base + b->plan.entry,
			       b->info.stack_base + b->info.stack_size, b->page, prio, &b->thread, &b->info.ipc_buffer);
}

static int write_arguments(struct build *b, const struct job *j)
{
	static unsigned char page[PAGE_SIZE];
	int error = random_words(b->info.random);
	size_t used;

	if (error)
		return error;
	b->info.pid = j->pid;
	b->info.timebase = boot.timebase;
	if (j->long_size)
		used = argpage_build_long(page, &b->info, j->argc, j->envc, j->long_env);
	else
		used = argpage_build(page, &b->info, j->strings, j->size, j->argc, j->envc);
	return write_bytes(b->id, b->page, page, used);
}

static int give(const struct build *b, cap_t cap, unsigned slot, unsigned rights, uint64_t badge)
{
	return (int)-sys_give(GIVE_COPY, cap, 1, CAP(b->cnode, slot), rights, badge, 0);
}

/* Deleting a capability deletes what was copied from it: what the process alone shall hold is moved. */
static int move(const struct build *b, cap_t *cap, unsigned slot)
{
	int error = (int)-sys_give(GIVE_MOVE, *cap, 1, CAP(b->cnode, slot), RIGHT_ALL, 0, 0);

	if (!error) {
		cap_free(*cap);
		*cap = 0;
	}
	return error;
}

static int fill_cnode(struct build *b, const struct job *j)
{
	int error = move(b, &b->space, SLOT_SPACE);

	if (!error)
		error = move(b, &b->thread, SLOT_THREAD);
	if (!error)
		error = move(b, &b->endpoint, SLOT_ENDPOINT);
	for (unsigned i = 0; !error && i < j->gift_count; i++)
		error = give(b, j->gifts[i].cap, j->gifts[i].slot, j->gifts[i].rights, j->gifts[i].badge);
	for (unsigned i = 0; !error && i < (j->long_size ? GIVEN - 1 : GIVEN); i++) {
		cap_t to = CAP(b->cnode, SLOT_STDIN + i);

		error = j->given[i] ? (int)-sys_give(GIVE_MOVE, j->given[i], 1, to, RIGHT_ALL, 0, 0) : 0;
	}
	return error;
}

static void undo(struct build *b)
{
	int error;

	cap_free(b->space);
	cap_free(b->cnode);
	cap_free(b->endpoint);
	cap_free(b->thread);
	do
		error = b->id ? mem_space_destroy(FACTORY, b->id) : 0;
	while (error == E_AGAIN);
	b->id = b->space = b->cnode = b->endpoint = b->thread = 0;
}

static int build(struct build *b, const struct job *j)
{
	int error = mem_space_create(FACTORY, 0, &b->space, &b->cnode, &b->id);

	if (!error)
		error = (b->cnode = cap_near(b->cnode)) ? map_image(b) : E_NO_MEMORY;
	if (!error)
		error = map_rest(b, j);
	if (!error)
		error = make_thread(b, j->prio);
	if (!error)
		error = write_arguments(b, j);
	if (!error)
		error = mem_space_endpoint(FACTORY, b->id, &b->endpoint);
	if (!error && j->privileges)
		error = mem_space_allow(FACTORY, b->id, j->privileges);
	return error ? error : fill_cnode(b, j);
}

/* One that is not in the archive. */
static int fetch_image(struct build *b, struct job *j)
{
	int error = *j->path ? fetch_file(j->path, &b->bytes, &b->size) : E_NOT_FOUND;
	const char *why;

	if (error) {
		b->bytes = NULL;
		snprintf(j->why, sizeof j->why, "%s", error == E_NOT_FOUND ? "no such program" : error_text(error));
		return error == E_NOT_FOUND || error == E_NO_MEMORY ? error : E_BAD_EXECUTABLE;
	}
	why = elf_check(b->bytes, b->size, &b->plan);
	if (why)
		snprintf(j->why, sizeof j->why, "%s", why);
	return why ? E_BAD_EXECUTABLE : 0;
}

/* Finds and checks the executable: 0, or an error with the reason in j->why. */
static int open_image(struct build *b, struct job *j)
{
	struct cpio_entry entry;
	const char *why = NULL;
	int found = *j->path ? cpio_find(boot.archive_data, boot.archive_size, j->path, &entry, &why) : 0;

	if (found < 0) {
		snprintf(j->why, sizeof j->why, "the boot archive: %s", why);
		return E_BAD_ARCHIVE;
	}
	if (!found || (entry.mode & CPIO_TYPE_MASK) != CPIO_REGULAR)
		return fetch_image(b, j);
	why = elf_check(entry.data, entry.size, &b->plan);
	if (!why && entry.offset % PAGE_SIZE)
		why = "does not start on a page of the archive";
	if (why) {
		snprintf(j->why, sizeof j->why, "%s", why);
		return E_BAD_EXECUTABLE;
	}
	b->file_offset = entry.offset;
	j->image = entry.data;
	j->image_size = entry.size;
	return 0;
}

static void build_somewhere(struct build *b, struct job *j)
{
	for (unsigned i = 0; i < TRIES; i++) {
		j->error = build(b, j);
		if (j->error)
			undo(b);
		if (j->error != E_EXISTS)
			break;
	}
}

void image_spawn(struct job *j)
{
	struct build b = { .id = 0 };

	j->why[0] = 0;
	j->space = j->cnode = 0;
	j->image = NULL;
	j->image_size = 0;
	j->error = open_image(&b, j);
	if (!j->error)
		build_somewhere(&b, j);
	fetch_free(b.bytes, b.size);
	if (j->error && j->why[0])
		return;
	if (j->error) {
		snprintf(j->why, sizeof j->why, "%s", error_text(j->error));
		return;
	}
	j->space = b.id;
	j->cnode = b.cnode;
	j->image_base = b.info.image_base;
}
