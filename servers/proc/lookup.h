/*
 * lookup.h: from what a user calls a program to a file of the archive. Pure.
 */
#ifndef PROC_LOOKUP_H
#define PROC_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The archive name of a program: "hello" is "bin/hello", a word with a slash is a path from the root.
 * false: empty, too long for size, or a path that is none ("..", an empty part, a slash at the end).
 */
bool lookup_path(const char *word, char *path, size_t size);

/* The last part of a path. */
const char *lookup_name(const char *path);

/* The value of word NAME=value of the boot arguments ("exec=" takes all to the end); false: there is none. */
bool lookup_bootarg(const char *bootargs, const char *name, char *value, size_t size);

/* Copies text with everything unprintable as \xNN, cut to size - 1 characters; gives their number. */
size_t lookup_printable(char *out, size_t size, const char *text);

#endif
