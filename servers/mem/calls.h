/*
 * calls.h: what the dispatch made from mem.idl needs; the handlers are in calls.c.
 */
#ifndef MEM_CALLS_H
#define MEM_CALLS_H

#include <mem_server.h>

#endif
