/*
 * parse.c: see parse.h.
 */
#include "parse.h"

#include <stdbool.h>
#include <stddef.h>

struct parser {
	const char *at;
	const struct parse_values *values;
	struct parse_command *out;
	size_t used;                   /* bytes of out->bytes */
	const char *why;               /* what is wrong, or NULL */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Ends a word that is not quoted. */
static bool is_special(char c)
{
	return !c || is_blank(c) || c == '\n' || c == ';' || c == '&' || c == '|' || c == '<' || c == '>';
}

static void add(struct parser *p, char c)
{
	if (p->used == PARSE_BYTES)
		p->why = "the command is too long";
	else
		p->out->bytes[p->used++] = c;
}

static void add_number(struct parser *p, uint64_t n)
{
	char digits[20];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while (count)
		add(p, digits[--count]);
}

/* At a $: what it stands for, or itself. */
static void dollar(struct parser *p)
{
	switch (p->at[1]) {
	case '?': add_number(p, p->values->status); break;
	case '$': add_number(p, p->values->self); break;
	case '!': add_number(p, p->values->background); break;
	default:
		add(p, *p->at++);
		return;
	}
	p->at += 2;
}

/* What a \ in double quotes takes its meaning from. */
static bool is_escapable(char c)
{
	return c == '"' || c == '\\' || c == '$';
}

static void quoted(struct parser *p)
{
	char quote = *p->at++;

	while (*p->at != quote) {
		if (!*p->at) {
			p->why = "a quote is not closed";
			return;
		}
		if (quote == '"' && *p->at == '$') {
			dollar(p);
			continue;
		}
		if (quote == '"' && *p->at == '\\' && is_escapable(p->at[1]))
			p->at++;
		add(p, *p->at++);
	}
	p->at++;
}

/* A word into the bytes; where it begins. */
static char *word(struct parser *p)
{
	char *start = p->out->bytes + p->used;

	while (!p->why && !is_special(*p->at)) {
		if (*p->at == '\'' || *p->at == '"') {
			quoted(p);
		} else if (*p->at == '$') {
			dollar(p);
		} else {
			if (*p->at == '\\' && p->at[1])
				p->at++;
			add(p, *p->at++);
		}
	}
	add(p, 0);
	return start;
}

static void argument(struct parser *p)
{
	if (p->out->argc == PARSE_WORDS)
		p->why = "too many words";
	else
		p->out->argv[p->out->argc++] = word(p);
}

/* At what ends a command. */
static void separator(struct parser *p)
{
	char c = *p->at;

	if (!c)
		return;
	p->at++;
	if (c == '|')
		p->out->after = *p->at == '|' ? AFTER_OR : AFTER_PIPE;
	else if (c == '&')
		p->out->after = *p->at == '&' ? AFTER_AND : AFTER_BACKGROUND;
	if (p->out->after == AFTER_OR || p->out->after == AFTER_AND)
		p->at++;
	if (!p->why && !p->out->argc && p->out->after != AFTER_NEXT)
		p->why = "a command is missing";
}

static void skip_blank(struct parser *p)
{
	while (is_blank(*p->at))
		p->at++;
	if (*p->at == '#')
		while (*p->at && *p->at != '\n')
			p->at++;
}

static bool is_redirection(char c)
{
	return c == '<' || c == '>';
}

/* At a < or >: the file's name follows. */
static void redirection(struct parser *p)
{
	bool input = *p->at++ == '<';
	char **where = input ? &p->out->input : &p->out->output;
	bool append = !input && *p->at == '>';

	p->at += append;
	skip_blank(p);
	if (is_special(*p->at))
		p->why = "a file name is missing";
	else if (*where)
		p->why = "redirected twice";
	else
		*where = word(p);
	p->out->append |= append;
}

int parse_next(const char **text, const struct parse_values *values, struct parse_command *c,
	       const char **why)
{
	struct parser p = { .at = *text, .values = values, .out = c };

	c->argc = 0;
	c->after = AFTER_NEXT;
	c->input = c->output = NULL;
	c->append = false;
	do {
		skip_blank(&p);
		while (!p.why && (!is_special(*p.at) || is_redirection(*p.at))) {
			if (is_redirection(*p.at))
				redirection(&p);
			else
				argument(&p);
			skip_blank(&p);
		}
		if (!p.why && !c->argc && (c->input || c->output))
			p.why = "a command is missing";
		if (!p.why)
			separator(&p);
	} while (!p.why && !c->argc && *p.at);
	*text = p.at;
	*why = p.why;
	c->argv[p.why ? 0 : c->argc] = NULL;
	return p.why ? -1 : c->argc != 0;
}

const char *parse_check(const char *text, struct parse_command *scratch)
{
	/* The widest values, so that what fits here fits when it is run. */
	const struct parse_values values = { .status = 999, .self = UINT64_MAX, .background = UINT64_MAX };
	enum parse_after after = AFTER_NEXT;
	const char *why;
	int more;

	while ((more = parse_next(&text, &values, scratch, &why)) > 0)
		after = scratch->after;
	if (!more && (after == AFTER_AND || after == AFTER_OR || after == AFTER_PIPE))
		return "a command is missing";
	return why;
}
