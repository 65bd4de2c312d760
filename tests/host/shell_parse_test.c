/*
 * shell_parse_test.c: the shell's parser: every form of the language, every complaint, every limit, and
 * random text that must do no harm.
 */
// SOURCES: user/shell/parse.c
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/shell/parse.h"

static const struct parse_values values = { .status = 139, .self = 7, .background = 42 };
static struct parse_command command;

/* All commands of the text as "[word][word]" and what stands behind; a complaint as "! why". */
static const char *shape(const char *text)
{
	static const char *const after[] = { ";", "&", "&&", "||", "|" };
	static char out[PARSE_BYTES * 2];
	const char *why;
	size_t n = 0;
	int more;

	out[0] = 0;
	while ((more = parse_next(&text, &values, &command, &why)) > 0) {
		assert(command.argc > 0 && !command.argv[command.argc] && !why);
		for (int i = 0; i < command.argc; i++)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "[%s]", command.argv[i]);
		if (command.input)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "<%s", command.input);
		if (command.output)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s", command.append ? ">>" : ">",
					      command.output);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s", after[command.after]);
	}
	if (more < 0)
		snprintf(out + n, sizeof(out) - n, "! %s", why);
	return out;
}

static void gives(const char *text, const char *expected)
{
	const char *got = shape(text);

	if (strcmp(got, expected)) {
		fprintf(stderr, "'%s' gives %s, not %s\n", text, got, expected);
		abort();
	}
}

static void words_and_quotes(void)
{
	gives("", "");
	gives("   \t ", "");
	gives("hello", "[hello];");
	gives("  echo  a\tb  ", "[echo][a][b];");
	gives("echo 'a b' \"c d\" e\\ f", "[echo][a b][c d][e f];");
	gives("echo a'b'\"c\"d", "[echo][abcd];");
	gives("echo '' \"\"", "[echo][][];");
	gives("echo '$? \\' \"\\\"\\\\\\$? \\x\"", "[echo][$? \\][\"\\$? \\x];");
	gives("echo ';&|<>#' \";\"", "[echo][;&|<>#][;];");
	gives("echo \\; \\' \\", "[echo][;]['][\\];");
	gives("echo a#b # c ; d", "[echo][a#b];");
	gives("# nothing\necho a # b\necho c", "[echo][a];[echo][c];");
}

static void values_are_filled_in(void)
{
	gives("echo $? \"$?\" a$?b $$ $! $x $", "[echo][139][139][a139b][7][42][$x][$];");
}

static void commands_follow_each_other(void)
{
	gives("a; b ;c", "[a];[b];[c];");
	gives("a;;b;", "[a];[b];");
	gives("a\nb\r\n\nc", "[a];[b];[c];");
	gives("a && b || c & d", "[a]&&[b]||[c]&[d];");
	gives("a&b&", "[a]&[b]&");
	gives("a &&\nb", "[a]&&[b];");
}

static void streams_are_redirected(void)
{
	gives("a | b|c", "[a]|[b]|[c];");
	gives("a | b || c", "[a]|[b]||[c];");
	gives("a > b", "[a]>b;");
	gives("a>b c", "[a][c]>b;");
	gives("a >> 'b c' < d | e>f &", "[a]<d>>b c|[e]>f&");
	gives("a > $$ ; b", "[a]>7;[b];");
}

static void what_is_wrong_is_said(void)
{
	gives("echo 'a", "! a quote is not closed");
	gives("a; echo \"a'", "[a];! a quote is not closed");
	gives("| a", "! a command is missing");
	gives("> a", "! a command is missing");
	gives("a | | b", "[a]|! a command is missing");
	gives("a >", "! a file name is missing");
	gives("a > ; b", "! a file name is missing");
	gives("a < | b", "! a file name is missing");
	gives("a > b > c", "! redirected twice");
	assert(!strcmp(parse_check("a |", &command), "a command is missing"));
	gives("& a", "! a command is missing");
	gives("a && && b", "[a]&&! a command is missing");
	gives("|| a", "! a command is missing");
	assert(!parse_check("a && b; c &", &command));
	assert(!strcmp(parse_check("a &&", &command), "a command is missing"));
	assert(!strcmp(parse_check("a || ;", &command), "a command is missing"));
	assert(!strcmp(parse_check("a; b 'c", &command), "a quote is not closed"));
}

static void limits_hold(void)
{
	static char text[PARSE_BYTES * 2];

	for (unsigned i = 0; i < PARSE_WORDS; i++)
		memcpy(text + 2 * i, "a ", 2);
	assert(!parse_check(text, &command));
	strcat(text, "a");
	assert(!strcmp(parse_check(text, &command), "too many words"));
	memset(text, 'b', PARSE_BYTES - 1);
	text[PARSE_BYTES - 1] = 0;
	assert(!parse_check(text, &command));
	strcat(text, "b");
	assert(!strcmp(parse_check(text, &command), "the command is too long"));
	memset(text, 'b', PARSE_BYTES - 10);
	strcpy(text + PARSE_BYTES - 10, "$$");
	assert(!strcmp(parse_check(text, &command), "the command is too long"));
}

static void any_text_does_no_harm(void)
{
	static const char often[] = "ab '\"\\$?!;&|<>#\n\t";
	char text[64];

	srand(1);
	for (int i = 0; i < 200000; i++) {
		size_t n = (size_t)rand() % sizeof(text);

		for (size_t k = 0; k < n; k++)
			text[k] = rand() % 8 ? often[rand() % (sizeof(often) - 1)] : (char)(1 + rand() % 255);
		text[n == sizeof(text) ? n - 1 : n] = 0;
		(void)parse_check(text, &command);
		(void)shape(text);
	}
}

int main(void)
{
	words_and_quotes();
	values_are_filled_in();
	commands_follow_each_other();
	streams_are_redirected();
	what_is_wrong_is_said();
	limits_hold();
	any_text_does_no_harm();
	puts("shell_parse_test: ok");
	return 0;
}
