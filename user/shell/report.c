/*
 * report.c: ps, mem, maps, audit, uptime: the figures of mem and proc as tables. Nothing is computed here but
 * sums, which are compared with what the servers say.
 */
#include <inttypes.h>
#include <stdio.h>
#include <mem_client.h>
#include <proc_client.h>
#include <tessera/process.h>

#include "shell.h"

#define U64 PRIu64
#define KIB(bytes) ((bytes) / 1024)

static uint64_t milliseconds(uint64_t ticks)
{
	uint64_t second = process_start_info()->timebase;

	return second ? ticks / second * 1000 + ticks % second * 1000 / second : 0;
}

static const char *state_name(uint32_t state)
{
	switch (state) {
	case PROC_STARTING: return "starting";
	case PROC_RUNNING:  return "running";
	case PROC_ZOMBIE:   return "ended";
	default:            return "?";
	}
}

int report_ps(void)
{
	struct proc_info info;
	int error;

	puts("  PID PARENT PRIO STATE      CPU ms  RESIDENT K  COMMITTED K  NAME");
	for (uint64_t pid = 0; !(error = proc_next(SLOT_PROCESS, pid, &info)); pid = info.pid + 1) {
		printf("%5" U64 " %6" U64 " %4" PRIu32 " %-8s %8" U64 " %11" U64 " %12" U64 "  ",
		       info.pid, info.parent, info.prio, state_name(info.state), milliseconds(info.cpu),
		       KIB(info.resident), KIB(info.committed));
		say_name(info.name, sizeof(info.name));
		putchar('\n');
	}
	return error == E_NOT_FOUND ? 0 : say_error("ps", error);
}

/* Every pool. 0, or the status of what went wrong. */
static int print_pools(uint64_t pools)
{
	struct mem_pool pool;

	puts("pool  kind  node             base            bytes       free bytes   free 4K   2M   1G");
	for (uint32_t i = 0; i < pools; i++) {
		int error = mem_pool(SLOT_SPACE, i, &pool);

		if (error)
			return say_error("mem", error);
		printf("%4" PRIu32 "  %-4s %5" PRIu32 " %#16" PRIx64 " %16" U64 " %16" U64 " %9" U64
		       " %4" U64 " %4" U64 "\n",
		       i, pool.kind ? "SRAM" : "RAM", pool.node, pool.base, pool.size, pool.free,
		       pool.free_by_order[0], pool.free_by_order[1], pool.free_by_order[2]);
	}
	return 0;
}

static void print_charges(void)
{
	struct proc_info info;

	puts("  pid         resident        committed  process");
	for (uint64_t pid = 0; !proc_next(SLOT_PROCESS, pid, &info); pid = info.pid + 1) {
		printf("%5" U64 " %16" U64 " %16" U64 "  ", info.pid, info.resident, info.committed);
		say_name(info.name, sizeof(info.name));
		putchar('\n');
	}
}

static void print_bytes(const char *what, uint64_t bytes)
{
	printf("%-10s %16" U64 "\n", what, bytes);
}

/* The sum of the uses is computed here, what it must be comes from the device tree. */
int report_mem(void)
{
	struct mem_total t;
	uint64_t sum;
	int error = mem_total(SLOT_SPACE, &t);

	if (error)
		return say_error("mem", error);
	error = print_pools(t.pools);
	if (error)
		return error;
	printf("free by order: %" U64 " of 4K, %" U64 " of 2M, %" U64 " of 1G\n", t.free_by_order[0],
	       t.free_by_order[1], t.free_by_order[2]);
	print_charges();
	printf("committed %" U64 " of at most %" U64 " in %" U64 " spaces; boot archive %" U64 "\n",
	       t.committed, t.commit_limit, t.spaces, t.archive);
	print_bytes("kernel", t.kernel);
	print_bytes("reserved", t.reserved);
	print_bytes("mem", t.mem);
	print_bytes("tables", t.tables);
	print_bytes("objects", t.objects);
	print_bytes("resident", t.resident);
	print_bytes("cleared", t.cleared);
	print_bytes("free", t.free);
	sum = t.kernel + t.reserved + t.mem + t.tables + t.objects + t.resident + t.cleared + t.free;
	printf("sum %" U64 " bytes = device tree's RAM %" U64 " bytes: %s\n", sum, t.ram,
	       sum == t.ram ? "ok" : "MISMATCH");
	return sum == t.ram ? 0 : STATUS_FAILED;
}

/* As mem.idl numbers them. */
static const char *region_kind(uint32_t kind)
{
	static const char *const names[] = {
		"?", "anonymous", "object shared", "object private", "stack", "raw", "device", "reserved",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : names[0];
}

static void print_region(uint64_t start, uint64_t size, uint64_t committed, uint64_t resident, uint32_t prot,
			 uint32_t kind)
{
	printf("%#12" PRIx64 "-%#-12" PRIx64 " %c%c%c %10" U64 " %12" U64 " %11" U64 "  %s\n", start,
	       start + size, prot & MEM_READ ? 'r' : '-', prot & MEM_WRITE ? 'w' : '-',
	       prot & MEM_EXEC ? 'x' : '-', KIB(size), KIB(committed), KIB(resident), region_kind(kind));
}

int report_maps(uint64_t pid)
{
	uint64_t start = 0, size = 0, committed = 0, resident = 0, at = 0;
	uint32_t prot = 0, kind = 0;
	struct proc_info info;
	int error = proc_next(SLOT_PROCESS, pid, &info);

	if (!error && info.pid != pid)
		error = E_NOT_FOUND;
	if (error)
		return say_error("maps", error);
	puts("       START-END          ACC     SIZE K  COMMITTED K  RESIDENT K  KIND");
	while (!(error = proc_region(SLOT_PROCESS, pid, at, &start, &size, &committed, &resident, &prot,
				     &kind))) {
		print_region(start, size, committed, resident, prot, kind);
		if (start + size <= at)
			break;
		at = start + size;
	}
	return error == E_NOT_FOUND ? 0 : say_error("maps", error);
}

int report_audit(void)
{
	struct mem_audit_counts c;
	int error = mem_audit(SLOT_SPACE, &c);

	if (error)
		return say_error("audit", error);
	printf("mem: %" U64 " frames, %" U64 " spaces, %" U64 " regions, %" U64 " pages\n", c.frames,
	       c.spaces, c.regions, c.pages);
	if (c.kernel_debug)
		printf("kernel: %" U64 " slots, %" U64 " objects, %" U64 " page tables, %" U64
		       " leaf PTEs\n", c.kernel_slots, c.kernel_objects, c.kernel_tables, c.kernel_leaf_ptes);
	else
		puts("kernel: its audit is not built in (release)");
	if (c.breach) {
		printf("audit: FAILED invariant %" U64 " at %#" PRIx64 "\n", c.breach, c.breach_at);
		return STATUS_FAILED;
	}
	puts("audit: ok");
	return 0;
}

int report_uptime(void)
{
	uint64_t up = milliseconds(sys_time());

	printf("up %" U64 ".%03" U64 " s\n", up / 1000, up % 1000);
	return 0;
}

int report_why(uint64_t address)
{
	static const char *const types[] = { "none", "frame", "chip", "cnode", "vspace", "table", "thread",
					     "endpoint", "reply", "system", "hart" };
	static const char *const kinds[] = { "-", "origin", "split", "loan", "share", "frozen", "copy" };
	static const char *const states[] = { "not mem's", "free", "cleared", "being cleared", "mem", "slots",
					      "archive", "page", "IPC buffer", "page table", "object", "bad" };
	struct mem_why_entry w = { 0 };
	uint64_t i = 0;
	int error;

	for (; !(error = mem_why(SLOT_SPACE, address, i, &w)); i++) {
		printf("%*s%s %s at %#" PRIx64 " order %" U64 " rights %" U64 "%s", (int)(2 * w.depth), "",
		       w.type < sizeof(types) / sizeof(*types) ? types[w.type] : "?",
		       w.kind < sizeof(kinds) / sizeof(*kinds) ? kinds[w.kind] : "?", w.base, w.order, w.rights,
		       w.bound ? " (a thread's own)" : "");
		if (w.mapped)
			printf(", mapped at %#" PRIx64 " in space %" U64, w.va, w.space);
		putchar('\n');
	}
	if (error != E_NOT_FOUND)
		return say_error("why", error);
	printf("mem: %s, owner %" U64 "\n", w.state < sizeof(states) / sizeof(*states) ? states[w.state] :
	       "part of a larger free frame", w.owner);
	return i ? 0 : say_error("why", E_NOT_FOUND);
}
