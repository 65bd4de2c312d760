/*
 * pressure.c: signals of scarce memory. See pressure.h.
 */
#include "pressure.h"
#include <stdbool.h>
#include <tessera/syscall.h>
#include "account.h"
#include "slots.h"
#include "space.h"

#define LEVEL_FIRST 56u                 /* of 64 */

uint32_t pressure_listeners;
static unsigned last_of_all;

int pressure_listen(uint32_t space, uint64_t notify)
{
	struct space *s = space_at(space);
	long r;

	if (s->notify) {
		sys_delete(slots_share(s->notify));
	} else {
		s->notify = slots_share_take();
		pressure_listeners += s->notify != 0;
	}
	if (!s->notify)
		return E_NO_MEMORY;
	r = sys_give(GIVE_MOVE, notify, 1, slots_share(s->notify), RIGHT_ALL, 0, 0);
	s->told = 0;
	if (r)
		pressure_forget(space);
	return (int)-r;
}

void pressure_forget(uint32_t space)
{
	struct space *s = space_at(space);

	if (!s->notify)
		return;
	slots_share_give(s->notify);
	s->notify = 0;
	pressure_listeners--;
}

static void check_one(uint32_t space)
{
	struct space *s = space_at(space);
	unsigned level = account_level(&s->account);

	if (s->notify && level >= LEVEL_FIRST && level > s->told) {
		sys_signal(slots_share(s->notify));
		s->told = (uint8_t)level;
	} else if (level + 1 < s->told) {
		s->told = (uint8_t)level;
	}
}

void pressure_check(uint32_t space)
{
	static const struct account nobody;
	unsigned all;

	for (; space; space = space_at(space)->parent)
		check_one(space);
	all = account_level(&nobody);
	if (all == last_of_all)
		return;
	last_of_all = all;
	for (uint32_t id = 1; id < space_slab.reached; id++) {
		if (space_exists(id))
			check_one(id);
	}
}
