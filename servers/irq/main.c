/*
 * irq: the interrupt server. It owns the interrupt controllers and the kernel's external interrupts; who
 * holds which line; and promises that a line that fired stays quiet until its holder acknowledges it.
 * Runs above everything, so it waits for nobody once started: drivers hear by signals.
 *
 * Life of an interrupt: (1) the kernel masks the external interrupt of the hart that took it and signals the thread
 * that serves the controller; (2) every line that fired is claimed, which keeps it quiet, and its holder is signalled,
 * the last one's by the same call with which the thread waits again; (3) that wait unmasks the external interrupt; (4)
 * the holder serves its device and calls ack, which completes the claim.
 *
 * A controller interrupts some harts only, and the kernel's external interrupt is one a hart: so each controller is
 * served by a thread on a hart that it interrupts. The first thread has the first controller and, on the same endpoint,
 * all calls; a lock for each controller keeps calls and its thread apart.
 *
 * Started by proc with: SLOT_EXTRA its service endpoint, SLOT_EXTRA + 1 System with the IRQ right.
 */
#include <irq_server.h>
/* mem is ranked below: it may be called before the first request is served, and then no more. */
#undef IDL_CLIENT_RANK
#include <mem_client.h>
#include <tessera/lock.h>
#include <tessera/start.h>
#include <tessera/thread.h>

#include "plic.h"

#define SERVICE      (SLOT_EXTRA)
#define SYSTEM       (SLOT_EXTRA + 1)
#define EXTERNAL_BIT 2                 /* the signal that the kernel sends; bit 0 of a thread's endpoint is libc's */
#define CONTROLLERS  8                 /* as many as the kernel runs harts */
#define SERVE_PRIO   63
#define SERVE_STACK  0x4000

_Static_assert(PLIC_LINES == MEM_CONTROLLER_LINES, "the numbers of lines");

struct line {
	cap_t notify;                  /* signalled when the line fires; 0: nobody holds the line */
	uint64_t holder;               /* badge of the caller that bound it */
	bool fired;                    /* claimed, not yet acknowledged */
};

struct controller {
	struct plic plic;              /* set once, as number and hart */
	uint32_t number;               /* of the controller, as its lines' numbers say */
	uint64_t hart;                 /* whose external interrupt it raises */
	struct lock lock;              /* for the lines */
	struct line *lines;            /* PLIC_LINES of them */
};

static struct controller controllers[CONTROLLERS];
static unsigned controller_count;

static bool is_signal_capability(cap_t cap)
{
	uint64_t word = 0, detail;

	return !sys_inspect(cap, &word, &detail) && INSPECT_TYPE(word) == TYPE_ENDPOINT &&
	       (INSPECT_RIGHTS(word) & RIGHT_SIGNAL);
}

static void line_complete(struct controller *c, uint32_t n)
{
	if (c->lines[n].fired)
		plic_complete(&c->plic, n);
	c->lines[n].fired = false;
}

static void line_release(struct controller *c, uint32_t n)
{
	line_complete(c, n);
	plic_disable(&c->plic, n);
	cap_free(c->lines[n].notify);
	c->lines[n].notify = 0;
}

/* The controller of a line, locked, and the line's number there; NULL: no such line. */
static struct controller *line_lock(uint32_t line, uint32_t *n)
{
	*n = line % PLIC_LINES;
	for (struct controller *c = controllers; *n && c < controllers + controller_count; c++) {
		if (c->number != line / PLIC_LINES)
			continue;
		lock_acquire(&c->lock);
		return c;
	}
	return NULL;
}

/* Takes over notify. 0, or why the line has no holder now. */
static int line_bind(struct controller *c, uint32_t n, cap_t notify, uint64_t holder)
{
	if (c->lines[n].notify)
		line_release(c, n);
	if (!plic_enable(&c->plic, n)) {
		cap_free(notify);
		return E_NOT_FOUND;
	}
	plic_complete(&c->plic, n);     /* in case an earlier instance of this server claimed it and died */
	c->lines[n] = (struct line){ .notify = notify, .holder = holder };
	return 0;
}

int irq_on_bind(const struct irq_request *request, uint32_t line, struct idl_cap notify)
{
	struct controller *c;
	uint32_t n;
	cap_t cap;
	int error;

	if (!notify.count || !is_signal_capability(notify.value))
		return E_BAD_HANDLE;
	cap = cap_take(notify.value);
	if (!cap)
		return E_NO_MEMORY;
	c = line_lock(line, &n);
	if (!c) {
		cap_free(cap);
		return E_NOT_FOUND;
	}
	error = line_bind(c, n, cap, request->badge);
	lock_release(&c->lock);
	return error;
}

/* What the holder of a line may have done to it: `change`. */
static int line_change(const struct irq_request *request, uint32_t line,
		       void (*change)(struct controller *c, uint32_t n))
{
	int error = E_NOT_FOUND;
	uint32_t n;
	struct controller *c = line_lock(line, &n);

	if (!c)
		return E_NOT_FOUND;
	if (c->lines[n].notify)
		error = c->lines[n].holder == request->badge ? 0 : E_DENIED;
	if (!error)
		change(c, n);
	lock_release(&c->lock);
	return error;
}

int irq_on_ack(const struct irq_request *request, uint32_t line)
{
	return line_change(request, line, line_complete);
}

int irq_on_unbind(const struct irq_request *request, uint32_t line)
{
	return line_change(request, line, line_release);
}

/* A holder that is gone loses the line. */
static void line_signal(struct controller *c, uint32_t n)
{
	if (sys_signal(c->lines[n].notify))
		line_release(c, n);
}

/* Claims every line that fired and signals the holders, but for the last: its line is the result, 0: none fired. */
static uint32_t claim_lines(struct controller *c)
{
	uint32_t n, last = 0;

	while ((n = plic_claim(&c->plic)) != 0) {
		if (n >= PLIC_LINES || !c->lines[n].notify) {
			plic_complete(&c->plic, n);
			continue;
		}
		c->lines[n].fired = true;
		if (last)
			line_signal(c, last);
		last = n;
	}
	return last;
}

/* Moves to a hart and binds that one's external interrupt to `endpoint`. */
static bool take_over(uint64_t hart, cap_t endpoint)
{
	cap_t signal = cap_alloc();

	return signal && !sys_thread_set(thread_capability(), THREAD_HART_INDEX, hart) &&
	       !sys_give(GIVE_COPY, endpoint, 1, signal, RIGHT_SIGNAL, EXTERNAL_BIT, 0) &&
	       !sys_system(SYSTEM, SYSTEM_IRQ, signal, 0);
}

/* The thread of a further hart. If it cannot begin, no line of that hart's controllers fires. */
static void serve_hart(void *controller)
{
	uint64_t hart = ((const struct controller *)controller)->hart;

	if (!take_over(hart, thread_endpoint()))
		return;
	for (;;) {
		(void)thread_wait(EXTERNAL_BIT, 0);
		for (struct controller *c = controllers; c < controllers + controller_count; c++) {
			uint32_t n;

			if (c->hart != hart)
				continue;
			lock_acquire(&c->lock);
			n = claim_lines(c);
			if (n)
				line_signal(c, n);
			lock_release(&c->lock);
		}
	}
}

/* A line of the first thread's controllers, which it alone changes, whose holder is to be signalled. */
static struct {
	struct controller *controller;
	uint32_t n;                    /* 0: none */
} fired;

static void take_interrupt(void)
{
	for (struct controller *c = controllers; c < controllers + controller_count; c++) {
		uint32_t n = c->hart == controllers->hart ? claim_lines(c) : 0;

		if (n && fired.n)
			line_signal(fired.controller, fired.n);
		if (n) {
			fired.controller = c;
			fired.n = n;
		}
	}
}

/*
 * Answers what m->info says, signals the holder of the line that fired and waits: a message or signals in *m. False:
 * there is no endpoint to wait on.
 */
static bool next_message(struct message *m)
{
	for (;;) {
		cap_t notify = fired.n ? fired.controller->lines[fired.n].notify : 0;
		long error;

		if (notify)
			m->info = INFO_SIGNAL;
		error = sys_reply_recv(SERVICE, m, notify, 0);
		if (!error) {
			fired.n = 0;
			return true;
		}
		m->info = 0;
		/* Both mean: answered and signalled, but nothing came. Else the holder is gone. */
		if (error != -E_AGAIN && error != -E_ABORTED) {
			if (!notify)
				return false;
			line_release(fired.controller, fired.n);
		}
		fired.n = 0;
	}
}

/* The answer to a request. A caller that was put aside because its handler waited for a lock is answered at once. */
static void serve(struct message *m)
{
	struct irq_request request = { .badge = m->badge, .info = m->info, .buffer = ipc_buffer() };
	cap_t held;

	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		request.w[i] = m->w[i];
	m->info = irq_dispatch(&request);
	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		m->w[i] = request.w[i];
	held = thread_held_reply();
	if (!held)
		return;
	m->info |= INFO_SAVED;
	(void)sys_reply_recv(0, m, held, 0);
	cap_free(held);
	m->info = 0;
}

/* Maps the index-th controller of this name. 0; E_NOT_FOUND: there is none; E_IO: it serves no hart that runs. */
static int find_controller(const char *name, uint32_t index)
{
	struct controller *c = &controllers[controller_count];
	struct mem_device device = { 0 };
	uint64_t registers = 0, lines = 0;
	int error;

	if (controller_count == CONTROLLERS)
		return E_NOT_FOUND;
	error = mem_device_map(SLOT_SPACE, name, index, &registers, &device);
	if (!error)
		error = mem_map(SLOT_SPACE, 0, PLIC_LINES * sizeof(struct line), MEM_READ | MEM_WRITE, 0, &lines);
	if (error)
		return error;
	c->number = (uint32_t)(device.irq / PLIC_LINES);
	c->lines = (struct line *)lines;
	c->hart = device.hart;
	c->plic = (struct plic){ .registers = registers, .context = device.context };
	plic_start(&c->plic);
	controller_count++;
	return 0;
}

/* All controllers that serve a hart, by one of their names. */
static void find_controllers(void)
{
	static const char *const names[] = { "riscv,plic0", "sifive,plic-1.0.0" };

	for (unsigned name = 0; name < sizeof names / sizeof names[0] && !controller_count; name++) {
		for (uint32_t i = 0; find_controller(names[name], i) != E_NOT_FOUND; i++)
			;
	}
}

/* Whether a controller before this one has the same hart: its thread serves both. */
static bool has_thread(const struct controller *c)
{
	for (const struct controller *before = controllers; before < c; before++) {
		if (before->hart == c->hart)
			return true;
	}
	return false;
}

static int start(void)
{
	find_controllers();
	if (!controller_count)
		return 1;
	for (struct controller *c = controllers + 1; c < controllers + controller_count; c++) {
		if (!has_thread(c) && thread_start(serve_hart, c, SERVE_PRIO, SERVE_STACK))
			return 5;
	}
	return take_over(controllers[0].hart, SERVICE) ? 0 : 3;
}

/*
 * Ends only when it can't work: 1 no controller that serves a hart, 3 no interrupt right, 4 no service endpoint,
 * 5 no memory for a thread.
 */
int main(void)
{
	struct message m = { .info = 0 };
	int error = start();

	if (error)
		return error;
	while (next_message(&m)) {
		if (info_kind(m.info) == KIND_SIGNALS) {
			m.info = 0;
			take_interrupt();
		} else {
			serve(&m);
		}
	}
	return 4;
}
