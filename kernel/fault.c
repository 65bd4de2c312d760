/*
 * fault.c: a thread's fault becomes a message to its pager; the pager's answer carries the mappings.
 *
 * 1. The trap hands {va, access, cause, pc, sp} to the pager. 2. Its reply_recv maps frames in the faulter's space,
 * within the 2 MiB window of the fault, and lets it run. Neighbours fill only empty PTEs; the faulting page
 * may be replaced.
 */
#include "kernel.h"
#include "riscv.h"
#include "space.h"
#include "thread.h"

#define FAULT_PAGES 128

/* RIGHT_ of what was tried, by scause; 0: no page fault. */
static unsigned fault_access(uint64_t cause)
{
	return cause == CAUSE_LOAD_PAGE ? RIGHT_R : cause == CAUSE_STORE_PAGE ? RIGHT_W :
	       cause == CAUSE_FETCH_PAGE ? RIGHT_X : 0;
}

void fault_message(struct thread *to, struct thread *from)
{
	to->regs[REG_A0] = 0;
	to->regs[REG_A1] = KIND_FAULT << INFO_KIND_SHIFT | 4;
	to->regs[REG_A2] = from->fault_va;
	to->regs[REG_A2 + 1] = from->fault_access | from->fault_cause << 8;
	to->regs[REG_A2 + 2] = from->regs[REG_PC];
	to->regs[REG_A2 + 3] = from->regs[REG_SP];
	to->regs[REG_A2 + 4] = 0;
}

void fault_raise(struct thread *t, uint64_t cause, uint64_t va)
{
	struct slot *pager = &t->bound[BOUND_PAGER];
	unsigned access = fault_access(cause);

	/* A stale TLB entry, or hardware that leaves A and D to us (Svade). */
	if (access && space_access(&t->bound[BOUND_VSPACE], va, access))
		return;
	kernel_stats.faults++;
	t->faulted = 1;
	t->gate = NULL;
	t->fault_va = va;
	t->fault_access = access;
	t->fault_cause = cause;
	if (pager->type == TYPE_ENDPOINT && pager->rights & RIGHT_CALL) {
		ipc_send(t, slot_object(pager), pager->badge);
		return;
	}
	if (t == boot_root_thread)
		panic("the root server faulted", va);
	sched_remove(t);
	t->state = STATE_STOPPED;
}

bool fault_fail(struct thread *t)
{
	struct ipc_buffer *buffer = t->buffer;

	thread_unblock(t, 0);
	if (!t->fault_pc || !buffer || buffer->fault.cause) {
		t->state = STATE_STOPPED;
		return false;
	}
	buffer->fault.pc = t->regs[REG_PC];
	buffer->fault.sp = t->regs[REG_SP];
	buffer->fault.a0 = t->regs[REG_A0];
	buffer->fault.a1 = t->regs[REG_A1];
	buffer->fault.va = t->fault_va;
	buffer->fault.cause = t->fault_cause + 1;
	t->regs[REG_PC] = t->fault_pc & ~1UL;
	t->state = STATE_READY;
	return true;
}

/* One run of frames of a fault's answer. Pages left to the limit in *room. */
static int map_run(struct thread *pager, struct thread *faulter, const struct map_item *item, uint64_t *room)
{
	const struct slot *vspace = &faulter->bound[BOUND_VSPACE];
	struct space_fault fault = {
		faulter->fault_va & ~(uint64_t)(PAGE_SIZE - 1), faulter->fault_va & ~(uint64_t)(MEGAPAGE_SIZE - 1),
		MAP_REPLACE | MAP_ACCESSED,
	};
	uint64_t done, va = item->va;
	unsigned level;
	struct slot *s;
	int error;

	if (item->count == 0 || item->count > *room)
		return -E_BAD_ARG;
	*room -= item->count;
	s = cap_run(pager, item->cap, item->count, RIGHT_READ, &error);
	if (!s)
		return error;
	if (item->rights == MAP_TABLE)
		return item->count == 1 ? space_table(vspace, faulter->fault_va, s) : -E_BAD_ARG;
	if (faulter->fault_access == RIGHT_W && item->rights & RIGHT_W)
		fault.how |= MAP_DIRTY;
	return space_map_run(vspace, &va, s, item->count, item->rights, &fault, &done, &level);
}

long fault_reply_map(struct thread *pager, struct thread *faulter, uint64_t info)
{
	unsigned n = info & INFO_WORDS_MASK;
	uint64_t room = FAULT_PAGES;
	struct map_item item = *(struct map_item *)&pager->regs[REG_A2];
	long error = 0;

	if (n == 0 || n > MAP_ITEMS || (n > 1 && !pager->buffer))
		return -E_BAD_ARG;
	for (unsigned i = 0; i < n && !error; i++) {
		if (i)
			item = *(volatile struct map_item *)&pager->buffer->maps[i - 1];
		error = map_run(pager, faulter, &item, &room);
	}
	if (!error && pager->buffer)
		pager->buffer->replied++;
	return error;
}
