/*
 * cprog.c: an ordinary C program's use of the library, checked: prints `cprog: ok`, or which check failed.
 * `cprog input` reads two numbers and a word with scanf and prints them back.
 */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			return #condition; \
	} while (0)

static _Thread_local int per_thread = 42;
static int constructed, finished;
static int *const relocated = &finished;

__attribute__((constructor)) static void construct(void)
{
	constructed = 7;
}

static int prints(const char *want, const char *format, ...)
{
	char text[128];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return n == (int)strlen(want) && !strcmp(text, want);
}

static const char *check_start(void)
{
	CHECK(constructed == 7);
	CHECK(relocated == &finished);
	CHECK(per_thread == 42);
	CHECK(errno == 0);
	CHECK(getpid() > 0);
	return NULL;
}

static const char *check_printf(void)
{
	CHECK(prints("-42 2a 052 0x2a", "%d %x %#o %#x", -42, 42, 42, 42));
	CHECK(prints("9223372036854775807", "%lld", INT64_MAX));
	CHECK(prints("18446744073709551615", "%zu", SIZE_MAX));
	CHECK(prints("[  ab] [ab  ] [a]", "[%4s] [%-4s] [%.1s]", "ab", "ab", "ab"));
	CHECK(prints("3.14 1.500000e+10 0.0001", "%.2f %e %g", 3.14159, 1.5e10, 0.0001));
	CHECK(prints("00042 +7  7 %", "%05d %+d % d %%", 42, 7, 7));
	CHECK(prints("inf -inf nan", "%f %f %f", (double)INFINITY, -(double)INFINITY, (double)NAN));
	return NULL;
}

static const char *check_scanf(void)
{
	int i = 0, n = 0;
	unsigned x = 0;
	double d = 0;
	char word[16] = "";

	CHECK(sscanf(" -17 ff 2.5e3 word rest", "%d %x %lf %15s%n", &i, &x, &d, word, &n) == 4);
	CHECK(i == -17 && x == 0xff && d == 2500.0 && !strcmp(word, "word") && n == 18);
	CHECK(sscanf("12abc", "%d%[a-b]", &i, word) == 2 && i == 12 && !strcmp(word, "ab"));
	CHECK(sscanf("", "%d", &i) == EOF);
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static const char *check_sort(void)
{
	int numbers[500], key;

	srand(1);
	for (int i = 0; i < 500; i++)
		numbers[i] = rand() % 1000;
	qsort(numbers, 500, sizeof(int), by_value);
	for (int i = 1; i < 500; i++)
		CHECK(numbers[i - 1] <= numbers[i]);
	key = numbers[123];
	CHECK(*(int *)bsearch(&key, numbers, 500, sizeof(int), by_value) == key);
	return NULL;
}

static const char *check_numbers(void)
{
	char *end;

	CHECK(strtod("0x1.8p1", &end) == 3.0 && !*end);
	CHECK(strtod("1e-320", &end) > 0 && !*end);
	CHECK(strtod("123456789.125x", &end) == 123456789.125 && *end == 'x');
	errno = 0;
	CHECK(strtol("99999999999999999999", &end, 10) == LONG_MAX && errno == ERANGE);
	CHECK(strtoul("0755", NULL, 0) == 493);
	CHECK(strtoll("-z", NULL, 36) == -35);
	errno = 0;
	return NULL;
}

static jmp_buf place;

__attribute__((noinline)) static void jump(int depth)
{
	volatile double keep = depth * 1.5;

	if (depth)
		jump(depth - 1);
	if (keep >= 0)
		longjmp(place, 5);
}

static const char *check_setjmp(void)
{
	volatile int turns = 0;
	volatile double value = 2.25;
	int got = setjmp(place);

	turns++;
	if (!got)
		jump(10);
	CHECK(got == 5 && turns == 2 && value == 2.25);
	return NULL;
}

static int near(double x, double y)
{
	return fabs(x - y) <= 4 * DBL_EPSILON * fabs(y);
}

static const char *check_math(void)
{
	volatile double two = 2.0;

	CHECK(near(sqrt(two), 1.4142135623730951));
	CHECK(near(sin(1.0), 0.8414709848078965) && near(cos(1.0), 0.5403023058681398));
	CHECK(near(exp(1.0), 2.718281828459045) && near(log(10.0), 2.302585092994046));
	CHECK(near(pow(two, 0.5), 1.4142135623730951) && pow(two, 10.0) == 1024.0);
	CHECK(near(atan2(1.0, -1.0), 2.356194490192345));
	CHECK(floor(-1.5) == -2.0 && ceil(-1.5) == -1.0 && fmod(7.5, 2.0) == 1.5);
	CHECK(isnan(sqrt(-two)) && isinf(1.0 / (two - 2.0)));
	return NULL;
}

static const char *check_strings(void)
{
	char text[32] = "one,two,,three";
	int parts = 0;

	for (char *p = strtok(text, ","); p; p = strtok(NULL, ","))
		parts++;
	CHECK(parts == 3);
	memcpy(text, "0123456789abcdef", 17);
	memmove(text + 3, text, 13);
	CHECK(!strcmp(text, "0120123456789abc"));
	CHECK(strstr("haystack needle", "need") && !strstr("haystack", "needle"));
	CHECK(strcmp("abcdefgh1", "abcdefgh2") < 0 && !strncmp("abcdefgh1", "abcdefgh2", 8));
	CHECK(strchr("abcdefghijkl", 'k') && strrchr("a.b.c", '.')[1] == 'c' && strspn("aab", "a") == 2);
	CHECK(toupper('q') == 'Q' && isspace('\t') && !isdigit('x'));
	CHECK(!strcmp(strerror(ENOENT), "No such file or directory"));
	return NULL;
}

static const char *check_memory(void)
{
	char *big = malloc(300000), *zero = calloc(1000, 7), *text = strdup("copied");

	CHECK(big && zero && text && !strcmp(text, "copied"));
	for (int i = 0; i < 7000; i++)
		CHECK(!zero[i]);
	memset(big, 3, 300000);
	big = realloc(big, 600000);
	CHECK(big && big[0] == 3 && big[299999] == 3);
	free(big);
	free(zero);
	free(text);
	errno = 0;
	CHECK(!malloc((size_t)1 << 50) && errno == ENOMEM);
	return NULL;
}

static const char *check_files(void)
{
	static const char magic[] = "\177ELF";
	char head[5] = "";
	FILE *f;

	errno = 0;
	CHECK(!fopen("/no/such/file", "r") && errno == ENOENT);
	CHECK(!fopen("/bin/hello", "w") && errno == EROFS);
	f = fopen("/bin/cprog", "r");
	CHECK(f && fread(head, 1, 4, f) == 4 && !strcmp(head, magic));
	CHECK(!fseek(f, 1, SEEK_SET) && fgetc(f) == 'E' && ftell(f) == 2);
	CHECK(!fseek(f, 0, SEEK_END) && ftell(f) > 1000 && fgetc(f) == EOF && feof(f));
	CHECK(!fclose(f));
	CHECK(read(99, head, 1) == -1 && errno == EBADF);
	return NULL;
}

static const char *check_time(void)
{
	struct timespec a, b, span = { 0, 20 * 1000 * 1000 };
	struct tm tm = { .tm_year = 100, .tm_mon = 1, .tm_mday = 29 };
	char text[16];
	int64_t passed;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &a) && !nanosleep(&span, NULL) && !clock_gettime(CLOCK_MONOTONIC, &b));
	passed = (b.tv_sec - a.tv_sec) * 1000000000ll + (b.tv_nsec - a.tv_nsec);
	CHECK(passed >= span.tv_nsec && passed < 50 * span.tv_nsec);
	CHECK(strftime(text, sizeof(text), "%Y-%m-%d", &tm) == 10 && !strcmp(text, "2000-02-29"));
	return NULL;
}

static const char *check_random(void)
{
	unsigned char a[40], b[40];

	CHECK(!getentropy(a, sizeof(a)) && !getentropy(b, sizeof(b)) && memcmp(a, b, sizeof(a)));
	CHECK(getentropy(a, 257) == -1);
	return NULL;
}

static const struct {
	const char *name;
	const char *(*check)(void);
} checks[] = {
	{ "start", check_start },     { "printf", check_printf },   { "scanf", check_scanf },
	{ "sort", check_sort },       { "numbers", check_numbers }, { "setjmp", check_setjmp },
	{ "math", check_math },       { "strings", check_strings }, { "memory", check_memory },
	{ "files", check_files },     { "time", check_time },       { "random", check_random },
};

static void at_exit(void)
{
	fputs(finished ? "cprog: failed\n" : "cprog: ok\n", stdout);
}

static int echo_input(void)
{
	int a, b;
	char word[32];

	if (scanf("%d %d %31s", &a, &b, word) != 3)
		return 1;
	printf("cprog: read %d %d %s\n", a, b, word);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "input"))
		return echo_input();
	atexit(at_exit);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const char *wrong = checks[i].check();

		if (wrong) {
			printf("cprog: %s: %s\n", checks[i].name, wrong);
			finished++;
		}
	}
	return finished != 0;
}
