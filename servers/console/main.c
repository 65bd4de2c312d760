/*
 * console: the server of the serial line, a stream (stream.idl) for everybody at once. This file is the loop
 * and the calls; uart.c the device, output.c and input.c the two directions, line.c the editing, client.c
 * what is remembered of each process.
 *
 * Started by proc with: SLOT_EXTRA its service endpoint, SLOT_EXTRA + 1 the interrupt server. When that one was
 * started again (SIGNAL_RESTARTED, or an acknowledgement fails), the line is bound anew and the device is asked
 * for what it had to say meanwhile.
 */
#include <irq_client.h>
#include <mem_client.h>
#include <stream_server.h>
#include <tessera/start.h>

#include "client.h"
#include "input.h"
#include "output.h"
#include "uart.h"

#define SERVICE    (SLOT_EXTRA)
#define INTERRUPTS (SLOT_EXTRA + 1)
#define PID_MASTER 1                   /* proc: where Ctrl-C goes is its business */
#define DEVICE_BIT 1                   /* the signal that the interrupt server sends */

/* A serial line does not tell its size. */
#define COLUMNS 80
#define ROWS    24

static uint32_t line_number;           /* of the device's interrupt; set once, as this: */
static cap_t line_signal;              /* what the interrupt server signals */

int stream_on_read(const struct stream_request *request, uint32_t most, void *data_out, size_t *data_n_out)
{
	(void)data_out;
	*data_n_out = 0;
	return most ? input_read(request->badge, most) : 0;
}

int stream_on_write(const struct stream_request *request, const void *data, size_t data_n,
		    uint32_t *written_out)
{
	*written_out = (uint32_t)data_n;
	return output_write(data, data_n, client_mode(request->badge) & STREAM_RAW);
}

int stream_on_set_mode(const struct stream_request *request, uint32_t next, uint32_t *old_out)
{
	struct client *c = client_get(request->badge);

	*old_out = c->mode;
	c->mode = next;
	return 0;
}

int stream_on_info(const struct stream_request *request, uint32_t *terminal_out, uint32_t *columns_out,
		   uint32_t *rows_out)
{
	(void)request;
	*terminal_out = 1;
	*columns_out = COLUMNS;
	*rows_out = ROWS;
	return 0;
}

int stream_on_interrupt_to(const struct stream_request *request, struct idl_cap notify)
{
	cap_t cap;

	if (request->badge != PID_MASTER)
		return E_DENIED;
	if (!notify.count || notify.type != TYPE_ENDPOINT)
		return E_BAD_HANDLE;
	cap = cap_take(notify.value);
	if (!cap)
		return E_NO_MEMORY;
	input_interrupt_to(cap);
	return 0;
}

int stream_on_flush(const struct stream_request *request)
{
	if (request->badge != PID_MASTER)
		return E_DENIED;
	input_flush();
	return 0;
}

int stream_on_drain(const struct stream_request *request)
{
	(void)request;
	return output_drain();
}

/* Until the device asks no more. */
static void device_serve(void)
{
	uint8_t byte;

	do {
		while (input_room() && uart_get(&byte))
			input_byte(byte);
		input_serve();
		output_pump();
		uart_interrupts(input_room(), output_waiting());
	} while (uart_asks());
}

/*
 * Serves the device, then lets its interrupt line go: a new cause after that raises it again. An interrupt
 * server that does not know the line is a new one; waits for it if it does not run yet. 0, or a positive error.
 */
static int device_interrupt(bool bound)
{
	int error;

	device_serve();
	if (bound && !irq_ack(INTERRUPTS, line_number))
		return 0;
	error = irq_bind(INTERRUPTS, line_number, line_signal);
	if (error)
		return error;
	device_serve();
	return irq_ack(INTERRUPTS, line_number);
}

/* After a call: it may have made room for input, or brought output. */
static void settle(void)
{
	input_serve();
	output_pump();
	uart_interrupts(input_room(), output_waiting());
}

/* Answers (answer 0: nothing to answer) and waits; false: there is no endpoint to wait on. */
static bool next_request(struct stream_request *request, uint64_t answer)
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

	line_signal = cap_alloc();
	if (mem_device_map(SLOT_SPACE, "ns16550a", 0, &registers, &device))
		return 1;
	uart_start(registers);
	line_number = (uint32_t)device.irq;
	if (!line_signal || sys_give(GIVE_COPY, SERVICE, 1, line_signal, RIGHT_SIGNAL, DEVICE_BIT, 0))
		return 2;
	if (irq_bind(INTERRUPTS, line_number, line_signal))
		return 3;
	uart_interrupts(true, false);
	return 0;
}

/* Ends only when it cannot work: 1 no device, 2 no service endpoint, 3 no interrupt, 4 endpoint gone. */
int main(void)
{
	struct stream_request request = { .buffer = ipc_buffer() };
	uint64_t answer = 0;
	int error = start();

	if (error)
		return error;
	while (next_request(&request, answer)) {
		answer = 0;
		if (info_kind(request.info) == KIND_SIGNALS) {
			if (device_interrupt(!(request.w[0] & SIGNAL_RESTARTED)))
				return 3;
		} else {
			answer = stream_dispatch(&request);
			settle();
		}
	}
	return 4;
}
