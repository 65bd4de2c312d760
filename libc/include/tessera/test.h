/*
 * tessera/test.h: tests in the machine. They print TAP (testanything.org), which shell.tap() of the test plugin
 * reads. A test goes on behind a CHECK that fails; REQUIRE ends it.
 *
 *	TEST(numbers_add_up) { CHECK(1 + 1 == 2); }
 *	int main(int argc, char **argv) { return TEST_MAIN(argc, argv, numbers_add_up); }
 */
#ifndef TESSERA_TEST_H
#define TESSERA_TEST_H

#define TEST(name) static void name(void)

#define CHECK(condition) ((void)test_check(!!(condition), #condition, __FILE__, __LINE__))

#define REQUIRE(condition)                                                        \
	do {                                                                      \
		if (!test_check(!!(condition), #condition, __FILE__, __LINE__))   \
			return;                                                   \
	} while (0)

/* Runs the tests named, or of them those that the arguments name: 0 all passed, 1 not, 2 no such test. */
#define TEST_MAIN(argc, argv, ...) test_main(argc, argv, #__VA_ARGS__, (void (*[])(void)){ __VA_ARGS__ })

/* Notes the result of a check in the running test, and hands it back. */
int test_check(int ok, const char *text, const char *file, int line);

/* names: the tests' names with commas between them, in the order of `tests`. */
int test_main(int argc, char **argv, const char *names, void (*const tests[])(void));
#endif
