/*
 * tessera/syscall.h: the system calls, one inline function each, for any C program.
 * docs/abi.md has the contract of each. Functions return 0 or a positive count, or -error
 * (errors.def) as in a0. Nothing here keeps state.
 */
#ifndef TESSERA_SYSCALL_H
#define TESSERA_SYSCALL_H

#include <tessera/abi.h>

/* As a function call: of the FPU's registers fs0 to fs11 are preserved. */
#define SYS_CLOBBERS_FPU \
	"ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8", "ft9", "ft10", "ft11", \
	"fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7"
#define SYS_CLOBBERS "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "memory", SYS_CLOBBERS_FPU

/* A message in registers: what call and reply_recv take and give. */
struct message {
	uint64_t info;
	uint64_t w[MESSAGE_REGS];
	uint64_t badge;                /* received only */
};

static inline uint64_t info_make(uint32_t label, unsigned words, unsigned items)
{
	return (uint64_t)label << INFO_LABEL_SHIFT | items << INFO_ITEMS_SHIFT | words;
}

static inline uint32_t info_label(uint64_t info)
{
	return (uint32_t)(info >> INFO_LABEL_SHIFT);
}

static inline unsigned info_words(uint64_t info)
{
	return info & INFO_WORDS_MASK;
}

static inline unsigned info_items(uint64_t info)
{
	return (info >> INFO_ITEMS_SHIFT) & INFO_ITEMS_MASK;
}

static inline unsigned info_kind(uint64_t info)
{
	return (info >> INFO_KIND_SHIFT) & INFO_KIND_MASK;
}

/* Any call of up to seven arguments and one more result in *a1_out (may be NULL). */
static inline long sys_raw(long number, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4,
			   uint64_t x5, uint64_t x6, uint64_t *a1_out, uint64_t *a2_out)
{
	register uint64_t a0 __asm__("a0") = x0;
	register uint64_t a1 __asm__("a1") = x1;
	register uint64_t a2 __asm__("a2") = x2;
	register uint64_t a3 __asm__("a3") = x3;
	register uint64_t a4 __asm__("a4") = x4;
	register uint64_t a5 __asm__("a5") = x5;
	register uint64_t a6 __asm__("a6") = x6;
	register long a7 __asm__("a7") = number;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
			 :
			 : SYS_CLOBBERS);
	if (a1_out)
		*a1_out = a1;
	if (a2_out)
		*a2_out = a2;
	return (long)a0;
}

/* Sends *m to the endpoint, waits for the answer in *m. */
static inline long sys_call(cap_t endpoint, struct message *m)
{
	register uint64_t a0 __asm__("a0") = endpoint;
	register uint64_t a1 __asm__("a1") = m->info;
	register uint64_t a2 __asm__("a2") = m->w[0];
	register uint64_t a3 __asm__("a3") = m->w[1];
	register uint64_t a4 __asm__("a4") = m->w[2];
	register uint64_t a5 __asm__("a5") = m->w[3];
	register uint64_t a6 __asm__("a6") = m->w[4];
	register uint64_t a7 __asm__("a7") = SYS_CALL;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
			 :
			 : SYS_CLOBBERS);
	m->info = a1;
	m->w[0] = a2;
	m->w[1] = a3;
	m->w[2] = a4;
	m->w[3] = a5;
	m->w[4] = a6;
	return (long)a0;
}

/*
 * Answers (m->info has INFO_REPLY; `saved` counts with INFO_SAVED), then waits on the endpoint
 * (0: does not wait), with INFO_DEADLINE until the time CSR reads `deadline`. What came is in *m.
 */
static inline long sys_reply_recv(cap_t endpoint, struct message *m, cap_t saved, uint64_t deadline)
{
	register uint64_t a0 __asm__("a0") = endpoint;
	register uint64_t a1 __asm__("a1") = m->info;
	register uint64_t a2 __asm__("a2") = m->w[0];
	register uint64_t a3 __asm__("a3") = m->w[1];
	register uint64_t a4 __asm__("a4") = m->w[2];
	register uint64_t a5 __asm__("a5") = m->w[3];
	register uint64_t a6 __asm__("a6") = m->w[4];
	register uint64_t a7 __asm__("a7") = SYS_REPLY_RECV;
	register uint64_t t0 __asm__("t0") = saved;
	register uint64_t t1 __asm__("t1") = deadline;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7),
			   "+r"(t0), "+r"(t1)
			 :
			 : "ra", "t2", "t3", "t4", "t5", "t6", "memory", SYS_CLOBBERS_FPU);
	m->info = a1;
	m->w[0] = a2;
	m->w[1] = a3;
	m->w[2] = a4;
	m->w[3] = a5;
	m->w[4] = a6;
	m->badge = a7;
	return (long)a0;
}

static inline long sys_signal(cap_t endpoint)
{
	return sys_raw(SYS_SIGNAL, endpoint, 0, 0, 0, 0, 0, 0, 0, 0);
}

/* Moves the right to answer the current caller into the empty slot dst. */
static inline long sys_save_reply(cap_t dst)
{
	return sys_raw(SYS_SAVE_REPLY, dst, 0, 0, 0, 0, 0, 0, 0, 0);
}

/* part: 0 the whole frame, else (offset in bytes) | order + 1: an aligned part, for shares. */
static inline long sys_give(unsigned verb, cap_t src, uint64_t count, cap_t dst, unsigned rights,
			    uint64_t badge, uint64_t part)
{
	return sys_raw(SYS_GIVE, verb, src, count, dst, rights, badge, part, 0, 0);
}

/* delete and revoke answer -E_AGAIN until all is done; *dirty: some page torn down was dirty (K8). */
static inline long sys_delete(cap_t slot)
{
	long r;

	do
		r = sys_raw(SYS_DELETE, slot, 0, 0, 0, 0, 0, 0, 0, 0);
	while (r == -E_AGAIN);
	return r;
}

static inline long sys_revoke(cap_t slot, uint64_t *dirty)
{
	uint64_t all = 0, some = 0;
	long r;

	do {
		r = sys_raw(SYS_REVOKE, slot, 0, 0, 0, 0, 0, 0, &some, 0);
		all |= some;
	} while (r == -E_AGAIN);
	if (dirty)
		*dirty = all;
	return r;
}

/* *word: see INSPECT_; *detail: physical address (RIGHT_PA), badge, or order. */
static inline long sys_inspect(cap_t slot, uint64_t *word, uint64_t *detail)
{
	return sys_raw(SYS_INSPECT, slot, 0, 0, 0, 0, 0, 0, word, detail);
}

/* Pieces first .. first + count of the frame go to dst ..; pieces are handed out in ascending order only. */
static inline long sys_split(cap_t frame, uint64_t first, uint64_t count, cap_t dst)
{
	return sys_raw(SYS_SPLIT, frame, first, count, dst, 0, 0, 0, 0, 0);
}

/* Gives count UNKNOWN frames from slot on the memory type MEM_RAM or MEM_DEVICE. */
static inline long sys_carve(cap_t slot, uint64_t count, unsigned memtype)
{
	return sys_raw(SYS_CARVE, slot, count, memtype, 0, 0, 0, 0, 0, 0);
}

static inline long sys_make(cap_t frame, unsigned type, cap_t system)
{
	long r;

	do
		r = sys_raw(SYS_MAKE, frame, type, system, 0, 0, 0, 0, 0, 0);
	while (r == -E_AGAIN);
	return r;
}

/* Clears (src 0) or copies size <= 4096 bytes at offset of an unmapped frame. */
static inline long sys_fill(cap_t dst, cap_t src, uint64_t offset, uint64_t size)
{
	return sys_raw(SYS_FILL, dst, src, offset, size, 0, 0, 0, 0, 0);
}

/* Maps one run of count frames from va on; more runs: in buffer->runs[1..], n in all. Pages done in *done. */
static inline long sys_map(cap_t vspace, uint64_t va, unsigned rights, uint64_t n, cap_t first, uint64_t count,
			   uint64_t *done)
{
	return sys_raw(SYS_MAP, vspace, va, rights, n, first, count, 0, done, 0);
}

/* Unmaps runs likewise; bitmap of dirty pages in buffer->dirty. */
static inline long sys_unmap(uint64_t n, cap_t first, uint64_t count, uint64_t *done)
{
	return sys_raw(SYS_UNMAP, n, first, count, 0, 0, 0, 0, done, 0);
}

/* The frame becomes the missing page table for va; level 1 covers 1 GiB, level 0 covers 2 MiB. */
static inline long sys_table(cap_t frame, cap_t vspace, uint64_t va)
{
	return sys_raw(SYS_TABLE, frame, vspace, va, 0, 0, 0, 0, 0, 0);
}

/* Bitmaps of accessed and dirty pages in the buffer. */
static inline long sys_scan(cap_t vspace, uint64_t va, uint64_t pages, unsigned flags)
{
	return sys_raw(SYS_SCAN, vspace, va, pages, flags, 0, 0, 0, 0, 0);
}

static inline long sys_thread_set(cap_t thread, unsigned field, uint64_t value)
{
	return sys_raw(SYS_THREAD_SET, thread, field, value, 0, 0, 0, 0, 0, 0);
}

/* THREAD_PAGER: the endpoint that gets the thread's faults, under this badge (0: the capability's own). */
static inline long sys_thread_pager(cap_t thread, cap_t endpoint, uint64_t badge)
{
	return sys_raw(SYS_THREAD_SET, thread, THREAD_PAGER, endpoint, badge, 0, 0, 0, 0, 0);
}

static inline long sys_thread_regs(cap_t thread, unsigned write, unsigned group)
{
	return sys_raw(SYS_THREAD_REGS, thread, write, group, 0, 0, 0, 0, 0, 0);
}

static inline long sys_system(cap_t system, unsigned op, uint64_t arg, uint64_t arg2)
{
	return sys_raw(SYS_SYSTEM, system, op, arg, arg2, 0, 0, 0, 0, 0);
}

/* The time CSR: ticks of the device tree's timebase-frequency. */
static inline uint64_t sys_time(void)
{
	uint64_t t;

	__asm__ volatile("rdtime %0" : "=r"(t));
	return t;
}

/* Instructions retired by this hart. */
static inline uint64_t sys_instret(void)
{
	uint64_t n;

	__asm__ volatile("rdinstret %0" : "=r"(n));
	return n;
}
#endif
