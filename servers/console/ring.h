/*
 * ring.h: a queue of bytes in a fixed buffer whose size is a power of two. Nobody but its owner touches it.
 */
#ifndef CONSOLE_RING_H
#define CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

/* Bytes first..last-1, each index modulo size. Invariant: last - first <= size. */
struct ring {
	uint8_t *bytes;
	size_t size;
	size_t first, last;
};

#define RING_STATIC(name, size_) \
	static uint8_t name##_bytes[size_]; \
	_Static_assert(((size_) & ((size_) - 1)) == 0, "a power of two"); \
	static struct ring name = { .bytes = name##_bytes, .size = (size_) }

static inline size_t ring_used(const struct ring *r)
{
	return r->last - r->first;
}

static inline size_t ring_room(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* There must be room. */
static inline void ring_put(struct ring *r, uint8_t byte)
{
	r->bytes[r->last++ & (r->size - 1)] = byte;
}

/* It must not be empty. An emptied ring starts again at its first byte: short queues stay in one page. */
static inline uint8_t ring_get(struct ring *r)
{
	uint8_t byte = r->bytes[r->first++ & (r->size - 1)];

	if (r->first == r->last)
		r->first = r->last = 0;
	return byte;
}

static inline void ring_clear(struct ring *r)
{
	r->first = r->last;
}

#endif
