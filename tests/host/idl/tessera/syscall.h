/*
 * tessera/syscall.h for roundtrip.c: the message helpers of the real one, and system calls that the
 * test itself answers. Stands before the real one on the include path.
 */
#ifndef TESSERA_SYSCALL_H
#define TESSERA_SYSCALL_H

#include <tessera/abi.h>

struct message {
	uint64_t info;
	uint64_t w[MESSAGE_REGS];
	uint64_t badge;
};

static inline uint64_t info_make(uint32_t label, unsigned words, unsigned items)
{
	return (uint64_t)label << INFO_LABEL_SHIFT | items << INFO_ITEMS_SHIFT | words;
}

static inline uint32_t info_label(uint64_t info)
{
	return (uint32_t)(info >> INFO_LABEL_SHIFT);
}

static inline unsigned info_words(uint64_t info)
{
	return info & INFO_WORDS_MASK;
}

static inline unsigned info_items(uint64_t info)
{
	return (info >> INFO_ITEMS_SHIFT) & INFO_ITEMS_MASK;
}

long sys_call(cap_t endpoint, struct message *m);
long sys_reply_recv(cap_t endpoint, struct message *m, cap_t saved, uint64_t deadline);
long sys_delete(cap_t slot);
long sys_give(unsigned verb, cap_t src, uint64_t count, cap_t dst, unsigned rights, uint64_t badge, uint64_t part);
#endif
