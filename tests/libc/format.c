/* format.c: prints formatted output and what scanf and strtod read: the build machine's libc says what is right. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void print_double(double d)
{
	printf("%e|%f|%g|%a|%.0e|%.0f|%.0g|%.17g|%.20f|%#g|%+.3e|% 012.4f|%-14.2g|%.3a|%G\n", d, d, d, d, d, d,
		d, d, d, d,
	       d, d, d, d, d);
}

static void doubles(void)
{
	static const double fixed[] = {
		0.0, -0.0, 1.0, -1.0, 0.1, 0.5, 1.5, 2.5, 0.125, 9.5, 99.5, 999999.4, 9.9999995, 123456789.0,
			1e15, 1e16, 1e21,
		1e22, 1e23, 1e100, 0.0001, 0.00001, 0.00012345, DBL_MAX, DBL_MIN, 4.9406564584124654e-324,
			DBL_EPSILON, M_PI,
		9007199254740993.0, 0.3, 2.0 / 3, 1e-5, 5e-324, 2.2250738585072011e-308, 100, 1000000, 10000000,
			0.95, 0.05,
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		print_double(fixed[i]);
	for (int i = 0; i < 200; i++) {
		uint64_t bits = next();
		double d;

		memcpy(&d, &bits, sizeof(d));
		if (isfinite(d))
			print_double(d);
		printf("%.15g ", (double)(int64_t)next() / 1e6);
		printf("%.6f ", (double)(next() % 100000) / 100);
		printf("%g\n", ldexp((double)next(), -70));
	}
	printf("%f %e %g %F %5.1f|%-8f|%08f|%+f\n", (double)INFINITY, -(double)INFINITY, (double)INFINITY,
		(double)INFINITY,
	       (double)INFINITY, (double)INFINITY, (double)INFINITY, (double)INFINITY);
	printf("%.100f\n%.60e\n%.40g\n", 0.1, 1e-300, 1e300);
}

static void long_doubles(void)
{
	long double values[] = { 0.0L, 1.0L, 1.5L, -2.25L, 0x1p-70L, 0x1p100L, 1e10L, 123456.789e0, 0x1.8p200L };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		printf("%Lf %Le %Lg %.3Lf %20.10Lf|\n", values[i], values[i], values[i], values[i], values[i]);
	printf("%Lf %d %s\n", 3.25L, 7, "after");
}

static void integers(void)
{
	printf("%d %i %u %x %X %o %#x %#X %#o %c|\n", -42, 42, 42u, 255u, 255u, 8u, 255u, 255u, 8u, 'c');
	printf("%5d|%-5d|%05d|%+5d|% d|%.3d|%8.3d|%-8.3d|%08.3d|%.0d|%5.0d|\n", 42, 42, 42, 42, 42, 42, 42, 42,
		42, 0, 0);
	printf("%hhd %hd %ld %lld %jd %zd %td\n", 300, 70000, 1L << 40, INT64_MIN, INTMAX_MAX, (ssize_t)-1,
		(ptrdiff_t)9);
	printf("%hhu %hu %lu %llu %ju %zu\n", 300, 70000, ~0ul, ~0ull, UINTMAX_MAX, SIZE_MAX);
	printf("%#.0x|%#o|%#.0o|%x|%s|%.3s|%10.2s|%-10s|%%|\n", 0, 0, 0, 0, "text", "text", "text", "text");
	printf("%*d|%-*d|%.*d|%*d|%.*s|\n", 6, 1, 6, 2, 4, 3, -6, 4, -1, "whole");
	printf("%5c|%-5c|%p|%ls|%lc|%.2ls|\n", 'x', 'y', (void *)0x1234, L"wide", (wint_t)'w', L"wide");
	printf("%s %.2s|%10s|\n", "(null)", "", "right");
}

static void sizes(void)
{
	char text[20];
	int n, at;

	n = snprintf(text, sizeof(text), "%d and %s", 12345, "a long string behind");
	printf("%d [%s]\n", n, text);
	n = snprintf(NULL, 0, "%.50f", 1.0);
	printf("%d\n", n);
	n = snprintf(text, 1, "%d", 99);
	printf("%d [%s]\n", n, text);
	n = sprintf(text, "abc%n%d", &at, 5);
	printf("%d %d [%s]\n", n, at, text);
}

static void scans(void)
{
	static const char *const inputs[] = {
		"12 0x1f 077 -5 99", "1.5 -2e3 0x1.8p4 inf nan", "word another  third", "a1b2c3", "", "   ",
			"12abc", "+7 -0x10 08",
		".5 5. .", "nano infi", "[abc]def", "99999999999999999999", "3:4:5", "%d 5",
	};

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		const char *in = inputs[i];
		int a = -1, b = -1, c = -1, n = -1, r;
		double x = -1, y = -1;
		float f = -1;
		long double l = -1;
		char s[32] = "-", t[32] = "-";
		long q = -1;

		r = sscanf(in, "%d %x %o%n", &a, (unsigned *)&b, (unsigned *)&c, &n);
		printf("%d: %d %d %d %d|", r, a, b, c, n);
		r = sscanf(in, "%lf %f %Lf", &x, &f, &l);
		printf("%d: %g %g %Lg|", r, x, f, l);
		r = sscanf(in, "%s %3s%n", s, t, &n);
		printf("%d: %s %s %d|", r, s, t, n);
		r = sscanf(in, "%[a-c1]%[^ ]%*c%2c", s, t, t + 16);
		printf("%d: %s %s|", r, s, t);
		r = sscanf(in, "%i%*[:]%ld", &a, &q);
		printf("%d: %d %ld|", r, a, q);
		r = sscanf(in, "%2d%3d", &a, &b);
		printf("%d: %d %d|", r, a, b);
		r = sscanf(in, "%%d %lf", &y);
		printf("%d: %g\n", r, y);
	}
}

static void conversions(void)
{
	static const char *const texts[] = {
		"0", "-0", "1", "0.1", "123456789012345678901234567890", "1e308", "1.7976931348623157e308",
			"1.8e308", "-1e400",
		"4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.2250738585072012e-308",
			"1e-400", "0x1.fp3",
		"0x.8", "9007199254740993", "9007199254740992.5", "9007199254740993.00000000000000000000001",
			"inf", "-nan(x)", "1e5x",
		"  7.25 ", "", "x", "1.00000000000000011102230246251565404236316680908203125",
		"1.00000000000000011102230246251565404236316680908203124", "8.5e-46", "3.4028236e38",
			"1.17549435e-38",
	};
	char text[64];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *end;
		double d = strtod(texts[i], &end);

		printf("%a %s|", d == d ? d : 0, end);
		printf("%a\n", fabs((double)strtof(texts[i], &end)));
	}
	for (int i = 0; i < 400; i++) {
		double d;
		unsigned long long whole = next() % 100000000000, part = next() >> (i % 60);

		snprintf(text, sizeof(text), "%llu.%llue%d", whole, part, (int)(next() % 640) - 330);
		d = strtod(text, NULL);
		printf("%s %a %a\n", text, d, (double)strtof(text, NULL));
	}
}

static void numbered(void)
{
	int a = 0, b = 0, n = 0;
	char word[10] = "";

	printf("%2$s %1$d|%1$d %1$x|%3$*4$.*5$f|%2$-6s|%7$Lg %6$c %8$ld\n", 42, "two", 3.14159, 10, 2, 'z', 1.5L, -7L);
	printf("%4$p %1$hhd %2$llu %3$5.1e%%\n", 300, 1ull << 40, 2.5, (void *)0x10);
	printf("%2$n%1$s\n", "text", &n);
	fprintf(stderr, "%1$s", "");
	printf("%d ", sscanf("12 word 7", "%3$d %2$9s %1$d", &a, word, &b));
	printf("%d %s %d %d\n", a, word, b, n);
}

int main(void)
{
	doubles();
	long_doubles();
	integers();
	sizes();
	scans();
	numbered();
	conversions();
	return 0;
}
