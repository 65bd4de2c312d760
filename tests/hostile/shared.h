/*
 * shared.h: what the session of the attacks and the processes that it starts have in common: a page of
 * memory that both map, and a generator of random numbers. Each process gets the page's object as its
 * standard input.
 */
#ifndef TESTS_HOSTILE_SHARED_H
#define TESTS_HOSTILE_SHARED_H

#include <stdint.h>
#include <tessera/start.h>

#define SLOT_SHARED  SLOT_STDIN  /* the object of the shared page */
#define SLOT_GIVEN   SLOT_STDOUT /* a capability of the session's choice */
#define THREADS_MOST 4
#define WRONGS_MOST  32

enum role { ROLE_HOSTILE, ROLE_BYSTANDER, ROLE_VICTIM, ROLE_PARTNER };

/* What was wrong; 0: nothing. */
enum wrong {
	WRONG_NOTHING,
	WRONG_STRANGER,  /* a call was granted that nobody but its owner may make, or that does not exist */
	WRONG_SHAPE,     /* an answer without the words and capabilities that the interface promises */
	WRONG_ERROR,     /* an answer with an error that the interface does not name */
	WRONG_INTERFACE, /* a server did not refuse another's message */
	WRONG_ANSWER,    /* the bystander got an answer that was not its own */
};

struct shared {
	uint32_t role;
	uint32_t given; /* number of the interface that SLOT_GIVEN speaks, 0: none */
	uint64_t seed;
	uint64_t limit;               /* calls of a hostile process */
	uint64_t calls[THREADS_MOST]; /* or rounds, by thread */
	uint64_t granted;             /* calls that answered 0 */
	uint64_t mutated;             /* calls whose message is not what a stub would send */
	uint64_t interfaces;          /* a bit for each that the tree has */
	uint64_t asked;               /* a bit for each that a server answered a call of its own of */
	uint32_t wrongs;              /* of the entries below, each of another kind or call */
	struct {
		uint32_t kind;  /* enum wrong */
		uint32_t label; /* of the message */
		uint64_t info;  /* of the answer */
		int64_t status;
		uint64_t server; /* number of its interface, 0 unknown */
	} wrong[WRONGS_MOST];
};

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x * 0x2545f4914f6cdd1dUL;
}

static inline uint64_t random_seeded(uint64_t seed, uint64_t number)
{
	return (seed * 0x9e3779b97f4a7c15UL ^ (number + 1) * 0xd6e8feb86659fd93UL) | 1;
}

/* The roles; each ends its process, or is ended. */
_Noreturn void hostile_run(volatile struct shared *s);
_Noreturn void bystander_run(volatile struct shared *s);
_Noreturn void victim_run(volatile struct shared *s);
_Noreturn void partner_run(volatile struct shared *s);
#endif
