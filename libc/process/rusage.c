/* rusage.c: what the process has used; nothing is kept of children. */
#include <errno.h>
#include <sys/resource.h>
#include <mem_client.h>
#include <tessera/process.h>
#include "../libc_internal.h"

#define MICROSECONDS 1000000ull
#define KIB          1024

int getrusage(int who, struct rusage *out)
{
	uint64_t rate = start_info->timebase;
	struct mem_usage usage = { 0 };
	int error;

	if (who != RUSAGE_SELF) {
		errno = EINVAL;
		return -1;
	}
	error = mem_usage(SLOT_SPACE, &usage);
	if (error)
		return errno_result(error);
	*out = (struct rusage){
		.ru_utime = { (time_t)(usage.cpu / rate), (suseconds_t)(usage.cpu % rate * MICROSECONDS / rate) },
		.ru_maxrss = (long)((usage.resident + usage.shared) / KIB),
	};
	return 0;
}
