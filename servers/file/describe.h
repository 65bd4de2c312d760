/* describe.h: a node as clients are told of it. */
#ifndef FILE_DESCRIBE_H
#define FILE_DESCRIBE_H

#include <file_idl.h>
#include "node.h"

void describe_node(const struct node *n, struct file_stat *what);

#endif
