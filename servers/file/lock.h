/*
 * lock.h: locks on ranges of a file's bytes, as POSIX has them: advice among those who ask. A lock is a
 * process's, whatever
 * descriptor it was set by. Owns the records, which count against the limit of store.h. Runs on the build
 * machine too.
 */
#ifndef FILE_LOCK_H
#define FILE_LOCK_H

#include <stdint.h>
#include <file_idl.h>

struct lock_record;

/*
 * Sets (kind FILE_SHARED_LOCK, FILE_EXCLUSIVE_LOCK) or clears (FILE_NO_LOCK) the owner's lock on `size` bytes,
 * 0: to the end of all. 0;
 * E_BUSY: somebody else's is in the way; E_BAD_ARG: the range wraps; E_NO_SPACE. On an error all is as it was.
 */
int lock_set(struct lock_record **locks, uint64_t owner, uint64_t start, uint64_t size, uint32_t kind);

/* The first of others that would be in the way: 0 and *found; E_NOT_FOUND; E_BAD_ARG. */
int lock_test(const struct lock_record *locks, uint64_t owner, uint64_t start, uint64_t size, uint32_t kind,
	      struct file_lock *found);

/* All of the owner's go. */
void lock_drop(struct lock_record **locks, uint64_t owner);

#endif
