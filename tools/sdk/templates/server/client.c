/* client.c: `@NAME@ NUMBER...` adds each number to its count at the @NAME@ server and prints the count. */
#include <stdio.h>
#include <stdlib.h>
#include <@NAME@_client.h>
#include <tessera/process.h>

int main(int argc, char **argv)
{
	cap_t server;
	uint64_t count;
	int error = server_open("@NAME@", @UPPER@_VERSION, &server);

	if (!error)
		error = @NAME@_check(server);
	for (int i = 1; i < argc && !error; i++) {
		error = @NAME@_add(server, (uint32_t)atoi(argv[i]), &count);
		if (!error)
			printf("%llu\n", (unsigned long long)count);
	}
	if (error)
		fprintf(stderr, "@NAME@: %s\n", error_text(error));
	return error ? 1 : 0;
}
