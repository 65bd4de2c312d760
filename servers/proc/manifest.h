/*
 * manifest.h: the servers proc starts, and what each is given. One line a core server; a server in
 * the archive without a line gets the defaults.
 */
#ifndef PROC_MANIFEST_H
#define PROC_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_EXTRAS   3
#define DEFAULT_PRIO      45
#define DEATHS_MAX        3     /* so many deaths ... */
#define DEATHS_SECONDS    10    /* ... within this time, and a server is not started again */

enum extra_kind {
	EXTRA_NONE,
	EXTRA_SYSTEM,           /* the System capability, the right to bind interrupts */
	EXTRA_SERVER,           /* a client capability to the server named */
	EXTRA_ARCHIVE,          /* the boot archive's object */
	EXTRA_USES,             /* nothing: it may open the server named, although that is private */
};

struct extra {
	enum extra_kind kind;
	const char *server;
};

struct manifest {
	const char *name;       /* of the service and of the file in servers/ */
	unsigned prio;          /* = rank */
	unsigned version;       /* of its interface; 0: its clients ask itself */
	bool private;           /* opened by a session and by servers with EXTRA_USES only */
	bool lazy;              /* started when first opened */
	bool devices;           /* may map device registers */
	bool deaths;            /* is told by SIGNAL_DEATH that a process has ended */
	struct extra extras[MANIFEST_EXTRAS];  /* SLOT_EXTRA + 1 .. */
};

/* When a server died last. */
struct deaths {
	uint64_t at[DEATHS_MAX];
};

/* The line of that name, else the defaults. */
const struct manifest *manifest_find(const char *name);

/* The index-th line in starting order; NULL behind the last. */
const struct manifest *manifest_line(unsigned index);

/* Whether the server of this line may open the private server named. */
bool manifest_uses(const struct manifest *line, const char *name);

/* Notes a death at time now (ticks); true: start it again, false: it died too often. */
bool manifest_restart(struct deaths *deaths, uint64_t now, uint64_t ticks_per_second);

#endif
