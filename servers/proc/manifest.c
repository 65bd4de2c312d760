/*
 * manifest.c: who starts first, at which rank, with what in hand. A capability is given to a server
 * because a line here says so and for no other reason.
 */
#include <string.h>
#include "manifest.h"

static const struct manifest lines[] = {
	{ .name = "irq", .prio = 63, .version = 1, .private = true, .devices = true,
	  .extras = { { EXTRA_SYSTEM, NULL } } },
	{ .name = "blk", .prio = 60, .version = 1, .private = true, .lazy = true, .devices = true, .deaths = true,
	  .extras = { { EXTRA_SERVER, "irq" } } },
	{ .name = "console", .prio = 52, .version = 1, .devices = true, .extras = { { EXTRA_SERVER, "irq" } } },
	{ .name = "file", .prio = 50, .version = 2, .deaths = true,
	  .extras = { { EXTRA_ARCHIVE, NULL }, { EXTRA_USES, "blk" } } },
	{ .name = "trace", .prio = 46, .version = 1, .private = true, .lazy = true, .devices = true },
};

static const struct manifest defaults = { .name = NULL, .prio = DEFAULT_PRIO, .version = 0 };

const struct manifest *manifest_find(const char *name)
{
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (strcmp(lines[i].name, name) == 0)
			return &lines[i];
	return &defaults;
}

const struct manifest *manifest_line(unsigned index)
{
	return index < sizeof lines / sizeof lines[0] ? &lines[index] : NULL;
}

bool manifest_uses(const struct manifest *line, const char *name)
{
	for (unsigned i = 0; i < MANIFEST_EXTRAS; i++)
		if (line->extras[i].kind == EXTRA_USES && strcmp(line->extras[i].server, name) == 0)
			return true;
	return false;
}

bool manifest_restart(struct deaths *deaths, uint64_t now, uint64_t ticks_per_second)
{
	memmove(deaths->at, deaths->at + 1, sizeof deaths->at - sizeof deaths->at[0]);
	deaths->at[DEATHS_MAX - 1] = now;
	return !deaths->at[0] || now - deaths->at[0] > DEATHS_SECONDS * ticks_per_second;
}
