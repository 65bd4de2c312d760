/*
 * getopt.c: options of a command line, short and long. Arguments that are no options are moved behind those that
 * are, unless the list of options begins with '+' or POSIXLY_CORRECT is set; with '-' they are given as option 1.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

static const char *next;               /* in a word of several short options; NULL: at a word's start */

struct scan {
	int argc;
	char **argv;
	const char *options;
	bool missing_colon;
	const struct option *longs;
	int *index;
	bool only;
};

static void complain(const struct scan *s, const char *format, const char *word)
{
	if (opterr && !s->missing_colon) {
		fprintf(stderr, "%s: ", s->argv[0]);
		fprintf(stderr, format, word);
		fputc('\n', stderr);
	}
}

/* Moves words [from, from + n) before the `skip` words that precede them. */
static void move_words(char **argv, int from, int n, int skip)
{
	for (int i = 0; i < n; i++) {
		char *word = argv[from + i];

		memmove(&argv[from + i - skip + 1], &argv[from + i - skip], (size_t)skip * sizeof(*argv));
		argv[from + i - skip] = word;
	}
}

/* An option's argument that is missing. */
static int missing(const struct scan *s, const char *format, const char *word, int option)
{
	complain(s, format, word);
	optopt = option;
	return s->missing_colon ? ':' : '?';
}

static int short_option(const struct scan *s)
{
	char letter[2] = { *next++, 0 };
	const char *known = letter[0] == ':' || letter[0] == ';' ? NULL : strchr(s->options, letter[0]);
	bool last = !*next;

	if (last)
		optind++;
	if (!known) {
		complain(s, "invalid option -- '%s'", letter);
		optopt = letter[0];
		if (last)
			next = NULL;
		return '?';
	}
	optarg = NULL;
	if (known[1] == ':') {
		if (!last) {
			optarg = (char *)next;
			optind++;
		} else if (known[2] != ':') {
			if (optind >= s->argc) {
				next = NULL;
				return missing(s, "option requires an argument -- '%s'", letter, letter[0]);
			}
			optarg = s->argv[optind++];
		}
		next = NULL;
	} else if (last) {
		next = NULL;
	}
	return letter[0];
}

/* The long option that the word names, whole or by an unambiguous beginning; NULL: none. */
static const struct option *find_long(const struct scan *s, const char *word, size_t size, bool *ambiguous)
{
	const struct option *found = NULL;

	*ambiguous = false;
	for (const struct option *o = s->longs; o->name; o++) {
		if (strncmp(o->name, word, size))
			continue;
		if (!o->name[size])
			return o;
		if (found && (found->flag != o->flag || found->val != o->val || found->has_arg != o->has_arg))
			*ambiguous = true;
		found = o;
	}
	return found;
}

static int take_long(const struct scan *s, const struct option *o, const char *value)
{
	char *word = s->argv[optind++];

	optarg = NULL;
	if (value && o->has_arg == no_argument) {
		complain(s, "option '--%s' doesn't allow an argument", o->name);
		optopt = o->val;
		return '?';
	}
	if (value)
		optarg = (char *)value;
	else if (o->has_arg == required_argument && optind < s->argc)
		optarg = s->argv[optind++];
	else if (o->has_arg == required_argument)
		return missing(s, "option '%s' requires an argument", word, o->val);
	if (s->index)
		*s->index = (int)(o - s->longs);
	if (!o->flag)
		return o->val;
	*o->flag = o->val;
	return 0;
}

/* The word at optind as a long option; -1: it is none (with one '-' it may be short options). */
static int long_option(const struct scan *s, int dashes)
{
	const char *word = s->argv[optind], *name = word + dashes, *value = strchr(name, '=');
	bool ambiguous;
	const struct option *o = find_long(s, name, value ? (size_t)(value - name) : strlen(name), &ambiguous);

	if (o && !ambiguous)
		return take_long(s, o, value ? value + 1 : NULL);
	if (dashes == 1 && !ambiguous && strchr(s->options, name[0]))
		return -1;
	complain(s, ambiguous ? "option '%s' is ambiguous" : "unrecognized option '%s'", word);
	optind++;
	optopt = 0;
	return '?';
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* The option at optind, which need not be one. */
static int take_option(const struct scan *s, char order)
{
	const char *word;
	int got;

	if (next && *next)
		return short_option(s);
	if (optind >= s->argc)
		return -1;
	word = s->argv[optind];
	if (!is_option(word)) {
		if (order != '-')
			return -1;
		optarg = s->argv[optind++];
		return 1;
	}
	if (!strcmp(word, "--")) {
		optind++;
		return -1;
	}
	if (s->longs && (word[1] == '-' || s->only)) {
		got = long_option(s, word[1] == '-' ? 2 : 1);
		if (got != -1)
			return got;
	}
	next = word + 1;
	return short_option(s);
}

static int scan(struct scan *s)
{
	char order = getenv("POSIXLY_CORRECT") ? '+' : 0;
	int skipped, found, used, got;

	if (optind == 0) {
		optind = 1;
		next = NULL;
	}
	if (*s->options == '+' || *s->options == '-')
		order = *s->options++;
	s->missing_colon = *s->options == ':';
	skipped = optind;
	if (!order) {
		for (found = optind; found < s->argc && !is_option(s->argv[found]);)
			found++;
		if (found == s->argc)
			return -1;
		optind = found;
	}
	found = optind;
	got = take_option(s, order);
	used = optind - found;
	/* A word with more short options in it is found again, and moved when it is done. */
	move_words(s->argv, found, used, found - skipped);
	optind = skipped + used;
	return got;
}

int getopt(int argc, char *const argv[], const char *options)
{
	struct scan s = { .argc = argc, .argv = (char **)argv, .options = options };

	return scan(&s);
}

int getopt_long(int argc, char *const argv[], const char *options, const struct option *longs, int *index)
{
	struct scan s = { .argc = argc, .argv = (char **)argv, .options = options, .longs = longs, .index = index };

	return scan(&s);
}

int getopt_long_only(int argc, char *const argv[], const char *options, const struct option *longs, int *index)
{
	struct scan s = {
		.argc = argc, .argv = (char **)argv, .options = options, .longs = longs, .index = index, .only = true,
	};

	return scan(&s);
}
