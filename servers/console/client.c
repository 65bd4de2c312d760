/*
 * client.c: see client.h.
 */
#include "client.h"

#define CLIENTS 8

static struct client clients[CLIENTS];
static uint64_t now;                   /* counts uses */

static struct client *find(uint64_t pid)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients[i].used && clients[i].pid == pid)
			return &clients[i];
	return NULL;
}

static struct client *least_recent(void)
{
	struct client *least = &clients[0];

	for (unsigned i = 1; i < CLIENTS; i++)
		if (clients[i].used < least->used)
			least = &clients[i];
	return least;
}

struct client *client_get(uint64_t pid)
{
	struct client *c = find(pid);

	if (!c) {
		c = least_recent();
		c->pid = pid;
		c->mode = 0;
		c->history.used = 0;
	}
	c->used = ++now;
	return c;
}

uint32_t client_mode(uint64_t pid)
{
	struct client *c = find(pid);

	return c ? c->mode : 0;
}
