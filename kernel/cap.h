/*
 * cap.h: capability slots and the derivation tree.
 *
 * All slots in use stand in one list: the derivation tree in preorder, each with its depth. A slot's
 * descendants are the run of deeper slots behind it. What state a frame is in is read off that run, never stored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>

struct thread;

#define DEPTH_MAX 127

struct slot {
	/* w0. next and prev: sign-extended kernel addresses. */
	uint64_t type : 4;
	uint64_t rights : 5;
	uint64_t kind : 3;             /* relation to the parent */
	uint64_t depth : 7;
	uint64_t doomed : 1;           /* being destroyed: nothing new derives from it */
	uint64_t bound : 1;            /* lives inside a Thread or Hart */
	uint64_t badged : 1;
	uint64_t making : 1;           /* a CNode not wholly cleared yet: of no use before */
	uint64_t dying : 1;            /* a CNode on the list of those being emptied */
	uint64_t revoking : 1;         /* doomed by its own revoke alone, not from above */
	int64_t next : 39;
	/* w1 */
	uint64_t level : 2;            /* TABLE: 0 covers 2 MiB, 1 covers 1 GiB */
	uint64_t spare1 : 23;
	int64_t prev : 39;
	/* w2 */
	union {
		struct {               /* FRAME, CHIP, TABLE */
			uint64_t pa6 : 50; /* physical address >> 6 */
			uint64_t order : 3;
			uint64_t memtype : 2;
			uint64_t spare2 : 9;
		};
		uint64_t object;       /* kernel address; CNODE: | log2 of its slots */
	};
	/* w3 */
	union {
		uint64_t badge;        /* ENDPOINT */
		uint64_t record;       /* FRAME, TABLE: see mapping below; VSPACE: its id and generation; 0 none */
		struct {
			uint64_t vpn : 27;
			uint64_t space : 12;
			uint64_t generation : 25;
		};
		uint64_t pieces;       /* split FRAME: handed out so far */
		struct {               /* CNODE: made or emptied so far, the next dying one */
			uint64_t cursor : 25;
			int64_t link : 39;
		};
	};
};

_Static_assert(sizeof(struct slot) == SLOT_BYTES, "slot layout");

/* The same bits for who reads a whole word: of the first one, and shifts that leave the depth alone; of the third. */
enum slot_bits {
	SLOT_TYPE_MASK = 15,
	SLOT_RIGHTS_SHIFT = 4,
	SLOT_DOOMED = 1 << 19,
	SLOT_BUSY = 3 << 22,           /* a CNode: making or dying */
	SLOT_BADGED_LEFT = 42,         /* puts the bit on top */
	SLOT_NEXT_SHIFT = 25,
	SLOT_HEAD_MASK = (1 << 25) - 1, /* all but next */
	SLOT_DEPTH_LEFT = 45,
	SLOT_DEPTH_RIGHT = 57,
	SLOT_ORDER_SHIFT = 50,
};

/* Work that one kernel entry may still do, in instructions, roughly. Below 0: answer AGAIN. */
struct budget {
	long left;                     /* -1 also while another hart must act first */
	uint64_t dirty;                /* dirty bits of the PTEs torn down (K8) */
};
#define BUDGET_ENTRY 6000
#define COST_WAKE 400
#define COST_THREAD 2500

static inline struct slot *slot_next(const struct slot *s)
{
	return (struct slot *)(intptr_t)s->next;
}

static inline struct slot *slot_prev(const struct slot *s)
{
	return (struct slot *)(intptr_t)s->prev;
}

static inline bool slot_has_children(const struct slot *s)
{
	const struct slot *n = slot_next(s);

	return n && n->depth > s->depth;
}

/* KIND_ of the children (all are of one kind), KIND_NONE without. */
static inline unsigned slot_children(const struct slot *s)
{
	return slot_has_children(s) ? slot_next(s)->kind : KIND_NONE;
}

static inline uint64_t slot_pa(const struct slot *s)
{
	return (uint64_t)s->pa6 << 6;
}

/* The object a slot names; for a CNode without the size bits. */
static inline void *slot_object(const struct slot *s)
{
	return (void *)(s->object & ~63UL);
}

/* A slot that was made into its object in place, whose end is the object's end. */
static inline bool slot_is_maker(const struct slot *s)
{
	return s->kind != KIND_COPY && s->type >= TYPE_CNODE && s->type <= TYPE_ENDPOINT;
}

static inline uint64_t cnode_count(const struct slot *cnode)
{
	return 1UL << (cnode->object & 31);
}

/* First slot of the list: its descendants are all slots. */
extern struct slot cap_origin;

/*
 * A slot in the thread's reach that is in use, with at least the CNode right; sets *error and returns NULL
 * otherwise.
 */
struct slot *cap_lookup(struct thread *t, cap_t cap, int *error);
/* The same of a given type. */
struct slot *cap_lookup_type(struct thread *t, cap_t cap, unsigned type, int *error);
/* count slots from cap on, in one CNode, in use or not; `right` is what the CNode capability must have. */
struct slot *cap_run(struct thread *t, cap_t cap, uint64_t count, unsigned right, int *error);

/* Puts child (its w2, w3, type and rights filled in by the caller) below parent; kind is the relation. */
void cap_insert(struct slot *parent, struct slot *child, unsigned kind);
/* The same of count slots of pieces: as the first, each `step` * 64 bytes behind the one before it. */
void cap_insert_pieces(struct slot *parent, struct slot *piece, uint64_t count, uint64_t step);
/* Takes a slot without descendants out of the list and clears it. */
void cap_remove(struct slot *s);
/* 0 or the error why nothing can derive from s. */
int cap_derivable(const struct slot *s);

/* give, for one slot. part as in sys_give. Checks everything, then does it. */
int cap_give(unsigned verb, struct slot *src, struct slot *dst, unsigned rights, uint64_t badge, uint64_t part);

/* The same into a slot that lives in a Thread or Hart, in place of what was there. */
int cap_bind(unsigned verb, struct slot *src, struct slot *to, unsigned rights, uint64_t badge);

/* Destroys all descendants of s, then what s itself became, then, with `self`, s. 0 or -E_AGAIN. */
int cap_destroy(struct slot *s, bool self, struct budget *b);
