/*
 * cap_test.c: capability slots, frames and objects of the real kernel, call by call. Each name is a claim.
 */
// SOURCES: kernel/audit.c kernel/cap.c kernel/fault.c kernel/frame.c kernel/ipc.c kernel/main.c kernel/object.c kernel/sched.c kernel/space.c kernel/syscall.c kernel/thread.c kernel/timer.c kernel/trap.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
#include "kernel/host.h"

static void boot_is_sound(void)
{
	host_check();
	EXPECT(sys(root, SYS_INSPECT, ROOT_SYSTEM), 0);
}

static const struct claim claims[] = {
	CLAIM(boot_is_sound),
};

int main(int argc, char **argv)
{
	return host_claims(claims, sizeof(claims) / sizeof(*claims), argc, argv);
}
