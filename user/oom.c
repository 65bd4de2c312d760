/*
 * oom.c: takes memory until there is none: `oom` commits it, `oom touch` uses every page too (which must not
 * fail: memory is charged when it is committed), `oom malloc` takes it from malloc. Says how much it was.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mem_client.h>
#include <tessera/process.h>

#define LARGEST (64ul << 20)

static void touch_pages(uint64_t addr, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += PAGE_SIZE)
		*(volatile uint64_t *)(addr + at) = addr + at;
}

/* Commits ever smaller pieces; the bytes got, and the error that ended it. */
static uint64_t take_pages(int touch, int *error)
{
	uint64_t total = 0, size = LARGEST, addr = 0;

	while (size >= PAGE_SIZE) {
		*error = mem_map(SLOT_SPACE, 0, size, MEM_READ | MEM_WRITE, 0, &addr);
		if (*error) {
			size /= 2;
			continue;
		}
		if (touch)
			touch_pages(addr, size);
		total += size;
	}
	return total;
}

static uint64_t take_blocks(int *error)
{
	uint64_t total = 0, size = 1 << 20;

	while (size >= 16) {
		void *block = malloc(size);

		if (!block) {
			*error = errno == ENOMEM ? E_NO_MEMORY : E_BAD_CALL;
			size /= 2;
			continue;
		}
		memset(block, 1, size);
		total += size;
	}
	return total;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "commit";
	int error = 0;
	uint64_t total;

	if (!strcmp(how, "malloc"))
		total = take_blocks(&error);
	else
		total = take_pages(!strcmp(how, "touch"), &error);
	printf("oom: %llu KiB, then: %s\n", (unsigned long long)(total >> 10), error_text(error));
	return error == E_NO_MEMORY ? 0 : 1;
}
