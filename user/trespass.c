/*
 * trespass.c: asks the servers for what is not a program's to have: devices, other spaces, the machine's end,
 * proc's own calls. Everything must be refused. Says what was not, and ends with the number of those.
 */
#include <stdio.h>
#include <mem_client.h>
#include <proc_client.h>
#include <tessera/start.h>

#define SPACES 300                     /* more than there can be */

static int granted;

static void refused(const char *what, int error)
{
	if (error)
		return;
	printf("trespass: %s was granted\n", what);
	granted++;
}

static void ask_devices(void)
{
	static const char *const names[] = { "ns16550a", "sifive,plic-1.0.0", "riscv,plic0", "sifive,test0",
					     "riscv,clint0" };
	struct mem_device device;
	uint64_t at;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		refused("a device", mem_device(SLOT_SPACE, names[i], 0, &device));
		refused("a device's registers", mem_device_map(SLOT_SPACE, names[i], 0, &at, &device));
	}
}

static void ask_space(uint64_t id)
{
	struct mem_usage usage;
	struct mem_region region;
	uint64_t at = 0x10000;
	cap_t cap = 0;

	refused("a space's figures", mem_space_usage(SLOT_SPACE, id, &usage));
	refused("a space's regions", mem_space_query(SLOT_SPACE, id, 0, &region));
	refused("memory in a space", mem_space_map(SLOT_SPACE, id, 0, PAGE_SIZE, MEM_READ, 0, &at));
	refused("a range of a space", mem_space_reserve(SLOT_SPACE, id, 0, PAGE_SIZE, 0, 0, &at));
	refused("writing into a space", mem_space_write(SLOT_SPACE, id, at, "x", 1));
	refused("changing a space's access", mem_space_protect(SLOT_SPACE, id, at, PAGE_SIZE, MEM_READ | MEM_WRITE));
	refused("a thread in a space", mem_space_start(SLOT_SPACE, id, 0, 0, 0, 1, &cap, &at));
	refused("an endpoint of a space", mem_space_endpoint(SLOT_SPACE, id, &cap));
	refused("devices for a space", mem_space_allow(SLOT_SPACE, id, MEM_DEVICES));
	refused("a space's end", mem_space_destroy(SLOT_SPACE, id));
}

static void ask_machine(void)
{
	struct mem_fault fault;
	char text[801];
	uint64_t a, b;
	cap_t x = 0, y = 0;

	refused("a new space", mem_space_create(SLOT_SPACE, 0, &x, &y, &a));
	refused("fault records", mem_next_fault(SLOT_SPACE, &fault));
	refused("being the supervisor", mem_supervise(SLOT_SPACE, SLOT_ENDPOINT));
	refused("the archive's object", mem_archive(SLOT_SPACE, &x, &a));
	refused("the boot arguments", mem_bootargs(SLOT_SPACE, text, sizeof text));
	refused("System", mem_system_copy(SLOT_SPACE, &x));
	refused("the machine's end", mem_reset(SLOT_SPACE, 0));
	refused("frames to clear", mem_zero(SLOT_SPACE, 0, &a, &b));
	refused("a thread above the program's priority",
		mem_thread_create(SLOT_SPACE, 0x10000, 0x20000, 0, 0, 63, &x, &a));
	refused("a higher priority", (int)sys_thread_set(SLOT_THREAD, THREAD_PRIO, 63));
	refused("a higher limit", (int)sys_thread_set(SLOT_THREAD, THREAD_MAX_PRIO, 63));
}

static void ask_processes(void)
{
	cap_t server = 0;
	uint64_t n;
	uint32_t w;

	refused("the loader's jobs", proc_job(SLOT_PROCESS));
	refused("the machine's end", proc_shutdown(SLOT_PROCESS, 0, 0));
	refused("the interrupt server", proc_open(SLOT_PROCESS, "irq", 1, &server));
	for (uint64_t pid = 1; pid < 6; pid++) {
		refused("another process's end", proc_kill(SLOT_PROCESS, pid));
		refused("another process's regions", proc_region(SLOT_PROCESS, pid, 0, &n, &n, &n, &n, &w, &w));
	}
}

int main(void)
{
	ask_devices();
	for (uint64_t id = 0; id < SPACES; id++)
		ask_space(id);
	ask_space(~0ull);
	ask_machine();
	ask_processes();
	if (!granted)
		puts("trespass: everything was refused");
	return granted > 255 ? 255 : granted;
}
