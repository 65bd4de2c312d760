/*
 * syscall.c: the number in a7 to one call of a module. Each function here reads its arguments from the caller's
 * registers, looks up its capabilities, and leaves the result in a0 (a1, a2). docs/abi.md is the contract.
 */
#include "audit.h"
#include "cap.h"
#include "frame.h"
#include "kernel.h"
#include "object.h"
#include "riscv.h"
#include "sbi.h"
#include "space.h"
#include "thread.h"
#include "trap.h"

/* Pages of one entry of map and unmap, and of unmap's answer in the dirty bitmap. */
#define PIECE 128
#define CARVE_MAX 512
#define SLICE_LEAST 1000
#define SLICE_MOST (1UL << 40)

static uint64_t arg(const struct thread *t, unsigned n)
{
	return t->regs[REG_A0 + n];
}

/* The capability of this type that argument n names; NULL without *error: it names none. */
static struct slot *arg_slot(struct thread *t, unsigned n, unsigned type, int *error)
{
	return arg(t, n) ? cap_lookup_type(t, arg(t, n), type, error) : NULL;
}

static long do_signal(struct thread *t, struct slot *s)
{
	(void)t;
	ipc_signal(slot_object(s), s->badged ? s->badge : 1);
	return 0;
}

static long do_give(struct thread *t, struct slot *src)
{
	uint64_t verb = arg(t, 0), count = arg(t, 2), done;
	struct slot *dst;
	int error = 0;

	if (verb > GIVE_MOVE || count > MESSAGE_SLOTS)
		return -E_BAD_ARG;
	src = cap_run(t, arg(t, 1), count, verb == GIVE_MOVE ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ, &error);
	if (!src)
		return error;
	dst = cap_run(t, arg(t, 3), count, RIGHT_WRITE, &error);
	if (!dst)
		return error;
	for (done = 0; done < count && !error; done++) {
		if (src[done].type == TYPE_NULL)
			error = -E_BAD_SLOT;
		else
			error = cap_give(verb, &src[done], &dst[done], arg(t, 4) & RIGHT_ALL, arg(t, 5), arg(t, 6));
	}
	t->regs[REG_A1] = error ? done - 1 : done;
	return error;
}

/* False for a thread that its own call destroyed (its memory is clear already) or stopped. */
static bool answerable(const struct thread *t)
{
	return this_hart()->current == t || t->state == STATE_READY;
}

/* delete and revoke */
static long do_destroy(struct thread *t, struct slot *s)
{
	struct budget b = { BUDGET_ENTRY, 0 };
	int error;

	if (s->type == TYPE_NULL)
		return -E_BAD_SLOT;
	error = cap_destroy(s, t->regs[REG_A7] == SYS_DELETE, &b);
	if (answerable(t))
		t->regs[REG_A1] = b.dirty;
	return error;
}

static long do_inspect(struct thread *t, struct slot *s)
{
	bool frame = s->type == TYPE_FRAME || s->type == TYPE_CHIP || s->type == TYPE_TABLE;

	t->regs[REG_A1] = s->type | s->rights << 4 | s->kind << 9 | (uint64_t)slot_children(s) << 17 |
			  (uint64_t)s->badged << 21;
	t->regs[REG_A2] = 0;
	if (s->type == TYPE_ENDPOINT)
		t->regs[REG_A2] = s->badged ? s->badge : s->rights & RIGHT_PA ? window_pa(slot_object(s)) : 0;
	if (s->type == TYPE_THREAD && s->rights & RIGHT_READ)
		t->regs[REG_A2] = sched_cpu_time(slot_object(s));
	if (frame) {
		t->regs[REG_A1] |= s->order << 12 | s->memtype << 15 |
				   (uint64_t)(s->type == TYPE_FRAME && space_mapping(s)) << 20;
		t->regs[REG_A2] = s->rights & RIGHT_PA ? slot_pa(s) : 0;
	}
	return 0;
}

static long do_split(struct thread *t, struct slot *s)
{
	struct slot *dst;
	int error = 0;

	if (arg(t, 2) > SPLIT_PIECES)
		return -E_BAD_ARG;
	dst = cap_run(t, arg(t, 3), arg(t, 2), RIGHT_WRITE, &error);
	return dst ? frame_split(s, arg(t, 1), arg(t, 2), dst) : error;
}

static long do_carve(struct thread *t, struct slot *s)
{
	uint64_t count = arg(t, 1);
	int error = 0;

	if (count > CARVE_MAX)
		return -E_BAD_ARG;
	s = cap_run(t, arg(t, 0), count, RIGHT_READ | RIGHT_WRITE, &error);
	if (!s)
		return error;
	for (uint64_t i = 0; i < count && !error; i++)
		error = frame_carve_check(&s[i], arg(t, 2));
	for (uint64_t i = 0; i < count && !error; i++)
		s[i].memtype = arg(t, 2);
	return error;
}

static long do_make(struct thread *t, struct slot *s)
{
	struct budget b = { BUDGET_ENTRY, 0 };
	int error = 0;
	struct slot *system = arg_slot(t, 2, TYPE_SYSTEM, &error);

	return error ? error : object_make(s, arg(t, 1), system, &b);
}

static long do_fill(struct thread *t, struct slot *dst)
{
	int error = 0;
	struct slot *src = arg_slot(t, 1, TYPE_FRAME, &error);

	return error ? error : frame_fill(dst, src, arg(t, 2), arg(t, 3));
}

/* Run i of a map or unmap: the first from registers, the others read once from the buffer. */
static struct slot_run run_arg(struct thread *t, uint64_t i, unsigned reg)
{
	struct slot_run first = { arg(t, reg), arg(t, reg + 1) };

	return i ? *(volatile struct slot_run *)&t->buffer->runs[i] : first;
}

/* Maps (in a VSpace) or unmaps n runs, a piece of them. */
static long do_runs(struct thread *t, struct slot *vspace, uint64_t n, unsigned reg)
{
	uint64_t va = arg(t, 1), done = 0, some;
	unsigned level = 0;
	int error = 0;

	for (uint64_t i = 0; i < n && !error; i++, done += some) {
		struct slot_run run = run_arg(t, i, reg);
		struct slot *s = cap_run(t, run.cap, run.count, RIGHT_READ, &error);
		bool whole = run.count <= PIECE - done;

		if (!s)
			break;
		some = whole ? run.count : PIECE - done;
		if (vspace)
			error = space_map_run(vspace, &va, s, some, arg(t, 2), NULL, &some, &level);
		else
			space_unmap_run(s, some, t->buffer->dirty, done);
		if (!error && !whole)
			error = -E_AGAIN;
	}
	t->regs[REG_A1] = done;
	if (vspace)
		t->regs[REG_A2] = level;
	return error;
}

static long do_map(struct thread *t, struct slot *vspace)
{
	uint64_t n = arg(t, 3);

	if (n == 0 || n > MAP_ITEMS || (n > 1 && !t->buffer)) {
		t->regs[REG_A1] = t->regs[REG_A2] = 0;
		return -E_BAD_ARG;
	}
	return do_runs(t, vspace, n, 4);
}

static long do_unmap(struct thread *t, struct slot *s)
{
	uint64_t n = arg(t, 0);

	(void)s;
	if (n == 0 || n > MAP_ITEMS || !t->buffer)
		return -E_BAD_ARG;
	for (unsigned i = 0; i < PIECE_PAGES / 64; i++)
		t->buffer->dirty[i] = 0;
	return do_runs(t, NULL, n, 1);
}

static long do_table(struct thread *t, struct slot *frame)
{
	int error = 0;
	struct slot *vspace = cap_lookup_type(t, arg(t, 1), TYPE_VSPACE, &error);

	return !vspace ? error : vspace->rights & RIGHT_WRITE ? space_table(vspace, arg(t, 2), frame) : -E_NO_RIGHT;
}

static long do_scan(struct thread *t, struct slot *vspace)
{
	uint64_t va = arg(t, 1), pages = arg(t, 2), flags = arg(t, 3);

	if (va % PAGE_SIZE || va >= USER_END || pages == 0 || pages > PIECE_PAGES ||
	    pages > (USER_END - va) >> PAGE_SHIFT || flags > 7 || !t->buffer)
		return -E_BAD_ARG;
	space_scan(vspace, va, pages, (unsigned)flags, t->buffer->accessed, t->buffer->dirty);
	return 0;
}

static long system_irq(struct thread *t)
{
	int error = 0;
	struct slot *endpoint = cap_lookup_type(t, arg(t, 2), TYPE_ENDPOINT, &error);

	return endpoint ? trap_bind_irq(endpoint) : error;
}

static long system_stats(struct thread *t, bool audit)
{
	struct kernel_stats stats;

	if (!t->buffer)
		return -E_BAD_ARG;
	stats = kernel_stats;
	stats.debug = DEBUG;
	if (audit && !audit_run(&stats))
		return -E_NOT_BUILT;
	*(struct kernel_stats *)t->buffer->words = stats;
	return 0;
}

static long do_system(struct thread *t, struct slot *s)
{
	static const uint8_t need[] = {
		[SYSTEM_RESET] = RIGHT_RESET, [SYSTEM_IRQ] = RIGHT_IRQ, [SYSTEM_HART] = RIGHT_HART,
		[SYSTEM_PUTC] = RIGHT_DEBUG, [SYSTEM_AUDIT] = RIGHT_DEBUG, [SYSTEM_STATS] = RIGHT_DEBUG,
		[SYSTEM_SLICE] = RIGHT_HART, [SYSTEM_WHY] = RIGHT_DEBUG,
		[SYSTEM_TRACE] = RIGHT_DEBUG,
	};
	uint64_t op = arg(t, 1);

	if (op >= sizeof(need))
		return -E_BAD_CALL;
	if (!(s->rights & need[op]))
		return -E_NO_RIGHT;
	switch (op) {
	case SYSTEM_RESET:
		sbi_system_reset(arg(t, 2) ? 1 : 0);
		return -E_BAD_ARG;
	case SYSTEM_IRQ:
		return system_irq(t);
	case SYSTEM_PUTC:
		sbi_putchar((char)arg(t, 2));
		return 0;
	case SYSTEM_AUDIT:
	case SYSTEM_STATS:
		return system_stats(t, op == SYSTEM_AUDIT);
	case SYSTEM_SLICE:
		if (arg(t, 2) < SLICE_LEAST || arg(t, 2) > SLICE_MOST)
			return -E_BAD_ARG;
		timer_slice = arg(t, 2);
		return 0;
	case SYSTEM_WHY:
		return t->buffer ? audit_why(arg(t, 2), arg(t, 3), (struct kernel_why *)t->buffer->words) : -E_BAD_ARG;
	case SYSTEM_TRACE:
		return trace_bind(t, arg(t, 2), arg(t, 3));
	default:
		return hart_start(arg(t, 2));
	}
}

/* The calls and what each needs of its first argument: */
#define FIRST_OWN    0                 /* it looks itself; */
#define FIRST_TARGET 14                /* a slot that may be changed in place, empty ones too; */
#define FIRST_ANY    15                /* a slot in use; else a capability of this type with these rights. */
static const struct {
	long (*run)(struct thread *t, struct slot *first);
	uint8_t type, rights;
} calls[SYS_COUNT] = {
	[SYS_SIGNAL] = { do_signal, TYPE_ENDPOINT, RIGHT_SIGNAL },
	[SYS_SAVE_REPLY] = { ipc_save_reply, FIRST_OWN, 0 },
	[SYS_GIVE] = { do_give, FIRST_OWN, 0 },
	[SYS_DELETE] = { do_destroy, FIRST_TARGET, 0 },
	[SYS_REVOKE] = { do_destroy, FIRST_TARGET, 0 },
	[SYS_INSPECT] = { do_inspect, FIRST_ANY, 0 },
	[SYS_SPLIT] = { do_split, TYPE_FRAME, 0 },
	[SYS_CARVE] = { do_carve, FIRST_OWN, 0 },
	[SYS_MAKE] = { do_make, FIRST_TARGET, 0 },
	[SYS_FILL] = { do_fill, TYPE_FRAME, 0 },
	[SYS_MAP] = { do_map, TYPE_VSPACE, RIGHT_WRITE },
	[SYS_UNMAP] = { do_unmap, FIRST_OWN, 0 },
	[SYS_TABLE] = { do_table, TYPE_FRAME, 0 },
	[SYS_SCAN] = { do_scan, TYPE_VSPACE, RIGHT_WRITE },
	[SYS_THREAD_SET] = { thread_set, TYPE_THREAD, RIGHT_WRITE },
	[SYS_THREAD_REGS] = { thread_regs, TYPE_THREAD, 0 },
	[SYS_SYSTEM] = { do_system, TYPE_SYSTEM, 0 },
};

static struct slot *first_slot(struct thread *t, unsigned type, int *error)
{
	/* The short way of cap_lookup_type: in the own CNode, as most are. */
	if (arg(t, 0) < t->slot_count && t->slots[arg(t, 0)].type == type)
		return &t->slots[arg(t, 0)];
	switch (type) {
	case FIRST_OWN:
		return NULL;
	case FIRST_TARGET:
		return cap_run(t, arg(t, 0), 1, RIGHT_READ | RIGHT_WRITE, error);
	case FIRST_ANY:
		return cap_lookup(t, arg(t, 0), error);
	default:
		return cap_lookup_type(t, arg(t, 0), type, error);
	}
}

void syscall_enter(struct thread *t)
{
	uint64_t number = t->regs[REG_A7];
	struct slot *first;
	int error = 0;
	long result;

	if (number == SYS_CALL) {
		ipc_call(t);
	} else if (number == SYS_REPLY_RECV) {
		ipc_reply_recv(t);
	} else if (number < SYS_COUNT) {
		first = first_slot(t, calls[number].type, &error);
		if (!error && calls[number].rights && !(first->rights & calls[number].rights))
			error = -E_NO_RIGHT;
		result = error ? error : calls[number].run(t, first);
		if (answerable(t))
			thread_result(t, result);
	} else {
		thread_result(t, -E_BAD_CALL);
	}
}
