/* minimal_printf.c: what one printf costs (make size). */
#include <stdio.h>

int main(int argc, char **argv)
{
	printf("%s has %d arguments\n", argv[0], argc - 1);
	return 0;
}
