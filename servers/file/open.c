/*
 * open.c: see open.h. A badge is the bit that no pid has, the hold's generation and its number.
 */
#include <stdlib.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include "main.h"
#include "open.h"
#include "slots.h"

#define HOLDS           1024
#define BADGE_OPEN      (1ull << 63)
#define BADGE_SHIFT     32
#define BADGE_MASK      0x7fffffffu

struct hold {
	struct open_file *file;        /* NULL: free */
	cap_t source;
	uint64_t owner;
	uint32_t generation;
	uint64_t request;              /* in which it was made */
};

static struct hold holds[HOLDS];
static unsigned reached, used;         /* holds from `reached` on were never used */
static uint64_t request;

static uint64_t badge_of(unsigned n)
{
	return BADGE_OPEN | (uint64_t)(holds[n].generation & BADGE_MASK) << BADGE_SHIFT | n;
}

static struct hold *find(uint64_t badge)
{
	uint32_t n = (uint32_t)badge;

	return badge & BADGE_OPEN && n < reached && holds[n].file && badge_of(n) == badge ? &holds[n] : NULL;
}

struct open_file *open_find(uint64_t badge)
{
	struct hold *h = find(badge);

	return h ? h->file : NULL;
}

uint64_t open_owner(uint64_t badge)
{
	struct hold *h = find(badge);

	return h ? h->owner : badge;
}

void open_request(void)
{
	request++;
}

static void file_end(struct open_file *f)
{
	if (f->node)
		node_close(f->node);
	else
		pipe_close(f->pipe, f->how);
	free(f);
}

static void end(struct hold *h)
{
	struct open_file *f = h->file;

	if (f->node)
		lock_drop(&f->node->locks, h->owner);
	h->file = NULL;
	h->generation++;
	used--;
	slots_give(h->source);
	if (!--f->holds)
		file_end(f);
}

void open_close(uint64_t badge)
{
	struct hold *h = find(badge);

	if (h)
		end(h);
}

static bool is_held(const struct hold *h)
{
	uint64_t word = 0, detail;

	return !sys_inspect(h->source, &word, &detail) && INSPECT_CHILDREN(word) != KIND_NONE;
}

void open_sweep(void)
{
	for (unsigned n = 0; n < reached; n++)
		if (holds[n].file && holds[n].request != request && !is_held(&holds[n]))
			end(&holds[n]);
}

/* Whether the client may have one more: never all of them. */
static bool may_hold(uint64_t owner)
{
	unsigned has = 0;

	for (unsigned n = 0; n < reached; n++)
		has += holds[n].file && holds[n].owner == owner;
	return has < HOLDS - used;
}

static struct hold *free_hold(uint64_t owner)
{
	if (!may_hold(owner))
		open_sweep();
	if (!may_hold(owner))
		return NULL;
	for (unsigned n = 0; n < reached; n++)
		if (!holds[n].file)
			return &holds[n];
	return &holds[reached++];
}

/* A new hold on an open file. */
static cap_t hold(struct open_file *f, uint64_t owner)
{
	struct hold *h = free_hold(owner);
	cap_t source = h ? slots_take() : 0;

	if (!source)
		return 0;
	if (sys_give(GIVE_COPY, SERVICE, 1, source, RIGHT_CALL, badge_of((unsigned)(h - holds)), 0)) {
		slots_give(source);
		return 0;
	}
	h->file = f;
	h->source = source;
	h->owner = owner;
	h->request = request;
	used++;
	f->holds++;
	return source;
}

cap_t open_make(struct node *node, struct pipe *pipe, uint32_t how, uint64_t owner)
{
	struct open_file *f = calloc(1, sizeof *f);
	cap_t source;

	if (!f)
		return 0;
	f->node = node;
	f->pipe = pipe;
	f->how = how & (FILE_READ | FILE_WRITE | FILE_APPEND);
	source = hold(f, owner);
	if (!source) {
		free(f);
		return 0;
	}
	if (node)
		node_open(node);
	else
		pipe_open(pipe, how);
	return source;
}

cap_t open_duplicate(uint64_t badge)
{
	struct hold *h = find(badge);

	return h ? hold(h->file, h->owner) : 0;
}
