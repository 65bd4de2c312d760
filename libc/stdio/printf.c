/*
 * printf.c: formatted output, all of C17's and POSIX' conversions but %C and %S. Floating point is in printf_float.c.
 * For a numbered argument (%1$d) the format is read again from its start, to learn of what types the ones
 * before it are.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>
#include "printf_internal.h"

#define DIGITS      66                 /* of a number in the smallest base, and more */
#define LOCAL_BYTES 128                /* an unbuffered stream's buffer while it prints */

enum takes { TAKES_NONE, TAKES_INT, TAKES_LONG, TAKES_POINTER, TAKES_DOUBLE, TAKES_LONG_DOUBLE };

struct arguments {
	va_list first, next;           /* all, and those not used yet */
	const char *format;
	uint8_t *kinds;                /* of numbered ones, to be noted instead of used; NULL: use them */
	bool failed;                   /* a number too large */
};

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_LONG_DOUBLE };

void output_bytes(struct output *out, const char *bytes, size_t size)
{
	out->count += size;
	if (size && !out->failed && file_put_locked(out->file, bytes, size) != size)
		out->failed = true;
}

void output_fill(struct output *out, char c, long count)
{
	char piece[16];

	if (count <= 0)
		return;
	memset(piece, c, sizeof(piece));
	for (; count > (long)sizeof(piece); count -= (long)sizeof(piece))
		output_bytes(out, piece, sizeof(piece));
	output_bytes(out, piece, (size_t)count);
}

void output_head(struct output *out, const struct format *f, const char *prefix, size_t prefix_size, size_t size)
{
	long padding = (long)f->width - (long)(prefix_size + size);

	if (!(f->flags & (FORMAT_LEFT | FORMAT_ZERO)))
		output_fill(out, ' ', padding);
	output_bytes(out, prefix, prefix_size);
	if ((f->flags & (FORMAT_LEFT | FORMAT_ZERO)) == FORMAT_ZERO)
		output_fill(out, '0', padding);
}

void output_tail(struct output *out, const struct format *f, size_t size)
{
	if (f->flags & FORMAT_LEFT)
		output_fill(out, ' ', (long)f->width - (long)size);
}

static void output_text(struct output *out, struct format *f, const char *text, size_t size)
{
	f->flags &= ~FORMAT_ZERO;
	output_head(out, f, "", 0, size);
	output_bytes(out, text, size);
	output_tail(out, f, size);
}

/* The digits of value in the base before `end`: where they begin. */
static char *put_digits(char *end, uintmax_t value, unsigned base, const char *digits)
{
	for (; value; value /= base)
		*--end = digits[value % base];
	return end;
}

static void format_integer(struct output *out, struct format *f, uintmax_t value, const char *sign)
{
	char text[DIGITS], prefix[2], *end = text + DIGITS, *at;
	const char *digits = f->flags & FORMAT_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = f->conversion == 'x' || f->conversion == 'p' ? 16 : f->conversion == 'o' ? 8 : 10;
	size_t prefix_size = strlen(sign), size, zeros;

	memcpy(prefix, sign, prefix_size);
	at = put_digits(end, value, base, digits);
	size = (size_t)(end - at);
	if (f->precision >= 0)
		f->flags &= ~FORMAT_ZERO;
	zeros = (size_t)(f->precision < 0 ? 1 : f->precision);
	zeros = zeros > size ? zeros - size : 0;
	if (f->flags & FORMAT_ALT && base == 8 && !zeros && (!size || *at != '0'))
		zeros = 1;
	if (f->conversion == 'p' || (f->flags & FORMAT_ALT && base == 16 && value)) {
		prefix[0] = '0';
		prefix[1] = f->flags & FORMAT_UPPER ? 'X' : 'x';
		prefix_size = 2;
	}
	output_head(out, f, prefix, prefix_size, zeros + size);
	output_fill(out, '0', (long)zeros);
	output_bytes(out, at, size);
	output_tail(out, f, prefix_size + zeros + size);
}

static void format_signed(struct output *out, struct format *f, intmax_t value)
{
	const char *sign = value < 0 ? "-" : f->flags & FORMAT_PLUS ? "+" : f->flags & FORMAT_SPACE ? " " : "";

	format_integer(out, f, value < 0 ? -(uintmax_t)value : (uintmax_t)value, sign);
}

/* Wide characters of at most `most` bytes: first counted, then written. */
static void format_wide(struct output *out, struct format *f, const wchar_t *text)
{
	size_t most = f->precision < 0 ? SIZE_MAX : (size_t)f->precision, size = 0, n;
	char bytes[MB_LEN_MAX];
	mbstate_t state = { 0 };

	for (const wchar_t *at = text; size < most && *at; at++, size += n) {
		n = wcrtomb(bytes, *at, &state);
		if (n == (size_t)-1) {
			out->failed = true;
			return;
		}
		if (n > most - size)
			break;
	}
	f->flags &= ~FORMAT_ZERO;
	output_head(out, f, "", 0, size);
	for (size_t done = 0; done < size; done += n) {
		n = wcrtomb(bytes, *text++, &state);
		output_bytes(out, bytes, n);
	}
	output_tail(out, f, size);
}

static intmax_t signed_argument(va_list *args, enum length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(*args, int);
	case LENGTH_SHORT:
		return (short)va_arg(*args, int);
	case LENGTH_INT:
		return va_arg(*args, int);
	default:
		return va_arg(*args, long);
	}
}

static uintmax_t unsigned_argument(va_list *args, enum length length)
{
	switch (length) {
	case LENGTH_CHAR:
		return (unsigned char)va_arg(*args, unsigned);
	case LENGTH_SHORT:
		return (unsigned short)va_arg(*args, unsigned);
	case LENGTH_INT:
		return va_arg(*args, unsigned);
	default:
		return va_arg(*args, unsigned long);
	}
}

/* %n */
static void store_count(void *where, enum length length, size_t count)
{
	if (length == LENGTH_CHAR)
		*(signed char *)where = (signed char)count;
	else if (length == LENGTH_SHORT)
		*(short *)where = (short)count;
	else if (length == LENGTH_INT)
		*(int *)where = (int)count;
	else
		*(long *)where = (long)count;
}

static const char *parse_flags(const char *at, struct format *f)
{
	static const char names[] = "-+ #0";
	const char *flag;

	while (*at && (*at == '\'' || (flag = strchr(names, *at)) != NULL)) {
		if (*at != '\'')
			f->flags |= 1u << (flag - names);
		at++;
	}
	return at;
}

static void note(const struct arguments *args, unsigned position, enum takes kind)
{
	if (position && position <= NUMBERED_MOST && kind != TAKES_NONE)
		args->kinds[position - 1] = (uint8_t)kind;
}

static void skip(va_list *args, enum takes kind)
{
	switch (kind) {
	case TAKES_LONG:
		(void)va_arg(*args, long);
		break;
	case TAKES_POINTER:
		(void)va_arg(*args, void *);
		break;
	case TAKES_DOUBLE:
		(void)va_arg(*args, double);
		break;
	case TAKES_LONG_DOUBLE:
		(void)va_arg(*args, long double);
		break;
	default:
		(void)va_arg(*args, int);
	}
}

static void note_all(struct arguments *args);

/* The next argument is the one of this number; false: it is too large. */
static __attribute__((noinline)) bool find_numbered(struct arguments *args, unsigned position)
{
	uint8_t kinds[NUMBERED_MOST] = { TAKES_NONE };
	struct arguments noted = { .format = args->format, .kinds = kinds };

	if (position > NUMBERED_MOST)
		return false;
	note_all(&noted);
	va_end(args->next);
	va_copy(args->next, args->first);
	for (unsigned i = 0; i + 1 < position; i++)
		skip(&args->next, kinds[i]);
	return true;
}

/* A number, '*' or "*3$". */
static const char *parse_number(const char *at, struct arguments *args, int *number)
{
	unsigned position;
	long n = 0;

	if (*at == '*') {
		at = format_position(at + 1, &position);
		*number = 0;
		if (args->kinds) {
			note(args, position, TAKES_INT);
			return at;
		}
		if (position && !find_numbered(args, position))
			args->failed = true;
		else
			*number = va_arg(args->next, int);
		return at;
	}
	for (; *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (*at - '0');
		if (n > INT_MAX) {
			args->failed = true;
			n = INT_MAX;
		}
	}
	*number = (int)n;
	return at;
}

static const char *parse_length(const char *at, enum length *length)
{
	*length = LENGTH_INT;
	switch (*at) {
	case 'h':
		*length = at[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
		return at + (at[1] == 'h' ? 2 : 1);
	case 'l':
		*length = at[1] == 'l' ? LENGTH_LONG_LONG : LENGTH_LONG;
		return at + (at[1] == 'l' ? 2 : 1);
	case 'q':
	case 'j':
	case 'z':
	case 't':
		*length = LENGTH_LONG_LONG;
		return at + 1;
	case 'L':
		*length = LENGTH_LONG_DOUBLE;
		return at + 1;
	default:
		return at;
	}
}

static const char *parse_format(const char *at, struct arguments *args, struct format *f, enum length *length)
{
	*f = (struct format){ .precision = -1 };
	at = format_position(at, &f->position);
	at = parse_flags(at, f);
	at = parse_number(at, args, &f->width);
	if (f->width < 0) {
		f->flags |= FORMAT_LEFT;
		f->width = f->width == INT_MIN ? INT_MAX : -f->width;
	}
	if (*at == '.') {
		at = parse_number(at + 1, args, &f->precision);
		if (f->precision < 0)
			f->precision = -1;
	}
	at = parse_length(at, length);
	f->conversion = *at;
	if (*at && strchr("XEFGA", *at)) {
		f->flags |= FORMAT_UPPER;
		f->conversion = *at - 'A' + 'a';
	}
	return *at ? at + 1 : at;
}

static enum takes kind_of(const struct format *f, enum length length)
{
	if (f->conversion && strchr("efga", f->conversion))
		return length == LENGTH_LONG_DOUBLE ? TAKES_LONG_DOUBLE : TAKES_DOUBLE;
	if (f->conversion && strchr("spn", f->conversion))
		return TAKES_POINTER;
	if (f->conversion && strchr("diuxo", f->conversion))
		return length == LENGTH_LONG || length == LENGTH_LONG_LONG ? TAKES_LONG : TAKES_INT;
	return f->conversion == 'c' ? TAKES_INT : TAKES_NONE;
}

static void note_all(struct arguments *args)
{
	const char *at = args->format;
	enum length length;
	struct format f;

	while (*(at += strcspn(at, "%"))) {
		at = parse_format(at + 1, args, &f, &length);
		note(args, f.position, kind_of(&f, length));
	}
}

static void format_text(struct output *out, struct format *f, va_list *args, enum length length)
{
	const char *text;
	char c;

	if (f->conversion == 'c' && length == LENGTH_LONG) {
		wchar_t wide[2] = { (wchar_t)va_arg(*args, wint_t), 0 };

		f->precision = -1;
		format_wide(out, f, wide);
	} else if (f->conversion == 'c') {
		c = (char)va_arg(*args, int);
		output_text(out, f, &c, 1);
	} else if (f->conversion == 's' && length == LENGTH_LONG) {
		format_wide(out, f, va_arg(*args, const wchar_t *));
	} else {
		text = f->conversion == 'm' ? strerror(errno) : va_arg(*args, const char *);
		if (!text)
			text = f->precision < 0 || f->precision >= 6 ? "(null)" : "";
		output_text(out, f, text, f->precision < 0 ? strlen(text) : strnlen(text, (size_t)f->precision));
	}
}

/* 0, or -1 for a conversion that is none. */
static int format_one(struct output *out, struct format *f, va_list *args, enum length length)
{
	switch (f->conversion) {
	case 'd':
	case 'i':
		format_signed(out, f, signed_argument(args, length));
		return 0;
	case 'u':
	case 'x':
	case 'o':
		format_integer(out, f, unsigned_argument(args, length), "");
		return 0;
	case 'p':
		format_integer(out, f, (uintptr_t)va_arg(*args, void *), "");
		return 0;
	case 'e':
	case 'f':
	case 'g':
	case 'a':
		if (length == LENGTH_LONG_DOUBLE)
			format_float(out, f, va_arg(*args, long double), false);
		else
			format_float(out, f, va_arg(*args, double), true);
		return 0;
	case 's':
	case 'c':
	case 'm':
		format_text(out, f, args, length);
		return 0;
	case 'n':
		store_count(va_arg(*args, void *), length, out->count);
		return 0;
	case '%':
		output_bytes(out, "%", 1);
		return 0;
	default:
		return -1;
	}
}

static int print_locked(FILE *file, struct arguments *args)
{
	struct output out = { .file = file };
	struct format f;
	enum length length;

	for (const char *at = args->format; *at;) {
		const char *literal = at;

		at += strcspn(at, "%");
		output_bytes(&out, literal, (size_t)(at - literal));
		if (!*at)
			break;
		at = parse_format(at + 1, args, &f, &length);
		if ((f.position && !find_numbered(args, f.position)) || format_one(&out, &f, &args->next, length)) {
			errno = EINVAL;
			return -1;
		}
	}
	out.failed |= args->failed;
	if (out.count > INT_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	return out.failed ? -1 : (int)out.count;
}

/* One write for all that an unbuffered stream prints, or a few. */
static int print_unbuffered(FILE *file, struct arguments *args)
{
	unsigned char local[LOCAL_BYTES], *buffer = file->buffer;
	int n;

	(void)file_idle_locked(file);
	file->buffer = local;
	file->size = sizeof(local);
	file->mode = _IOFBF;
	n = print_locked(file, args);
	if (file_idle_locked(file))
		n = -1;
	file->buffer = buffer;
	file->size = 0;
	file->mode = _IONBF;
	return n;
}

int vfprintf(FILE *restrict file, const char *restrict format, va_list args)
{
	struct arguments all = { .format = format };
	int n;

	va_copy(all.first, args);
	va_copy(all.next, args);
	file_lock(file);
	if (file->mode == _IONBF && !file->size && file->flags & FILE_WRITE)
		n = print_unbuffered(file, &all);
	else
		n = print_locked(file, &all);
	file_unlock(file);
	va_end(all.next);
	va_end(all.first);
	return n;
}

int fprintf(FILE *restrict file, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vfprintf(file, format, args);
	va_end(args);
	return n;
}

int vprintf(const char *restrict format, va_list args)
{
	return vfprintf(stdout, format, args);
}

int printf(const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vfprintf(stdout, format, args);
	va_end(args);
	return n;
}
