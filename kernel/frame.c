/*
 * frame.c: the one currency. Each verb here checks DESIGN's state table (free, mapped, shared, lent, split)
 * from the slot's neighbours and then cannot fail.
 */
#include "frame.h"

#include "kernel.h"
#include "space.h"

uint64_t frame_size(unsigned order)
{
	return 1UL << (PAGE_SHIFT + 9 * order);
}

static bool frame_borrowed(const struct slot *s)
{
	return s->kind == KIND_SHARE || s->kind == KIND_FROZEN;
}

int frame_free(const struct slot *s)
{
	if (s->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (s->doomed)
		return -E_REVOKED;
	if (s->memtype != MEM_RAM)
		return -E_BAD_ARG;
	if (frame_borrowed(s) || !(s->rights & RIGHT_W))
		return -E_NO_RIGHT;
	if (slot_has_children(s) || space_mapping(s))
		return -E_BUSY;
	return 0;
}

/* An aligned part of a frame: offset | order + 1, 0 the whole. */
static int frame_part(const struct slot *s, uint64_t part, uint64_t *pa, unsigned *order)
{
	uint64_t offset = part & ~7UL;

	*pa = slot_pa(s);
	*order = s->order;
	if (part == 0)
		return 0;
	*order = (part & 7) - 1;
	if ((part & 7) == 0 || *order > s->order || offset % frame_size(*order) != 0 || offset >= frame_size(s->order))
		return -E_BAD_ARG;
	*pa += offset;
	return 0;
}

/* Whether a child of this kind may stand below s now. */
static int frame_may(unsigned verb, const struct slot *s)
{
	unsigned children = slot_children(s);

	if (verb == GIVE_LEND)
		return frame_borrowed(s) ? -E_NO_RIGHT : children || space_mapping(s) ? -E_BUSY : 0;
	if (s->kind == (verb == GIVE_FREEZE ? KIND_SHARE : KIND_FROZEN))
		return -E_NO_RIGHT;
	return children && children != (verb == GIVE_FREEZE ? KIND_FROZEN : KIND_SHARE) ? -E_BUSY : 0;
}

int frame_give(unsigned verb, struct slot *src, struct slot *dst, unsigned rights, uint64_t part)
{
	static const char kinds[] = { [GIVE_SHARE] = KIND_SHARE, [GIVE_FREEZE] = KIND_FROZEN, [GIVE_LEND] = KIND_LOAN };
	unsigned order;
	uint64_t pa;
	int error;

	if (src->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (src->memtype == MEM_UNKNOWN || (part && verb == GIVE_LEND))
		return -E_BAD_ARG;
	error = cap_derivable(src);
	if (!error)
		error = frame_may(verb, src);
	if (!error)
		error = frame_part(src, part, &pa, &order);
	if (error)
		return error;
	if (verb == GIVE_FREEZE)
		space_freeze(src);
	/* An old record must not name the borrower's mapping. */
	if (verb == GIVE_LEND)
		src->record = 0;
	dst->type = TYPE_FRAME;
	dst->rights = src->rights & rights & (verb == GIVE_FREEZE ? ~(unsigned)RIGHT_W : RIGHT_ALL);
	dst->pa6 = pa >> 6;
	dst->order = order;
	dst->memtype = src->memtype;
	cap_insert(src, dst, kinds[verb]);
	return 0;
}

static const uint16_t frame_pieces[] = {
	[ORDER_4K] = SPLIT_CHIPS, [ORDER_2M] = SPLIT_PIECES, [ORDER_1G] = SPLIT_PIECES, [ORDER_WORLD] = SPLIT_WORLD,
};

static int frame_split_check(const struct slot *s, uint64_t first, uint64_t count, const struct slot *dst)
{
	unsigned children = slot_children(s);
	uint64_t done = children == KIND_SPLIT ? s->pieces : 0, pieces;
	int error = cap_derivable(s);

	if (error)
		return error;
	if (s->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (frame_borrowed(s))
		return -E_NO_RIGHT;
	pieces = frame_pieces[s->order];
	if (count == 0 || first >= pieces || count > pieces - first ||
	    (s->order == ORDER_4K && s->memtype != MEM_RAM))
		return -E_BAD_ARG;
	if ((children && children != KIND_SPLIT) || first < done || (!children && space_mapping(s)))
		return -E_BUSY;
	for (uint64_t i = 0; i < count; i++)
		if (dst[i].type != TYPE_NULL)
			return -E_NOT_EMPTY;
	return 0;
}

int frame_split(struct slot *s, uint64_t first, uint64_t count, struct slot *dst)
{
	bool chips = s->order == ORDER_4K;
	int error = frame_split_check(s, first, count, dst);
	uint64_t size;

	if (error)
		return error;
	size = chips ? PAGE_SIZE / SPLIT_CHIPS : frame_size(s->order - 1);
	dst->type = chips ? TYPE_CHIP : TYPE_FRAME;
	dst->rights = s->rights;
	dst->pa6 = (slot_pa(s) + first * size) >> 6;
	dst->order = chips ? ORDER_CHIP : s->order - 1;
	dst->memtype = s->memtype;
	cap_insert_pieces(s, dst, count, size >> 6);
	s->pieces = first + count;
	return 0;
}

extern char image_start[], image_end[];

int frame_carve_check(const struct slot *s, uint64_t memtype)
{
	uint64_t from = slot_pa(s);

	if (s->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (s->doomed)
		return -E_REVOKED;
	if (s->memtype != MEM_UNKNOWN || s->order == ORDER_WORLD || memtype == MEM_UNKNOWN || memtype > MEM_DEVICE)
		return -E_BAD_ARG;
	if (slot_has_children(s))
		return -E_BUSY;
	if (from + frame_size(s->order) > WINDOW_SIZE)
		return -E_OUT_OF_WINDOW;
	if (from < image_pa(image_end) && from + frame_size(s->order) > image_pa(image_start))
		return -E_IMAGE;
	return 0;
}

int frame_fill(struct slot *dst, const struct slot *src, uint64_t offset, uint64_t size)
{
	int error = frame_free(dst);

	if (error)
		return error;
	if (size > PAGE_SIZE || offset % 64 || size % 64 || offset >= frame_size(dst->order) ||
	    size > frame_size(dst->order) - offset)
		return -E_BAD_ARG;
	if (!src)
		return memory_clear((char *)window(slot_pa(dst)) + offset, size);
	if (src->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (!(src->rights & RIGHT_R))
		return -E_NO_RIGHT;
	if (slot_children(src) == KIND_LOAN || slot_children(src) == KIND_SPLIT)
		return -E_BUSY;
	if (src->memtype != MEM_RAM || offset >= frame_size(src->order) || size > frame_size(src->order) - offset)
		return -E_BAD_ARG;
	return memory_copy((char *)window(slot_pa(dst)) + offset, (char *)window(slot_pa(src)) + offset, size);
}
