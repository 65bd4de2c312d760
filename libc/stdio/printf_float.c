/*
 * printf_float.c: floating point in decimal and hexadecimal, exact and rounded half to even at whatever digit
 * is asked for. A number is mantissa * 2^e. For e < 0 that is mantissa * 5^-e * 10^e: so every number is an
 * integer with `point` decimal digits behind the point, held in limbs of nine digits, the lowest first.
 */
#include <float.h>
#include <string.h>
#include "printf_internal.h"

#define LIMB        1000000000u
#define LIMB_DIGITS 9
#define LIMBS       1290               /* 113 bits * 5^16494: 11,563 digits */
#define SHIFT_MOST  29                 /* 2^29 and 5^13 fit a limb's product */
#define FIVES_MOST  13
#define QUAD_BIAS   16383
#define QUAD_BITS   112                /* behind the first bit of a mantissa */
#define DOUBLE_LOW  (-1022)            /* double's smallest normal exponent */

_Static_assert(LDBL_MANT_DIG == QUAD_BITS + 1, "long double is IEEE binary128");

typedef unsigned __int128 mantissa_t;

struct decimal {
	int count;                     /* limbs in use, the highest not 0 */
	int point;                     /* decimal digits behind the point */
	uint32_t limbs[LIMBS];
};

static const uint32_t powers[LIMB_DIGITS] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000 };

static void multiply(struct decimal *d, uint32_t by)
{
	uint64_t carry = 0;

	for (int i = 0; i < d->count; i++) {
		uint64_t product = (uint64_t)d->limbs[i] * by + carry;

		d->limbs[i] = (uint32_t)(product % LIMB);
		carry = product / LIMB;
	}
	for (; carry; carry /= LIMB)
		d->limbs[d->count++] = (uint32_t)(carry % LIMB);
}

/* d = mantissa * 2^exponent */
static void make_decimal(struct decimal *d, mantissa_t mantissa, int exponent)
{
	static const uint32_t five[FIVES_MOST + 1] = { 1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125,
						       9765625, 48828125, 244140625, 1220703125 };

	d->count = 0;
	d->point = 0;
	if (!mantissa)
		return;
	while (exponent < 0 && !(mantissa & 1)) {
		mantissa >>= 1;
		exponent++;
	}
	for (; mantissa >> 64; mantissa /= LIMB)
		d->limbs[d->count++] = (uint32_t)(mantissa % LIMB);
	for (uint64_t rest = (uint64_t)mantissa; rest; rest /= LIMB)
		d->limbs[d->count++] = (uint32_t)(rest % LIMB);
	for (int n; exponent > 0; exponent -= n) {
		n = exponent < SHIFT_MOST ? exponent : SHIFT_MOST;
		multiply(d, 1u << n);
	}
	for (int n; exponent < 0; exponent += n) {
		n = -exponent < FIVES_MOST ? -exponent : FIVES_MOST;
		multiply(d, five[n]);
		d->point += n;
	}
}

/* The digit that stands for 10^place of the integer; 0 outside of it. */
static unsigned digit_at(const struct decimal *d, int place)
{
	if (place < 0 || place / LIMB_DIGITS >= d->count)
		return 0;
	return d->limbs[place / LIMB_DIGITS] / powers[place % LIMB_DIGITS] % 10;
}

/* The place of the first digit; -1: the number is 0. */
static int first_place(const struct decimal *d)
{
	int place = d->count * LIMB_DIGITS - 1;

	while (place >= 0 && !digit_at(d, place))
		place--;
	return place;
}

/* How what lies below 10^place compares with one half of 10^place: -1, 0 or 1; 2: nothing lies below. */
static int compare_half(const struct decimal *d, int place)
{
	unsigned first = digit_at(d, place - 1);
	int limb = (place - 1) / LIMB_DIGITS;
	uint32_t rest = limb < d->count ? d->limbs[limb] % powers[(place - 1) % LIMB_DIGITS] : 0;

	if (limb >= d->count)
		limb = d->count;
	while (!rest && limb > 0)
		rest = d->limbs[--limb];
	if (first == 5)
		return rest ? 1 : 0;
	return first > 5 ? 1 : first || rest ? -1 : 2;
}

/* Adds 10^place. */
static void add_at(struct decimal *d, int place)
{
	int i = place / LIMB_DIGITS;
	uint32_t add = powers[place % LIMB_DIGITS];

	for (; d->count <= i; d->count++)
		d->limbs[d->count] = 0;
	while (d->limbs[i] >= LIMB - add) {
		d->limbs[i] -= LIMB - add;
		add = 1;
		if (++i == d->count)
			d->limbs[d->count++] = 0;
	}
	d->limbs[i] += add;
}

/* Rounds to a multiple of 10^place, half to even. */
static void round_at(struct decimal *d, int place)
{
	int half, limb = place / LIMB_DIGITS;
	bool up;

	if (place <= 0 || place > d->count * LIMB_DIGITS + 1) {
		if (place > 0)
			d->count = 0;
		return;
	}
	half = compare_half(d, place);
	up = half == 1 || (half == 0 && digit_at(d, place) % 2);
	for (int i = 0; i < limb && i < d->count; i++)
		d->limbs[i] = 0;
	if (limb < d->count)
		d->limbs[limb] -= d->limbs[limb] % powers[place % LIMB_DIGITS];
	if (up)
		add_at(d, place);
}

/* Digits of the places from `from` down to `to`. */
static void output_digits(struct output *out, const struct decimal *d, int from, int to)
{
	char piece[32];
	size_t n = 0;

	for (; from >= to; from--) {
		piece[n++] = (char)('0' + digit_at(d, from));
		if (n == sizeof(piece)) {
			output_bytes(out, piece, n);
			n = 0;
		}
	}
	output_bytes(out, piece, n);
}

/* "e+07": its size. `digits` at least. */
static size_t exponent_text(char *text, char letter, int exponent, int digits)
{
	unsigned value = exponent < 0 ? 0u - (unsigned)exponent : (unsigned)exponent;
	char reversed[8];
	size_t n = 0, size = 0;

	do
		reversed[n++] = (char)('0' + value % 10);
	while ((value /= 10) || (int)n < digits);
	text[size++] = letter;
	text[size++] = exponent < 0 ? '-' : '+';
	while (n)
		text[size++] = reversed[--n];
	return size;
}

/* One digit, the point, `precision` digits, the exponent. d is rounded; top is its first place. */
static void output_scientific(struct output *out, const struct format *f, const struct decimal *d, int top,
			      int precision, const char *sign)
{
	char tail[12];
	bool point = precision || f->flags & FORMAT_ALT;
	size_t tail_size = exponent_text(tail, f->flags & FORMAT_UPPER ? 'E' : 'e', top < 0 ? 0 : top - d->point, 2);
	size_t size = 1 + point + (size_t)precision + tail_size;

	if (top < 0)
		top = 0;
	output_head(out, f, sign, strlen(sign), size);
	output_digits(out, d, top, top);
	output_bytes(out, ".", point);
	output_digits(out, d, top - 1, top - precision);
	output_bytes(out, tail, tail_size);
	output_tail(out, f, strlen(sign) + size);
}

/* The digits before the point, the point, `precision` digits. */
static void output_fixed(struct output *out, const struct format *f, const struct decimal *d, int top, int precision,
			 const char *sign)
{
	bool point = precision || f->flags & FORMAT_ALT;
	int from = top > d->point ? top : d->point;
	size_t size = (size_t)(from - d->point + 1) + point + (size_t)precision;

	output_head(out, f, sign, strlen(sign), size);
	output_digits(out, d, from, d->point);
	output_bytes(out, ".", point);
	output_digits(out, d, d->point - 1, d->point - precision);
	output_tail(out, f, strlen(sign) + size);
}

/* As %e or %f, whichever is shorter, without zeros at the end unless # asks for them. */
static void output_general(struct output *out, struct format *f, struct decimal *d, int precision, const char *sign)
{
	int top, exponent, last;
	bool scientific;

	if (!precision)
		precision = 1;
	round_at(d, first_place(d) - precision + 1);
	top = first_place(d);
	exponent = top < 0 ? 0 : top - d->point;
	scientific = exponent < -4 || exponent >= precision;
	precision -= scientific ? 1 : exponent + 1;
	last = (scientific ? top : d->point) - precision;
	while (!(f->flags & FORMAT_ALT) && precision && !digit_at(d, last)) {
		precision--;
		last++;
	}
	if (scientific)
		output_scientific(out, f, d, top, precision, sign);
	else
		output_fixed(out, f, d, top, precision, sign);
}

/* 0x1.8p+3: the mantissa's first bit is bit QUAD_BITS. */
static void output_hexadecimal(struct output *out, const struct format *f, mantissa_t mantissa, int exponent,
			       const char *sign)
{
	const char *digits = f->flags & FORMAT_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
	char prefix[4], text[QUAD_BITS / 4 + 1], tail[12];
	int precision = f->precision, n = QUAD_BITS / 4;
	size_t prefix_size = strlen(sign), tail_size, size;
	bool point;

	memcpy(prefix, sign, prefix_size);
	memcpy(prefix + prefix_size, f->flags & FORMAT_UPPER ? "0X" : "0x", 2);
	prefix_size += 2;
	if (precision >= 0 && precision < n) {
		mantissa_t unit = (mantissa_t)1 << (QUAD_BITS - 4 * precision), rest = mantissa & (unit - 1);

		mantissa -= rest;
		if (rest > unit / 2 || (rest == unit / 2 && mantissa & unit))
			mantissa += unit;
	}
	text[0] = digits[(unsigned)(mantissa >> QUAD_BITS)];
	for (int i = 1; i <= n; i++)
		text[i] = digits[(unsigned)(mantissa >> (QUAD_BITS - 4 * i)) & 15];
	if (precision < 0)
		while (n && text[n] == '0')
			n--;
	else if (precision < n)
		n = precision;
	point = precision > 0 || (precision < 0 && n) || f->flags & FORMAT_ALT;
	tail_size = exponent_text(tail, f->flags & FORMAT_UPPER ? 'P' : 'p', exponent, 1);
	size = 1 + point + (size_t)(precision > n ? precision : n) + tail_size;
	output_head(out, f, prefix, prefix_size, size);
	output_bytes(out, text, 1);
	output_bytes(out, ".", point);
	output_bytes(out, text + 1, (size_t)n);
	output_fill(out, '0', (long)precision - n);
	output_bytes(out, tail, tail_size);
	output_tail(out, f, prefix_size + size);
}

/* e, f and g. */
static void output_decimal(struct output *out, struct format *f, mantissa_t mantissa, int exponent, const char *sign)
{
	struct decimal d;
	int precision = f->precision < 0 ? 6 : f->precision;

	make_decimal(&d, mantissa, exponent);
	if (f->conversion == 'g') {
		output_general(out, f, &d, precision, sign);
	} else if (f->conversion == 'f') {
		round_at(&d, d.point - precision);
		output_fixed(out, f, &d, first_place(&d), precision, sign);
	} else {
		round_at(&d, first_place(&d) - precision);
		output_scientific(out, f, &d, first_place(&d), precision, sign);
	}
}

static void output_special(struct output *out, struct format *f, const char *text, const char *sign)
{
	f->flags &= ~FORMAT_ZERO;
	output_head(out, f, sign, strlen(sign), 3);
	output_bytes(out, text, 3);
	output_tail(out, f, strlen(sign) + 3);
}

void format_float(struct output *out, struct format *f, long double value, bool is_double)
{
	mantissa_t bits, mantissa;
	const char *sign;
	int exponent;

	memcpy(&bits, &value, sizeof(bits));
	sign = bits >> 127 ? "-" : f->flags & FORMAT_PLUS ? "+" : f->flags & FORMAT_SPACE ? " " : "";
	exponent = (int)(bits >> QUAD_BITS) & (2 * QUAD_BIAS + 1);
	mantissa = bits & (((mantissa_t)1 << QUAD_BITS) - 1);
	if (exponent == 2 * QUAD_BIAS + 1) {
		if (mantissa)
			output_special(out, f, f->flags & FORMAT_UPPER ? "NAN" : "nan", sign);
		else
			output_special(out, f, f->flags & FORMAT_UPPER ? "INF" : "inf", sign);
		return;
	}
	if (exponent)
		mantissa |= (mantissa_t)1 << QUAD_BITS;
	else if (mantissa)
		exponent = 1;
	if (f->conversion != 'a') {
		output_decimal(out, f, mantissa, exponent - QUAD_BIAS - QUAD_BITS, sign);
		return;
	}
	exponent = mantissa ? exponent - QUAD_BIAS : 0;
	if (is_double && mantissa && exponent < DOUBLE_LOW) {
		mantissa >>= DOUBLE_LOW - exponent;
		exponent = DOUBLE_LOW;
	}
	output_hexadecimal(out, f, mantissa, exponent, sign);
}
