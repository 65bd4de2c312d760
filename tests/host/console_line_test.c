/*
 * console_line_test.c: the console's line editor. Each case types keys and looks at the line that comes out
 * and at a screen that followed the echo; a random walk then compares screen and text at every key.
 */
// SOURCES: servers/console/line.c
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../servers/console/line.h"

/* A terminal one line high and wide enough: backspace moves, printing overwrites. */
static struct {
	char cells[LINE_BYTES * 2];
	size_t at, most, bells, since_key;
} screen;

static struct line_editor editor;
static struct line_history history;

static void screen_clear(void)
{
	memset(screen.cells, ' ', sizeof(screen.cells));
	screen.at = screen.most = 0;
}

static void screen_echo(const char *bytes, size_t size)
{
	screen.since_key += size;
	for (size_t i = 0; i < size; i++) {
		char c = bytes[i];

		if (c == '\b') {
			assert(screen.at > 0);
			screen.at--;
		} else if (c == '\a') {
			screen.bells++;
		} else if (c == '\r') {
			screen.at = 0;
		} else if (c == '\n') {
			screen_clear();
		} else if (((uint8_t)c & 0xc0) != 0x80) {
			screen.cells[screen.at++] = c;
		}
		assert(screen.at < sizeof(screen.cells));
		if (screen.at > screen.most)
			screen.most = screen.at;
	}
}

static enum line_event key(uint8_t c)
{
	enum line_event event;

	screen.since_key = 0;
	event = line_key(&editor, &history, c);
	assert(screen.since_key <= LINE_ECHO_MOST);
	assert(editor.cursor <= editor.length && editor.length <= LINE_BYTES);
	return event;
}

static void begin(void)
{
	memset(&editor, 0, sizeof(editor));
	memset(&history, 0, sizeof(history));
	editor.echo = screen_echo;
	screen_clear();
	screen.bells = 0;
}

static enum line_event type_bytes(const char *keys, size_t size)
{
	enum line_event event = LINE_MORE;

	for (size_t i = 0; i < size; i++) {
		assert(event == LINE_MORE);
		event = key((uint8_t)keys[i]);
	}
	return event;
}

static enum line_event type(const char *keys)
{
	return type_bytes(keys, strlen(keys));
}

static void text_is(const char *expected)
{
	if (editor.length != strlen(expected) || memcmp(editor.text, expected, editor.length)) {
		fprintf(stderr, "line is '%.*s', not '%s'\n", (int)editor.length, editor.text, expected);
		abort();
	}
}

/* What the screen shows is the line: a byte a column, so for ASCII only. */
static void screen_shows_line(void)
{
	assert(screen.at == editor.cursor);
	for (size_t i = 0; i < screen.most; i++) {
		char c = i < editor.length ? editor.text[i] : ' ';

		assert(screen.cells[i] == (c == '\t' ? ' ' : c));
	}
}

/* Types the keys and Enter; the line must be as expected, and is remembered. */
static void line_gives(const char *keys, const char *expected)
{
	assert(type(keys) == LINE_MORE);
	text_is(expected);
	screen_shows_line();
	assert(key('\r') == LINE_DONE);
	assert(editor.text[editor.length - 1] == '\n');
	line_history_add(&history, editor.text, editor.length - 1);
	line_clear(&editor);
}

static void keys_edit_as_documented(void)
{
	begin();
	line_gives("hello", "hello");
	line_gives("hellp\bo", "hello");
	line_gives("hellp\x7fo", "hello");
	line_gives("\b\x7f\x17\x15 x", " x");
	line_gives("some words here\x17", "some words ");
	line_gives("some words  \x17", "some ");
	line_gives("abc\x15" "def", "def");
	line_gives("abc\x1b[D\x1b[D\x15", "bc");
	line_gives("abc\x1b[DX", "abXc");
	line_gives("abc\x1b[D\x1b[D\x1b[D\x1b[DX\x1b[CY", "XaYbc");
	line_gives("abc\x1b[HX\x1b[FY", "XabcY");
	line_gives("abc\x1bOHX\x1bOFY", "XabcY");
	line_gives("abc\x1b[1~X\x1b[4~Y", "XabcY");
	line_gives("abc\x01X\x05Y", "XabcY");
	line_gives("abc\x01\x1b[3~", "bc");
	line_gives("abc\x01\x04", "bc");
	line_gives("abc\x02\x02\x0b", "a");
	line_gives("abc\x01\x06X", "aXbc");
	line_gives("a\tb\x02\x02\x7fX", "X\tb");
	line_gives("a\x1b[15;2~\x1b[200~b\x1bx\x1b[Zc", "abc");
	line_gives("a\x1b[1\x01" "b", "ba");
	line_gives("a\x1e\x07" "b", "ab");
}

static void history_comes_back(void)
{
	begin();
	line_gives("\x1b[A", "");
	assert(screen.bells == 1);
	line_gives("first", "first");
	line_gives("second one", "second one");
	line_gives("second one", "second one");
	line_gives("\x1b[A", "second one");
	line_gives("\x1b[A\x1b[A", "first");
	line_gives("\x10\x10", "second one");
	line_gives("draft\x1b[A\x1b[B!", "draft!");
	line_gives("x\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x0e\x0e\x0e\x0e\x0e\x0e\x0e\x0ey", "xy");
	line_gives("\x1b[A\x7fz", "xz");
	line_gives("\x1b[A\x1b[A", "xy");
}

static void history_forgets_the_oldest(void)
{
	char text[32];

	begin();
	for (int i = 0; i < 5000; i++) {
		int n = snprintf(text, sizeof(text), "line %d", i);

		line_history_add(&history, text, (size_t)n);
		assert(history.used <= sizeof(history.text) && history.text[history.used - 1] == 0);
	}
	line_gives("\x1b[A", "line 4999");
	line_gives("\x1b[A\x1b[A\x1b[A", "line 4997");
	line_history_add(&history, editor.draft, sizeof(history.text) / 2 + 1);
	line_history_add(&history, "a\0b", 3);
	line_history_add(&history, "", 0);
	line_gives("\x1b[A", "line 4997");
}

static void control_d_ends(void)
{
	begin();
	assert(key(4) == LINE_END_OF_FILE);
	assert(type("abc\x04") == LINE_PART);
	text_is("abc");
	line_clear(&editor);
	assert(key(4) == LINE_END_OF_FILE);
}

static void carriage_return_and_line_feed_are_one_enter(void)
{
	begin();
	assert(type("a\r") == LINE_DONE);
	line_clear(&editor);
	assert(type("\n") == LINE_MORE);
	assert(type("\n") == LINE_DONE);
	line_clear(&editor);
	assert(type("\n") == LINE_DONE);
	line_clear(&editor);
	assert(type_bytes("a\0b\n", 4) == LINE_DONE);
	text_is("ab\n");
}

static void characters_of_several_bytes_move_as_one(void)
{
	begin();
	assert(type("a\xc3\xa9z\x1b[D\x7f") == LINE_MORE);
	text_is("az");
	assert(screen.at == 1 && screen.cells[1] == 'z' && screen.cells[2] == ' ');
	assert(type("\xe2\x82\xac") == LINE_MORE);
	text_is("a\xe2\x82\xacz");
	assert(screen.at == 2 && screen.cells[2] == 'z');
	assert(type("\x02\x1b[3~") == LINE_MORE);
	text_is("az");
}

static void nothing_is_shown_without_echo(void)
{
	begin();
	editor.echo = NULL;
	assert(type("secret\x1b[D\x7f\x15x\r") == LINE_DONE);
	text_is("xt\n");
	assert(screen.most == 0);
}

static void a_full_line_takes_no_more(void)
{
	begin();
	for (int i = 0; i < LINE_BYTES + 10; i++)
		assert(key('a' + i % 26) == LINE_MORE);
	assert(editor.length == LINE_BYTES - 1 && screen.bells == 11);
	screen_shows_line();
	assert(type("\x15") == LINE_MORE);
	text_is("");
	for (int i = 0; i < LINE_BYTES; i++)
		assert(key('b') == LINE_MORE);
	assert(type("\x01\x0b") == LINE_MORE);
	line_history_add(&history, "h", 1);
	for (int i = 0; i < LINE_BYTES; i++)
		assert(key('c') == LINE_MORE);
	assert(type("\x10\x0e\x01\r") == LINE_DONE);
	assert(editor.length == LINE_BYTES && editor.text[LINE_BYTES - 2] == 'c');
}

static uint8_t random_key(void)
{
	static const char often[] = "\b\x7f\x01\x05\x02\x06\x0b\x10\x0e\x15\x17\x04\r\n\t \x1b[ABCDFH~3O";

	switch (rand() % 4) {
	case 0:  return (uint8_t)often[rand() % (sizeof(often) - 1)];
	case 1:  return (uint8_t)(rand() % 128);
	default: return (uint8_t)('a' + rand() % 26);
	}
}

static void any_keys_keep_screen_and_line_the_same(void)
{
	begin();
	srand(1);
	for (int i = 0; i < 300000; i++) {
		enum line_event event = key(random_key());

		if (event == LINE_MORE) {
			screen_shows_line();
			continue;
		}
		if (event == LINE_DONE)
			line_history_add(&history, editor.text, editor.length - 1);
		line_clear(&editor);
		screen_clear();
	}
}

static void any_bytes_do_no_harm(void)
{
	begin();
	editor.echo = NULL;
	srand(2);
	for (int i = 0; i < 300000; i++)
		if (key((uint8_t)rand()) != LINE_MORE) {
			if (editor.length)
				line_history_add(&history, editor.text, editor.length - 1);
			line_clear(&editor);
		}
}

int main(void)
{
	keys_edit_as_documented();
	history_comes_back();
	history_forgets_the_oldest();
	control_d_ends();
	carriage_return_and_line_feed_are_one_enter();
	characters_of_several_bytes_move_as_one();
	nothing_is_shown_without_echo();
	a_full_line_takes_no_more();
	any_keys_keep_screen_and_line_the_same();
	any_bytes_do_no_harm();
	puts("console_line_test: ok");
	return 0;
}
