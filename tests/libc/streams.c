/* streams.c: stdio beyond formatting: modes, positions, buffers, memory streams, lines, errors. */
#include <stdlib.h>
#include <unistd.h>
#include "check.h"

static void lines(void)
{
	char text[] = "first\nsecond line\n\nlast without end", small[6], *line = NULL;
	size_t room = 0;
	FILE *f = fmemopen(text, sizeof(text) - 1, "r");

	CHECK(f != NULL);
	CHECK(fgets(small, sizeof(small), f) == small && !strcmp(small, "first"));
	CHECK(fgets(small, sizeof(small), f) == small && !strcmp(small, "\n"));
	CHECK(getline(&line, &room, f) == 12 && !strcmp(line, "second line\n") && room >= 13);
	CHECK(getline(&line, &room, f) == 1 && !strcmp(line, "\n"));
	CHECK(getdelim(&line, &room, 'w', f) == 6 && !strcmp(line, "last w"));
	CHECK(getline(&line, &room, f) == 10 && !strcmp(line, "ithout end") && feof(f));
	CHECK(getline(&line, &room, f) == -1 && fgets(small, sizeof(small), f) == NULL);
	clearerr(f);
	CHECK(!feof(f) && !ferror(f));
	free(line);
	CHECK(!fclose(f));
	CHECK_ERRNO(getline(NULL, &room, stdin), -1, EINVAL);
}

static void unget(void)
{
	char text[] = "xyz";
	FILE *f = fmemopen(text, 3, "r");

	CHECK(getc(f) == 'x' && ungetc('A', f) == 'A' && ungetc('B', f) == 'B' && getc(f) == 'B' && getc(f) == 'A');
	CHECK(ungetc(EOF, f) == EOF && getc(f) == 'y' && getc(f) == 'z' && getc(f) == EOF && feof(f));
	CHECK(ungetc('q', f) == 'q' && !feof(f) && getc(f) == 'q' && getc(f) == EOF);
	CHECK(!fseek(f, 1, SEEK_SET) && !feof(f) && getc(f) == 'y' && ftell(f) == 2);
	CHECK(putc('w', f) == EOF && ferror(f) && errno == EBADF);
	rewind(f);
	CHECK(!ferror(f) && getc(f) == 'x');
	fclose(f);
}

static void memory_streams(void)
{
	char *out = NULL, text[16];
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	CHECK(f && fprintf(f, "%05d", 42) == 5 && !fflush(f) && size == 5 && !strcmp(out, "00042"));
	for (int i = 0; i < 2000; i++)
		fputs("abcdefghij", f);
	CHECK(!fclose(f) && size == 20005 && out[20004] == 'j' && !out[20005]);
	free(out);
	f = fmemopen(text, sizeof(text), "w+");
	CHECK(f && fputs("hello world", f) >= 0 && !fseek(f, 6, SEEK_SET) && fread(text + 12, 1, 3, f) == 3);
	CHECK(!memcmp(text, "hello world", 12) && !memcmp(text + 12, "wor", 3));
	CHECK(fseek(f, 17, SEEK_SET) == -1 && errno == EINVAL);
	fclose(f);
	CHECK_ERRNO(fmemopen(text, 4, "q"), NULL, EINVAL);
}

static void blocks(void)
{
	char bytes[10000], back[10000];
	FILE *f;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 256);
	f = fmemopen(NULL, sizeof(bytes), "w+");
	CHECK(fwrite(bytes, 100, 100, f) == 100 && ftell(f) == 10000);
	rewind(f);
	CHECK(fread(back, 1, 3, f) == 3 && fread(back + 3, 1, 9000, f) == 9000 && fread(back + 9003, 7, 1000,
		f) == 142);
	CHECK(feof(f) && !memcmp(bytes, back, 9003 + 142 * 7));
	CHECK(fread(back, 0, 5, f) == 0 && fwrite(back, 5, 0, f) == 0);
	CHECK_ERRNO(fread(back, (size_t)-1, 2, f), 0, EOVERFLOW);
	fclose(f);
}

static void errors(void)
{
	CHECK_ERRNO(fopen("/no/such/file", "r"), NULL, ENOENT);
	CHECK_ERRNO(fopen("/bin/hello", "z"), NULL, EINVAL);
	CHECK_ERRNO(fdopen(63, "r"), NULL, EBADF);
	CHECK(fileno(stdout) == 1 && fileno(stderr) == 2 && fileno(stdin) == 0);
	CHECK_ERRNO(printf("%q.1y", 1), -1, EINVAL);
	CHECK(!ftrylockfile(stdout));
	funlockfile(stdout);
}

static void at_exit(void)
{
	FILE *f = fdopen(STDOUT_FILENO, "w");

	if (f)
		fputs("written by exit\n", f);
}

int main(void)
{
	char number[8];

	lines();
	unget();
	memory_streams();
	blocks();
	errors();
	atexit(at_exit);
	CHECK(snprintf(number, sizeof(number), "%s", "12345678") == 8 && !strcmp(number, "1234567"));
	return check_end("streams");
}
