/*
 * tessera/server.h: a server's wait for its next message. The loop around it is generated: NAME_loop of
 * NAME_server.h.
 */
#ifndef TESSERA_SERVER_H
#define TESSERA_SERVER_H

#include <tessera/syscall.h>

/*
 * Answers the caller with *m (info 0: there is nothing to answer), then waits on the endpoint for what comes
 * next, in *m. An answer that cannot be given as it is (a capability in it is not usable) becomes that error.
 * A caller that was put away while its handler waited for a lock or a deadline gets its answer all the same.
 * 0, or a positive error: nothing will ever come again.
 */
__attribute__((warn_unused_result))
int server_next(cap_t endpoint, struct message *m);
#endif
