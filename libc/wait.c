/*
 * wait.c: the one way in which libc waits: on the thread's own endpoint, for signals and deadlines. There is
 * one hart today; nothing here depends on it.
 */
#include <tessera/ipc.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include "libc_internal.h"

/* Puts the caller who waits for this thread's answer aside. */
static void hold_caller(void)
{
	cap_t slot = cap_alloc();

	if (!slot || thread_self.held_reply || sys_save_reply(slot))
		__builtin_trap();
	thread_self.held_reply = slot;
}

/* Deletes what came with a message that nobody asked for. */
static void drop_capabilities(uint64_t info)
{
	const struct ipc_buffer *buffer = ipc_buffer();

	for (unsigned i = 0; i < info_items(info); i++) {
		for (uint32_t n = 0; n < buffer->recv[i].count; n++)
			(void)sys_delete(buffer->recv[i].value + n);
	}
}

/* Waits once. *answer: 0, or the info word that refuses the message that came, for the next time. */
static long wait_once(uint64_t deadline, uint64_t *answer)
{
	struct message m = { .info = *answer | (deadline ? INFO_DEADLINE : 0) };
	long status = sys_reply_recv(thread_self.endpoint, &m, 0, deadline);

	*answer = 0;
	if (status)
		return status;
	if (info_kind(m.info) == KIND_SIGNALS) {
		thread_self.signals |= m.w[0];
	} else {
		drop_capabilities(m.info);
		*answer = info_make(E_BAD_CALL, 0, 0) | INFO_REPLY;
	}
	return 0;
}

uint64_t thread_wait_signals(uint64_t mask, uint64_t deadline)
{
	uint64_t answer = 0, got;
	long status;

	while (!(got = thread_self.signals & mask)) {
		status = wait_once(deadline, &answer);
		if (status == -E_TIMEOUT)
			break;
		if (status == -E_HELD)
			hold_caller();
		else if (status && status != -E_ABORTED && status != -E_AGAIN)
			__builtin_trap();
	}
	thread_self.signals &= ~got;
	return got;
}

uint64_t thread_wait(uint64_t mask, uint64_t deadline)
{
	return thread_wait_signals(mask & ~(uint64_t)SIGNAL_WAKE, deadline);
}

cap_t thread_endpoint(void)
{
	return thread_self.endpoint;
}

cap_t thread_held_reply(void)
{
	cap_t slot = thread_self.held_reply;

	thread_self.held_reply = 0;
	return slot;
}
