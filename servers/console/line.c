/*
 * line.c: see line.h. The screen is driven with backspaces and spaces alone, so that any terminal and any
 * log can follow; a line that is wider than the screen is shown correctly only while it is typed at its end.
 */
#include "line.h"

#include <string.h>

#define ESCAPE 0x1b
#define DELETE 0x7f
#define BELL   "\a"

static void show(struct line_editor *e, const char *bytes, size_t size)
{
	if (e->echo && size)
		e->echo(bytes, size);
}

static void show_repeated(struct line_editor *e, char c, size_t count)
{
	char bytes[64];

	memset(bytes, c, sizeof(bytes));
	for (; count > sizeof(bytes); count -= sizeof(bytes))
		show(e, bytes, sizeof(bytes));
	show(e, bytes, count);
}

/* A tab takes one column, as a space: moving over it stays simple. */
static void show_text(struct line_editor *e, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (e->text[i] == '\t') {
			show(e, e->text + from, i - from);
			show(e, " ", 1);
			from = i + 1;
		}
	show(e, e->text + from, to - from);
}

/* The bytes behind the first of a UTF-8 character. */
static bool is_continuation(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

/* Columns of the text from..to. */
static size_t columns(const struct line_editor *e, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += !is_continuation(e->text[i]);
	return n;
}

static size_t character_before(const struct line_editor *e, size_t at)
{
	if (at)
		at--;
	while (at && is_continuation(e->text[at]))
		at--;
	return at;
}

static size_t character_after(const struct line_editor *e, size_t at)
{
	if (at < e->length)
		at++;
	while (at < e->length && is_continuation(e->text[at]))
		at++;
	return at;
}

/* Of a character that begins with c. */
static size_t character_bytes(char c)
{
	uint8_t byte = (uint8_t)c;

	return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

static void move(struct line_editor *e, size_t to)
{
	if (to < e->cursor)
		show_repeated(e, '\b', columns(e, to, e->cursor));
	else
		show_text(e, e->cursor, to);
	e->cursor = to;
}

/* A character of several bytes is shown when its last has come. */
static void insert(struct line_editor *e, char c)
{
	size_t start;

	if (e->length == LINE_BYTES - 1) {
		show(e, BELL, 1);
		return;
	}
	memmove(e->text + e->cursor + 1, e->text + e->cursor, e->length - e->cursor);
	e->text[e->cursor++] = c;
	e->length++;
	start = character_before(e, e->cursor);
	if (e->cursor - start < character_bytes(e->text[start]))
		return;
	show_text(e, start, e->length);
	show_repeated(e, '\b', columns(e, e->cursor, e->length));
}

/* Takes the bytes from..to out; the cursor ends at from. */
static void erase(struct line_editor *e, size_t from, size_t to)
{
	size_t gone = columns(e, from, to);

	move(e, from);
	memmove(e->text + from, e->text + to, e->length - to);
	e->length -= to - from;
	show_text(e, from, e->length);
	show_repeated(e, ' ', gone);
	show_repeated(e, '\b', gone + columns(e, from, e->length));
}

static void erase_word(struct line_editor *e)
{
	size_t from = e->cursor;

	while (from && e->text[from - 1] == ' ')
		from--;
	while (from && e->text[from - 1] != ' ')
		from--;
	erase(e, from, e->cursor);
}

static void replace(struct line_editor *e, const char *text, size_t size)
{
	size_t was = columns(e, 0, e->length), now;

	move(e, 0);
	memcpy(e->text, text, size);
	e->length = e->cursor = size;
	now = columns(e, 0, size);
	show_text(e, 0, size);
	if (now < was) {
		show_repeated(e, ' ', was - now);
		show_repeated(e, '\b', was - now);
	}
}

/* The line `back` lines ago, back >= 1; NULL: there is none. */
static const char *history_line(const struct line_history *h, unsigned back)
{
	size_t at = h->used;

	while (back--) {
		if (!at)
			return NULL;
		for (at--; at && h->text[at - 1]; at--)
			;
	}
	return h->text + at;
}

static void browse(struct line_editor *e, const struct line_history *h, unsigned back)
{
	const char *line = h && back ? history_line(h, back) : NULL;

	if (!h || (back && !line)) {
		show(e, BELL, 1);
		return;
	}
	if (!e->back) {
		memcpy(e->draft, e->text, e->length);
		e->draft_length = e->length;
	}
	e->back = back;
	if (line)
		replace(e, line, strlen(line));
	else
		replace(e, e->draft, e->draft_length);
}

static void go_back(struct line_editor *e, const struct line_history *h)
{
	browse(e, h, e->back + 1);
}

static void go_forward(struct line_editor *e, const struct line_history *h)
{
	if (e->back)
		browse(e, h, e->back - 1);
}

static void delete_here(struct line_editor *e)
{
	erase(e, e->cursor, character_after(e, e->cursor));
}

static enum line_event finish(struct line_editor *e)
{
	move(e, e->length);
	show(e, "\r\n", 2);
	e->text[e->length++] = '\n';
	return LINE_DONE;
}

static enum line_event end_of_file(struct line_editor *e)
{
	if (!e->length)
		return LINE_END_OF_FILE;
	if (e->cursor == e->length)
		return LINE_PART;
	delete_here(e);
	return LINE_MORE;
}

static enum line_event plain_key(struct line_editor *e, const struct line_history *h, uint8_t key)
{
	switch (key) {
	case '\r':
	case '\n':              return finish(e);
	case LINE_CONTROL('D'): return end_of_file(e);
	case ESCAPE:            e->state = LINE_ESCAPE; break;
	case '\b':
	case DELETE:            erase(e, character_before(e, e->cursor), e->cursor); break;
	case LINE_CONTROL('A'): move(e, 0); break;
	case LINE_CONTROL('B'): move(e, character_before(e, e->cursor)); break;
	case LINE_CONTROL('E'): move(e, e->length); break;
	case LINE_CONTROL('F'): move(e, character_after(e, e->cursor)); break;
	case LINE_CONTROL('K'): erase(e, e->cursor, e->length); break;
	case LINE_CONTROL('N'): go_forward(e, h); break;
	case LINE_CONTROL('P'): go_back(e, h); break;
	case LINE_CONTROL('U'): erase(e, 0, e->cursor); break;
	case LINE_CONTROL('W'): erase_word(e); break;
	default:
		if (key >= ' ' || key == '\t')
			insert(e, (char)key);
		else
			show(e, BELL, 1);
	}
	return LINE_MORE;
}

/* The key that an escape sequence stands for, as its control character; 0: none. */
static uint8_t sequence_key(uint8_t final, unsigned parameter)
{
	switch (final) {
	case 'A': return LINE_CONTROL('P');
	case 'B': return LINE_CONTROL('N');
	case 'C': return LINE_CONTROL('F');
	case 'D': return LINE_CONTROL('B');
	case 'H': return LINE_CONTROL('A');
	case 'F': return LINE_CONTROL('E');
	case '~':
		if (parameter == 1 || parameter == 7)
			return LINE_CONTROL('A');
		if (parameter == 4 || parameter == 8)
			return LINE_CONTROL('E');
	}
	return 0;
}

static enum line_event sequence_byte(struct line_editor *e, const struct line_history *h, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		e->parameter = (e->parameter * 10 + (byte - '0')) % 1000;
	} else if (byte >= 0x40) {
		uint8_t key = sequence_key(byte, e->parameter);

		e->state = LINE_PLAIN;
		if (byte == '~' && e->parameter == 3)
			delete_here(e);
		else if (key)
			return plain_key(e, h, key);
	}
	return LINE_MORE;
}

enum line_event line_key(struct line_editor *e, const struct line_history *h, uint8_t key)
{
	bool second = key == '\n' && e->after_return;

	e->after_return = key == '\r';
	if (second || !key)
		return LINE_MORE;
	if (key < ' ')
		e->state = LINE_PLAIN; /* a control character breaks a sequence off */
	if (e->state == LINE_SEQUENCE)
		return sequence_byte(e, h, key);
	if (e->state == LINE_ESCAPE) {
		e->state = key == '[' || key == 'O' ? LINE_SEQUENCE : LINE_PLAIN;
		e->parameter = 0;
		return LINE_MORE;
	}
	return plain_key(e, h, key);
}

void line_clear(struct line_editor *e)
{
	e->length = e->cursor = 0;
	e->state = LINE_PLAIN;
	e->back = 0;
}

static void history_drop_oldest(struct line_history *h)
{
	size_t size = strlen(h->text) + 1;

	h->used -= size;
	memmove(h->text, h->text + size, h->used);
}

void line_history_add(struct line_history *h, const char *text, size_t size)
{
	const char *last = history_line(h, 1);

	if (!size || size > sizeof(h->text) / 2 || memchr(text, 0, size))
		return;
	if (last && strlen(last) == size && !memcmp(last, text, size))
		return;
	while (h->used + size + 1 > sizeof(h->text))
		history_drop_oldest(h);
	memcpy(h->text + h->used, text, size);
	h->text[h->used + size] = 0;
	h->used += size + 1;
}
