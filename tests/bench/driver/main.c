/*
 * main.c: a driver that measures how soon it hears of its device: a server as others, put in blk's place in an archive
 * of the bench's own. The device is the machine's clock (google,goldfish-rtc): an alarm for a time that is past raises
 * its line with the store that sets it. A thread of lower priority stores; the driver waits for the line's signal.
 *
 * Started by proc with: SLOT_EXTRA its service endpoint, SLOT_EXTRA + 1 irq. A call of it is answered with the least
 * number of instructions from before the store to the driver's first one after its wait, or with an error.
 */
#define IDL_CLIENT_RANK 60
#include <irq_client.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>

#define SERVICE       SLOT_EXTRA
#define INTERRUPTS    (SLOT_EXTRA + 1)
#define DEVICE        "google,goldfish-rtc"
#define ALARM_LOW     2                /* registers, in words: a store sets the alarm */
#define ALARM_HIGH    3
#define IRQ_ENABLED   4
#define CLEAR         7
#define ROUNDS        512
#define PRIO_TRIGGER  20
#define STACK         0x4000

static volatile uint32_t *device;
static volatile uint64_t begun;

/* Runs whenever the driver waits: each round is one interrupt. */
static void trigger(void *unused)
{
	(void)unused;
	for (;;) {
		begun = sys_instret();
		device[ALARM_LOW] = 0;
	}
}

/* What reading the counter twice costs by itself. */
static uint64_t idle(void)
{
	uint64_t start = sys_instret();

	return sys_instret() - start;
}

/* 0 and the line's number, its signal going to `notify`. */
static int start(cap_t notify, uint32_t *line)
{
	struct mem_device what = { 0 };
	uint64_t registers = 0;
	cap_t signal = cap_alloc();
	int error = mem_device_map(SLOT_SPACE, DEVICE, 0, &registers, &what);

	if (error)
		return error;
	device = (volatile uint32_t *)registers;
	*line = (uint32_t)what.irq;
	error = (int)-sys_give(GIVE_COPY, notify, 1, signal, RIGHT_SIGNAL, 1, 0);
	if (!error)
		error = irq_bind(INTERRUPTS, *line, signal);
	device[ALARM_HIGH] = 0;
	device[IRQ_ENABLED] = 1;
	return error ? error : thread_start(trigger, NULL, PRIO_TRIGGER, STACK);
}

static int measure(uint64_t *least)
{
	uint32_t line = 0;
	cap_t endpoint = 0;
	int error = mem_endpoint_create(SLOT_SPACE, &endpoint);

	if (!error)
		error = start(endpoint, &line);
	*least = UINT64_MAX;
	for (int i = 0; !error && i < ROUNDS; i++) {
		struct message m = { 0 };
		uint64_t cost;

		error = (int)-sys_reply_recv(endpoint, &m, 0, 0);
		cost = sys_instret() - begun - idle();
		if (cost < *least)
			*least = cost;
		device[CLEAR] = 1;
		if (!error && i + 1 < ROUNDS)
			error = irq_ack(INTERRUPTS, line);
	}
	device[IRQ_ENABLED] = 0;
	return error;
}

int main(void)
{
	struct message m = { 0 };
	uint64_t least;
	int error = measure(&least);

	while (!sys_reply_recv(SERVICE, &m, 0, 0)) {
		m.w[0] = (uint64_t)error;
		m.w[1] = least;
		m.info = INFO_REPLY | 2;
	}
	return 1;
}
