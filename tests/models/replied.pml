/*
 * replied.pml: the note of a fault's answer (docs/decisions/0010, U3). A receiver of mem works the answer out under mem's
 * lock and gives the lock up before the kernel maps; another one takes the page away meanwhile. A client may end its
 * faulting thread at any time, and the kernel may refuse an answer (NEED_TABLE).
 *
 * Holds: no frame that was given back is mapped; nobody waits for ever.
 */
bool lock_held;
bool region = true;                     /* the page may be mapped */
bool mapped, given_back;
bool waiting;                           /* the faulter waits for this answer */
bool answering;                         /* the note ... */
byte answers, replied;                  /* ... and what buffer->replied reads until the kernel has done it */
bool stopped;                           /* the client ended its thread */
byte faults, refusals;

#define FAULTS   2
#define REFUSALS 1

inline lock() { atomic { !lock_held -> lock_held = true } }
inline unlock() { lock_held = false }

/* mem's receiver: main_receive, fault_answer, fault_retry. */
active proctype receiver() {
	bool answer;

end:	do
	:: atomic { waiting && faults < FAULTS -> faults++ }
	   /* The fault came; the note of the answer before is void. */
retry:
#if MUTANT == 1
	   lock();
	   answering = false;
#else
	   answering = false;
	   lock();
#endif
	   answer = region;
	   if
	   :: answer ->
#if MUTANT != 2
		answers = replied;
		answering = true
#endif
	   :: else
	   fi;
	   unlock();
#if MUTANT == 2
	   if
	   :: answer -> answers = replied; answering = true
	   :: else
	   fi;
#endif
	   if
	   /* The kernel's part of the answer: one entry. */
	   :: atomic { answer && waiting ->
		if
		:: refusals < REFUSALS -> refusals++; goto retry
		:: mapped = true; replied++; waiting = false
		fi }
	   :: atomic { answer && !waiting ->
#if MUTANT != 3
		replied++
#else
		skip
#endif
		}
	   :: atomic { !answer -> waiting = false }
	   fi
	od
}

active proctype faulter() {
end:	do
	:: atomic { !waiting && !mapped && !stopped && faults < FAULTS -> waiting = true }
	:: atomic { waiting && !stopped -> stopped = true; waiting = false }
	:: atomic { stopped -> break }
	od
}

/* Another receiver, with a request to take the page away: receiver_settle, unmap, the frame is free. */
active proctype taker() {
	lock();
	region = false;
#if MUTANT != 4
	/* A wait with the lock held. */
	!(answering && replied == answers);
#endif
	mapped = false;
	given_back = true;
	unlock()
}

/* At any one instant. */
active proctype audit() {
	assert(!(given_back && mapped))
}
