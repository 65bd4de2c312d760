/*
 * vm.c: mem's own mappings, and frame work by kernel calls. See vm.h.
 */
#include "vm.h"
#include <tessera/ipc.h>
#include <tessera/syscall.h>
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "receiver.h"
#include "slots.h"

#define BATCH_PAGES 128                 /* what the kernel unmaps at a time */

static unsigned runs, run_pages;        /* waiting in the buffer to be unmapped */

struct ipc_buffer *vm_buffer(void)
{
	return self->buffer;
}

struct ipc_buffer *ipc_buffer(void)
{
	return vm_buffer();
}

/* One missing page table for va. */
static bool table_add(uint64_t va)
{
	cap_t frame = slots_spare();
	long r;

	if (!frame)
		return false;
	r = sys_table(frame, ROOT_VSPACE, va);
	if (r)
		log_error("mem: page table", r, va);
	return !r;
}

bool vm_map(uint64_t va, cap_t frame, unsigned rights)
{
	uint64_t done;
	long r;

	while ((r = sys_map(ROOT_VSPACE, va, rights, 1, frame, 1, &done)) == -E_NEED_TABLE) {
		if (!table_add(va))
			return false;
	}
	if (r < 0)
		log_error("mem: map", r, va);
	return r >= 0;
}

bool vm_map_spare(uint64_t va)
{
	cap_t frame = slots_spare_clear();

	return frame && vm_map(va, frame, RIGHT_R | RIGHT_W);
}

bool vm_table(uint64_t va)
{
	cap_t frame;
	long r;

	do {
		frame = slots_spare();
		if (!frame)
			return false;
		r = sys_table(frame, ROOT_VSPACE, va);
	} while (!r);
	/* The last one was not needed: a table short of a frame is no loss that counts, but a spare is kept. */
	slots_spare_back(frame);
	return r == -E_OCCUPIED;
}

bool vm_set_cspace(cap_t cnode)
{
	long r = sys_thread_set(self->thread, THREAD_CSPACE, cnode);

	if (r)
		log_error("mem: own CNode", r, cnode);
	return !r;
}

bool vm_clear(uint32_t frame)
{
	long r = sys_fill(slots_frame(frame), 0, 0, PAGE_SIZE);

	if (r)
		log_error("mem: clear", r, frame);
	return !r;
}

bool vm_clear_part(cap_t frame, uint64_t at)
{
	long r = sys_fill(frame, 0, at, PAGE_SIZE);

	if (r)
		log_error("mem: clear", r, frame);
	return !r;
}

void vm_revoke(cap_t frame)
{
	long r = sys_revoke(frame, 0);

	if (r)
		log_error("mem: revoke", r, frame);
}

bool vm_copy(uint32_t to, cap_t from, uint64_t at)
{
	long r;

	/* The kernel copies between equal places of two frames: of a larger one the part is made a frame for this. */
	if (at != VM_WHOLE) {
		sys_delete(SLOT_TEMP);
		if (!vm_share(from, at, SLOT_TEMP, RIGHT_R))
			return false;
		from = SLOT_TEMP;
	}
	r = sys_fill(slots_frame(to), from, 0, PAGE_SIZE);
	if (r)
		log_error("mem: copy", r, to);
	if (at != VM_WHOLE)
		sys_delete(SLOT_TEMP);
	return !r;
}

void vm_unmap_flush(void)
{
	struct slot_run *run = vm_buffer()->runs;
	uint64_t done;
	long r;

	/* In pieces: what is done is taken off the front of the batch. */
	while (runs) {
		r = sys_unmap(runs, run[0].cap, run[0].count, &done);
		if (r != -E_AGAIN)
			break;
		while (runs && done >= run[0].count) {
			done -= run[0].count;
			runs--;
			for (unsigned i = 0; i < runs; i++)
				run[i] = run[i + 1];
		}
		run[0].cap += done;
		run[0].count -= done;
	}
	if (runs && r)
		log_error("mem: unmap", r, run[0].cap);
	runs = run_pages = 0;
}

void vm_unmap_add(cap_t frame)
{
	struct slot_run *run = vm_buffer()->runs;

	if (run_pages == BATCH_PAGES)
		vm_unmap_flush();
	run_pages++;
	if (runs && run[runs - 1].cap + run[runs - 1].count == frame) {
		run[runs - 1].count++;
		return;
	}
	if (runs == MAP_ITEMS) {
		vm_unmap_flush();
		run_pages = 1;
	}
	run[runs].cap = frame;
	run[runs].count = 1;
	runs++;
}

void *vm_open(cap_t frame, unsigned rights)
{
	return vm_map(VA_SCRATCH, frame, rights) ? (void *)VA_SCRATCH : 0;
}

void vm_close(cap_t frame)
{
	uint64_t done;

	sys_unmap(1, frame, 1, &done);
}

bool vm_share(cap_t frame, uint64_t at, cap_t slot, unsigned rights)
{
	long r = sys_give(GIVE_SHARE, frame, 1, slot, rights, 0, at == VM_WHOLE ? 0 : at | (ORDER_4K + 1));

	if (r)
		log_error("mem: share", r, frame);
	return !r;
}

bool vm_share_row(cap_t frame, cap_t slot, uint32_t n, unsigned rights)
{
	uint64_t done = 0;
	long r = sys_give(GIVE_SHARE, frame, n, slot, rights, 0, 0);

	if (!r)
		return true;
	log_error("mem: share", r, frame);
	for (; done < n; done++)
		sys_delete(slot + done);
	return false;
}
