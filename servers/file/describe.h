/* describe.h: a node as clients are told of it, and the time. */
#ifndef FILE_DESCRIBE_H
#define FILE_DESCRIBE_H

#include <file_idl.h>
#include "node.h"

void describe_node(const struct node *n, struct file_stat *what);

/* Seconds since power-on: nobody knows the date. */
uint64_t describe_now(void);

#endif
