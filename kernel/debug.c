/*
 * debug.c: debug kernels only. The TLB model: QEMU flushes its TLB so often that a missing fence goes unseen, so each
 * downgrade of a PTE is noted with the harts that may hold it, each fence strikes notes out, and no hart may go to
 * user mode while one is left. Also painted stacks and the handlers of the undefined-behaviour sanitizer.
 */
#include "debug.h"

#include "space.h"
#include "thread.h"

#if DEBUG

#define NOTES 64
#define PAINT 0x5a5a5a5a5a5a5a5aUL

/* Downgrades not fenced yet. When the table is full, the space as a whole is noted. */
static struct {
	uint64_t space, va, harts;
} notes[NOTES];
static unsigned note_count;

void debug_downgrade(uint64_t space, uint64_t va, uint64_t harts)
{
	harts &= (1UL << hart_count) - 1;
	if (!harts)
		return;
	if (note_count == NOTES) {
		note_count--;
		va = DEBUG_ALL_VA;
		if (notes[note_count].space != space)
			panic("too many unfenced pages of several spaces", space);
		harts |= notes[note_count].harts;
	}
	notes[note_count].space = space;
	notes[note_count].va = va;
	notes[note_count++].harts = harts;
}

void debug_fenced(uint64_t space, uint64_t va, uint64_t harts)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < note_count; i++) {
		if ((space == FENCE_ALL_SPACES || notes[i].space == space) &&
		    (va == DEBUG_ALL_VA || notes[i].va >> PAGE_SHIFT == va >> PAGE_SHIFT))
			notes[i].harts &= ~harts;
		if (notes[i].harts)
			notes[kept++] = notes[i];
	}
	note_count = kept;
}

void debug_check_fences(void)
{
	const struct hart *h = this_hart();

	if (note_count)
		panic("a downgraded page was not fenced", notes[0].va);
	if (h->current && !space_is_run(h->current->satp, h->index))
		panic("fences of a space do not reach a hart that runs it", h->index);
}

void debug_paint_stack(char *stack, uint64_t size)
{
	for (uint64_t i = 0; i < size / 8; i++)
		((volatile uint64_t *)stack)[i] = PAINT;
}

uint64_t debug_stack_used(const char *stack, uint64_t size)
{
	const uint64_t *word = (const uint64_t *)stack;
	uint64_t untouched = 0;

	while (untouched < size / 8 && word[untouched] == PAINT)
		untouched++;
	return size - untouched * 8;
}

#ifndef KERNEL_HOST
/* What -fsanitize=undefined calls. The first argument points to where: {file, line, column}. */
struct source_place {
	const char *file;
	uint32_t line, column;
};

static __attribute__((noreturn)) void undefined(const void *data)
{
	const struct source_place *place = data;

	panic(place->file, place->line);
}

#define UNDEFINED(name) \
	void __ubsan_handle_##name(const void *data); \
	void __ubsan_handle_##name(const void *data) { undefined(data); }

UNDEFINED(add_overflow)
UNDEFINED(sub_overflow)
UNDEFINED(mul_overflow)
UNDEFINED(negate_overflow)
UNDEFINED(divrem_overflow)
UNDEFINED(shift_out_of_bounds)
UNDEFINED(out_of_bounds)
UNDEFINED(type_mismatch_v1)
UNDEFINED(pointer_overflow)
UNDEFINED(load_invalid_value)
UNDEFINED(builtin_unreachable)
UNDEFINED(nonnull_arg)
UNDEFINED(vla_bound_not_positive)
#endif

#endif
