/*
 * picture.c: what each frame is, and which frames a space has where: runs of equals, for pictures of memory.
 * See picture.h. Reads the records of the others, changes nothing.
 */
#include "picture.h"
#include "frames.h"
#include "object.h"
#include "region.h"
#include "space.h"

#define STEPS      8192u                /* frames or pages looked at in one call */
#define GIGAS_END  ((uint64_t)GIGAS * FRAMES_PER_GIGA)

/* The space that has a frame, 0: none, or it follows from its pages. */
static uint32_t frame_space(const struct frame *f)
{
	switch (f->state) {
	case FRAME_TABLE:
		return f->owner;
	case FRAME_BUFFER:
		return thread_at(f->owner)->space;
	case FRAME_PINNED:
		return object_at(f->owner)->maker;
	default:
		return 0;
	}
}

/* The piece of memory that starts at a frame and has one state. */
static struct mem_frame_run piece_at(uint64_t frame)
{
	const struct giga *g = &frames_gigas[frame / FRAMES_PER_GIGA];
	const struct mega *m = &frames_megas[frame / FRAMES_PER_MEGA];
	struct mem_frame_run run = { .frame = (uint32_t)frame };

	if (g->state != GIGA_SPLIT) {
		run.count = FRAMES_PER_GIGA - (uint32_t)(frame % FRAMES_PER_GIGA);
		run.state = g->state == GIGA_FREE ? MEM_FRAME_WHOLE + MEGA_FREE : MEM_FRAME_WHOLE + MEGA_NONE;
	} else if (!mega_is_split(m)) {
		run.count = FRAMES_PER_MEGA - (uint32_t)(frame % FRAMES_PER_MEGA);
		run.state = MEM_FRAME_WHOLE + m->state;
	} else {
		run.count = 1;
		run.state = frames_table[frame].state;
		run.owner = frame_space(&frames_table[frame]);
	}
	return run;
}

bool picture_frames(uint64_t from, uint64_t *next, struct mem_frame_run *runs, unsigned *count)
{
	*count = 0;
	for (unsigned steps = 0; from < GIGAS_END && steps < STEPS; steps++) {
		struct mem_frame_run piece = piece_at(from);
		struct mem_frame_run *last = *count ? &runs[*count - 1] : 0;

		if (last && last->state == piece.state && last->owner == piece.owner && ~last->count > piece.count) {
			last->count += piece.count;
		} else {
			if (*count == MEM_RUNS_MOST)
				break;
			runs[(*count)++] = piece;
		}
		from += piece.count;
	}
	*next = from;
	return *count != 0;
}

/* The frame of an object's page, 0: none. */
static uint32_t page_frame(const struct object *o, uint32_t page)
{
	uint32_t entry = index_get(&o->index, page);
	const struct object *b;

	if (!entry)
		return 0;
	if (o->kind == OBJECT_ANON)
		return page_at(entry)->state == PAGE_HERE ? page_at(entry)->frame : 0;
	b = object_at(o->backing);
	page += o->backing_offset;
	if (b->kind == OBJECT_RANGE)
		return b->frame + page;
	return page < b->pages ? page_frame(b, page) : 0;
}

/* Adds a page to the runs; false: no room. */
static bool page_add(struct mem_page_run *runs, unsigned *count, uint32_t page, uint32_t frame, uint32_t kind)
{
	struct mem_page_run *last = *count ? &runs[*count - 1] : 0;

	if (last && last->kind == kind && last->page + last->count == page && last->frame + last->count == frame) {
		last->count++;
		return true;
	}
	if (*count == MEM_RUNS_MOST)
		return false;
	runs[(*count)++] = (struct mem_page_run){ .page = page, .frame = frame, .count = 1, .kind = kind };
	return true;
}

bool picture_pages(uint32_t space, uint64_t from, uint64_t *next, struct mem_page_run *runs, unsigned *count)
{
	uint32_t page = (uint32_t)from, id;

	*count = 0;
	for (unsigned steps = 0; steps < STEPS && (id = region_above(space_at(space)->regions, page)); steps++) {
		const struct region *r = region_at(id);
		const struct object *o = object_at(r->object);
		uint32_t at, frame;

		page = page > r->first ? page : r->first;
		at = r->offset + (page - r->first);
		if (!r->object || !index_find_leaf(&o->index, at)) {
			page = r->object ? page + INDEX_FAN - at % INDEX_FAN : region_end(r);
			page = page < region_end(r) ? page : region_end(r);
			continue;
		}
		frame = page_frame(o, at);
		if (frame && !page_add(runs, count, page, frame, region_charged(r)))
			break;
		page++;
	}
	*next = page;
	return *count || id;
}
