/*
 * revoke.pml: revoke (kernel/cap.c: cap_destroy, cap_leaf, cap_end) on one hart against give, map and plain memory accesses
 * on another. Slot 0 is the frame that is revoked; the others can become its descendants. Each atomic block is a kernel
 * entry under the lock, but for the unmapping of a page: there the other hart's user mode runs on, so that its TLB counts.
 *
 * Holds: revoke ends, whatever the other hart does meanwhile; afterwards nothing is derived from the frame, no page table
 * names it, and no TLB translates to it.
 */
#define SLOTS 4
#define NONE  255
#define MOST  12                        /* pieces: each ends a slot that was there when its parent was doomed */

byte parent[SLOTS] = NONE;              /* NONE: empty, but for slot 0 */
bool doomed[SLOTS];
bool mapped[SLOTS], translated[SLOTS];  /* in the page table; in the other hart's TLB */
bool locked, revoking, finished;
byte pieces;

#define alive(s) (s == 0 || parent[s] != NONE)
#define child(s, c) (parent[c] == s)
#define parent_of(s) ((parent[1] == s) || (parent[2] == s) || (parent[3] == s))

#if MUTANT == 3
#define GIVE_MAY(s) true
#else
#define GIVE_MAY(s) (!doomed[s])
#endif
inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

/* The deepest first descendant of slot 0; everything on the way is doomed. */
inline leaf(s) {
	s = 0;
#if MUTANT != 1
	doomed[0] = true;
#endif
	do
#if MUTANT == 4
	:: s != 0 -> break              /* the first descendant, whatever is below it */
#endif
	:: child(s, 1) -> s = 1; doomed[1] = true
	:: !child(s, 1) && child(s, 2) -> s = 2; doomed[2] = true
	:: !child(s, 1) && !child(s, 2) && child(s, 3) -> s = 3; doomed[3] = true
	:: else -> break
	od
}

/* pte_downgrade, then the fence, which the other hart's firmware answers whatever it does. */
inline unmap(s) {
	if
	:: mapped[s] ->
		mapped[s] = false;
#if MUTANT != 2
		translated[s] = false
#endif
	:: else
	fi
}

proctype revoker() {
	byte s;

	revoking = true;
	do
	:: lock();
	   pieces++;
	   assert(pieces <= MOST);
	   atomic { leaf(s) }
	   unmap(s);
	   if
	   :: s == 0 -> break
	   :: else -> atomic { parent[s] = NONE; doomed[s] = false }
	   fi;
	   unlock()
	od;
	doomed[0] = false;
	revoking = false;
	finished = true;
	/* The frame is free: nobody but its holder knows it. */
	assert(!parent_of(0) && parent[1] == NONE && parent[2] == NONE && parent[3] == NONE);
	assert(!mapped[0] && !mapped[1] && !mapped[2] && !mapped[3]);
	assert(!translated[0] && !translated[1] && !translated[2] && !translated[3]);
	unlock()
}

/* Derives and maps wherever it may. It holds nothing of slot 0 itself. */
proctype deriver() {
	byte from, to;

end:	do
	:: finished -> break
	:: lock();
	   atomic {
		select(from : 0 .. SLOTS - 1);
		select(to : 1 .. SLOTS - 1);
		if
		:: !finished && alive(from) && parent[to] == NONE && from != to && GIVE_MAY(from) -> parent[to] = from
		:: else
		fi };
	   unlock()
	:: lock();
	   atomic {
		select(from : 1 .. SLOTS - 1);
		if
		:: !finished && alive(from) && !doomed[from] && !parent_of(from) -> mapped[from] = true
		:: else
		fi };
	   unlock()
	od
}

/* User mode of the same hart: no lock, at any time. */
proctype user() {
	byte s;

end:	do
	:: finished -> break
	:: atomic { select(s : 1 .. SLOTS - 1);
		if
		:: mapped[s] -> translated[s] = true
		:: else
		fi }
	od
}

/* A loan of the frame and a share of that are there at the start. */
init {
	atomic {
		parent[1] = 0;
		parent[2] = 1;
		run revoker();
		run deriver();
		run user()
	}
}
