/*
 * irq: the interrupt server. It owns the interrupt controller and the kernel's one external interrupt; who
 * holds which line; and promises that a line that fired stays quiet until its holder acknowledges it.
 * Runs above everything, so it waits for nobody once started: drivers hear by signals.
 *
 * Life of an interrupt: (1) the kernel masks the external interrupt and signals this server's endpoint;
 * (2) every line that fired is claimed, which keeps it quiet, and its holder is signalled; (3) the external
 * interrupt is unmasked; (4) the holder serves its device and calls ack, which completes the claim.
 *
 * Started by proc with: SLOT_EXTRA its service endpoint, SLOT_EXTRA + 1 System with the IRQ right.
 */
#include <irq_server.h>
/* mem is ranked below: it may be called before the first request is served, and then no more. */
#undef IDL_CLIENT_RANK
#include <mem_client.h>
#include <tessera/start.h>

#include "plic.h"

#define SERVICE      (SLOT_EXTRA)
#define SYSTEM       (SLOT_EXTRA + 1)
#define EXTERNAL_BIT 1                 /* the signal that the kernel sends */

struct line {
	cap_t notify;                  /* signalled when the line fires; 0: nobody holds the line */
	uint64_t holder;               /* badge of the caller that bound it */
	bool fired;                    /* claimed, not yet acknowledged */
};

static struct line lines[PLIC_LINES];

static bool is_signal_capability(cap_t cap)
{
	uint64_t word = 0, detail;

	return !sys_inspect(cap, &word, &detail) && INSPECT_TYPE(word) == TYPE_ENDPOINT &&
	       (INSPECT_RIGHTS(word) & RIGHT_SIGNAL);
}

static void line_complete(uint32_t n)
{
	if (lines[n].fired)
		plic_complete(n);
	lines[n].fired = false;
}

static void line_release(uint32_t n)
{
	line_complete(n);
	plic_disable(n);
	cap_free(lines[n].notify);
	lines[n].notify = 0;
}

int irq_on_bind(const struct irq_request *request, uint32_t line, struct idl_cap notify)
{
	cap_t cap;

	if (!line || line >= PLIC_LINES)
		return E_NOT_FOUND;
	if (!notify.count || !is_signal_capability(notify.value))
		return E_BAD_HANDLE;
	cap = cap_take(notify.value);
	if (!cap)
		return E_NO_MEMORY;
	if (lines[line].notify)
		line_release(line);
	if (!plic_enable(line)) {
		cap_free(cap);
		return E_NOT_FOUND;
	}
	plic_complete(line);            /* in case an earlier instance of this server claimed it and died */
	lines[line] = (struct line){ .notify = cap, .holder = request->badge };
	return 0;
}

/* 0, or why the caller may not speak for the line. */
static int line_check(const struct irq_request *request, uint32_t line)
{
	if (!line || line >= PLIC_LINES || !lines[line].notify)
		return E_NOT_FOUND;
	return lines[line].holder == request->badge ? 0 : E_DENIED;
}

int irq_on_ack(const struct irq_request *request, uint32_t line)
{
	int error = line_check(request, line);

	if (!error)
		line_complete(line);
	return error;
}

int irq_on_unbind(const struct irq_request *request, uint32_t line)
{
	int error = line_check(request, line);

	if (!error)
		line_release(line);
	return error;
}

/* The external interrupt: hands every line that fired to its holder; a holder that is gone loses the line. */
static void external_interrupt(void)
{
	uint32_t line;

	while ((line = plic_claim()) != 0) {
		if (line >= PLIC_LINES || !lines[line].notify) {
			plic_complete(line);
			continue;
		}
		lines[line].fired = true;
		if (sys_signal(lines[line].notify))
			line_release(line);
	}
	(void)sys_system(SYSTEM, SYSTEM_IRQ, 0, 0);
}

/* Answers (answer 0: nothing to answer) and waits; false: there is no endpoint to wait on. */
static bool next_request(struct irq_request *request, uint64_t answer)
{
	struct message m = { .info = answer };
	long error;

	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		m.w[i] = request->w[i];
	/* Both mean: answered, but nothing came. */
	while ((error = sys_reply_recv(SERVICE, &m, 0, 0)) == -E_AGAIN || error == -E_ABORTED)
		m.info = 0;
	if (error)
		return false;
	request->badge = m.badge;
	request->info = m.info;
	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		request->w[i] = m.w[i];
	return true;
}

static int start(void)
{
	struct mem_device device = { 0 };
	uint64_t registers = 0;
	cap_t signal = cap_alloc();

	if (mem_device_map(SLOT_SPACE, "riscv,plic0", 0, &registers, &device) &&
	    mem_device_map(SLOT_SPACE, "sifive,plic-1.0.0", 0, &registers, &device))
		return 1;
	plic_start(registers, device.context);
	if (!signal || sys_give(GIVE_COPY, SERVICE, 1, signal, RIGHT_SIGNAL, EXTERNAL_BIT, 0))
		return 2;
	return sys_system(SYSTEM, SYSTEM_IRQ, signal, 0) ? 3 : 0;
}

/* Ends only when it can't work: 1 no controller, 2 no service endpoint, 3 no interrupt right, 4 no endpoint. */
int main(void)
{
	struct irq_request request = { .buffer = ipc_buffer() };
	uint64_t answer = 0;
	int error = start();

	if (error)
		return error;
	while (next_request(&request, answer)) {
		answer = 0;
		if (info_kind(request.info) == KIND_SIGNALS)
			external_interrupt();
		else
			answer = irq_dispatch(&request);
	}
	return 4;
}
