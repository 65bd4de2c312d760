/* file.c: what the file server's calls cost a program, by messages: open and close, small reads and writes, a pipe. */
#include "bench.h"

#include <file_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>

#define PATH "/tmp/bench"

static char data[900];
static cap_t server;

static int open_close(uint64_t *cost)
{
	struct file_stat what;
	cap_t file = 0;
	int error = 0;

	*cost = BENCH_LEAST({
		error |= file_open(server, "/bin/hello", FILE_READ, &file, &what);
		error |= file_close(file);
		cap_free(file);
	});
	return error;
}

static int bytes(cap_t file)
{
	uint64_t end, position;
	uint32_t written;
	size_t got;
	int error = stream_write(file, data, sizeof data, &written);

	bench_print("file.write_900", BENCH_LEAST(error |= file_write_at(file, 0, data, sizeof data, &end)));
	bench_print("file.read_900", BENCH_LEAST(error |= file_read_at(file, 0, sizeof data, data, sizeof data, &got)));
	bench_print("file.seek", BENCH_LEAST(error |= file_seek(file, 0, FILE_SET, &position)));
	return error;
}

static int through_a_pipe(void)
{
	cap_t reader = 0, writer = 0;
	uint32_t written;
	size_t got;
	int error = file_pipe(server, &reader, &writer);

	if (error)
		return error;
	bench_print("pipe.800", BENCH_LEAST({
		error |= stream_write(writer, data, 800, &written);
		error |= stream_read(reader, 800, data, sizeof data, &got);
	}));
	error |= file_close(reader) | file_close(writer);
	cap_free(reader);
	cap_free(writer);
	return error;
}

int bench_file(void)
{
	struct file_stat what;
	uint64_t cost = 0;
	cap_t file = 0;
	int error = server_open("file", FILE_VERSION, &server);

	if (!error)
		error = open_close(&cost);
	if (!error)
		bench_print("file.open_close", cost);
	if (!error)
		error = file_open(server, PATH, FILE_READ | FILE_WRITE | FILE_CREATE, &file, &what);
	if (!error)
		error = bytes(file) | through_a_pipe();
	if (file)
		error |= file_close(file) | file_remove(server, PATH);
	return error ? bench_failed("file", error) : 0;
}
