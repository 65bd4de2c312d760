/*
 * load.c: boot/proc from the archive into a space of its own, with the capabilities it starts from. See
 * load.h. linker/flat.ld describes the image.
 */
#include "load.h"
#include <string.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include "fault.h"
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "machine.h"
#include "object.h"
#include "random.h"
#include "range.h"
#include "slots.h"
#include "space.h"
#include "vm.h"

#define CPIO_HEADER     110u
#define CPIO_FILE_SIZE  54u             /* where eight hexadecimal digits say it */
#define CPIO_NAME_SIZE  94u
#define PROC_NAME       "boot/proc"
#define PROC_PRIO       56
#define SLOT_FACTORY    (SLOT_EXTRA + 0)
#define SLOT_SYSTEM     (SLOT_EXTRA + 1)

struct flat {
	char magic[8];
	uint64_t entry, text_end, rodata_end, data_end, bss_end, stack_size, zero;
};

#define FLAT_VA 0x200000ul

static void must(int error, const char *what)
{
	if (error) {
		log_error("mem: proc cannot start", error, 0);
		log_fatal(what, error);
	}
}

static uint32_t hex(const char *digits)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 8; i++) {
		char c = digits[i];

		value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return value;
}

/* The archive's first file: its first byte's and its end's place in the archive. */
static void find_proc(uint64_t *start, uint64_t *size)
{
	const char *page = vm_open(slots_frame(object_at(machine.archive)->frame), RIGHT_R);

	must(!page ? E_NO_MEMORY : 0, "the archive cannot be read");
	must(memcmp(page, "070701", 6) || memcmp(page + CPIO_HEADER, PROC_NAME,
		sizeof PROC_NAME) ? E_BAD_ARCHIVE : 0,
	     "the archive does not start with " PROC_NAME);
	*size = hex(page + CPIO_FILE_SIZE);
	*start = (CPIO_HEADER + hex(page + CPIO_NAME_SIZE) + 3) & ~3ul;
	vm_close(slots_frame(object_at(machine.archive)->frame));
	must(*start % PAGE_SIZE || !*size || *start + *size > machine.archive_size ? E_BAD_ARCHIVE : 0,
	     PROC_NAME " is not on whole pages of the archive");
}

static void read_header(uint64_t start, uint64_t size, struct flat *flat)
{
	cap_t frame = slots_frame(object_at(machine.archive)->frame + (start >> PAGE_SHIFT));
	const void *page = vm_open(frame, RIGHT_R);

	must(!page ? E_NO_MEMORY : 0, "the archive cannot be read");
	memcpy(flat, page, sizeof *flat);
	vm_close(frame);
	must(memcmp(flat->magic, "TESSFLAT", 8) || flat->text_end <= FLAT_VA || flat->rodata_end < flat->text_end
	     || flat->data_end < flat->rodata_end || flat->bss_end < flat->data_end
	     || flat->data_end - FLAT_VA > PAGES_OF(size) << PAGE_SHIFT
	     || (flat->text_end | flat->rodata_end | flat->data_end | flat->bss_end) % PAGE_SIZE
	     ? E_BAD_EXECUTABLE : 0, PROC_NAME " is not a flat image");
}

static void map_part(uint32_t space, uint64_t start, uint64_t from, uint64_t to, uint32_t prot, uint32_t how)
{
	uint64_t at;

	if (from < to)
		must(range_map_object(space, machine.archive, start + (from - FLAT_VA), from, to - from, prot,
				      how | MEM_FIXED, &at), "its image cannot be mapped");
}

static void map_image(uint32_t space, uint64_t start, const struct flat *f)
{
	uint64_t at;

	map_part(space, start, FLAT_VA, f->text_end, MEM_READ | MEM_EXEC, 0);
	map_part(space, start, f->text_end, f->rodata_end, MEM_READ, 0);
	map_part(space, start, f->rodata_end, f->data_end, MEM_READ | MEM_WRITE, MEM_PRIVATE);
	if (f->data_end < f->bss_end)
		must(range_map(space, f->data_end, f->bss_end - f->data_end, MEM_READ | MEM_WRITE, MEM_FIXED, &at),
		     "its bss cannot be mapped");
}

/* A capability in proc's CNode. badge 0: as it is. */
static void grant(uint32_t space, unsigned slot, cap_t from, unsigned rights, uint64_t badge)
{
	cap_t cnode = space_cnode(space);
	long r;

	/* CNodes are named through an own slot. */
	sys_delete(SLOT_TEMP);
	r = sys_give(GIVE_COPY, cnode, 1, SLOT_TEMP, RIGHT_ALL, 0, 0);
	if (!r)
		r = sys_give(GIVE_COPY, from, 1, CAP(SLOT_TEMP, slot), rights, badge, 0);
	sys_delete(SLOT_TEMP);
	must((int)-r, "it cannot be given its capabilities");
}

/* Its argument page; start_info as for every process. */
static uint64_t write_arguments(uint32_t space, uint64_t buffer, const struct flat *f, uint64_t stack)
{
	struct start_info info = {
		.magic = START_MAGIC, .ipc_buffer = buffer, .image_base = FLAT_VA, .image_end = f->bss_end,
		.stack_base = stack, .stack_size = f->stack_size, .pid = 1, .timebase = machine.timebase,
		.argc = 1, .argv_offset = sizeof info, .env_offset = sizeof info + sizeof "proc",
	};
	uint64_t page;

	for (unsigned i = 0; i < 4; i++)
		info.random[i] = random_next();
	must(range_map(space, 0, PAGE_SIZE, MEM_READ, 0, &page), "no memory");
	must(range_write(space, page, &info, sizeof info), "no memory");
	must(range_write(space, page + sizeof info, "proc", sizeof "proc"), "no memory");
	return page;
}

void load_proc(void)
{
	struct thread_start first = { .prio = PROC_PRIO };
	uint64_t start, size, stack, buffer;
	uint32_t space, thread;
	uint64_t *regs = vm_buffer()->words;
	struct flat flat;
	cap_t endpoint;

	must(machine.archive ? 0 : E_NOT_FOUND, "no archive (-initrd)");
	find_proc(&start, &size);
	read_header(start, size, &flat);
	must(space_create(0, &space), "no memory");
	map_image(space, start, &flat);
	must(range_map(space, 0, flat.stack_size, MEM_READ | MEM_WRITE, MEM_GUARD, &stack), "no memory");
	first.entry = flat.entry;
	first.sp = stack + flat.stack_size;
	must(thread_create(space, &first, &thread), "no thread");
	space_at(space)->prio = PROC_PRIO;
	buffer = (uint64_t)thread_at(thread)->page << PAGE_SHIFT;
	must(space_endpoint(space, &endpoint), "no endpoint");
	grant(space, SLOT_SPACE, SLOT_MAIL, RIGHT_CALL, space_badge(space));
	grant(space, SLOT_THREAD, thread_cap(thread), RIGHT_ALL, 0);
	grant(space, SLOT_ENDPOINT, endpoint, RIGHT_ALL, 0);
	must(space_endpoint(space, &endpoint), "no endpoint");
	grant(space, SLOT_PROCESS, endpoint, RIGHT_ALL, 0);
	grant(space, SLOT_FACTORY, SLOT_MAIL, RIGHT_CALL, badge_make(BADGE_FACTORY, 0, 0));
	grant(space, SLOT_SYSTEM, ROOT_SYSTEM, RIGHT_RESET | RIGHT_IRQ | RIGHT_DEBUG, 0);
	/* Only now is it known where its arguments are. */
	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	start = write_arguments(space, buffer, &flat, stack);
	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	regs[0] = first.entry;
	regs[2] = first.sp;
	regs[10] = start;
	must((int)-sys_thread_regs(thread_cap(thread), REGS_WRITE, REGS_GENERAL), "no registers");
	fault_set_supervisor(space);
	must((int)-sys_thread_set(thread_cap(thread), THREAD_RUN, 0), "it does not run");
}
