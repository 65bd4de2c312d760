/*
 * pager_calls.c: the handlers of the pagers' calls in mem.idl: who asks, and whether handles name what they should.
 */
#include <mem_server.h>
#include <string.h>
#include "clock.h"
#include "layout.h"
#include "object.h"
#include "pager.h"
#include "space.h"

int mem_on_pager_start(const struct mem_request *q, uint32_t how, uint32_t deadline, uint64_t *window)
{
	uint32_t space = space_by_badge(q->badge);

	return space ? pager_start(space, how, deadline, window) : E_DENIED;
}

int mem_on_pager_attach(const struct mem_request *q, struct idl_cap object, uint64_t key, uint32_t cluster)
{
	uint32_t space = space_by_badge(q->badge), id;
	unsigned denied;

	id = object.count ? 0 : object_named(object.value, &denied);
	if (!id)
		return E_BAD_HANDLE;
	if (!space || denied || object_at(id)->maker != space)
		return E_DENIED;
	return pager_attach(space, id, key, cluster);
}

int mem_on_pager_turn(const struct mem_request *q, const void *results, size_t results_n, uint32_t wait, void *requests,
		      size_t *requests_n)
{
	uint32_t space = space_by_badge(q->badge), pager = space ? pager_of(space) : 0;
	struct mem_pager_request out[MEM_PAGER_MOST];
	struct mem_pager_result result;
	unsigned n;

	if (!pager)
		return E_NOT_FOUND;
	if (results_n % sizeof result)
		return E_BAD_ARG;
	for (size_t i = 0; i < results_n; i += sizeof result) {
		memcpy(&result, (const char *)results + i, sizeof result);
		pager_result(pager, &result);
	}
	n = pager_take(pager, out, MEM_PAGER_MOST);
	if (!n && wait)
		return pager_wait(pager);
	memcpy(requests, out, n * sizeof *out);
	*requests_n = n * sizeof *out;
	return 0;
}

int mem_on_pager_notify(const struct mem_request *q, struct idl_cap notify)
{
	uint32_t space = space_by_badge(q->badge), pager = space ? pager_of(space) : 0;

	if (!pager)
		return E_NOT_FOUND;
	return notify.count ? pager_set_notify(pager, notify.value) : E_BAD_HANDLE;
}

int mem_on_pager_figures(const struct mem_request *q, struct mem_pager_figures *now)
{
	uint32_t space = space_by_badge(q->badge), pager = space ? pager_of(space) : 0;

	if (!pager)
		return E_NOT_FOUND;
	*now = *pager_figures_of(pager);
	return 0;
}

int mem_on_clock(const struct mem_request *q, uint64_t *until)
{
	return q->badge == badge_make(BADGE_WORKER, 0, 1) ? clock_turn(until) : E_DENIED;
}
