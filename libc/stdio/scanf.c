/*
 * scanf.c: formatted input. One character is looked ahead at most; numbers are collected as text, as long as
 * they may still become one, and converted by strtol's and strtod's families.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include "stdio_internal.h"

#define TEXT_BYTES 96                  /* of a number before it goes to malloc */
#define SET_BYTES  256

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LONG_DOUBLE };
enum result { MATCHED, MISMATCH, AT_END };

struct input {
	FILE *file;
	size_t count;                  /* characters taken */
	int width;                     /* left of the current conversion */
};

/* The characters of a number. */
struct text {
	char local[TEXT_BYTES], *bytes;
	size_t size, room;
};

struct conversion {
	enum length length;
	bool store, allocate;
	int width;                     /* 0: none given */
	unsigned position;             /* of its argument, from 1; 0: the next */
	int kind;
	char set[SET_BYTES];           /* of [: which belong */
};

static int peek(struct input *in)
{
	int c;

	if (!in->width)
		return EOF;
	c = file_getc_locked(in->file);
	if (c != EOF)
		in->file->next--;
	return c;
}

static void take(struct input *in)
{
	(void)file_getc_locked(in->file);
	in->count++;
	in->width--;
}

static int take_and_peek(struct input *in)
{
	take(in);
	return peek(in);
}

static void skip_space(struct input *in)
{
	in->width = INT_MAX;
	while (isspace(peek(in))) {
		take(in);
		in->width = INT_MAX;
	}
}

static bool text_add(struct text *t, int c)
{
	if (t->size + 1 == t->room) {
		char *larger = t->bytes == t->local ? malloc(2 * t->room) : realloc(t->bytes, 2 * t->room);

		if (!larger)
			return false;
		if (t->bytes == t->local)
			memcpy(larger, t->local, t->size);
		t->bytes = larger;
		t->room *= 2;
	}
	t->bytes[t->size++] = (char)c;
	t->bytes[t->size] = 0;
	return true;
}

static void text_start(struct text *t)
{
	t->bytes = t->local;
	t->local[0] = 0;
	t->size = 0;
	t->room = sizeof(t->local);
}

static void text_end(struct text *t)
{
	if (t->bytes != t->local)
		free(t->bytes);
}

static int take_sign(struct input *in, struct text *t)
{
	int c = peek(in);

	if (c == '+' || c == '-') {
		(void)text_add(t, c);
		c = take_and_peek(in);
	}
	return c;
}

static int digit_of(int c)
{
	return isdigit(c) ? c - '0' : isalpha(c) ? (c | 32) - 'a' + 10 : INT_MAX;
}

/* Collects an integer of the base (0: as its prefix says): the base, or -1: there is none. */
static int take_integer(struct input *in, struct text *t, int base)
{
	int c = take_sign(in, t), digits = 0;

	if (c == '0' && (base == 0 || base == 16)) {
		(void)text_add(t, c);
		digits++;
		c = take_and_peek(in);
		if ((c | 32) == 'x') {
			base = 16;
			digits = 0;
			c = take_and_peek(in);
		} else if (base == 0) {
			base = 8;
		}
	}
	if (base == 0)
		base = 10;
	for (; digit_of(c) < base; digits++) {
		if (!text_add(t, c))
			return -1;
		c = take_and_peek(in);
	}
	return digits ? base : -1;
}

static void store_integer(void *where, enum length length, uintmax_t value)
{
	if (length == LENGTH_CHAR)
		*(unsigned char *)where = (unsigned char)value;
	else if (length == LENGTH_SHORT)
		*(unsigned short *)where = (unsigned short)value;
	else if (length == LENGTH_INT)
		*(unsigned *)where = (unsigned)value;
	else
		*(unsigned long *)where = value;
}

static int base_of(int kind)
{
	return kind == 'd' || kind == 'u' ? 10 : kind == 'o' ? 8 : kind == 'i' ? 0 : 16;
}

static enum result scan_integer(struct input *in, const struct conversion *c, void *where)
{
	struct text t;
	int base;
	bool is_signed = c->kind == 'd' || c->kind == 'i';

	text_start(&t);
	base = take_integer(in, &t, base_of(c->kind));
	if (base > 0 && c->store)
		store_integer(where, c->kind == 'p' ? LENGTH_LONG : c->length,
			      is_signed ? (uintmax_t)strtoll(t.bytes, NULL, base) : strtoull(t.bytes, NULL, base));
	text_end(&t);
	return base > 0 ? MATCHED : MISMATCH;
}

/* Collects a word, whatever case, as far as it goes: all of it was there. */
static bool take_word(struct input *in, struct text *t, const char *word)
{
	int c = peek(in);

	for (; *word && tolower(c) == *word; word++) {
		(void)text_add(t, c);
		c = take_and_peek(in);
	}
	return !*word;
}

static int take_digits(struct input *in, struct text *t, bool hexadecimal, int *digits)
{
	int c = peek(in);

	for (; hexadecimal ? isxdigit(c) : isdigit(c); (*digits)++) {
		if (!text_add(t, c))
			return EOF;
		c = take_and_peek(in);
	}
	return c;
}

/* Collects what follows a sign: it is a number. */
static bool take_float(struct input *in, struct text *t)
{
	int c = take_sign(in, t), digits = 0, exponent = 0;
	bool hexadecimal = false;

	if (tolower(c) == 'n')
		return take_word(in, t, "nan");
	if (tolower(c) == 'i')
		return take_word(in, t, "inf") && (tolower(peek(in)) != 'i' || take_word(in, t, "inity"));
	if (c == '0') {
		(void)text_add(t, c);
		digits = 1;
		c = take_and_peek(in);
		if (tolower(c) == 'x') {
			(void)text_add(t, c);
			hexadecimal = true;
			digits = 0;
			take(in);
		}
	}
	c = take_digits(in, t, hexadecimal, &digits);
	if (c == '.') {
		(void)text_add(t, c);
		take(in);
		c = take_digits(in, t, hexadecimal, &digits);
	}
	if (!digits)
		return false;
	if (tolower(c) != (hexadecimal ? 'p' : 'e'))
		return true;
	(void)text_add(t, c);
	take(in);
	(void)take_sign(in, t);
	(void)take_digits(in, t, false, &exponent);
	return exponent > 0;
}

static enum result scan_float(struct input *in, const struct conversion *c, void *where)
{
	struct text t;
	bool good;

	text_start(&t);
	good = take_float(in, &t);
	if (good && c->store) {
		if (c->length == LENGTH_LONG_DOUBLE)
			*(long double *)where = strtold(t.bytes, NULL);
		else if (c->length == LENGTH_LONG)
			*(double *)where = strtod(t.bytes, NULL);
		else
			*(float *)where = strtof(t.bytes, NULL);
	}
	text_end(&t);
	return good ? MATCHED : MISMATCH;
}

static bool belongs(const struct conversion *c, int byte)
{
	return c->kind == 'c' || (c->kind == 's' ? !isspace(byte) : c->set[byte]);
}

/* Puts byte number n of a string where it goes. %ms: *where is from malloc and grows. */
static bool put_char(const struct conversion *c, void *where, size_t n, size_t *room, int byte)
{
	if (!c->store)
		return true;
	if (c->allocate && n + 1 >= *room) {
		char *larger = realloc(*(char **)where, *room * 2);

		if (!larger)
			return false;
		*(char **)where = larger;
		*room *= 2;
	}
	if (c->length == LENGTH_LONG)
		((wchar_t *)where)[n] = byte;
	else
		(c->allocate ? *(char **)where : (char *)where)[n] = (char)byte;
	return true;
}

/* %c, %s and %[ */
static enum result scan_text(struct input *in, const struct conversion *c, void *where)
{
	size_t n = 0, room = 16;
	int byte;

	in->width = c->width ? c->width : c->kind == 'c' ? 1 : INT_MAX;
	if (c->store && c->allocate && !(*(char **)where = malloc(room)))
		return AT_END;
	while ((byte = peek(in)) != EOF && belongs(c, byte)) {
		if (!put_char(c, where, n++, &room, byte))
			return AT_END;
		take(in);
	}
	if (!n || (c->kind == 'c' && in->width)) {
		if (c->store && c->allocate)
			free(*(char **)where);
		return byte == EOF ? AT_END : MISMATCH;
	}
	if (c->kind != 'c')
		(void)put_char(c, where, n, &room, 0);
	return MATCHED;
}

/* The set behind "%[": where its ']' is followed. */
static const char *parse_set(const char *at, struct conversion *c)
{
	bool invert = *at == '^';
	int from;

	at += invert;
	memset(c->set, invert, sizeof(c->set));
	do {
		from = (unsigned char)*at;
		if (!from)
			return at;
		if (at[1] == '-' && at[2] && at[2] != ']') {
			for (int byte = from; byte <= (unsigned char)at[2]; byte++)
				c->set[byte] = !invert;
			at += 2;
		}
		c->set[from] = !invert;
		at++;
	} while (*at != ']');
	return at + 1;
}

static const char *parse_length(const char *at, enum length *length)
{
	*length = LENGTH_INT;
	if (*at == 'h') {
		*length = at[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
		return at + (at[1] == 'h' ? 2 : 1);
	}
	if (*at == 'L') {
		*length = LENGTH_LONG_DOUBLE;
		return at + 1;
	}
	if (*at && strchr("lqjzt", *at)) {
		*length = LENGTH_LONG;
		return at + (*at == 'l' && at[1] == 'l' ? 2 : 1);
	}
	return at;
}

static const char *parse_conversion(const char *at, struct conversion *c)
{
	at = format_position(at, &c->position);
	c->store = *at != '*';
	at += !c->store;
	c->width = 0;
	for (; isdigit((unsigned char)*at); at++)
		c->width = c->width > INT_MAX / 10 - 1 ? INT_MAX : c->width * 10 + (*at - '0');
	c->allocate = *at == 'm';
	at += c->allocate;
	at = parse_length(at, &c->length);
	c->kind = (unsigned char)*at;
	if (!*at)
		return at;
	at++;
	if (c->kind == '[')
		return parse_set(at, c);
	if (strchr("XEFGAeg", c->kind))
		c->kind = c->kind == 'X' ? 'x' : 'f';
	else if (c->kind == 'a')
		c->kind = 'f';
	return at;
}

/* *assigned grows by one for what was stored. */
static enum result scan_one(struct input *in, const struct conversion *c, va_list *args, int *assigned)
{
	void *where = c->store && c->kind != '%' ? va_arg(*args, void *) : NULL;
	enum result result;

	if (c->kind == 'n') {
		if (where)
			store_integer(where, c->length, in->count);
		return MATCHED;
	}
	if (c->kind != 'c' && c->kind != '[')
		skip_space(in);
	in->width = c->width ? c->width : INT_MAX;
	if (peek(in) == EOF)
		return AT_END;
	if (c->kind == '%') {
		if (peek(in) != '%')
			return MISMATCH;
		take(in);
		return MATCHED;
	}
	if (strchr("diuoxp", c->kind))
		result = scan_integer(in, c, where);
	else if (c->kind == 'f')
		result = scan_float(in, c, where);
	else if (strchr("sc[", c->kind))
		result = scan_text(in, c, where);
	else
		return MISMATCH;
	if (result == MATCHED && c->store)
		++*assigned;
	return result;
}

/* The next argument is the one of this number: all are pointers. */
static void find_numbered(va_list *args, va_list *first, unsigned position)
{
	va_end(*args);
	va_copy(*args, *first);
	while (--position)
		(void)va_arg(*args, void *);
}

static int scan_locked(FILE *file, const char *at, va_list *args, va_list *first)
{
	struct input in = { .file = file, .width = INT_MAX };
	struct conversion c;
	enum result result = MATCHED;
	int assigned = 0;

	while (*at && result == MATCHED) {
		if (isspace((unsigned char)*at)) {
			skip_space(&in);
			at++;
		} else if (*at == '%') {
			at = parse_conversion(at + 1, &c);
			if (c.position > NUMBERED_MOST)
				break;
			if (c.position)
				find_numbered(args, first, c.position);
			result = c.kind ? scan_one(&in, &c, args, &assigned) : MISMATCH;
		} else {
			in.width = INT_MAX;
			if (peek(&in) != (unsigned char)*at) {
				result = peek(&in) == EOF ? AT_END : MISMATCH;
				break;
			}
			take(&in);
			at++;
		}
	}
	return result == AT_END && !assigned ? EOF : assigned;
}

int vfscanf(FILE *restrict file, const char *restrict format, va_list args)
{
	va_list first, next;
	int n;

	va_copy(first, args);
	va_copy(next, args);
	file_lock(file);
	n = scan_locked(file, format, &next, &first);
	file_unlock(file);
	va_end(next);
	va_end(first);
	return n;
}

int vscanf(const char *restrict format, va_list args)
{
	return vfscanf(stdin, format, args);
}

/* Behind a string there is nothing. */
static ssize_t no_more(FILE *f, void *data, size_t size)
{
	(void)f;
	(void)data;
	(void)size;
	return 0;
}

static const struct file_calls string_calls = { .read = no_more };

int vsscanf(const char *restrict text, const char *restrict format, va_list args)
{
	size_t size = strlen(text);
	struct __file f = {
		.buffer = (unsigned char *)text, .next = (unsigned char *)text, .end = (unsigned char *)text + size,
		.size = size ? size : 1, .flags = FILE_READ | FILE_READING, .fd = -1,
		.calls = &string_calls,
	};

	return vfscanf(&f, format, args);
}

int scanf(const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vfscanf(stdin, format, args);
	va_end(args);
	return n;
}

int fscanf(FILE *restrict file, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vfscanf(file, format, args);
	va_end(args);
	return n;
}

int sscanf(const char *restrict text, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsscanf(text, format, args);
	va_end(args);
	return n;
}
