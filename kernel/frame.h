/*
 * frame.h: frames as currency: share, freeze, lend, split, carve.
 */
#pragma once

#include "cap.h"

/* Bytes of a frame of this order. */
uint64_t frame_size(unsigned order);
/* The frame is writable RAM, exclusive (not borrowed as a share), unmapped, without children. 0 or an error. */
int frame_free(const struct slot *s);
int frame_give(unsigned verb, struct slot *src, struct slot *dst, unsigned rights, uint64_t part);
/* Pieces first .. first + count of the frame into dst. */
int frame_split(struct slot *s, uint64_t first, uint64_t count, struct slot *dst);
/* Whether the frame may become RAM or a device. */
int frame_carve_check(const struct slot *s, uint64_t memtype);
/* Clears (src NULL) or copies size bytes at offset, both multiples of 64. */
int frame_fill(struct slot *dst, const struct slot *src, uint64_t offset, uint64_t size);
