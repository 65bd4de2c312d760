/*
 * tessera/abi.h: the one home of the kernel's ABI: numbers and layouts shared by the
 * kernel, the servers, libc and the tests. No code. Assembly may include it too: what
 * C alone can read stands behind __ASSEMBLER__. docs/abi.md says what each call does.
 */
#ifndef TESSERA_ABI_H
#define TESSERA_ABI_H

/* System calls: the number goes in a7 of `ecall`. t0-t6 and ra are clobbered. */
#define SYS_CALL         0
#define SYS_REPLY_RECV   1
#define SYS_SIGNAL       2
#define SYS_SAVE_REPLY   3
#define SYS_GIVE         4
#define SYS_DELETE       5
#define SYS_REVOKE       6
#define SYS_INSPECT      7
#define SYS_SPLIT        8
#define SYS_CARVE        9
#define SYS_MAKE         10
#define SYS_FILL         11
#define SYS_MAP          12
#define SYS_UNMAP        13
#define SYS_TABLE        14
#define SYS_SCAN         15
#define SYS_THREAD_SET   16
#define SYS_THREAD_REGS  17
#define SYS_SYSTEM       18
#define SYS_COUNT        19
#define SYS_TRACE        64            /* no call: answers BAD_CALL, and a traced hart keeps a0-a4 (TRACE_CALL) */

/*
 * A capability is named by 64 bits: the index of a slot in the low 32, and in the high 32
 * the index, in the caller's own CNode, of the slot that holds the CNode to look in
 * (0: the caller's own CNode). Slot 0 of every CNode stays empty: 0 names nothing.
 */
#define CAP_CNODE_SHIFT  32

/* Slot types. */
#define TYPE_NULL        0
#define TYPE_FRAME       1
#define TYPE_CHIP        2   /* 64 bytes, can only become an Endpoint */
#define TYPE_CNODE       3
#define TYPE_VSPACE      4
#define TYPE_TABLE       5   /* a frame in the state "page table" */
#define TYPE_THREAD      6
#define TYPE_ENDPOINT    7
#define TYPE_REPLY       8
#define TYPE_SYSTEM      9
#define TYPE_HART        10

/* Relation of a slot to its parent in the derivation tree. */
#define KIND_NONE        0   /* inspect: no children */
#define KIND_ORIGIN      1
#define KIND_SPLIT       2
#define KIND_LOAN        3
#define KIND_SHARE       4
#define KIND_FROZEN      5
#define KIND_COPY        6

/* Rights (5 bits, by type). R, W, X are also the access bits of maps and faults. */
#define RIGHT_R          1
#define RIGHT_W          2
#define RIGHT_X          4
#define RIGHT_PA         8   /* frame: inspect tells the physical address */
#define RIGHT_ALL        31
#define RIGHT_RECV       1   /* endpoint */
#define RIGHT_CALL       2   /* endpoint: a badged capability has CALL or SIGNAL, not both */
#define RIGHT_SIGNAL     4
#define RIGHT_READ       1   /* CNode: its slots may be read and given from; Thread: regs read */
#define RIGHT_WRITE      2   /* CNode: slots may be filled, deleted; VSpace: map; Thread: control */
#define RIGHT_RESET      1   /* System */
#define RIGHT_IRQ        2
#define RIGHT_SPACE_ID   4
#define RIGHT_HART       8
#define RIGHT_DEBUG      16

/* Frame orders and memory types. */
#define ORDER_4K         0
#define ORDER_2M         1
#define ORDER_1G         2
#define ORDER_WORLD      3   /* the boot frame of 256 GiB: can only be split */
#define ORDER_CHIP       4
#define MEM_UNKNOWN      0
#define MEM_RAM          1
#define MEM_DEVICE       2
#define SPLIT_PIECES     512 /* ORDER_WORLD: 256; a 4 KiB frame into chips: 64 */
#define SPLIT_CHIPS      64
#define SPLIT_WORLD      256
#define SLOT_BYTES       32

/* give: verbs. The same numbers stand in capability items of messages. */
#define GIVE_COPY        0   /* objects: another reference */
#define GIVE_SHARE       1
#define GIVE_FREEZE      2
#define GIVE_LEND        3
#define GIVE_MOVE        4   /* donate */

/* The message word `info`. */
#define INFO_WORDS_MASK  0xff          /* words in the message: 0-4 in registers, the rest in the buffer */
#define INFO_ITEMS_SHIFT 8             /* capability items: 3 bits */
#define INFO_ITEMS_MASK  7
#define INFO_REPLY       (1 << 11)     /* reply_recv: answer the current (or saved) caller first */
#define INFO_SAVED       (1 << 12)     /* ... the caller saved in the slot named by t0 */
#define INFO_DEADLINE    (1 << 13)     /* ... and wait until the time in t1 at the longest */
#define INFO_MAP         (1 << 14)     /* ... the answer is for a fault: INFO_WORDS map items */
#define INFO_FAIL        (1 << 15)     /* ... the answer is for a fault: it can't be resolved */
#define INFO_SIGNAL      (1 << 18)     /* ... and signal the endpoint in t0 before the wait; not with INFO_SAVED */
#define INFO_KIND_SHIFT  16            /* received: 2 bits */
#define INFO_KIND_MASK   3
#define INFO_LABEL_SHIFT 32
#define KIND_MESSAGE     0
#define KIND_SIGNALS     1             /* a2 = the bits taken */
#define KIND_FAULT       2             /* a2 = va, a3 = access | cause << 8, a4 = pc, a5 = sp */
#define MESSAGE_REGS     5
#define MESSAGE_BUFFER   120
#define MESSAGE_WORDS    125            /* MESSAGE_REGS + MESSAGE_BUFFER */
#define MESSAGE_ITEMS    4
#define MESSAGE_SLOTS    64            /* slots moved by one message, all items together */
#define MAP_ITEMS        64
#define PIECE_PAGES      512           /* most pages of one map, unmap or scan */

/* Map rights: RIGHT_R, _W, _X and these; a fault's map item may name the kind. */
#define MAP_FRAME        0
#define MAP_TABLE        8             /* the item's slot is a free frame that becomes the missing table */

/* thread_set: fields. */
#define THREAD_CSPACE    0             /* value: CNode capability */
#define THREAD_VSPACE    1             /* value: VSpace capability */
#define THREAD_PAGER     2             /* value: endpoint capability with CALL, to be given the badge in a3 */
#define THREAD_BUFFER    3             /* value: RAM frame of 4 KiB, mapped or not; 0 none */
#define THREAD_PRIO      4             /* value: 0-63 */
#define THREAD_MAX_PRIO  5
#define THREAD_HART_INDEX 6             /* value: hart index */
#define THREAD_FAULT_TIMEOUT 7         /* value: ticks, 0 none */
#define THREAD_CALL_TIMEOUT  8         /* value: ticks, 0 none */
#define THREAD_FAULT_PC  9             /* value: address, 0 none */
#define THREAD_WINDOW    10            /* value: first slot | count << 32 | CNode << 48 where capabilities arrive */
#define THREAD_RUN       11
#define THREAD_STOP      12
#define THREAD_ABORT     13            /* ends a wait with ABORTED */
#define THREAD_FIELDS    14

/* thread_regs: groups, in the words of the caller's IPC buffer. */
#define REGS_READ        0
#define REGS_WRITE       1
#define REGS_GENERAL     0             /* 32 words: pc, x1 ... x31 */
#define REGS_FLOAT       1             /* 33 words: f0 ... f31, fcsr */

/* system: operations. */
#define SYSTEM_RESET     0             /* a2: 0 shutdown, 1 reboot */
#define SYSTEM_IRQ       1             /* a2: endpoint slot with SIGNAL to bind */
#define SYSTEM_HART      2             /* start a hart */
#define SYSTEM_PUTC      3             /* a2: character, to the firmware console */
#define SYSTEM_AUDIT     4             /* debug kernel: check all invariants; counts in the buffer */
#define SYSTEM_STATS     5             /* struct kernel_stats in the buffer */
#define SYSTEM_SLICE     6             /* a2: time slice in ticks */
#define SYSTEM_WHY       7             /* debug kernel: a2: physical address, a3: entries to skip; struct kernel_why */

#define SYSTEM_TRACE     8             /* a2: RAM frame of 4 KiB or 2 MiB, 0 none; a3: hart index */

/* What a traced hart writes, in the low byte of trace_event.what. */
#define TRACE_CALL       1             /* a thread made the system call `number`: value = a0-a4 */
#define TRACE_FAULT      2             /* exception `number` (scause): value = stval, pc, sp, ra */
#define TRACE_INTERRUPT  3             /* interrupt `number` while the thread ran; without a thread: sip while idle */
#define TRACE_RUN        5             /* the thread goes on: value = its a0, whom it owes an answer, its a1, a2, a7 */

/* scan: flags. The answer is in the buffer: accessed and dirty bitmaps. */
#define SCAN_CLEAR_A     1
#define SCAN_CLEAR_D     2
#define SCAN_CLEAR_W     4

/* inspect: fields of the packed word in a1. */
#define INSPECT_TYPE(w)     ((w) & 15)
#define INSPECT_RIGHTS(w)   (((w) >> 4) & 31)
#define INSPECT_KIND(w)     (((w) >> 9) & 7)
#define INSPECT_ORDER(w)    (((w) >> 12) & 7)
#define INSPECT_MEMTYPE(w)  (((w) >> 15) & 3)
#define INSPECT_CHILDREN(w) (((w) >> 17) & 7)   /* KIND_ of the children, KIND_NONE if none */
#define INSPECT_MAPPED(w)   (((w) >> 20) & 1)
#define INSPECT_BADGED(w)   (((w) >> 21) & 1)

#define PAGE_SIZE        4096
#define PAGE_SHIFT       12
#define MEGAPAGE_SIZE    0x200000
#define GIGAPAGE_SIZE    0x40000000
#define PRIO_COUNT       64
#define USER_END         0x4000000000   /* first address past the user half (Sv39) */

/* What the root server finds in its CNode when it starts. */
#define ROOT_SYSTEM      1
#define ROOT_WORLD       2             /* UNKNOWN frame, ORDER_WORLD */
#define ROOT_VSPACE      3
#define ROOT_THREAD      4
#define ROOT_CNODE       5
#define ROOT_STOCK       8             /* ROOT_STOCK_FRAMES RAM frames of 4 KiB */
#define ROOT_STOCK_FRAMES 64
#define ROOT_SLOTS       512

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef uint64_t cap_t;                /* see CAP_CNODE_SHIFT */
#define CAP(cnode, index) (((cap_t)(cnode) << CAP_CNODE_SHIFT) | (uint32_t)(index))

enum error {
#define ERROR(number, name, text) E_##name = number,
#include <tessera/errors.def>
#undef ERROR
};

/* A run of slots in a map or unmap. */
struct slot_run {
	cap_t cap;                     /* the first slot */
	uint64_t count;
};

/* One thing to map in answer to a fault; the first travels in a2-a5 in this order. */
struct map_item {
	cap_t cap;                     /* the first slot of a run */
	uint64_t count;                /* frames */
	uint64_t va;
	uint64_t rights;               /* RIGHT_R|W|X, or MAP_TABLE with the level in bits 8.. */
};

/* A capability sent with a message. */
struct send_item {
	cap_t cap;                     /* the first slot of a run */
	uint32_t count;
	uint8_t verb;                  /* GIVE_ */
	uint8_t rights;                /* mask */
	uint16_t zero;
};

/* A capability that arrived. */
struct recv_item {
	uint64_t value;                /* slot index in the receiver's CNode, or a badge */
	uint32_t count;                /* slots filled; 0: value is the badge of the receiver's own endpoint (K1) */
	uint32_t type;                 /* TYPE_ */
};

/* What the kernel leaves for a thread whose fault could not be resolved (THREAD_FAULT_PC). */
struct fault_record {
	uint64_t pc, sp, a0, a1;
	uint64_t cause;                /* scause + 1; the thread writes 0 when done with it */
	uint64_t va;
};

/* The IPC buffer: one page, mapped where the thread's creator chose. */
struct ipc_buffer {
	uint64_t words[MESSAGE_BUFFER];             /* words 5.. of the message; results of calls */
	struct send_item send[MESSAGE_ITEMS];
	struct recv_item recv[MESSAGE_ITEMS];
	uint64_t replied;                           /* K2: answers with map items done, written by the kernel */
	struct fault_record fault;
	uint64_t accessed[PIECE_PAGES / 64];        /* scan */
	uint64_t dirty[PIECE_PAGES / 64];           /* scan, unmap */
	union {
		struct map_item maps[MAP_ITEMS - 1]; /* items 1.. of a fault's answer */
		struct slot_run runs[MAP_ITEMS];    /* map, unmap */
	};
};

/* In the words of the root server's IPC buffer when it starts. Addresses are physical. */
struct boot_info {
	uint64_t dtb;
	uint64_t image_start, image_end;            /* kernel and root server: whole pages */
	uint64_t boot_hart;                         /* hart id */
	uint64_t entry_instret;                     /* rdinstret at the kernel's first instruction */
	uint64_t stock;                             /* of the first stock frame; the others follow */
};

/*
 * One event of a traced hart. Event n (from 1 on, of this ring) stands at n modulo the events that fit. Threads are
 * named by the physical addresses of their frames.
 */
struct trace_event {
	uint64_t what;                              /* TRACE_ | number << 8 | n << 16 */
	uint64_t time;
	uint64_t thread;                            /* 0 none */
	uint64_t value[5];
};

/* SYSTEM_STATS, SYSTEM_AUDIT: in the words of the caller's buffer. */
struct kernel_stats {
	uint64_t slots, frames, cnodes, vspaces, tables, threads, endpoints, chips, replies;
	uint64_t leaf_ptes;                         /* audit */
	uint64_t breach;                            /* audit: 0, or the number of the invariant broken */
	uint64_t breach_at;                         /* audit: the address concerned */
	uint64_t image_bytes;
	uint64_t switches, faults, interrupts;
	uint64_t entry_instret;
	uint64_t debug;                             /* 1: the audit is built in */
	uint64_t harts;
	uint64_t stack_used;                        /* audit: most bytes any hart's kernel stack ever held, of 4,096 */
};

/* SYSTEM_WHY: one capability that covers the address, parents before what was derived from them. */
struct kernel_why {
	uint64_t type, kind, rights, depth, order;
	uint64_t base;                              /* of the memory it names, or of the object */
	uint64_t mapped;                            /* 1: at va in the space with this id */
	uint64_t va, space;
	uint64_t slot;                              /* physical address of the slot, 0 in the kernel image's data */
	uint64_t bound;                             /* 1: the slot is a thread's own */
};
#define WHY_ENTRIES      10            /* most of one call */
#endif
#endif
