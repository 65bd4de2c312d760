/*
 * blk: the server of the disk. This file is the calls, the clients with their windows, and the way of a
 * request: submitted, it waits in one queue
 * for a place in the device's ring; the interrupt brings it back, and its result waits for the client to
 * collect it. virtio.c is the device.
 *
 * Whoever tells a device where to write owns all of memory: the addresses come from mem alone (CONTIGUOUS
 * objects), and a client names an
 * offset in its own. When this server dies, the device may go on writing to what it was told; mem keeps that
 * memory aside
 * until the next instance has reset the device and says so (quiesced).
 *
 * Started by proc with: SLOT_EXTRA its service endpoint, SLOT_EXTRA + 1 the interrupt server.
 */
#include <string.h>
#include <blk_server.h>
#include <irq_client.h>
#include <mem_client.h>
#include <tessera/start.h>
#include "virtio.h"

#define SERVICE      (SLOT_EXTRA)
#define INTERRUPTS   (SLOT_EXTRA + 1)
#define DEVICE_BIT   1                 /* the signal that the interrupt server sends */
#define TRANSPORT    "virtio,mmio"
#define CLIENTS      8
#define JOBS         128

struct client {
	uint64_t pid;                  /* 0: free */
	cap_t window, notify;
	uint64_t physical;
	uint32_t size;
	unsigned jobs;                 /* its jobs, with results that wait */
	unsigned running;              /* of them, not done */
	bool gone;                     /* nobody holds the window any more: it ends with the last running job */
};

struct job {
	struct job *next;
	struct client *client;
	struct blk_order what;
	int error;
};

/* First come, first served. */
struct queue {
	struct job *first, **last;
};

static struct client clients[CLIENTS];
static struct job jobs[JOBS], *free_jobs;
static unsigned jobs_used;
static struct queue waiting = { NULL, &waiting.first };        /* for a place in the ring */
static struct queue done = { NULL, &done.first };              /* results */
static struct job *places[VIRTIO_DEPTH];

static bool present;                   /* there is a disk */
static uint32_t line_number;
static cap_t line_signal;

static void queue_put(struct queue *q, struct job *j)
{
	j->next = NULL;
	*q->last = j;
	q->last = &j->next;
}

/* Takes the first of that client's, NULL: of anybody's. */
static struct job *queue_take(struct queue *q, const struct client *c)
{
	for (struct job **at = &q->first; *at; at = &(*at)->next) {
		struct job *j = *at;

		if (c && j->client != c)
			continue;
		*at = j->next;
		if (!j->next)
			q->last = at;
		return j;
	}
	return NULL;
}

static struct client *client_find(uint64_t pid)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients[i].pid == pid && !clients[i].gone)
			return &clients[i];
	return NULL;
}

static void job_free(struct job *j)
{
	j->client->jobs--;
	j->next = free_jobs;
	free_jobs = j;
	jobs_used--;
}

static void client_end(struct client *c)
{
	struct job *j;

	while ((j = queue_take(&done, c)) != NULL)
		job_free(j);
	(void)!mem_object_destroy(SLOT_SPACE, c->window);
	cap_free(c->window);
	cap_free(c->notify);
	*c = (struct client){ .pid = 0 };
}

/* The client's process is gone, or has thrown its window away. */
static void client_leave(struct client *c)
{
	struct job *j;

	c->gone = true;
	while ((j = queue_take(&waiting, c)) != NULL) {
		c->running--;
		job_free(j);
	}
	if (!c->running)
		client_end(c);
}

static bool is_held(cap_t window)
{
	uint64_t word = 0, detail;

	return !sys_inspect(window, &word, &detail) && INSPECT_CHILDREN(word) != KIND_NONE;
}

static void sweep(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients[i].pid && !clients[i].gone && !is_held(clients[i].window))
			client_leave(&clients[i]);
}

/* The result waits for the client, who is told. */
static void job_done(struct job *j, int error)
{
	struct client *c = j->client;

	j->error = error;
	c->running--;
	if (!c->gone) {
		queue_put(&done, j);
		(void)sys_signal(c->notify);
		return;
	}
	job_free(j);
	if (!c->running)
		client_end(c);
}

/* Fills free places of the ring. */
static void send_waiting(void)
{
	for (unsigned n = 0; n < VIRTIO_DEPTH && waiting.first; n++) {
		struct job *j;
		bool flush;

		if (places[n])
			continue;
		j = queue_take(&waiting, NULL);
		flush = j->what.operation == BLK_FLUSH;
		places[n] = j;
		virtio_send(n, j->what.operation, j->what.sector, flush ? 0 : j->client->physical + j->what.offset,
			    flush ? 0 : j->what.count * BLK_SECTOR);
	}
}

static void take_done(void)
{
	int n, error = 0;

	while ((n = virtio_done(&error)) != VIRTIO_NONE) {
		struct job *j = places[n];

		places[n] = NULL;
		job_done(j, error);
	}
	send_waiting();
}

int blk_on_disk(const struct blk_request *request, struct blk_disk *what)
{
	(void)request;
	if (!present)
		return E_NOT_FOUND;
	*what = (struct blk_disk){ .sectors = virtio_sectors(), .depth = VIRTIO_DEPTH,
				   .flags = virtio_read_only() ? BLK_READ_ONLY : 0 };
	return 0;
}

/* A free record; NULL: there is none. */
static struct client *client_free(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!clients[i].pid)
			return &clients[i];
	return NULL;
}

/* Memory for the client, and what signals it. */
static int client_make(struct client *c, uint64_t pid, uint32_t size, cap_t notify)
{
	cap_t window = 0;
	uint64_t physical = 0;
	int error = mem_object_create(SLOT_SPACE, size, MEM_CONTIGUOUS, &window, &physical);

	if (error)
		return error == E_BAD_RANGE ? E_BAD_RANGE : E_NO_MEMORY;
	*c = (struct client){ .pid = pid, .window = window, .notify = notify, .physical = physical, .size = size };
	return 0;
}

int blk_on_attach(const struct blk_request *request, uint32_t size, struct idl_cap notify, struct send_item *window)
{
	struct client *c = client_find(request->badge);
	cap_t own;
	int error;

	if (!present)
		return E_NOT_FOUND;
	if (!notify.count)
		return E_BAD_HANDLE;
	if (size < PAGE_SIZE || size > BLK_WINDOW_MOST || size & (size - 1))
		return E_BAD_RANGE;
	if (c && c->running)
		return E_BUSY;
	if (c)
		client_end(c);
	c = client_free();
	own = c ? cap_take(notify.value) : 0;
	if (!own)
		return E_NO_MEMORY;
	error = client_make(c, request->badge, size, own);
	if (error) {
		cap_free(own);
		return error;
	}
	*window = (struct send_item){ c->window, 1, GIVE_COPY, RIGHT_CALL, 0 };
	return 0;
}

/* 0, or why the order cannot be carried out. */
static int order_check(const struct client *c, const struct blk_order *o)
{
	uint64_t bytes = (uint64_t)o->count * BLK_SECTOR;

	if (o->operation == BLK_FLUSH)
		return 0;
	if (o->operation != BLK_READ && o->operation != BLK_WRITE)
		return E_BAD_ARG;
	if (!o->count || o->offset % BLK_SECTOR || o->offset >= c->size || bytes > c->size - o->offset)
		return E_BAD_RANGE;
	if (o->sector >= virtio_sectors() || o->count > virtio_sectors() - o->sector)
		return E_BAD_RANGE;
	return o->operation == BLK_WRITE && virtio_read_only() ? E_READ_ONLY : 0;
}

int blk_on_submit(const struct blk_request *request, const struct blk_order *what)
{
	struct client *c = client_find(request->badge);
	struct job *j = free_jobs;
	int error = c ? order_check(c, what) : E_NOT_FOUND;

	if (error)
		return error;
	/* Nobody takes all: who has more than are free gets none. */
	if (!j || c->jobs >= JOBS - jobs_used)
		return E_BUSY;
	free_jobs = j->next;
	jobs_used++;
	*j = (struct job){ .client = c, .what = *what };
	c->jobs++;
	c->running++;
	if (what->operation == BLK_FLUSH && !virtio_flushes()) {
		job_done(j, 0);
		return 0;
	}
	queue_put(&waiting, j);
	send_waiting();
	return 0;
}

int blk_on_collect(const struct blk_request *request, struct blk_result *what)
{
	struct client *c = client_find(request->badge);
	struct job *j = c ? queue_take(&done, c) : NULL;

	if (!j)
		return E_NOT_FOUND;
	*what = (struct blk_result){ .token = j->what.token, .error = (uint64_t)j->error };
	job_free(j);
	return 0;
}

/* What came with an interrupt, or before somebody listened. */
static void serve_device(void)
{
	virtio_acknowledge();
	take_done();
}

static void signalled(uint64_t bits)
{
	if (bits & SIGNAL_DEATH)
		sweep();
	if (!present)
		return;
	if (bits & SIGNAL_RESTARTED)
		(void)!irq_bind(INTERRUPTS, line_number, line_signal);
	serve_device();
	(void)!irq_ack(INTERRUPTS, line_number);
}

/* The first block device behind a transport; its registers are mapped at *registers. */
static int find_disk(uint64_t *registers, struct mem_device *device)
{
	int error = 0;

	for (uint32_t i = 0; !error; i++) {
		error = mem_device_map(SLOT_SPACE, TRANSPORT, i, registers, device);
		if (!error && virtio_probe(*registers))
			return 0;
		if (!error)
			(void)!mem_unmap(SLOT_SPACE, *registers & ~(uint64_t)(PAGE_SIZE - 1), PAGE_SIZE);
	}
	return error;
}

static int start_device(uint64_t registers)
{
	uint64_t physical = 0, at = 0;
	cap_t ring = 0;
	int error;

	virtio_reset(registers);
	error = mem_quiesced(SLOT_SPACE);
	if (!error)
		error = mem_object_create(SLOT_SPACE, VIRTIO_RING_BYTES, MEM_CONTIGUOUS, &ring, &physical);
	if (!error)
		error = mem_map_object(SLOT_SPACE, ring, 0, 0, VIRTIO_RING_BYTES, MEM_READ | MEM_WRITE, 0, &at);
	return error ? error : virtio_start(registers, (void *)at, physical);
}

/* Without a disk the server runs and says so. */
static int start(void)
{
	struct mem_device device = { 0 };
	uint64_t registers = 0;

	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i].next = free_jobs;
		free_jobs = &jobs[i];
	}
	if (find_disk(&registers, &device))
		return 0;
	if (start_device(registers))
		return 1;
	line_number = (uint32_t)device.irq;
	line_signal = cap_alloc();
	if (!line_signal || sys_give(GIVE_COPY, SERVICE, 1, line_signal, RIGHT_SIGNAL, DEVICE_BIT, 0))
		return 2;
	if (irq_bind(INTERRUPTS, line_number, line_signal))
		return 3;
	present = true;
	return 0;
}

/*
 * Ends only when it cannot work: 1 no memory, or not such a device; 2 no endpoint; 3 no interrupt; 4 the
 * endpoint is gone.
 */
int main(void)
{
	int error = start();

	if (error)
		return error;
	(void)!blk_loop(SERVICE, signalled);
	return 4;
}
