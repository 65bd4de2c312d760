/*
 * line.h: the line editor: keys in, echo and finished lines out. It owns the line being typed and knows
 * nothing of devices, readers or messages; it runs on the build machine as it does here.
 */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES         4096            /* of one line, its newline included */
#define LINE_HISTORY_BYTES 4096
#define LINE_ECHO_MOST     (3 * LINE_BYTES) /* most bytes of echo for one key */

#define LINE_CONTROL(letter) ((letter) & 31)

/* Earlier lines, oldest first, each ended by a NUL. */
struct line_history {
	size_t used;
	char text[LINE_HISTORY_BYTES];
};

enum line_event {
	LINE_MORE,                         /* the line goes on */
	LINE_DONE,                         /* text holds a line with its newline */
	LINE_PART,                         /* text holds bytes without a newline (Ctrl-D behind text) */
	LINE_END_OF_FILE,                  /* Ctrl-D on an empty line */
};

enum line_state {
	LINE_PLAIN,
	LINE_ESCAPE,                       /* ESC was typed */
	LINE_SEQUENCE,                     /* ESC [ or ESC O was typed */
};

struct line_editor {
	/* Where echo goes; NULL: nothing is shown. Set by the owner. */
	void (*echo)(const char *bytes, size_t size);

	/* Invariant: cursor <= length < LINE_BYTES; cursor stands at the start of a character. */
	char text[LINE_BYTES];
	size_t length, cursor;

	enum line_state state;
	unsigned parameter;                /* of the escape sequence */
	bool after_return;                 /* the last key was CR: a LF right behind belongs to it */

	unsigned back;                     /* how many lines back in the history; 0: the line itself */
	char draft[LINE_BYTES];            /* the line itself while back > 0 */
	size_t draft_length;
};

/* One key; h may be NULL. After another event than LINE_MORE the owner takes text and calls line_clear. */
enum line_event line_key(struct line_editor *e, const struct line_history *h, uint8_t key);

/* An empty line; shows nothing. */
void line_clear(struct line_editor *e);

/* Remembers a line, unless it is empty, the same as the last, or longer than half the history. */
void line_history_add(struct line_history *h, const char *text, size_t size);

#endif
