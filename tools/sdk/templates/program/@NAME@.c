/* @NAME@.c: greets whom its arguments name. */
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: @NAME@ WHOM...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		printf("@NAME@ greets %s\n", argv[i]);
	return 0;
}
