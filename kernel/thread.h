/*
 * thread.h: threads, harts and endpoints: what runs, what it waits for.
 * All of it changes only under the kernel lock.
 */
#pragma once

#include <tessera/abi.h>

#include "cap.h"
#include "kernel.h"

#define REG_PC 0
#define REG_RA 1
#define REG_SP 2
#define REG_T0 5
#define REG_T1 6
#define REG_A0 10
#define REG_A1 11
#define REG_A2 12
#define REG_A7 17

enum thread_state {
	STATE_STOPPED,
	STATE_READY,                   /* runs, or stands in its hart's ready queue */
	STATE_SEND,                    /* in an endpoint's queue with a message or a fault */
	STATE_REPLY,                   /* its message or fault was taken: exactly one reply is outstanding */
	STATE_RECEIVE,                 /* in an endpoint's queue, waiting for anything */
	STATE_HELD,                    /* taken off its hart for another hart that asked for it */
};

struct thread;

/* A FIFO of threads by their links; a thread is in one queue at most. tail counts only while head is not NULL. */
struct queue {
	struct thread *head, *tail;
};

struct endpoint {
	uint64_t bits;                 /* signals that nobody took yet */
	struct queue senders;          /* one of the two queues is empty */
	struct queue receivers;
	uint64_t message_turn;         /* a signal was taken last: a message goes first */
	uint64_t spare[2];
};
_Static_assert(sizeof(struct endpoint) == 64, "an endpoint is a chip");

enum bound_slot { BOUND_CSPACE, BOUND_VSPACE, BOUND_PAGER, BOUND_BUFFER, BOUND_COUNT };

struct thread {
	uint64_t regs[32];             /* pc, x1 ... x31 */
	/* What the round trip touches: two cache lines. */
	uint64_t full;                 /* 1: all of regs counts; 0: returns from a call, ra and t0-t6 read 0 */
	struct hart *hart;
	struct slot *slots;            /* the own CNode's; slot_count 0: none */
	uint64_t slot_count;
	uint64_t prio;
	uint64_t state;                /* enum thread_state */
	struct thread *caller;         /* the one it owes an answer */
	struct thread *server;         /* REPLY: who owes the answer ... */
	uint64_t satp;
	struct thread *next, *prev;    /* in the queue it stands in */
	struct endpoint *endpoint;     /* SEND, RECEIVE: whose queue */
	uint64_t heap_rank;            /* 0: waits without a deadline */
	uint64_t faulted;              /* waits for its pager */
	uint64_t above;                /* bits of the ready bitmap above its priority */
	uint64_t call_timeout;
	struct hart *gate;             /* its hart; NULL while it waits with a deadline or for its pager */
	uint64_t fpu_used;             /* its FPU values come with it */
	struct ipc_buffer *buffer;     /* window address or NULL */
	/* The rest. */
	struct slot *reply;            /* REPLY: ... or the slot that holds the right to answer */
	uint64_t max_prio;
	uint64_t badge;                /* SEND: of the capability it sent through */
	uint64_t window_first, window_count;
	uint64_t fault_va, fault_access, fault_cause;
	uint64_t fault_pc, fault_timeout;
	/* Deadline heap (timer.c). */
	uint64_t deadline;
	struct thread *heap_left, *heap_right, *heap_up;
	uint64_t cpu_time;             /* ticks */
	uint64_t slice_left;           /* of its turn, when a higher thread took over; 0: the next is a whole one */
	struct slot bound[BOUND_COUNT];
	_Alignas(1024) uint64_t fpu[33]; /* f0 ... f31, fcsr */
};
_Static_assert(sizeof(struct thread) <= PAGE_SIZE, "a thread is a frame");

struct hart {
	struct thread *current;        /* NULL: pick one */
	uint64_t stack;                /* top of the kernel stack */
	uint64_t satp;                 /* as in the register */
	struct thread *fpu_owner;      /* whose values the FPU holds */
	uint64_t fs_on;                /* sstatus.FS is on */
	uint64_t ready_bits;           /* bit 63 - prio: that queue is not empty */
	uint64_t fpu_dirty;            /* the owner's values changed since they were loaded, when FS is off */
	uint64_t trap_save[2];         /* room for a trap in the kernel */
	uint64_t index;                /* in harts[]; bit of a hart mask */
	uint64_t id;                   /* of SBI and the device tree */
	struct thread *wanted;         /* another hart wants its FPU values saved ... */
	bool wanted_held;              /* ... and it held, if it still runs */
	struct thread *payer;          /* whose time is running */
	uint64_t payer_since;
	uint64_t slice_end;
	uint64_t armed;                /* when the timer will fire */
	struct thread *heap;           /* earliest deadline */
	struct queue ready[PRIO_COUNT];
	struct slot irq;               /* bound: endpoint of the external interrupt */
	struct slot trace;             /* bound: the frame for its events, if it is traced */
	uint64_t trace_count;          /* events written there */
};
_Static_assert(sizeof(struct hart) <= PAGE_SIZE, "a hart is a frame");

enum { HART_STACK_BYTES = 8192, HART_STACK_USED = 4096 }; /* the lowest page unmapped */

/* Harts 0 .. hart_count - 1 run; the boot hart is the first. */
#define HART_MAX 8
extern struct hart harts[HART_MAX];
extern uint64_t hart_count;

/*
 * The one lock: everything in the kernel changes under it, but for a thread's registers while it runs. Taken after
 * the save on the way in, released before the load on the way out. 1 while held; who looks when it is free has it:
 * a queue would make all wait for one whose processor is away (docs/decisions/0011-locks-without-a-queue.md).
 */
extern uint32_t kernel_lock;
void lock_acquire(void);

#ifndef KERNEL_HOST
/* tp in the kernel. */
static inline struct hart *this_hart(void)
{
	register struct hart *h __asm__("tp");

	return h;
}
#endif

static inline void thread_result(struct thread *t, long status)
{
	t->regs[REG_A0] = (uint64_t)status;
}

/* hart.c */
void hart_init(struct hart *h, uint64_t id);
/* Starts one more hart; its index or an error. */
long hart_start(uint64_t id);
/* What a software interrupt of another hart does: this one looks at what there is to run. */
void hart_poked(void);
/* 0 if t does not run on another hart and, with fpu, none holds its FPU values. Else asks that hart: -E_AGAIN. */
int hart_hold(struct thread *t, bool fpu);
/* sfence.vma of a space, or of SBI_ALL_SPACES, on the harts of the mask but for this one. */
void hart_fence(uint64_t mask, uint64_t va, uint64_t size, uint64_t asid);
/* fence.i on this hart and those of the mask. */
void hart_fence_code(uint64_t mask);

/* sched.c */
/* Sets the priority of a thread in no ready queue, and what goes with it. */
void sched_store_prio(struct thread *t, uint64_t prio);
void queue_insert(struct queue *q, struct thread *t, bool front);
void queue_remove(struct queue *q, struct thread *t);
/* Makes a thread that stands in no queue run as soon as its priority allows. */
void sched_ready(struct thread *t);
/* Nobody is current: `next` (in no queue, or NULL) takes over if its priority allows. */
void sched_switch(struct thread *next);
/* Takes a thread that is READY out of the running. */
void sched_remove(struct thread *t);
/* Somebody of a higher priority than the current thread may be ready. */
void sched_preempt(void);
/* Ticks that ran on its account, those of servers it called included. */
uint64_t sched_cpu_time(const struct thread *t);
/* Time goes to the account on which t works from now on. */
void sched_account(struct hart *h, struct thread *t);
/* Ends the current thread's turn. */
void sched_yield(void);
/* Chooses what runs next; waits for an interrupt if nothing can. */
void sched_pick(void);
void sched_set_prio(struct thread *t, uint64_t prio);

/* thread.c */
/* Keeps the gate true after a change of what it stands for. */
static inline void thread_set_gate(struct thread *t)
{
	t->gate = t->heap_rank || t->faulted ? NULL : t->hart;
}
/* The fault is over. */
static inline void thread_unfault(struct thread *t)
{
	t->faulted = 0;
	thread_set_gate(t);
}
void thread_init(struct thread *t);
/* Ends a wait: the thread is READY in no queue afterwards, its call answers `error`. */
void thread_unblock(struct thread *t, long error);
/* The same, and it runs. */
void thread_wake(struct thread *t, long error);
/* 0, or -E_AGAIN while it runs on another hart. So do the next two. */
int thread_stop(struct thread *t);
/* The thread's own part of destroying it; its bound slots are gone afterwards. */
int thread_destroy(struct thread *t);
/* A bound slot is about to be removed. */
int thread_unbind(struct slot *s);
/* Takes the FPU's values back into their owner. */
void thread_save_fpu(struct thread *t);
/* The system calls, the first argument looked up. */
long thread_set(struct thread *self, struct slot *s);
long thread_regs(struct thread *self, struct slot *s);

/* timer.c */
void timer_init(void);
void timer_add(struct thread *t, uint64_t deadline);
/* The same for a time from now. */
void timer_add_after(struct thread *t, uint64_t ticks);
void timer_remove(struct thread *t);
static inline void timer_cancel(struct thread *t)
{
	if (t->heap_rank)
		timer_remove(t);
}
/* Makes sure the timer fires at t at the latest. */
void timer_arm(uint64_t t);
/* The timer fired: ends what is over. */
void timer_expire(void);
extern uint64_t timer_slice;

/* ipc.c */
void ipc_call(struct thread *t);
void ipc_reply_recv(struct thread *t);
void ipc_signal(struct endpoint *e, uint64_t bits);
/* Hands t's message or fault to a receiver, or queues it. error < 0: t's call answers that. */
void ipc_send(struct thread *t, struct endpoint *e, uint64_t badge);
/* Wakes up to all waiting with SERVER_GONE; false when the budget ran out first. */
bool ipc_destroy_endpoint(struct endpoint *e, struct budget *b);
/* The system call. */
long ipc_save_reply(struct thread *t, struct slot *none);

/* fault.c */
void fault_raise(struct thread *t, uint64_t cause, uint64_t va);
/* The pager's answer (map items in its message). 0: the caller may go on; else it waits still. */
long fault_reply_map(struct thread *pager, struct thread *faulter, uint64_t info);
/* It can't be resolved: to its fault_pc, or stopped. True if it runs on. */
bool fault_fail(struct thread *t);
void fault_message(struct thread *to, struct thread *from);

/* entry.S: stores the FPU's registers; FS must be on. */
void fpu_save(uint64_t *fpu);
