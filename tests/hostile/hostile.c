/*
 * hostile.c: two threads send messages to every server that the process can reach: as the stubs of the
 * interfaces send them with random arguments, the same with words, labels, lengths and capabilities changed
 * on the way, and messages that no stub would send. Every answer must be one that the interface promises,
 * and what is not a program's must be refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include <tessera/idl.h>
#include "hostile.h"
#include "shared.h"

#define THREADS      2
#define PRIO         32 /* of programs */
#define KEPT         20
#define SCRATCH      0x3000000000UL
#define CALL_TICKS   20000
#define METHODS_MOST 80

static volatile struct shared *shared;
static _Thread_local uint64_t state;
static _Thread_local cap_t kept[KEPT];
static _Thread_local unsigned mutations; /* of the next message */
static _Thread_local uint64_t thread_number;

static uint64_t word(void)
{
	return random_next(&state);
}

static uint64_t below(uint64_t n)
{
	return word() % n;
}

/* ---- arguments ------------------------------------------------------------------------------------ */

static uint64_t pick_edge(void)
{
	static const uint64_t edges[] = {
	    0,
	    1,
	    2,
	    7,
	    8,
	    9,
	    31,
	    32,
	    63,
	    64,
	    127,
	    128,
	    255,
	    256,
	    4095,
	    4096,
	    4097,
	    0xffff,
	    0x10000,
	    0x1fffff,
	    0x200000,
	    0x7fffffff,
	    0x80000000,
	    0xffffffff,
	    0x100000000,
	    0x10000000,
	    USER_END - PAGE_SIZE,
	    USER_END - 1,
	    USER_END,
	    USER_END + PAGE_SIZE,
	    1UL << 39,
	    1UL << 62,
	    1UL << 63,
	    ~0UL,
	    ~0UL - 4095,
	    ~0UL - 7,
	    0xffffffffc0000000,
	};

	return edges[below(sizeof edges / sizeof *edges)];
}

static uint64_t pick_number(void)
{
	uint64_t r = word();

	return r % 8 < 5    ? (r >> 8) % 8
	       : r % 8 == 5 ? (r >> 8) % 1000
	       : r % 8 == 6 ? pick_edge()
			    : r >> (r >> 8) % 64;
}

static uint64_t pick_address(void)
{
	uint64_t r = word();

	return r % 16 == 0 ? pick_edge() : r % 16 == 1 ? r >> 26 : SCRATCH + (r >> 8) % 64 * PAGE_SIZE;
}

static uint64_t pick_size(void)
{
	uint64_t r = word();

	return r % 16 < 10    ? (1 + (r >> 8) % 16) * PAGE_SIZE
	       : r % 16 < 13  ? (r >> 8) % 1000
	       : r % 16 == 13 ? (r >> 8) % 600 * PAGE_SIZE
			      : pick_edge();
}

static uint64_t pick_enum(const uint64_t *values, unsigned n)
{
	return below(32) ? values[below(n)] : pick_edge();
}

static uint64_t pick_flags(const uint64_t *values, unsigned n)
{
	uint64_t all = 0, chosen = word();

	for (unsigned i = 0; i < n; i++)
		all |= chosen >> i & 1 ? values[i] : 0;
	return below(32) ? all : pick_edge();
}

/* What a program starts with is at risk only now and then: without it the calls to come would be refused.
 */
static cap_t pick_cap(void)
{
	uint64_t r = word();

	switch (r % 8) {
	case 0:
		return SLOT_ENDPOINT;
	case 1:
		return SLOT_SPACE + (r >> 8) % 7;
	case 2:
		return (r >> 8) % 16 ? (r >> 16) % PROCESS_SLOTS : pick_edge();
	default:
		return kept[(r >> 8) % KEPT];
	}
}

/* A text of at most `most` bytes, in most + 1 of memory. */
static void pick_text(char *text, size_t most)
{
	static const char *const names[] = {
	    "/",    "bin/hello", "hello",       "irq",         "blk",         "console",
	    "file", "mem",       "proc",        "ns16550a",    "/bin",        "/etc/motd",
	    "",     "/disk",     "disk/x",      ".",           "..",          "/../x",
	    "exec", "nonce",     "riscv,plic0", "virtio,mmio", "bin/hostile",
	};
	uint64_t r = word();
	size_t n;

	if (r % 8 < 5) {
		snprintf(text, most + 1,
			 r & 256   ? "/f%u"
			 : r & 512 ? "/d%u"
				   : "/d%u/f%u",
			 (unsigned)(r >> 12) % 6, (unsigned)(r >> 16) % 6);
		return;
	}
	if (r % 8 < 7) {
		snprintf(text, most + 1, "%s", names[(r >> 8) % (sizeof names / sizeof *names)]);
		return;
	}
	n = below(most + 1);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(1 + below(255));
	text[n] = 0;
}

static size_t pick_bytes(char *bytes, size_t most)
{
	uint64_t r = word();
	size_t n = r % 8 ? (r >> 8) % 33 : (r >> 8) % (most + 1);

	if (r >> 60 == 0)
		return (size_t)snprintf(bytes, most, "%s", "hello") + 1;
	for (size_t i = 0; i < n; i += 8) {
		uint64_t w = pick_number();

		memcpy(bytes + i, &w, n - i < 8 ? n - i : 8);
	}
	return n;
}

static void pick_words(void *to, size_t size)
{
	for (uint64_t *w = to; size >= 8; size -= 8)
		*w++ = pick_number();
}

/* What a call gave; the oldest goes. */
static void keep(cap_t cap)
{
	cap_t *place = &kept[below(KEPT)];

	if (*place)
		cap_free(*place);
	*place = cap;
}

/* ---- the calls ------------------------------------------------------------------------------------ */

static long send_call(cap_t endpoint, struct message *m);

#define sys_call send_call
#include <calls.h>
#undef sys_call

#define CALLS (sizeof interface_calls / sizeof *interface_calls)

/* Of whom nobody but proc, its loader, mem's own workers or a session may ask this. */
static bool is_privileged(uint32_t label)
{
	static const uint32_t owners[] = {
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_CREATE),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_ENDPOINT),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_ALLOW),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_START),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_DESTROY),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_USAGE),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_QUERY),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_MAP),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_RESERVE),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_MAP_OBJECT),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_WRITE),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SPACE_PROTECT),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SUPERVISE),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_NEXT_FAULT),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_ARCHIVE),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_BOOTARGS),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_SYSTEM_COPY),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_RESET),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_ZERO),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_DEVICE),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_DEVICE_MAP),
	    IDL_LABEL(MEM_INTERFACE, MEM_CALL_TRACE), IDL_LABEL(MEM_INTERFACE, MEM_CALL_TRACE_END),
		IDL_LABEL(PROC_INTERFACE, PROC_CALL_JOB),
	    IDL_LABEL(PROC_INTERFACE, PROC_CALL_SHUTDOWN),
	    IDL_LABEL(STREAM_INTERFACE, STREAM_CALL_INTERRUPT_TO),
	    IDL_LABEL(STREAM_INTERFACE, STREAM_CALL_FLUSH),
	};

	for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
		if (owners[i] == label)
			return true;
	return false;
}

static const struct interface_call *call_find(uint32_t label)
{
	for (size_t i = 0; i < CALLS; i++)
		if (IDL_LABEL(interface_calls[i].interface, interface_calls[i].method) == label)
			return &interface_calls[i];
	return NULL;
}

/* Of a process: the capabilities that it knows the servers of. */
static struct {
	cap_t cap;
	uint32_t interface;
} servers[6];
static unsigned server_count;

static uint32_t interface_of(cap_t endpoint)
{
	for (unsigned i = 0; i < server_count; i++)
		if (servers[i].cap == endpoint)
			return servers[i].interface;
	return 0;
}

static void wrong(enum wrong kind, cap_t endpoint, uint32_t label, uint64_t info, long status)
{
	uint32_t n = shared->wrongs;

	for (uint32_t i = 0; i < n; i++)
		if (shared->wrong[i].kind == kind && shared->wrong[i].label == label &&
		    shared->wrong[i].info == info)
			return;
	if (n == WRONGS_MOST)
		return;
	shared->wrong[n].kind = kind;
	shared->wrong[n].label = label;
	shared->wrong[n].info = info;
	shared->wrong[n].status = status;
	shared->wrong[n].server = interface_of(endpoint);
	shared->wrongs = n + 1;
}

/*
 * Errors that a call may answer whatever its interface says: the message's form, no slot or memory for the
 * answer, threads of libc, which serve nobody; and a capability that stands for something else than the
 * call is for.
 */
static bool is_general(uint32_t error, uint32_t server)
{
	return error == E_BAD_MESSAGE || error == E_BAD_CALL || error == E_RECEIVER_FULL ||
	       error == E_NO_MEMORY || (error == E_DENIED && !server);
}

/* An open file, which is the file server's, is a stream too. */
static bool speaks(uint32_t server, uint32_t interface)
{
	return !server || server == interface ||
	       (server == FILE_INTERFACE && interface == STREAM_INTERFACE);
}

static void check_answer(cap_t endpoint, uint32_t label, uint64_t info, long status)
{
	const struct interface_call *call = call_find(label);
	uint32_t server = interface_of(endpoint), error = info_label(info);

	if (status)
		return;
	if (server == label >> 16)
		shared->asked |= 1UL << server;
	if (!speaks(server, label >> 16) && error != E_BAD_MESSAGE)
		wrong(WRONG_INTERFACE, endpoint, label, info, status);
	if (error) {
		if (!is_general(error, server) &&
		    (!call || error >= 128 || !(call->errors[error / 64] >> error % 64 & 1)))
			wrong(WRONG_ERROR, endpoint, label, info, status);
		return;
	}
	shared->granted++;
	if (label & 0xffff ? !call || is_privileged(label) : info_words(info) != 1)
		wrong(WRONG_STRANGER, endpoint, label, info, status);
	else if (call && (info_words(info) < call->least || info_words(info) > call->most ||
			  info_items(info) != call->caps))
		wrong(WRONG_SHAPE, endpoint, label, info, status);
}

static void random_item(struct send_item *item)
{
	item->cap = pick_cap();
	item->count = below(4) ? 1 : (uint32_t)pick_number();
	item->verb = (uint8_t)below(7);
	item->rights = (uint8_t)word();
	item->zero = below(16) ? 0 : (uint16_t)word();
}

static uint32_t random_label(void)
{
	uint64_t r = word();

	return r % 4 == 0 ? (uint32_t)(r >> 8) : IDL_LABEL(1 + (r >> 8) % 7, (r >> 16) % METHODS_MOST);
}

static void mutate(struct message *m)
{
	struct ipc_buffer *b = ipc_buffer();
	uint64_t r = word(), at = r >> 8;

	switch (r % 8) {
	case 0:
		m->w[at % MESSAGE_REGS] = r & 128 ? pick_edge() : pick_number();
		break;
	case 1:
		m->w[at % MESSAGE_REGS] ^= 1UL << (r >> 16) % 64;
		break;
	case 2:
		b->words[at % 24] = r & 128 ? pick_edge() : word();
		break;
	case 3:
		m->info = (m->info & ~(uint64_t)INFO_WORDS_MASK) | (at % 4 ? at % 12 : at / 4 % 128);
		break;
	case 4:
		m->info = (m->info & 0xffffffff) | (uint64_t)random_label() << INFO_LABEL_SHIFT;
		break;
	case 5:
		m->info = (m->info & ~((uint64_t)INFO_ITEMS_MASK << INFO_ITEMS_SHIFT)) |
			  at % 5 << INFO_ITEMS_SHIFT;
		for (unsigned i = 0; i < MESSAGE_ITEMS; i++)
			random_item(&b->send[i]);
		break;
	case 6:
		m->info ^= 1UL << (uint64_t)(at % 32);
		break;
	default:
		b->words[at % MESSAGE_BUFFER] ^= 1UL << (r >> 16) % 64;
	}
}

/*
 * Who may bind lines may take the console's line, which is meant: a driver that starts again has to. So
 * that there is something to read, the lines of the two devices that are in use here are left alone.
 */
static bool takes_a_line(cap_t endpoint, const struct message *m)
{
	uint32_t line = (uint32_t)m->w[0];

	return interface_of(endpoint) == IRQ_INTERFACE &&
	       info_label(m->info) == IDL_LABEL(IRQ_INTERFACE, IRQ_CALL_BIND) &&
	       (line == 1 || line == 8 || line == 10);
}

/* Every message of a stub comes through here. */
static long send_call(cap_t endpoint, struct message *m)
{
	uint32_t label;
	long status;

	if (mutations) {
		shared->mutated++;
		for (; mutations; mutations--)
			mutate(m);
	}
	if (takes_a_line(endpoint, m))
		m->w[0] += 2;
	label = info_label(m->info);
	shared->calls[thread_number]++;
	status = sys_call(endpoint, m);
	check_answer(endpoint, label, m->info, status);
	return status;
}

/* A message that no stub made. */
static void send_raw(cap_t endpoint)
{
	struct message m = {.info = word() % 8 ? info_make(random_label(), below(128), below(5)) : word()};
	struct ipc_buffer *b = ipc_buffer();

	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		m.w[i] = below(2) ? pick_number() : word();
	for (unsigned i = 0; i < 16; i++)
		b->words[below(MESSAGE_BUFFER)] = word();
	for (unsigned i = 0; i < MESSAGE_ITEMS; i++)
		random_item(&b->send[i]);
	shared->mutated++;
	if (!send_call(endpoint, &m) && info_items(m.info))
		idl_drop(m.info, b);
}

/* ---- the process ---------------------------------------------------------------------------------- */

static cap_t server_for(uint32_t interface)
{
	if (interface == STREAM_INTERFACE || interface == FILE_INTERFACE || interface == MEM_INTERFACE)
		if (below(3) == 0)
			return kept[below(KEPT)];
	for (unsigned i = 0; i < server_count; i++)
		if (servers[i].interface == interface)
			return servers[i].cap;
	return 0;
}

/* Rarely: what ends the process or a thread, and what takes long. */
static bool is_rare(const struct interface_call *call)
{
	return call->run == call_proc_exit || call->run == call_mem_thread_destroy ||
	       call->run == call_mem_audit || call->run == call_mem_quiesced;
}

static void one_call(void)
{
	const struct interface_call *call = &interface_calls[below(CALLS)];
	cap_t server = below(32) ? server_for(call->interface) : pick_cap();
	uint64_t how = below(8);

	if (!server || (is_rare(call) && below(100)) ||
	    (is_privileged(IDL_LABEL(call->interface, call->method)) && below(8)))
		return;
	mutations = how < 4 ? 0 : how < 7 ? 1 + (unsigned)below(3) : 0;
	if (how < 7)
		(void)call->run(server);
	else
		send_raw(server);
	mutations = 0;
}

static bool has_lost(cap_t slot)
{
	uint64_t what, detail;

	return sys_inspect(slot, &what, &detail) != 0 || INSPECT_TYPE(what) != TYPE_ENDPOINT;
}

static void thread_run(void *argument)
{
	uint64_t number = (uint64_t)argument;

	state = random_seeded(shared->seed, number);
	(void)sys_thread_set(thread_capability(), THREAD_CALL_TIMEOUT, CALL_TICKS);
	thread_number = number;
	for (uint64_t i = 1; shared->calls[number] < shared->limit / THREADS; i++) {
		one_call();
		if (i % 64 == 0 && (has_lost(SLOT_SPACE) || has_lost(SLOT_PROCESS)))
			break;
	}
	if (number == 0)
		return;
	for (;;)
		(void)thread_wait(2, 0);
}

static void add_server(cap_t cap, uint32_t interface)
{
	servers[server_count].cap = cap;
	servers[server_count++].interface = interface;
}

_Noreturn void hostile_run(volatile struct shared *s)
{
	cap_t file = 0;

	shared = s;
	for (size_t i = 0; i < CALLS; i++)
		s->interfaces |= 1UL << interface_calls[i].interface;
	add_server(SLOT_SPACE, MEM_INTERFACE);
	add_server(SLOT_PROCESS, PROC_INTERFACE);
	add_server(SLOT_STDERR, STREAM_INTERFACE);
	if (!server_open("file", FILE_VERSION, &file))
		add_server(file, FILE_INTERFACE);
	if (s->given)
		add_server(SLOT_GIVEN, s->given);
	for (uint64_t i = 1; i < THREADS; i++)
		if (thread_start(thread_run, (void *)i, PRIO, THREAD_STACK))
			__builtin_trap();
	thread_run(NULL);
	for (;;) {
		(void)!proc_exit(SLOT_PROCESS, 0);
		__builtin_trap();
	}
}
