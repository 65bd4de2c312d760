/*
 * pipe.h: pipes: bytes on their way from whoever writes to whoever reads, and the callers that wait for bytes
 * or for
 * room. Owns the pipes; open.h says when an end is opened and closed.
 */
#ifndef FILE_PIPE_H
#define FILE_PIPE_H

#include <stddef.h>
#include <stdint.h>

struct pipe;

/* Empty, with both ends closed; NULL: no space. It ends when an end is closed and then none is open. */
struct pipe *pipe_make(void);
/* Before an end is open: it ends. */
void pipe_drop(struct pipe *p);

/* One more, or one less, of the ends: FILE_READ or FILE_WRITE. */
void pipe_open(struct pipe *p, uint32_t end);
void pipe_close(struct pipe *p, uint32_t end);

/* 0 and bytes (none: nobody writes any more), IDL_PARKED: the caller `owner` waits for some, or an error. */
int pipe_read(struct pipe *p, uint64_t owner, uint32_t most, void *data, size_t *size);

/* All bytes are taken: 0, IDL_PARKED, E_BROKEN_PIPE or another error. */
int pipe_write(struct pipe *p, uint64_t owner, const void *data, size_t size);

/* Bytes to be read. */
uint64_t pipe_used(const struct pipe *p);

#endif
