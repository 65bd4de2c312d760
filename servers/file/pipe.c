/*
 * pipe.c: see pipe.h. Waiting callers stand in one queue a direction, first come first; a writer waits with
 * its bytes.
 * Like holds, places to wait are shared out: who has more than are free gets none.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <stream_server.h>
#include <tessera/syscall.h>
#include "pipe.h"
#include "slots.h"
#include "store.h"
#include <file_idl.h>

#define PIPE_BYTES 16384
#define READ_MOST  800                 /* bytes of one answer, as in stream.idl */
#define WAITERS    256

struct waiter {
	struct waiter *next;
	cap_t reply;
	uint64_t owner;
	uint32_t most;                 /* of a reader */
	uint32_t size;                 /* of a writer's bytes */
	unsigned char bytes[];
};

struct queue {
	struct waiter *first, **last;
};

struct pipe {
	struct pipe *next, **link;     /* of all pipes */
	unsigned readers, writers;     /* open ends */
	struct queue reading, writing;
	size_t head, used;
	unsigned char bytes[PIPE_BYTES];
};

static struct pipe *pipes;
static unsigned waiting;

struct pipe *pipe_make(void)
{
	struct pipe *p;

	if (!store_take(sizeof *p))
		return NULL;
	p = malloc(sizeof *p);
	if (!p) {
		store_give(sizeof *p);
		return NULL;
	}
	p->readers = p->writers = 0;
	p->reading = (struct queue){ NULL, &p->reading.first };
	p->writing = (struct queue){ NULL, &p->writing.first };
	p->head = p->used = 0;
	p->next = pipes;
	p->link = &pipes;
	if (pipes)
		pipes->link = &p->next;
	pipes = p;
	return p;
}

void pipe_drop(struct pipe *p)
{
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	free(p);
	store_give(sizeof *p);
}

uint64_t pipe_used(const struct pipe *p)
{
	return p->used;
}

static void put(struct pipe *p, const unsigned char *from, size_t size)
{
	for (size_t i = 0; i < size; ) {
		size_t at = (p->head + p->used) % PIPE_BYTES;
		size_t part = PIPE_BYTES - at < size - i ? PIPE_BYTES - at : size - i;

		memcpy(p->bytes + at, from + i, part);
		p->used += part;
		i += part;
	}
}

static size_t get(struct pipe *p, unsigned char *to, size_t most)
{
	size_t size = p->used < most ? p->used : most;

	for (size_t i = 0; i < size; ) {
		size_t part = PIPE_BYTES - p->head < size - i ? PIPE_BYTES - p->head : size - i;

		memcpy(to + i, p->bytes + p->head, part);
		p->head = (p->head + part) % PIPE_BYTES;
		p->used -= part;
		i += part;
	}
	return size;
}

static bool is_dead(const struct waiter *w)
{
	uint64_t word = 0, detail;

	return sys_inspect(w->reply, &word, &detail) || INSPECT_TYPE(word) != TYPE_REPLY;
}

static void leave(struct queue *q)
{
	struct waiter *w = q->first;

	q->first = w->next;
	if (!q->first)
		q->last = &q->first;
	slots_give(w->reply);
	free(w);
	waiting--;
}

/* The first that still waits; NULL: nobody does. */
static struct waiter *first(struct queue *q)
{
	while (q->first && is_dead(q->first))
		leave(q);
	return q->first;
}

static unsigned waits_of(const struct queue *q, uint64_t owner)
{
	unsigned n = 0;

	for (const struct waiter *w = q->first; w; w = w->next)
		n += w->owner == owner;
	return n;
}

static bool may_wait(uint64_t owner)
{
	unsigned has = 0;

	for (const struct pipe *p = pipes; p; p = p->next)
		has += waits_of(&p->reading, owner) + waits_of(&p->writing, owner);
	return has < WAITERS - waiting;
}

/* The current caller waits. */
static int park(struct queue *q, uint64_t owner, uint32_t most, const void *bytes, size_t size)
{
	struct waiter *w = may_wait(owner) ? malloc(sizeof *w + size) : NULL;

	if (!w)
		return E_NO_MEMORY;
	*w = (struct waiter){ .reply = slots_take(), .owner = owner, .most = most, .size = (uint32_t)size };
	if (!w->reply || sys_save_reply(w->reply)) {
		slots_give(w->reply);
		free(w);
		return E_NO_MEMORY;
	}
	if (size)
		memcpy(w->bytes, bytes, size);
	*q->last = w;
	q->last = &w->next;
	waiting++;
	return IDL_PARKED;
}

/* To the first reader; true: there was one. When it can't be told, the bytes stay. */
static bool serve_reader(struct pipe *p)
{
	unsigned char bytes[READ_MOST];
	struct waiter *w = first(&p->reading);
	size_t head = p->head, used = p->used, size;

	if (!w || (!p->used && p->writers))
		return false;
	size = get(p, bytes, w->most < READ_MOST ? w->most : READ_MOST);
	if (stream_reply_read(w->reply, 0, bytes, size)) {
		p->head = head;
		p->used = used;
	}
	leave(&p->reading);
	return true;
}

/* From the first writer; true: there was one. */
static bool serve_writer(struct pipe *p)
{
	struct waiter *w = first(&p->writing);
	bool fits = w && w->size <= PIPE_BYTES - p->used;

	if (!w || (p->readers && !fits))
		return false;
	if (p->readers)
		put(p, w->bytes, w->size);
	(void)!stream_reply_write(w->reply, p->readers ? 0 : E_BROKEN_PIPE, w->size);
	leave(&p->writing);
	return true;
}

/* Until nobody who waits can go on. */
static void serve(struct pipe *p)
{
	bool more;

	do {
		more = serve_reader(p);
		more |= serve_writer(p);
	} while (more);
}

void pipe_open(struct pipe *p, uint32_t end)
{
	if (end & FILE_READ)
		p->readers++;
	else
		p->writers++;
}

void pipe_close(struct pipe *p, uint32_t end)
{
	if (end & FILE_READ)
		p->readers--;
	else
		p->writers--;
	serve(p);
	if (!p->readers && !p->writers)
		pipe_drop(p);
}

int pipe_read(struct pipe *p, uint64_t owner, uint32_t most, void *data, size_t *size)
{
	if (!most)
		return 0;
	if (!p->used && p->writers)
		return park(&p->reading, owner, most, NULL, 0);
	*size = get(p, data, most < READ_MOST ? most : READ_MOST);
	serve(p);
	return 0;
}

int pipe_write(struct pipe *p, uint64_t owner, const void *data, size_t size)
{
	if (!p->readers)
		return E_BROKEN_PIPE;
	if (first(&p->writing) || size > PIPE_BYTES - p->used)
		return park(&p->writing, owner, 0, data, size);
	put(p, data, size);
	serve(p);
	return 0;
}
