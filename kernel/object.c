/*
 * object.c: make and unmake: memory is cleared on the way in and on the way out, so that no holder
 * reads what an earlier one left.
 */
#include "object.h"

#include "frame.h"
#include "kernel.h"
#include "space.h"
#include "thread.h"

/* A CNode of 128 slots a 4 KiB frame; its object word carries log2 of the count. */
#define CNODE_BITS(order) (7 + 9 * (order))
#define CLEAR_PIECE 16384

/* Clears a frame that becomes a CNode, in pieces; the slot is of no use (making) until all is clear. */
static int make_cnode(struct slot *s, struct budget *b)
{
	uint64_t pa = slot_pa(s), size, at;
	unsigned order = s->order;

	if (!s->making) {
		s->type = TYPE_CNODE;
		s->making = 1;
		s->object = (uint64_t)window(pa) | CNODE_BITS(order);
		s->record = 0;
	}
	size = cnode_count(s) * SLOT_BYTES;
	at = (uint64_t)s->cursor * CLEAR_PIECE;
	while (at < size) {
		uint64_t piece = size - at < CLEAR_PIECE ? size - at : CLEAR_PIECE;
		int error = memory_clear((char *)slot_object(s) + at, piece);

		if (error) {
			s->cursor = 0;
			object_unmake_cnode(s);
			return error;
		}
		at += piece;
		s->cursor++;
		b->left -= (long)piece / 6;
		if (b->left < 0 && at < size)
			return -E_AGAIN;
	}
	s->cursor = 0;
	s->making = 0;
	kernel_stats.cnodes++;
	return 0;
}

/* Back to a frame; `order` of what the object took. */
static void slot_to_frame(struct slot *s, unsigned type, unsigned order)
{
	uint64_t pa = window_pa(slot_object(s));

	s->object = 0;
	s->record = 0;
	s->making = 0;
	s->badged = 0;
	s->type = type;
	s->pa6 = pa >> 6;
	s->order = order;
	s->memtype = MEM_RAM;
}

void object_unmake_cnode(struct slot *s)
{
	if (!s->making)
		kernel_stats.cnodes--;
	slot_to_frame(s, TYPE_FRAME, ((s->object & 31) - 7) / 9);
}

static int make_small(struct slot *s, uint64_t type, uint64_t size)
{
	void *object = window(slot_pa(s));
	int error = memory_clear(object, size);

	if (error)
		return error;
	if (type == TYPE_VSPACE)
		return space_make(s, object);
	s->type = type;
	s->object = (uint64_t)object;
	s->record = 0;
	if (type == TYPE_THREAD) {
		thread_init(object);
		kernel_stats.threads++;
	} else {
		kernel_stats.endpoints++;
	}
	return 0;
}

static int make_check(const struct slot *s, uint64_t type, const struct slot *system)
{
	if (type == TYPE_ENDPOINT)
		return s->type != TYPE_CHIP ? -E_BAD_TYPE : s->doomed ? -E_REVOKED :
		       s->rights & RIGHT_W ? 0 : -E_NO_RIGHT;
	if (type != TYPE_CNODE && type != TYPE_VSPACE && type != TYPE_THREAD)
		return -E_BAD_ARG;
	if (s->type == TYPE_FRAME && s->order != ORDER_4K && (type != TYPE_CNODE || s->order > ORDER_1G))
		return -E_BAD_ARG;
	if (type == TYPE_VSPACE && (!system || system->type != TYPE_SYSTEM || !(system->rights & RIGHT_SPACE_ID)))
		return -E_NO_RIGHT;
	return frame_free(s);
}

int object_make(struct slot *s, uint64_t type, const struct slot *system, struct budget *b)
{
	int error;

	if (s->type == TYPE_CNODE && s->making && type == TYPE_CNODE && !s->doomed)
		return make_cnode(s, b);
	error = make_check(s, type, system);
	return error ? error : type == TYPE_CNODE ? make_cnode(s, b) :
	       make_small(s, type, type == TYPE_ENDPOINT ? sizeof(struct endpoint) : PAGE_SIZE);
}

int object_destroy(struct slot *s, struct budget *b)
{
	void *object = slot_object(s);

	switch (s->type) {
	case TYPE_ENDPOINT:
		if (!ipc_destroy_endpoint(object, b))
			return -E_AGAIN;
		(void)memory_clear(object, sizeof(struct endpoint));
		kernel_stats.endpoints--;
		slot_to_frame(s, TYPE_CHIP, ORDER_CHIP);
		return 0;
	case TYPE_VSPACE:
		space_destroy(s);
		break;
	default:
		if (thread_destroy(object)) {
			b->left = -1;
			return -E_AGAIN;
		}
		kernel_stats.threads--;
		b->left -= COST_THREAD;
		break;
	}
	(void)memory_clear(object, PAGE_SIZE);
	b->left -= PAGE_SIZE / 6;
	slot_to_frame(s, TYPE_FRAME, ORDER_4K);
	return 0;
}
