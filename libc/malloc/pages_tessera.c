/*
 * pages_tessera.c: the allocator's pages come from the memory server, out of the range that proc reserved for
 * the heap when it made the process.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mem_client.h>
#include <tessera/lock.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>

#include "../libc_internal.h"
#include "pages.h"

_Static_assert(PAGES_THREAD_BYTES == TLS_BELOW, "as libc_internal.h says");
_Static_assert(PAGE_RANGES <= MEM_MAX_RANGES && PAGE_BYTES == MEM_PAGE, "as mem.idl says");

struct pages_count pages_count;

void *pages_reserve(size_t *size)
{
	const struct start_info *start = process_start_info();

	*size = start->heap_size;
	return (void *)start->heap_base;
}

bool pages_commit(void *start, size_t size)
{
	uint64_t begin = sys_instret();
	bool done = mem_commit(SLOT_SPACE, (uint64_t)start, size, MEM_READ | MEM_WRITE) == 0;

	pages_count.calls++;
	if (done) {
		pages_count.current += size;
		if (pages_count.peak < pages_count.current)
			pages_count.peak = pages_count.current;
		for (size_t at = 0; pages_count.touch && at < size; at += PAGE_BYTES)
			((volatile char *)start)[at] = 0;
	}
	pages_count.instructions += sys_instret() - begin;
	return done;
}

void pages_decommit(const struct page_range *range, unsigned n)
{
	uint64_t begin = sys_instret();

	pages_count.calls++;
	for (unsigned i = 0; i < n; i++)
		pages_count.current -= range[i].size;
	if (mem_decommit(SLOT_SPACE, range, n * sizeof(range[0])))
		pages_abort("malloc: the memory server refused to take memory back");
	pages_count.instructions += sys_instret() - begin;
}

/* The thread goes on here when it has touched what it may not: says why, then does it again to be reported. */
static __attribute__((noreturn, no_stack_protector)) void fault_explain(void)
{
	struct fault_record *fault = &thread_self.buffer->fault;
	uint64_t pc = fault->pc, address = fault->va;

	(void)sys_thread_set(thread_capability(), THREAD_FAULT_PC, 0);
	fault->cause = 0;
	malloc_explain_fault((const void *)address);
	__asm__ volatile("mv a1, %1\n\tmv a0, %2\n\tjr %0"
			 : : "r"(pc), "r"(fault->a1), "r"(fault->a0) : "a0", "a1", "memory");
	__builtin_unreachable();
}

bool pages_debug(void)
{
	const char *value = getenv("MALLOC_DEBUG");

	if (!value || value[0] != '1')
		return false;
	(void)sys_thread_set(thread_capability(), THREAD_FAULT_PC, (uint64_t)fault_explain);
	return true;
}

uint64_t pages_random(void)
{
	const struct start_info *start = process_start_info();

	return start->random[2] ^ start->random[3] << 1;
}

/* A lock word of the allocator is a struct lock: its states 0 and 1 mean the same. */
_Static_assert(sizeof(struct lock) == sizeof(uintptr_t), "pages.h and tessera/lock.h agree");

void pages_lock_wait(uintptr_t *word)
{
	lock_wait((struct lock *)word);
}

/* With bit 0 cleared nobody took the lock: the waiters' bits are there. */
void pages_lock_hand_over(uintptr_t *word)
{
	__atomic_fetch_or(word, 1, __ATOMIC_RELAXED);
	lock_hand_over((struct lock *)word);
}

void pages_print(const char *line)
{
	char text[200];
	size_t n = strlen(line);

	if (n > sizeof(text) - 1)
		n = sizeof(text) - 1;
	memcpy(text, line, n);
	text[n] = '\n';
	if (write(2, text, n + 1) < 0)
		return;
}

void pages_abort(const char *line)
{
	pages_print(line);
	abort();
}
