/*
 * strtod.c: text to float, double and long double, rounded half to even from the exact value.
 *
 * A decimal number is held in limbs of nine digits, the lowest first, `fraction` of them behind the point. It
 * is scaled by powers of 2 until its whole part has BITS bits: what is then left behind the point, or fell off
 * when it was divided, only says whether the value is above what the bits say (`more`).
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LIMB         1000000000u
#define LIMB_DIGITS  9
#define DIGITS_KEPT  11700             /* a value half-way between two long doubles has 11,564 */
#define POINT_MOST   5000              /* decimal exponents beyond are infinite or 0 */
#define LIMBS        (DIGITS_KEPT / LIMB_DIGITS + POINT_MOST / LIMB_DIGITS + 8)
#define BITS         116
#define WHOLE_LIMBS  4                 /* of a whole part that fits 120 bits */
#define SHIFT        29
#define FAST_DIGITS  15
#define FAST_POWER   22

typedef unsigned __int128 wide_t;

/* A positive number: bits * 2^exponent, and a little more or not. */
struct binary {
	wide_t bits;
	int exponent;
	bool more;
};

/* What a type can hold. */
struct form {
	int mantissa;                  /* bits, with the first */
	int most, least;               /* exponents of the first bit, of normal numbers */
};

static const struct form form_float = { 24, 127, -126 };
static const struct form form_double = { 53, 1023, -1022 };
static const struct form form_quad = { 113, 16383, -16382 };

/* Digits in a text: where the first that is not 0 stands, how many follow it, and the point behind how many. */
struct digits {
	const char *first;
	long count;
	long point;
};

struct decimal {
	int count, fraction;
	uint32_t limbs[LIMBS];
};

static const uint32_t powers[LIMB_DIGITS] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000 };

/* Reads digits with at most one point in them: where they end, NULL if there are none. */
static const char *read_digits(const char *at, struct digits *d, int (*is_digit)(int))
{
	bool any = false, point = false;

	*d = (struct digits){ 0 };
	for (;; at++) {
		if (*at == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit((unsigned char)*at))
			break;
		any = true;
		if (!d->first && *at != '0')
			d->first = at;
		if (d->first)
			d->count++;
		if (d->first ? !point : point)
			d->point += point ? -1 : 1;
	}
	return any ? at : NULL;
}

/* An exponent behind a number, if it is whole: where it ends. */
static const char *read_exponent(const char *at, char letter, long *exponent)
{
	const char *p = at + 1;
	bool minus;
	long n = 0;

	*exponent = 0;
	if ((*at | 32) != letter)
		return at;
	minus = *p == '-';
	p += *p == '-' || *p == '+';
	if (!isdigit((unsigned char)*p))
		return at;
	for (; isdigit((unsigned char)*p); p++) {
		if (n < LONG_MAX / 32)
			n = n * 10 + (*p - '0');
	}
	*exponent = minus ? -n : n;
	return p;
}

static long floor_limb(long place)
{
	return place >= 0 ? place / LIMB_DIGITS : -((-place + LIMB_DIGITS - 1) / LIMB_DIGITS);
}

/* The digits as limbs; those behind DIGITS_KEPT only count as not 0. */
static void make_decimal(struct decimal *d, const struct digits *digits)
{
	long kept = digits->count < DIGITS_KEPT ? digits->count : DIGITS_KEPT, place = digits->point - 1;
	long low = floor_limb(digits->point - kept);
	const char *at = digits->first;

	d->fraction = low < 0 ? (int)-low : 0;
	d->count = (int)floor_limb(place) + d->fraction + 1;
	memset(d->limbs, 0, (size_t)d->count * sizeof(d->limbs[0]));
	for (long n = 0; n < digits->count; at++) {
		long limb = floor_limb(place);

		if (*at == '.')
			continue;
		if (n++ >= kept) {
			if (*at != '0')
				d->limbs[0] |= 1;
			continue;
		}
		d->limbs[limb + d->fraction] += (uint32_t)(*at - '0') * powers[place - limb * LIMB_DIGITS];
		place--;
	}
}

/* Multiplies by 2^shift and drops zeros at the low end. */
static void scale_up(struct decimal *d, int shift)
{
	uint64_t carry = 0;
	int zeros = 0;

	for (int i = 0; i < d->count; i++) {
		uint64_t value = ((uint64_t)d->limbs[i] << shift) + carry;

		d->limbs[i] = (uint32_t)(value % LIMB);
		carry = value / LIMB;
	}
	if (carry)
		d->limbs[d->count++] = (uint32_t)carry;
	while (zeros < d->fraction && zeros < d->count && !d->limbs[zeros])
		zeros++;
	if (zeros) {
		memmove(d->limbs, d->limbs + zeros, (size_t)(d->count - zeros) * sizeof(d->limbs[0]));
		d->count -= zeros;
		d->fraction -= zeros;
	}
}

/* Divides the whole part by 2^shift: something was lost. */
static bool scale_down(struct decimal *d, int shift)
{
	uint64_t rest = 0;

	for (int i = d->count - 1; i >= 0; i--) {
		uint64_t value = rest * LIMB + d->limbs[i];

		d->limbs[i] = (uint32_t)(value >> shift);
		rest = value & (((uint64_t)1 << shift) - 1);
	}
	while (d->count && !d->limbs[d->count - 1])
		d->count--;
	return rest;
}

static bool drop_fraction(struct decimal *d)
{
	bool lost = false;
	int drop = d->fraction < d->count ? d->fraction : d->count;

	for (int i = 0; i < drop; i++)
		lost |= d->limbs[i] != 0;
	memmove(d->limbs, d->limbs + drop, (size_t)(d->count - drop) * sizeof(d->limbs[0]));
	d->count -= drop;
	d->fraction = 0;
	return lost;
}

static wide_t whole_part(const struct decimal *d)
{
	wide_t whole = 0;

	for (int i = d->count - 1; i >= d->fraction; i--)
		whole = whole * LIMB + d->limbs[i];
	return whole;
}

static int bit_count(wide_t n)
{
	uint64_t high = (uint64_t)(n >> 64), low = (uint64_t)n;

	return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

static void decimal_to_binary(struct decimal *d, struct binary *b)
{
	*b = (struct binary){ 0 };
	if (d->count - d->fraction > WHOLE_LIMBS)
		b->more = drop_fraction(d);
	for (; d->count - d->fraction > WHOLE_LIMBS; b->exponent += SHIFT)
		b->more |= scale_down(d, SHIFT);
	for (;;) {
		int missing;

		b->bits = whole_part(d);
		missing = BITS - bit_count(b->bits);
		if (missing <= 0 || !d->fraction)
			break;
		if (missing > SHIFT)
			missing = SHIFT;
		scale_up(d, missing);
		b->exponent -= missing;
	}
	b->more |= drop_fraction(d);
}

/* The bits of a number of the form, sign left out; *out_of_range: errno's ERANGE. */
static wide_t round_binary(struct binary b, const struct form *form, bool *out_of_range)
{
	int top = bit_count(b.bits) - 1 + b.exponent, drop;
	wide_t rest = 0, unit, result;
	bool subnormal = top < form->least;

	if (!b.bits)
		return 0;
	if (subnormal)
		top = form->least;
	drop = top - form->mantissa + 1 - b.exponent;
	if (drop >= 127) {
		b.more = true;
		b.bits = 0;
		drop = 1;
	}
	if (drop > 0) {
		unit = (wide_t)1 << drop;
		rest = b.bits & (unit - 1);
		result = b.bits >> drop;
		if (rest > unit / 2 || (rest == unit / 2 && (b.more || result & 1)))
			result++;
	} else {
		result = b.bits << -drop;
	}
	*out_of_range = subnormal && (rest || b.more);
	if (subnormal)
		return result;
	result += (wide_t)(top - form->least) << (form->mantissa - 1);
	if (result >> (form->mantissa - 1) > (wide_t)(2 * form->most)) {
		*out_of_range = true;
		return (wide_t)(2 * form->most + 1) << (form->mantissa - 1);
	}
	return result;
}

static int hexadecimal_digit(int c)
{
	return isdigit(c) ? c - '0' : (c | 32) - 'a' + 10;
}

static void hexadecimal_to_binary(const struct digits *d, long exponent, struct binary *b)
{
	const char *at = d->first;
	long left = d->count;

	*b = (struct binary){ 0 };
	for (; left && bit_count(b->bits) + 4 <= BITS; at++) {
		if (*at == '.')
			continue;
		b->bits = b->bits << 4 | (unsigned)hexadecimal_digit(*at);
		left--;
	}
	for (long n = left; n; at++) {
		if (*at == '.')
			continue;
		b->more |= *at != '0';
		n--;
	}
	exponent += 4 * (d->point - d->count + left);
	b->exponent = exponent > 100000 ? 100000 : exponent < -100000 ? -100000 : (int)exponent;
}

/* Few digits and a small power of 10: one multiplication or division of exact doubles. */
static bool fast_double(const struct digits *d, double *out)
{
	static const double tens[FAST_POWER + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
						     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	long power = d->point - d->count;
	const char *at = d->first;
	uint64_t whole = 0;

	if (d->count > FAST_DIGITS || power > FAST_POWER || power < -FAST_POWER)
		return false;
	for (long n = d->count; n; at++) {
		if (*at == '.')
			continue;
		whole = whole * 10 + (unsigned)(*at - '0');
		n--;
	}
	*out = power < 0 ? (double)whole / tens[-power] : (double)whole * tens[power];
	return true;
}

static wide_t infinity_bits(const struct form *form, bool quiet)
{
	return (wide_t)(2 * form->most + 1) << (form->mantissa - 1) |
	       (quiet ? (wide_t)1 << (form->mantissa - 2) : 0);
}

/* "inf", "infinity", "nan", "nan(...)": where it ends, or NULL. */
static const char *read_word(const char *at, const struct form *form, wide_t *bits)
{
	if (!strncasecmp(at, "inf", 3)) {
		*bits = infinity_bits(form, false);
		return at + (strncasecmp(at + 3, "inity", 5) ? 3 : 8);
	}
	if (!strncasecmp(at, "nan", 3)) {
		const char *p = at + 3;

		*bits = infinity_bits(form, true);
		if (*p != '(')
			return p;
		while (isalnum((unsigned char)*++p) || *p == '_')
			;
		return *p == ')' ? p + 1 : at + 3;
	}
	return NULL;
}

static const char *read_hexadecimal(const char *at, const struct form *form, wide_t *bits, bool *range)
{
	struct digits d;
	struct binary b;
	long exponent;
	const char *end = read_digits(at + 2, &d, isxdigit);

	if (!end) {
		*bits = 0;
		return at + 1;
	}
	end = read_exponent(end, 'p', &exponent);
	hexadecimal_to_binary(&d, exponent, &b);
	*bits = round_binary(b, form, range);
	return end;
}

static const char *read_decimal(const char *at, const struct form *form, wide_t *bits, bool *range)
{
	struct decimal decimal;
	struct digits d;
	struct binary b;
	long exponent;
	double value;
	const char *end = read_digits(at, &d, isdigit);

	*bits = 0;
	if (!end)
		return NULL;
	end = read_exponent(end, 'e', &exponent);
	d.point += exponent;
	if (!d.count)
		return end;
	if (form == &form_double && fast_double(&d, &value)) {
		uint64_t word;

		memcpy(&word, &value, sizeof(word));
		*bits = word;
	} else if (d.point > POINT_MOST) {
		*bits = infinity_bits(form, false);
		*range = true;
	} else if (d.point < -POINT_MOST) {
		*range = true;
	} else {
		make_decimal(&decimal, &d);
		decimal_to_binary(&decimal, &b);
		*bits = round_binary(b, form, range);
	}
	return end;
}

/* The number's bits, its sign apart. */
static wide_t convert(const char *text, char **end, const struct form *form, bool *minus)
{
	const char *at = text, *stop;
	bool range = false;
	wide_t bits = 0;

	while (isspace((unsigned char)*at))
		at++;
	*minus = *at == '-';
	at += *at == '-' || *at == '+';
	stop = read_word(at, form, &bits);
	if (!stop && *at == '0' && (at[1] | 32) == 'x')
		stop = read_hexadecimal(at, form, &bits, &range);
	else if (!stop)
		stop = read_decimal(at, form, &bits, &range);
	if (range)
		errno = ERANGE;
	if (end)
		*end = (char *)(stop ? stop : text);
	if (!stop)
		*minus = false;
	return bits;
}

double strtod(const char *restrict text, char **restrict end)
{
	bool minus;
	uint64_t bits = (uint64_t)convert(text, end, &form_double, &minus) | (uint64_t)minus << 63;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

float strtof(const char *restrict text, char **restrict end)
{
	bool minus;
	uint32_t bits = (uint32_t)convert(text, end, &form_float, &minus) | (uint32_t)minus << 31;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

long double strtold(const char *restrict text, char **restrict end)
{
	bool minus;
	wide_t bits = convert(text, end, &form_quad, &minus) | (wide_t)minus << 127;
	long double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

double atof(const char *text)
{
	return strtod(text, NULL);
}
