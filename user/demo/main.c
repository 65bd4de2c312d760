/* main.c: demo NAME: shows what mem can do (demo.h); without a name, all of it. */
#include "demo.h"
#include <string.h>

static const struct {
	const char *name;
	int (*run)(void);
} demos[] = {
	{ "files", demo_files },
	{ "shared", demo_shared },
	{ "pieces", demo_pieces },
	{ "remap", demo_remap },
	{ "pager", demo_pager },
	{ "cow", demo_cow },
	{ "numa", demo_numa },
	{ "quota", demo_quota },
};

#define DEMOS (sizeof demos / sizeof *demos)

int main(int argc, char **argv)
{
	int bad = 0, found = 0;

	for (unsigned i = 0; i < DEMOS; i++) {
		if (argc > 1 && strcmp(argv[1], demos[i].name))
			continue;
		found = 1;
		bad |= demos[i].run();
	}
	if (found)
		return bad;
	fputs("usage: demo [", stderr);
	for (unsigned i = 0; i < DEMOS; i++)
		fprintf(stderr, "%s%s", i ? "|" : "", demos[i].name);
	fputs("]\n", stderr);
	return 2;
}
