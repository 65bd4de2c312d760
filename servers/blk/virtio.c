/*
 * virtio.c: see virtio.h. Place n of the ring has descriptors 3n (what to do), 3n + 1 (the data) and 3n + 2
 * (how it went), for ever.
 */
#include <tessera/abi.h>
#include "virtio.h"

#define MAGIC          0x74726976
#define DEVICE_BLOCK   2

/* Registers. */
#define R_MAGIC           0x000
#define R_VERSION         0x004
#define R_DEVICE          0x008
#define R_FEATURES        0x010
#define R_FEATURES_SELECT 0x014
#define R_ACCEPT          0x020
#define R_ACCEPT_SELECT   0x024
#define R_GUEST_PAGE      0x028        /* legacy */
#define R_QUEUE_SELECT    0x030
#define R_QUEUE_MOST      0x034
#define R_QUEUE_SIZE      0x038
#define R_QUEUE_ALIGN     0x03c        /* legacy */
#define R_QUEUE_PAGE      0x040        /* legacy */
#define R_QUEUE_READY     0x044
#define R_QUEUE_NOTIFY    0x050
#define R_INTERRUPT       0x060
#define R_INTERRUPT_ACK   0x064
#define R_STATUS          0x070
#define R_DESCRIPTORS     0x080
#define R_AVAILABLE       0x090
#define R_USED            0x0a0
#define R_GENERATION      0x0fc
#define R_CAPACITY        0x100

#define S_ACKNOWLEDGE     1
#define S_DRIVER          2
#define S_DRIVER_OK       4
#define S_FEATURES_OK     8

#define F_READ_ONLY       (1ull << 5)
#define F_FLUSH           (1ull << 9)
#define F_VERSION_1       (1ull << 32)

#define D_NEXT            1
#define D_WRITE           2            /* by the device */

#define QUEUE             64
#define RING_USED         4096         /* where the parts lie in the ring's memory */
#define RING_HEADERS      8192
#define RING_STATUS       12288
#define STATUS_OK         0
#define STATUS_NONE       0xff

struct descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

struct available {
	uint16_t flags, index, ring[QUEUE];
};

struct used_element {
	uint32_t id, size;
};

struct used {
	uint16_t flags, index;
	struct used_element ring[QUEUE];
};

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

static volatile uint32_t *registers;
static bool legacy;
static uint64_t features, sectors;

static struct descriptor *descriptors;
static volatile struct available *available;
static volatile struct used *used;
static struct header *headers;
static volatile uint8_t *statuses;
static uint64_t headers_at, statuses_at;       /* physical */
static uint16_t sent, seen;                    /* how many were made available, how many used were seen */
static bool in_use[VIRTIO_DEPTH];

static uint32_t get(unsigned reg)
{
	return registers[reg / 4];
}

static void put(unsigned reg, uint32_t value)
{
	registers[reg / 4] = value;
}

static void put64(unsigned reg, uint64_t value)
{
	put(reg, (uint32_t)value);
	put(reg + 4, (uint32_t)(value >> 32));
}

/* Between what the device reads in memory and what it is told by a register, and the other way. */
static void barrier(void)
{
	__asm__ volatile("fence iorw, iorw" : : : "memory");
}

bool virtio_probe(uint64_t at)
{
	registers = (volatile uint32_t *)at;
	return get(R_MAGIC) == MAGIC && (get(R_VERSION) == 1 || get(R_VERSION) == 2) && get(R_DEVICE) == DEVICE_BLOCK;
}

void virtio_reset(uint64_t at)
{
	registers = (volatile uint32_t *)at;
	put(R_STATUS, 0);
	while (get(R_STATUS))
		;
	barrier();
}

static uint64_t offered(void)
{
	uint64_t low;

	put(R_FEATURES_SELECT, 0);
	low = get(R_FEATURES);
	put(R_FEATURES_SELECT, 1);
	return low | (uint64_t)get(R_FEATURES) << 32;
}

static void accept(uint64_t wanted)
{
	put(R_ACCEPT_SELECT, 0);
	put(R_ACCEPT, (uint32_t)wanted);
	put(R_ACCEPT_SELECT, 1);
	put(R_ACCEPT, (uint32_t)(wanted >> 32));
}

/* A change of the disk's size between the two halves shows in the generation, which legacy devices do not have. */
static uint64_t read_capacity(void)
{
	uint32_t before, low, high;

	do {
		before = legacy ? 0 : get(R_GENERATION);
		low = get(R_CAPACITY);
		high = get(R_CAPACITY + 4);
	} while (!legacy && get(R_GENERATION) != before);
	return low | (uint64_t)high << 32;
}

static bool agree(void)
{
	legacy = get(R_VERSION) == 1;
	put(R_STATUS, S_ACKNOWLEDGE);
	put(R_STATUS, S_ACKNOWLEDGE | S_DRIVER);
	features = offered() & (F_READ_ONLY | F_FLUSH | F_VERSION_1);
	if (legacy)
		features &= ~F_VERSION_1;
	else if (!(features & F_VERSION_1))
		return false;
	accept(features);
	if (legacy)
		return true;
	put(R_STATUS, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK);
	return get(R_STATUS) & S_FEATURES_OK;
}

static bool set_queue(uint64_t physical)
{
	put(R_QUEUE_SELECT, 0);
	if (get(R_QUEUE_MOST) < QUEUE)
		return false;
	if (legacy)
		put(R_GUEST_PAGE, PAGE_SIZE);
	put(R_QUEUE_SIZE, QUEUE);
	if (legacy) {
		put(R_QUEUE_ALIGN, PAGE_SIZE);
		put(R_QUEUE_PAGE, (uint32_t)(physical / PAGE_SIZE));
		return get(R_QUEUE_PAGE) == physical / PAGE_SIZE;
	}
	put64(R_DESCRIPTORS, physical);
	put64(R_AVAILABLE, physical + QUEUE * sizeof(struct descriptor));
	put64(R_USED, physical + RING_USED);
	put(R_QUEUE_READY, 1);
	return get(R_QUEUE_READY) == 1;
}

static void lay_out(unsigned char *ring, uint64_t physical)
{
	descriptors = (struct descriptor *)ring;
	available = (volatile struct available *)(ring + QUEUE * sizeof(struct descriptor));
	used = (volatile struct used *)(ring + RING_USED);
	headers = (struct header *)(ring + RING_HEADERS);
	statuses = ring + RING_STATUS;
	headers_at = physical + RING_HEADERS;
	statuses_at = physical + RING_STATUS;
	sent = seen = 0;
	for (unsigned n = 0; n < VIRTIO_DEPTH; n++)
		in_use[n] = false;
}

int virtio_start(uint64_t at, void *ring, uint64_t physical)
{
	virtio_reset(at);
	lay_out(ring, physical);
	if (!agree() || !set_queue(physical))
		return E_IO;
	sectors = read_capacity();
	put(R_STATUS, get(R_STATUS) | S_DRIVER_OK);
	return 0;
}

uint64_t virtio_sectors(void)
{
	return sectors;
}

bool virtio_read_only(void)
{
	return features & F_READ_ONLY;
}

bool virtio_flushes(void)
{
	return features & F_FLUSH;
}

/* The type of request as the device numbers it. */
static uint32_t type_of(enum blk_operation operation)
{
	return operation == BLK_WRITE ? 1 : operation == BLK_FLUSH ? 4 : 0;
}

void virtio_send(unsigned n, enum blk_operation operation, uint64_t sector, uint64_t data, uint32_t bytes)
{
	struct descriptor *d = &descriptors[3 * n];

	headers[n] = (struct header){ .type = type_of(operation), .sector = operation == BLK_FLUSH ? 0 : sector };
	statuses[n] = STATUS_NONE;
	d[0] = (struct descriptor){ headers_at + n * sizeof(struct header), sizeof(struct header), D_NEXT,
				    (uint16_t)(3 * n + (bytes ? 1 : 2)) };
	d[1] = (struct descriptor){ data, bytes, D_NEXT | (operation == BLK_READ ? D_WRITE : 0),
				    (uint16_t)(3 * n + 2) };
	d[2] = (struct descriptor){ statuses_at + n, 1, D_WRITE, 0 };
	in_use[n] = true;
	available->ring[sent % QUEUE] = (uint16_t)(3 * n);
	barrier();
	available->index = ++sent;
	barrier();
	put(R_QUEUE_NOTIFY, 0);
}

int virtio_done(int *error)
{
	while (used->index != seen) {
		uint32_t id;
		unsigned n;

		barrier();
		id = used->ring[seen++ % QUEUE].id;
		n = id / 3;
		if (id % 3 || n >= VIRTIO_DEPTH || !in_use[n])
			continue;       /* the device is out of its mind */
		in_use[n] = false;
		*error = statuses[n] == STATUS_OK ? 0 : E_IO;
		return (int)n;
	}
	return VIRTIO_NONE;
}

void virtio_acknowledge(void)
{
	put(R_INTERRUPT_ACK, get(R_INTERRUPT));
	barrier();
}
