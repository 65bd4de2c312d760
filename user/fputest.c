/*
 * fputest.c: floating-point registers belong to the process. `fputest N ROUNDS` starts N copies that each
 * keep values of their own in f0-f31 and fcsr while the others run, are preempted and sleep, and compares
 * them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>

#define REGISTERS 32
#define COPIES    16                   /* most */
#define SPINS     100000               /* loop turns a round: some of them see a preemption */
#define NAP_EVERY 8                    /* rounds between sleeps with the registers live */

struct fpu {
	uint64_t f[REGISTERS];
	uint64_t fcsr;
};

#define LOAD(n)  "fld f" #n ", " #n "*8(%[in])\n"
#define STORE(n) "fsd f" #n ", " #n "*8(%[out])\n"
#define EACH(m) \
	m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15) \
	m(16) m(17) m(18) m(19) m(20) m(21) m(22) m(23) m(24) m(25) m(26) m(27) m(28) m(29) m(30) m(31)

/* Loads the registers, turns `spins` times, sleeps until `deadline` if that is not 0, stores them. */
static void hold(const struct fpu *in, struct fpu *out, uint64_t spins, uint64_t deadline)
{
	uint64_t old;

	__asm__ volatile("frcsr %[old]\n" EACH(LOAD) "ld t0, 256(%[in])\n"
			 "fscsr t0\n"
			 "1: addi %[spins], %[spins], -1\n"
			 "bnez %[spins], 1b\n"
			 "beqz %[deadline], 2f\n"
			 "mv a0, %[endpoint]\n"
			 "li a1, %[info]\n"
			 "li a7, %[call]\n"
			 "li t0, 0\n"
			 "mv t1, %[deadline]\n"
			 "ecall\n"
			 "2: frcsr t0\n"
			 "sd t0, 256(%[out])\n" EACH(STORE) "fscsr %[old]\n"
			 : [old] "=&r"(old), [spins] "+&r"(spins)
			 : [in] "r"(in), [out] "r"(out), [deadline] "r"(deadline), [endpoint] "r"(thread_endpoint()),
			   [info] "i"(INFO_DEADLINE), [call] "i"(SYS_REPLY_RECV)
			 : "memory", "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4",
			   "a5", "a6", "a7", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8", "ft9",
			   "ft10", "ft11", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs0", "fs1",
			   "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11");
}

/* Over a call only fs0-fs11 and fcsr are kept; the others may read 0, but never a third value. */
static int same(const struct fpu *in, const struct fpu *out, int called)
{
	for (unsigned i = 0; i < REGISTERS; i++) {
		int kept = !called || i == 8 || i == 9 || (i >= 18 && i <= 27);

		if (out->f[i] != in->f[i] && (kept || out->f[i] != 0))
			return 0;
	}
	return in->fcsr == out->fcsr;
}

static int keep_own(uint64_t number, uint64_t rounds)
{
	uint64_t nap = process_start_info()->timebase / 1000;
	struct fpu in, out;

	for (uint64_t round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < REGISTERS; i++)
			in.f[i] = (number << 48 | round << 8 | i) * 0x9e3779b97f4a7c15ull;
		in.fcsr = (number + round) % 5 << 5 | ((number * 7 + round) & 31);
		memset(&out, 0, sizeof(out));
		hold(&in, &out, SPINS, round % NAP_EVERY ? 0 : sys_time() + nap);
		if (!same(&in, &out, round % NAP_EVERY == 0)) {
			printf("fputest: copy %llu lost a register in round %llu\n", (unsigned long long)number,
			       (unsigned long long)round);
			return 1;
		}
	}
	return 0;
}

static int start_copy(uint64_t number, const char *rounds, uint64_t *pid)
{
	char text[24];
	const char *argv[] = { "fputest", "copy", text, rounds, NULL };
	int error;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	error = process_spawn(argv, 0, pid);
	if (error)
		printf("fputest: %s\n", error_text(error));
	return error;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 3, status, pids[COPIES];
	const char *rounds = argc > 2 ? argv[2] : "50";
	uint64_t started = 0, bad = 0;

	if (argc == 4 && !strcmp(argv[1], "copy"))
		return keep_own(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
	if (count > COPIES)
		count = COPIES;
	while (started < count && !start_copy(started, rounds, &pids[started]))
		started++;
	for (uint64_t i = 0; i < started; i++)
		bad += process_wait(pids[i], NULL, &status) || status;
	if (bad || started < count) {
		printf("fputest: %llu of %llu copies failed\n", (unsigned long long)(bad + count - started),
		       (unsigned long long)count);
		return 1;
	}
	printf("fputest: ok, %llu copies\n", (unsigned long long)count);
	return 0;
}
