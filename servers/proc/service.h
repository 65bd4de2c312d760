/*
 * service.h: the servers and their endpoints, which proc owns: a server that dies leaves its callers
 * queued for the next instance. The supervisor's alone.
 */
#ifndef PROC_SERVICE_H
#define PROC_SERVICE_H

#include <stdbool.h>
#include "job.h"
#include "manifest.h"
#include "table.h"

#define SERVICE_PATH "servers/"

struct service {
	char name[TABLE_NAME];          /* of the file in the archive, and of the service */
	const struct manifest *line;
	cap_t endpoint;                 /* all rights; 0: it died too often */
	uint64_t pid;                   /* 0: not running */
	bool wanted;                    /* the loader is to start it */
	bool died;                      /* an instance before this one has */
	struct deaths deaths;
};

/* Finds the servers of the archive and makes their endpoints, in starting order: 0 or an error number. */
int service_start(void);

/* NULL: no such server. */
struct service *service_find(const char *name);

/* The first that is to be started, taken off the list, with its index; NULL: none. */
struct service *service_wanted(int *index);

/* Somebody opened it: it is started if it does not run. */
void service_want(struct service *s);

/* Fills in what the service's next instance, process pid, is given. */
void service_job(const struct service *s, uint64_t pid, struct job *j);

/* Its process has ended or could not be started: it is started again, or its endpoint goes. */
void service_died(int index, uint64_t now);

/*
 * Its instance runs. If it is not the first, servers that were given a capability to it, or may open it, and
 * run, are
 * told by SIGNAL_RESTARTED on their endpoints. What could not be told is told by their next call, which the new
 * instance does not know.
 */
void service_runs(int index);

/* A process has ended: servers that keep something for their clients are told by SIGNAL_DEATH. */
void service_tell_death(void);

struct service *service_at(int index);

/* Adds a gift to a job. */
void job_gift(struct job *j, cap_t cap, unsigned slot, unsigned rights, uint64_t badge);

#endif
