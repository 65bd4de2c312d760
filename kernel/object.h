/*
 * object.h: what a frame or chip can become, and how that ends.
 */
#pragma once

#include "cap.h"

/*
 * make: the free frame or chip in s becomes the object. `system` may be NULL. 0, -E_AGAIN (a large CNode:
 * again), or an error.
 */
int object_make(struct slot *s, uint64_t type, const struct slot *system, struct budget *b);
/* The reverse of make for all but CNodes, whose slots cap.c deletes first. -E_AGAIN: budget used up,
 * or another hart must act first. */
int object_destroy(struct slot *s, struct budget *b);
void object_unmake_cnode(struct slot *s);
