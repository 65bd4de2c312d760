/*
 * harness.h: what the tests of the kernel stand on. They run in the root server's place: a test owns all memory and the
 * System capability, runs in a thread of its own and causes what it claims directly.
 *
 * TEST(name) { ... } is found by its section: no list is kept. A claim that does not hold ends the test.
 * After each test all it made is revoked, the audit runs, and the kernel must hold exactly the slots and
 * objects it held before.
 */
#ifndef TESTS_KERNEL_HARNESS_H
#define TESTS_KERNEL_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <tessera/syscall.h>

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(claim) \
	static void claim(void); \
	static const struct test test_##claim \
		__attribute__((section(".tests"), used, aligned(8))) = { #claim, claim }; \
	static void claim(void)

/* Says that the test it stands in causes this error of that call; tests/host/abi_coverage_test.py reads it. */
#define COVERS(call, error) ((void)(SYS_##call), (void)(E_##error))

/* ---- claims -------------------------------------------------------------------------------------- */

/* Ends the test; values of a comparison that failed. */
__attribute__((noreturn)) void test_fail(const char *file, int line, const char *text, long got, long wanted);
/* Ends the test as skipped. */
__attribute__((noreturn)) void test_skip(const char *why);
/* A line of the test's own in the output: text and a number. */
void test_note(const char *text, uint64_t value);

#define EQUAL(got_, wanted_) do { \
	long got__ = (long)(got_), wanted__ = (long)(wanted_); \
	if (got__ != wanted__) \
		test_fail(__FILE__, __LINE__, #got_ " is " #wanted_, got__, wanted__); \
} while (0)
#define CHECK(condition) do { \
	if (!(condition)) \
		test_fail(__FILE__, __LINE__, #condition, 0, 1); \
} while (0)
#define OK(call) EQUAL(call, 0)
/* The call answers this error. */
#define REFUSED(error, call) EQUAL(call, -(long)E_##error)
#define NEED_HARTS(n) do { \
	if (hart_count < (n)) \
		test_skip("needs " #n " harts"); \
} while (0)
#define NEED_DEBUG() do { \
	if (!debug_kernel) \
		test_skip("needs the audit"); \
} while (0)

/* ---- the machine --------------------------------------------------------------------------------- */

#define SLOT_GIG         72            /* UNKNOWN frames of 1 GiB: 0 to 3, and the last but one of the world */
#define SLOT_GIG_BEYOND  76            /* at 255 GiB: past the kernel's window */
#define SLOT_MEGA        80            /* pieces of RAM_GIG: 0 firmware, image_mega the kernel, from ram_mega on RAM */
#define RAM_GIG          2
#define SLOT_TEST        160           /* from here on a test's own, empty at its start */
#define PRIO_TEST        40
#define THREAD_TEST      (ROOT_STOCK + 1)  /* the test's own thread */
#define TICKS_MS         10000         /* of the time CSR on this machine */

extern unsigned hart_count;            /* harts that run; those from 1 on are idle at a test's start */
extern bool debug_kernel;
extern uint64_t test_count, test_seed;  /* count= and seed= of the boot arguments */
extern unsigned image_mega, ram_mega, mega_count;   /* ram_mega .. mega_count - 1 are free RAM */
extern struct boot_info boot;

/* Pages of the root server's space that tests may map at (its page table is there); megapages of that table. */
#define FREE_VA          0x1c0000UL
#define FREE_VA_PAGES    64
#define FREE_MEGA_VA     0x200000UL
#define NO_TABLE_VA      0x2000000000UL /* no page table on the way */

/* ---- what a test makes; all of it ends with the test --------------------------------------------- */

cap_t slots_new(unsigned n);           /* n empty slots of the own CNode, one behind the other */
cap_t frame_new(void);                 /* free RAM, 4 KiB; must not be donated */
cap_t mega_new(void);                  /* free RAM, 2 MiB; must not be donated */
cap_t pieces_new(unsigned n);          /* n free frames of 4 KiB in a row, pieces of a fresh 2 MiB frame */
cap_t chip_new(void);
cap_t endpoint_new(void);              /* unbadged, all rights */
cap_t mint(cap_t endpoint, unsigned rights, uint64_t badge);
cap_t cnode_new(void);                 /* 128 slots */
cap_t big_cnode_new(void);             /* 65,536 slots */
cap_t space_new(void);
cap_t copy_new(cap_t of, unsigned rights);
/* A child of a frame in a new slot. */
cap_t child_new(unsigned verb, cap_t of, unsigned rights);

/* A thread in the test's space and CNode, its faults end the test; or elsewhere, by thread_set before it runs. */
struct helper {
	cap_t thread, frame;           /* frame: of the IPC buffer */
	struct ipc_buffer *buffer;
};
#define HELPERS 24
/* entry gets arg; it returns into thread_end(). */
struct helper *helper_new(void (*entry)(uint64_t arg), uint64_t arg, unsigned prio);
struct helper *helper_start(void (*entry)(uint64_t arg), uint64_t arg, unsigned prio);
/* A bare thread, all its registers 0 but pc, sp, a0; stopped, without a buffer. */
void thread_make(cap_t frame, uint64_t pc, uint64_t sp, uint64_t arg, unsigned prio);
/* Sets pc, sp, a0 of a stopped thread, all else 0. */
void thread_start_at(cap_t thread, uint64_t pc, uint64_t sp, uint64_t arg);
__attribute__((noreturn)) void thread_end(void);
void thread_to_hart(cap_t thread, unsigned hart);
void thread_stop(cap_t thread);

/* The calling thread's IPC buffer (its address is in tp). */
static inline struct ipc_buffer *buffer(void)
{
	struct ipc_buffer *b;

	__asm__ volatile("mv %0, tp" : "=r"(b));
	return b;
}

/* Sleeps: lower priorities run. Not while the thread owes an answer. */
void sleep_ms(unsigned ms);
void spin_ms(unsigned ms);
/* Waits until it is so, however fast the machine is: a test that waits in vain ends by the harness's limit. */
#define WAIT_UNTIL(condition) do { sleep_ms(1); } while (!(condition))
/* The kernel's time slice, in ticks. */
#define SLICE            (10UL * TICKS_MS)
/* Waits until it is so, however fast the machine is; a test that waits in vain ends by the harness's limit. */
extern volatile uint64_t turns;
void count_turns(uint64_t watched);
/* Waits until `spinner`, which runs count_turns, had eight turns, and checks that each was a whole slice. */
void check_turns(struct helper *spinner);
/* Waits until *at is value, sleeping; fails after 10 s. */
void wait_for(const volatile uint64_t *at, uint64_t value);
/* The same, spinning. */
void spin_for(const volatile uint64_t *at, uint64_t value);

/* Receives on the endpoint within 5 s; the caller is owed an answer then. */
long receive(cap_t endpoint, struct message *m);
/* Answers with one word and does not wait. */
void answer(uint64_t word);
/* A call with one word: its status; the answer's first word in *word. */
long call_word(cap_t endpoint, uint64_t *word);
/* A look whether anything waits at the endpoint: as receive, without waiting. */
long poll(cap_t endpoint, struct message *m);

uint64_t inspect(cap_t slot);          /* the packed word */
uint64_t inspect_detail(cap_t slot);
bool slot_empty(cap_t slot);
uint64_t slots_in_use(void);           /* of the whole kernel */
/* Maps one frame in the own space. */
long map_here(cap_t frame, uint64_t va, unsigned rights);
long unmap_one(cap_t frame);

/* A generator with a fixed seed for each test. */
uint64_t random_next(void);

/* ---- threads in a space of their own -------------------------------------------------------------- */

/*
 * A puppet does what the test tells it, in its own space with one page of code: it calls its endpoint, the answer tells
 * what to do. Its CNode holds that endpoint in slot 1.
 */
struct puppet {
	cap_t space, cnode, thread, endpoint;   /* endpoint: what the test receives on: calls and faults */
	cap_t first_frame;                      /* unused frames follow */
	struct helper *helper;
};
#define PUPPET_CODE  0x10000UL
#define PUPPET_DATA  0x20000UL         /* pages from here to 0x200000 have their table */
#define PUPPET_BADGE 0x50
#define PUPPET_FAULT 0x51
enum puppet_order { PUPPET_LOAD, PUPPET_STORE, PUPPET_JUMP, PUPPET_SPIN_LOAD };
struct puppet *puppet_new(unsigned prio);
/* Tells the puppet to do one thing; *m is what came next: its next call (w[0] the value) or its fault. */
void puppet_do(struct puppet *p, enum puppet_order order, uint64_t address, uint64_t value, struct message *m);
/* The same; true if it faulted. It stays in the fault then. */
bool puppet_faults(struct puppet *p, enum puppet_order order, uint64_t address);
/* Sends a puppet in a fault on behind the instruction that faulted, or to its loop again after a jump. */
void puppet_skip(struct puppet *p);

#endif
