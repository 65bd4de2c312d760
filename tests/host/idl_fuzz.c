/*
 * idl_fuzz: libFuzzer on a dispatch that the interface compiler made, the file server's: any message that the kernel
 * can deliver. Besides the sanitizers, it checks what a handler is promised: strings that end within their limits,
 * bytes inside the buffer, one answer for each message.
 */
// SOURCES:
// CFLAGS: -Itests/host/idl -Wno-unused-parameter
// ARGS: build/corpus/idl -max_len=1024
#include <stdlib.h>
#include <string.h>

#include <file_server.h>

static struct ipc_buffer page;
static unsigned handled;
static int answer;

static void require(int truth)
{
	if (!truth)
		abort();
}

struct ipc_buffer *ipc_buffer(void)
{
	return &page;
}

cap_t cap_take(uint64_t slot)
{
	return slot;
}

void cap_free(cap_t slot)
{
	(void)slot;
}

long sys_delete(cap_t slot)
{
	(void)slot;
	return 0;
}

long sys_reply_recv(cap_t endpoint, struct message *m, cap_t saved, uint64_t deadline)
{
	(void)endpoint, (void)m, (void)saved, (void)deadline;
	return 0;
}

/* A handler starts: what it got is right, and the buffer is its own from now on. */
static int handles(const struct file_request *r, const char *first, const char *second)
{
	require(r->buffer == &page);
	if (first)
		require(strnlen(first, MESSAGE_WORDS * 8) < MESSAGE_WORDS * 8);
	if (second)
		require(strnlen(second, MESSAGE_WORDS * 8) < MESSAGE_WORDS * 8);
	handled++;
	memset(page.words, 0xa5, sizeof(page.words));
	return answer;
}

#define HANDLER(name, first, second, ...) \
	int file_on_##name(const struct file_request *r, __VA_ARGS__) { return handles(r, first, second); }

HANDLER(open, path, NULL, const char *path, uint32_t how, struct send_item *file, struct file_stat *what)
HANDLER(stat, path, NULL, const char *path, struct file_stat *what)
HANDLER(make_directory, path, NULL, const char *path)
HANDLER(remove, path, NULL, const char *path)
HANDLER(remove_directory, path, NULL, const char *path)
HANDLER(rename, from, to, const char *from, const char *to)
HANDLER(space, NULL, NULL, struct file_space *now)
HANDLER(pipe, NULL, NULL, struct send_item *reader, struct send_item *writer)
HANDLER(describe, NULL, NULL, struct file_stat *what, uint32_t *how)
HANDLER(seek, NULL, NULL, int64_t offset, uint32_t from, uint64_t *position)
HANDLER(resize, NULL, NULL, uint64_t size)
HANDLER(object, NULL, NULL, struct send_item *object, uint64_t *size)
HANDLER(duplicate, NULL, NULL, struct send_item *file)

int file_on_sync(const struct file_request *r)
{
	return handles(r, NULL, NULL);
}

int file_on_close(const struct file_request *r)
{
	return handles(r, NULL, NULL);
}

int file_on_list(const struct file_request *r, const char *path, const char *after, char *name, struct file_stat *what)
{
	strcpy(name, "the next name");
	return handles(r, path, after);
}

int file_on_read_at(const struct file_request *r, uint64_t offset, uint32_t most, void *data, size_t *n)
{
	*n = most < 16 ? most : 16;
	return handles(r, NULL, NULL);
}

int file_on_write_at(const struct file_request *r, uint64_t offset, const void *data, size_t n, uint64_t *end)
{
	const uint8_t *at = data;

	require(n <= MESSAGE_WORDS * 8);
	for (size_t i = 0; i < n; i++)
		*end += at[i];
	return handles(r, NULL, NULL);
}

/* The first bytes are label, words, items and what the handler answers; the rest is the message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file_request r = { .buffer = &page, .badge = 1 };
	unsigned words, items;
	uint64_t info;

	if (size < 8)
		return 0;
	words = data[1] % (MESSAGE_WORDS + 1);
	items = data[2] % (MESSAGE_ITEMS + 1);
	answer = data[3] & 1 ? data[4] : 0;
	memset(&page, data[5], sizeof(page));
	for (unsigned i = 0; i < MESSAGE_ITEMS; i++)
		page.recv[i] = (struct recv_item){ 100 + i, data[6] >> i & 1,
						   (unsigned)(data[7] >> i * 2 & 3) + TYPE_VSPACE };
	data += 8;
	size -= 8;
	memcpy(r.w, data, size < sizeof(r.w) ? size : sizeof(r.w));
	if (size > sizeof(r.w))
		memcpy(page.words, data + sizeof(r.w), size - sizeof(r.w) < sizeof(page.words) ? size - sizeof(r.w) :
		       sizeof(page.words));
	r.info = info_make(data[-8] | (uint32_t)(data[-5] >> 4) << 28, words, items);
	handled = 0;
	info = file_dispatch(&r);
	require(handled <= 1 && (info == 0 || info & INFO_REPLY));
	require(handled == 1 || info_label(info) != 0);
	require(info_words(info) <= MESSAGE_WORDS && info_items(info) <= MESSAGE_ITEMS);
	return 0;
}
