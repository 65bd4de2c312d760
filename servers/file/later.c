/*
 * later.c: see later.h. Places are shared out like holds: a client that has more than are free gets none.
 */
#include <stdlib.h>
#include <string.h>
#include <tessera/idl.h>
#include <tessera/ipc.h>
#include "later.h"
#include "open.h"
#include "slots.h"

#define MOST 128

struct kept {
	struct kept *next;
	cap_t reply;
	uint64_t owner;
	struct message m;
	uint64_t words[];
};

static struct kept *first, **last = &first;
static unsigned count;

static unsigned buffer_words(uint64_t info)
{
	return info_words(info) > MESSAGE_REGS ? info_words(info) - MESSAGE_REGS : 0;
}

static bool may_wait(uint64_t owner)
{
	unsigned has = 0;

	for (const struct kept *k = first; k; k = k->next)
		has += k->owner == owner;
	return has < MOST - count;
}

bool later_keep(const struct message *m, const uint64_t *words)
{
	size_t size = buffer_words(m->info) * sizeof *words;
	uint64_t owner = open_owner(m->badge);
	struct kept *k = may_wait(owner) ? malloc(sizeof *k + size) : NULL;

	if (!k)
		return false;
	*k = (struct kept){ .reply = slots_take(), .owner = owner, .m = *m };
	if (!k->reply || sys_save_reply(k->reply)) {
		slots_give(k->reply);
		free(k);
		return false;
	}
	memcpy(k->words, words, size);
	*last = k;
	last = &k->next;
	count++;
	return true;
}

static bool is_dead(cap_t reply)
{
	uint64_t word = 0, detail;

	return sys_inspect(reply, &word, &detail) || INSPECT_TYPE(word) != TYPE_REPLY;
}

static void answer(struct kept *k, struct message *m)
{
	if (idl_reply(k->reply, m)) {
		struct message failed = { .info = info_make(E_BAD_HANDLE, 0, 0) };

		(void)!idl_reply(k->reply, &failed);
	}
}

/* false: not yet. */
static bool try(struct kept *k, uint64_t (*dispatch)(struct message *m))
{
	struct message m = k->m;

	if (is_dead(k->reply))
		return true;
	memcpy(ipc_buffer()->words, k->words, buffer_words(m.info) * sizeof k->words[0]);
	open_request();
	m.info = dispatch(&m);
	if (!m.info)
		return true;            /* it waits in a pipe now, by a reply of its own: cannot be, files only */
	if (info_label(m.info) == E_AGAIN)
		return false;
	answer(k, &m);
	return true;
}

void later_retry(uint64_t (*dispatch)(struct message *m))
{
	for (struct kept **at = &first; *at; ) {
		struct kept *k = *at;

		if (!try(k, dispatch)) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		if (last == &k->next)
			last = at;
		slots_give(k->reply);
		free(k);
		count--;
	}
}
