/*
 * advise.c: advice about ranges. See advise.h.
 */
#include "advise.h"
#include "account.h"
#include "edit.h"
#include "fault.h"
#include "frames.h"
#include "index.h"
#include "object.h"
#include "region.h"
#include "space.h"
#include "work.h"

/* The part of a region that lies in pages first .. end - 1 of its space. */
struct part {
	struct region *r;
	uint32_t first, end;            /* in the object */
};

static struct part part_of(uint32_t id, uint32_t first, uint32_t end)
{
	struct region *r = region_at(id);
	uint32_t from = first > r->first ? first : r->first, to = end < region_end(r) ? end : region_end(r);

	return (struct part){ r, r->offset + (from - r->first), r->offset + (to - r->first) };
}

/* Its pages go, as far as the work reaches: 0 or E_AGAIN. Nodes were prepared. */
static int drop(struct space *s, const struct part *p)
{
	uint32_t n;

	object_cut(p->r->object, p->first);
	object_cut(p->r->object, p->end);
	n = object_drop(p->r->object, p->first, p->end, true);
	if (region_views(p->r))
		s->shared -= n;
	else
		s->resident -= n;
	if (p->r->noreserve)
		account_release(&s->account, n);
	p->r->next_touch = REGION_UNTOUCHED;
	return work_left ? 0 : E_AGAIN;
}

/* The first touch of the part begins a sequence. */
static void will_need(const struct part *p)
{
	p->r->window = AROUND_START;
	p->r->next_touch = p->r->first + (p->first - p->r->offset);
}

int advise_range(uint32_t space, uint64_t addr, uint64_t size, uint32_t what)
{
	struct space *s = space_at(space);
	uint32_t first, end, id;
	uint64_t reserved;
	int error = 0;

	if (what > MEM_ADVISE_FREE)
		return E_BAD_ARG;
	if (!edit_pages(addr, size, &first, &end) || !edit_covered(s, first, end, KINDS_PROT, &reserved))
		return E_BAD_RANGE;
	for (id = region_above(s->regions, first); !error && id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id)))) {
		struct part p = part_of(id, first, end);

		if (what == MEM_ADVISE_DONTNEED || what == MEM_ADVISE_FREE)
			error = index_prepare(EDIT_CUT_REGIONS) ? drop(s, &p) : E_NO_MEMORY;
		else if (what == MEM_ADVISE_WILLNEED)
			will_need(&p);
		else
			p.r->sequential = what == MEM_ADVISE_SEQUENTIAL;
		if (what == MEM_ADVISE_SEQUENTIAL)
			will_need(&p);
	}
	return error;
}

int advise_pool(uint32_t space, uint64_t addr, uint64_t size, uint32_t pool)
{
	struct space *s = space_at(space);
	uint32_t first, end, id;
	uint64_t reserved;

	if (!edit_pages(addr, size, &first, &end)
	    || !edit_covered(s, first, end, KINDS_HEAP | 1u << REGION_STACK, &reserved))
		return E_BAD_RANGE;
	if (pool >= frames_pool_count)
		return E_NOT_FOUND;
	for (id = region_above(s->regions, first); id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id))))
		object_set_pool(region_at(id)->object, pool);
	return 0;
}
