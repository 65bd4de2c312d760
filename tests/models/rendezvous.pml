/*
 * rendezvous.pml: call, receive, save_reply and answer of kernel/ipc.c against threads and an endpoint that end at any
 * instant and come to life again in the same memory. Each atomic block is one kernel entry under the lock.
 *
 * Holds: a blocked caller stands in the queue, or exactly one answer is owed to it (invariant 6); an answer reaches only
 * the thread that asked; who waits for something dead is woken.
 */
#define CALLERS 2
#define NOBODY  255

mtype = { READY, SEND, REPLY, RECEIVE, DEAD };

mtype caller_state[CALLERS] = READY;
byte caller_life[CALLERS];              /* counts the threads made in this memory */
bool owed_by_server[CALLERS];           /* thread.server */
bool owed_by_slot[CALLERS];             /* thread.reply */
mtype server_state = READY;
byte server_caller = NOBODY;            /* thread.caller, and whose life it was */
byte server_caller_life;
byte slot_caller = NOBODY;              /* the Reply slot */
byte slot_caller_life;
bool endpoint_alive = true;
byte kills;

#define KILLS 3

inline deliver(c) {
	server_caller = c;
	server_caller_life = caller_life[c];
	owed_by_server[c] = true;
	caller_state[c] = REPLY;
	server_state = READY
}

/* ipc_detach: the link between a caller and its answer ends. */
inline detach(c) {
	if
	:: owed_by_slot[c] ->
#if MUTANT != 1
		slot_caller = NOBODY
#else
		skip
#endif
	:: else
	fi;
	if
	:: owed_by_server[c] ->
#if MUTANT != 2
		server_caller = NOBODY
#else
		skip
#endif
	:: else
	fi;
	owed_by_slot[c] = false;
	owed_by_server[c] = false
}

/* An answer, or SERVER_GONE: only to the one who asked. */
byte who;
inline answer(c, life) {
	who = c;
	assert(caller_state[who] == REPLY && caller_life[who] == life);
	detach(who);
	caller_state[who] = READY;
	who = 0
}

proctype caller(byte c) {
end:	do
	:: atomic { caller_state[c] == READY && endpoint_alive ->
		if
		:: server_state == RECEIVE -> deliver(c)
		:: else -> caller_state[c] = SEND
		fi }
	od
}

proctype server() {
end:	do
	:: atomic { server_state == READY && endpoint_alive && server_caller == NOBODY ->
		if
		:: caller_state[0] == SEND -> deliver(0)
		:: caller_state[1] == SEND -> deliver(1)
		:: else -> server_state = RECEIVE
		fi }
	:: atomic { server_state == READY && server_caller != NOBODY ->
		answer(server_caller, server_caller_life) }
	:: atomic { server_state == READY && server_caller != NOBODY && slot_caller == NOBODY ->
		slot_caller = server_caller;
		slot_caller_life = server_caller_life;
		owed_by_slot[server_caller] = true;
#if MUTANT != 3
		owed_by_server[server_caller] = false;
#endif
		server_caller = NOBODY }
	:: atomic { server_state == READY && slot_caller != NOBODY ->
		answer(slot_caller, slot_caller_life) }
	:: atomic { slot_caller != NOBODY ->    /* the slot is deleted */
		answer(slot_caller, slot_caller_life) }
	od
}

inline kill_caller(c) {
	if
	:: caller_state[c] == REPLY -> detach(c)
	:: else
	fi;
	caller_state[c] = DEAD
}

proctype killer() {
	byte c;

end:	do
	:: atomic { kills < KILLS && caller_state[0] != DEAD -> kills++; kill_caller(0) }
	:: atomic { kills < KILLS && caller_state[1] != DEAD -> kills++; kill_caller(1) }
	:: atomic { caller_state[0] == DEAD -> caller_life[0]++; caller_state[0] = READY }
	:: atomic { caller_state[1] == DEAD -> caller_life[1]++; caller_state[1] = READY }
	:: atomic { kills < KILLS && server_state != DEAD ->
		kills++;
#if MUTANT != 4
		if
		:: server_caller != NOBODY -> answer(server_caller, server_caller_life)
		:: else
		fi;
#endif
		server_state = DEAD }
	:: atomic { server_state == DEAD -> server_caller = NOBODY; server_state = READY }
	:: atomic { kills < KILLS && endpoint_alive ->
		kills++;
		endpoint_alive = false;
		for (c : 0 .. CALLERS - 1) {
			if
#if MUTANT != 5
			:: caller_state[c] == SEND -> caller_state[c] = READY
#endif
			:: else
			fi
		}
		if
		:: server_state == RECEIVE -> server_state = READY
		:: else
		fi }
	:: atomic { !endpoint_alive -> endpoint_alive = true }
	od
}

#define owed(c) (owed_by_server[c] + owed_by_slot[c])
#define linked(c) ((server_caller == c) + (slot_caller == c))

/* At any one instant between kernel entries. */
proctype audit() {
	atomic {
		assert(caller_state[0] == REPLY -> owed(0) == 1 : owed(0) == 0);
		assert(caller_state[1] == REPLY -> owed(1) == 1 : owed(1) == 0);
		assert(linked(0) == owed(0) && linked(1) == owed(1));
		assert(!((caller_state[0] == SEND || caller_state[1] == SEND) && server_state == RECEIVE));
		assert(!((caller_state[0] == SEND || caller_state[1] == SEND) && !endpoint_alive));
		assert(!(server_state == RECEIVE && server_caller != NOBODY)) }
}

init {
	atomic { run caller(0); run caller(1); run server(); run killer(); run audit() }
}
