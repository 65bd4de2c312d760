/*
 * service.c: see service.h. What each is given stands in manifest.c; this file turns it into capabilities.
 */
#include <stdio.h>
#include <string.h>
#include <mem_client.h>
#include <tessera/cpio.h>
#include <tessera/start.h>
#include "service.h"

#define SERVICES_MAX 24

static struct service services[SERVICES_MAX];
static int service_count;
static cap_t tell_slot;         /* for the moment of a signal: kept, so that clients cannot take the last one */

struct service *service_at(int index)
{
	return index >= 0 && index < service_count ? &services[index] : NULL;
}

struct service *service_find(const char *name)
{
	for (int i = 0; i < service_count; i++)
		if (strcmp(services[i].name, name) == 0)
			return &services[i];
	return NULL;
}

static int add(const char *name)
{
	struct service *s = &services[service_count];
	int error;

	if (service_find(name))
		return 0;
	if (service_count == SERVICES_MAX || strlen(name) >= sizeof s->name)
		return E_TOO_BIG;
	error = mem_endpoint_create(SLOT_SPACE, &s->endpoint);
	if (error)
		return error;
	strcpy(s->name, name);
	s->line = manifest_find(name);
	s->wanted = !s->line->lazy;
	service_count++;
	return 0;
}

/* The name of a server's file, or NULL for another file. */
static const char *server_name(const char *path)
{
	size_t n = strlen(SERVICE_PATH);

	path += *path == '/';
	return strncmp(path, SERVICE_PATH, n) == 0 && path[n] && !strchr(path + n, '/') ? path + n : NULL;
}

int service_start(void)
{
	const struct manifest *line;
	struct cpio_entry entry;
	struct cpio reader;
	char path[PATH_MAX_BYTES];
	int error = 0;

	tell_slot = cap_alloc();
	for (unsigned i = 0; !error && (line = manifest_line(i)) != NULL; i++) {
		snprintf(path, sizeof path, SERVICE_PATH "%s", line->name);
		if (cpio_find(boot.archive_data, boot.archive_size, path, &entry, NULL) == 1)
			error = add(line->name);
	}
	cpio_start(&reader, boot.archive_data, boot.archive_size);
	while (!error && cpio_next(&reader, &entry) == 1) {
		const char *name = server_name(entry.name);

		if (name)
			error = add(name);
	}
	return error;
}

struct service *service_wanted(int *index)
{
	for (*index = 0; *index < service_count; (*index)++) {
		if (!services[*index].wanted)
			continue;
		services[*index].wanted = false;
		return &services[*index];
	}
	return NULL;
}

void service_want(struct service *s)
{
	if (s->endpoint && !s->pid)
		s->wanted = true;
}

void job_gift(struct job *j, cap_t cap, unsigned slot, unsigned rights, uint64_t badge)
{
	if (cap && j->gift_count < GIFTS_MAX)
		j->gifts[j->gift_count++] = (struct gift){ cap, slot, rights, badge };
}

static void extra_gift(struct job *j, const struct extra *extra, unsigned slot, uint64_t pid)
{
	struct service *s;

	switch (extra->kind) {
	case EXTRA_SYSTEM:
		job_gift(j, SYSTEM, slot, RIGHT_IRQ, 0);
		break;
	case EXTRA_ARCHIVE:
		job_gift(j, boot.archive, slot, RIGHT_CALL, 0);
		break;
	case EXTRA_SERVER:
		s = service_find(extra->server);
		if (s)
			job_gift(j, s->endpoint, slot, RIGHT_CALL, pid);
		break;
	case EXTRA_USES:
	case EXTRA_NONE:
		break;
	}
}

void service_job(const struct service *s, uint64_t pid, struct job *j)
{
	snprintf(j->path, sizeof j->path, SERVICE_PATH "%s", s->name);
	(void)argpage_add(j->strings, &j->size, s->name);
	j->argc = 1;
	j->prio = s->line->prio;
	j->privileges = s->line->devices ? MEM_DEVICES : 0;
	job_gift(j, s->endpoint, SLOT_EXTRA, RIGHT_RECV | RIGHT_CALL | RIGHT_SIGNAL, 0);
	for (unsigned i = 0; i < MANIFEST_EXTRAS; i++)
		extra_gift(j, &s->line->extras[i], SLOT_EXTRA + 1 + i, pid);
}

static bool depends(const struct service *s, const char *name)
{
	for (unsigned i = 0; i < MANIFEST_EXTRAS; i++)
		if (s->line->extras[i].kind == EXTRA_SERVER && strcmp(s->line->extras[i].server, name) == 0)
			return true;
	return manifest_uses(s->line, name);
}

/* Sets these bits in the service's endpoint. */
static void tell(const struct service *s, uint64_t bits)
{
	if (!sys_give(GIVE_COPY, s->endpoint, 1, tell_slot, RIGHT_SIGNAL, bits, 0))
		(void)sys_signal(tell_slot);
	(void)sys_delete(tell_slot);
}

void service_tell_death(void)
{
	for (int i = 0; i < service_count; i++)
		if (services[i].line->deaths && services[i].pid)
			tell(&services[i], SIGNAL_DEATH);
}

void service_runs(int index)
{
	for (int i = 0; services[index].died && i < service_count; i++)
		if (services[i].pid && services[i].endpoint && depends(&services[i], services[index].name))
			tell(&services[i], SIGNAL_RESTARTED);
}

void service_died(int index, uint64_t now)
{
	struct service *s = &services[index];

	s->pid = 0;
	s->died = true;
	if (manifest_restart(&s->deaths, now, boot.timebase)) {
		s->wanted = true;
		return;
	}
	(void)!mem_endpoint_destroy(SLOT_SPACE, s->endpoint);
	cap_free(s->endpoint);
	s->endpoint = 0;
}
