/*
 * tessera/process.h: starting, awaiting and ending processes, and what errors are called. Functions give 0
 * or an error number of tessera/errors.def, not errno.
 */
#ifndef TESSERA_PROCESS_H
#define TESSERA_PROCESS_H

#include <stdint.h>
#include <tessera/abi.h>
#include <tessera/start.h>

#define PROCESS_FOREGROUND 1           /* flag of spawn: gets Ctrl-C, as PROC_FOREGROUND */

/* Statuses of process_wait beyond exit codes 0-255. */
#define STATUS_FAULT       256         /* + cause: stopped by a fault */
#define STATUS_KILLED      512         /* + 2: killed */

/* What proc told this process at its start. */
const struct start_info *process_start_info(void);

/*
 * Starts argv[0] ("hello" is bin/hello) with the arguments argv (NULL at the end), the caller's environment
 * and the console. BAD_ARG: argv is empty; TOO_BIG: more than 128 KiB, 8 bytes for each string included.
 */
__attribute__((warn_unused_result))
int process_spawn(const char *const argv[], unsigned flags, uint64_t *pid);

/*
 * Starts the program `path` with these arguments and environment (NULL: none). Each stream's capability is given away
 * (an open file, a pipe end; what a failure leaves is the caller's still); SLOT_PROCESS stands for the console.
 */
__attribute__((warn_unused_result))
int process_spawn_streams(const char *path, char *const argv[], char *const env[], unsigned flags,
			  const cap_t streams[3], uint64_t *pid);

/* As process_spawn; the new process finds a copy of `extra` in SLOT_EXTRA. TOO_BIG: more than 500 bytes. */
__attribute__((warn_unused_result))
int process_spawn_with(const char *const argv[], unsigned flags, cap_t extra, uint64_t *pid);

/* Waits for a child (pid 0: any): its pid in *ended and its status, either may be NULL. */
__attribute__((warn_unused_result))
int process_wait(uint64_t pid, uint64_t *ended, uint64_t *status);

/* The text of an error number, or "unknown error". */
const char *error_text(int error);

/* The errno value nearest to an error number; 0 for 0. */
int error_errno(int error);

/* A capability to the server of this name, asked for once and then kept; 0 or an error number. */
__attribute__((warn_unused_result))
int server_open(const char *name, uint32_t version, cap_t *server);
#endif
