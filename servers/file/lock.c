/*
 * lock.c: see lock.h. An owner's records never overlap. A change needs two new records at most: the lock
 * itself, and the upper
 * part of one that it cuts in two.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <tessera/abi.h>
#include "lock.h"
#include "store.h"

#define TO_THE_END UINT64_MAX

struct lock_record {
	struct lock_record *next;
	uint64_t owner, start, end;    /* end: behind the last byte */
	uint32_t kind;
};

static bool end_of(uint64_t start, uint64_t size, uint64_t *end)
{
	if (!size)
		*end = TO_THE_END;
	else if (__builtin_add_overflow(start, size, end))
		return false;
	return start < *end;
}

static struct lock_record *record_new(void)
{
	struct lock_record *l;

	if (!store_take(sizeof *l))
		return NULL;
	l = malloc(sizeof *l);
	if (!l)
		store_give(sizeof *l);
	return l;
}

static void record_free(struct lock_record *l)
{
	if (!l)
		return;
	free(l);
	store_give(sizeof *l);
}

/* The first of another owner's that is in the way. */
static const struct lock_record *in_the_way(const struct lock_record *l, uint64_t owner, uint64_t start, uint64_t end,
					    uint32_t kind)
{
	for (; l; l = l->next)
		if (l->owner != owner && l->start < end && start < l->end &&
		    (kind == FILE_EXCLUSIVE_LOCK || l->kind == FILE_EXCLUSIVE_LOCK))
			return l;
	return NULL;
}

/* Takes a range out of the owner's locks; *spare is used up if one is cut in two. */
static void clear(struct lock_record **at, uint64_t owner, uint64_t start, uint64_t end, struct lock_record **spare)
{
	while (*at) {
		struct lock_record *l = *at;

		if (l->owner != owner || l->start >= end || start >= l->end) {
			at = &l->next;
		} else if (l->start >= start && l->end <= end) {
			*at = l->next;
			record_free(l);
		} else if (l->start < start && l->end > end) {
			**spare = (struct lock_record){ l->next, owner, end, l->end, l->kind };
			l->end = start;
			l->next = *spare;
			*spare = NULL;
			return;
		} else {
			if (l->start < start)
				l->end = start;
			else
				l->start = end;
			at = &l->next;
		}
	}
}

int lock_set(struct lock_record **locks, uint64_t owner, uint64_t start, uint64_t size, uint32_t kind)
{
	struct lock_record *own, *spare;
	uint64_t end;

	if (!end_of(start, size, &end))
		return E_BAD_ARG;
	if (kind != FILE_NO_LOCK && in_the_way(*locks, owner, start, end, kind))
		return E_BUSY;
	own = record_new();
	spare = own ? record_new() : NULL;
	if (!spare) {
		record_free(own);
		return E_NO_SPACE;
	}
	clear(locks, owner, start, end, &spare);
	record_free(spare);
	if (kind == FILE_NO_LOCK) {
		record_free(own);
		return 0;
	}
	*own = (struct lock_record){ *locks, owner, start, end, kind };
	*locks = own;
	return 0;
}

int lock_test(const struct lock_record *locks, uint64_t owner, uint64_t start, uint64_t size, uint32_t kind,
	      struct file_lock *found)
{
	const struct lock_record *l;
	uint64_t end;

	if (!end_of(start, size, &end))
		return E_BAD_ARG;
	l = kind == FILE_NO_LOCK ? NULL : in_the_way(locks, owner, start, end, kind);
	if (!l)
		return E_NOT_FOUND;
	*found = (struct file_lock){ .owner = l->owner, .start = l->start, .kind = l->kind,
				     .size = l->end == TO_THE_END ? 0 : l->end - l->start };
	return 0;
}

void lock_drop(struct lock_record **at, uint64_t owner)
{
	while (*at) {
		struct lock_record *l = *at;

		if (l->owner == owner) {
			*at = l->next;
			record_free(l);
		} else {
			at = &l->next;
		}
	}
}
