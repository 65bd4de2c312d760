/* sqlite_main.c: runs the SQL in a file (second argument) on a database (first) and prints the rows. */
#include <stdio.h>
#include "sqlite3.h"

static int print_row(void *unused, int count, char **values, char **names)
{
	(void)unused;
	(void)names;
	for (int i = 0; i < count; i++)
		printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	static char text[65536];
	char *message = NULL;
	sqlite3 *db;
	FILE *f = argc == 3 ? fopen(argv[2], "r") : NULL;
	int result;

	if (!f || sqlite3_open(argv[1], &db) != SQLITE_OK)
		return 1;
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	result = sqlite3_exec(db, text, print_row, NULL, &message);
	if (result)
		printf("error %d: %s\n", result, message);
	return sqlite3_close(db) != SQLITE_OK;
}
