/*
 * server.c: a server's wait for its next message. Owns nothing; docs/abi.md (reply_recv) has the errors.
 */
#include <tessera/ipc.h>
#include <tessera/server.h>
#include <tessera/thread.h>

/* Whether the call answered: with these errors it did, and only nothing came. */
static int answered(long status)
{
	return !status || status == -E_AGAIN || status == -E_ABORTED;
}

int server_next(cap_t endpoint, struct message *m)
{
	cap_t held = thread_held_reply();
	uint64_t saved = m->info && held ? INFO_SAVED : 0;
	int plain = 0;
	long status;

	for (;;) {
		m->info |= saved;
		status = sys_reply_recv(endpoint, m, held, 0);
		if (answered(status)) {
			cap_free(held);
			held = saved = 0;
			if (!status)
				return 0;
			m->info = 0;
		} else if (status == -E_SERVER_GONE || plain) {
			cap_free(held);
			return (int)-status;
		} else {
			m->info = INFO_REPLY | info_make((uint32_t)-status, 0, 0);
			plain = 1;
		}
	}
}
