/*
 * tessera/trace.h: notes in the trace of the hart that runs (docs/trace.md). On a hart that is not traced a note
 * is a refused system call of some 30 instructions, so what happens often is better counted.
 */
#ifndef TESSERA_TRACE_H
#define TESSERA_TRACE_H

#include <stdint.h>
#include <tessera/syscall.h>

/* What a note says: the first of its five words; the others. */
#define TRACE_NOTE_THREAD 1            /* thread (as events name it), space, its number there: from mem */
#define TRACE_NOTE_NAME   2            /* space, pid, 16 bytes of the program's name: from proc and trace */
#define TRACE_NOTE_ALLOC  3            /* address, bytes: a span of the allocator */
#define TRACE_NOTE_FREE   4            /* address, bytes */
#define TRACE_NOTE_BEGIN  5            /* 32 bytes of text: a slice of the thread begins */
#define TRACE_NOTE_END    6            /* the last that began ends */
#define TRACE_NOTE_MARK   7            /* 32 bytes of text */
#define TRACE_NOTE_VALUE  8            /* a number, 24 bytes of its name */

static inline void trace_note(uint64_t what, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	(void)sys_raw(SYS_TRACE, what, a, b, c, d, 0, 0, 0, 0);
}

/* The note `what`: a word, if there is one, and text, cut to what room there is. */
static inline void trace_note_text(uint64_t what, const char *text, const uint64_t *first)
{
	uint64_t w[4] = { first ? *first : 0 };
	char *at = (char *)&w[first != 0];

	for (unsigned i = 0; text[i] && i < sizeof w - (first ? 8 : 0); i++)
		at[i] = text[i];
	trace_note(what, w[0], w[1], w[2], w[3]);
}

static inline void trace_begin(const char *text)
{
	trace_note_text(TRACE_NOTE_BEGIN, text, 0);
}

static inline void trace_end(void)
{
	trace_note(TRACE_NOTE_END, 0, 0, 0, 0);
}

static inline void trace_mark(const char *text)
{
	trace_note_text(TRACE_NOTE_MARK, text, 0);
}

static inline void trace_value(const char *name, uint64_t value)
{
	trace_note_text(TRACE_NOTE_VALUE, name, &value);
}

static inline void trace_name(uint64_t space, uint64_t pid, const char *name)
{
	uint64_t w[2] = { 0, 0 };

	for (unsigned i = 0; name[i] && i < sizeof w; i++)
		((char *)w)[i] = name[i];
	trace_note(TRACE_NOTE_NAME, space, pid, w[0], w[1]);
}
#endif
