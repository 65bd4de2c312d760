/*
 * dt_blob.c: the flattened format: header, blocks, tokens, values. Chapter 5 of the
 * Devicetree Specification v0.4.
 *
 * Owns the checks that keep every later access inside the blob. Knows no property's meaning.
 */
#include "dt_blob.h"

#define MAGIC        0xd00dfeedu
#define VERSION      17u              /* 5.2: the one with size_dt_struct */
#define VERSION_TOP  0x7fffffffu      /* above: damage, not a version */

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };   /* 5.4.1 */

enum header { H_MAGIC, H_SIZE, H_STRUCT, H_STRINGS, H_RESERVE, H_VERSION, H_COMPATIBLE, H_BOOT_HART,
	      H_STRINGS_SIZE, H_STRUCT_SIZE };   /* 5.2, in cells */

static const char *const property_name[DT_P_COUNT] = {
#define X(name, text) text,
	DT_PROPERTIES(X)
#undef X
};

_Static_assert(DT_P_COUNT <= 64, "dt_node.present is 64 bits");

const char *dt_error_name(enum dt_error error)
{
	switch (error) {
#define X(name, word, text) case DT_##name: return word;
	DT_ERRORS(X)
#undef X
	case DT_OK:
		break;
	}
	return "ok";
}

const char *dt_error_text(enum dt_error error)
{
	switch (error) {
#define X(name, word, text) case DT_##name: return text;
	DT_ERRORS(X)
#undef X
	case DT_OK:
		break;
	}
	return "no error";
}

enum dt_error dt_fail(struct dt *dt, enum dt_error error, uint32_t offset, const char *what)
{
	dt->fault = (struct dt_fault){error, offset, what};
	return error;
}

static uint32_t header_cell(const uint8_t *blob, enum header field)
{
	return dt_be32(blob + 4 * field);
}

enum dt_error dt_header(const void *header, size_t present, uint32_t *size)
{
	const uint8_t *blob = header;
	uint32_t version, compatible;

	if (present < DT_HEADER_SIZE)
		return DT_TRUNCATED;
	if (header_cell(blob, H_MAGIC) != MAGIC)
		return DT_BAD_MAGIC;
	*size = header_cell(blob, H_SIZE);
	if (*size < DT_HEADER_SIZE)
		return DT_TRUNCATED;
	if (*size > DT_BLOB_MAX)
		return DT_TOO_BIG;
	version = header_cell(blob, H_VERSION);
	compatible = header_cell(blob, H_COMPATIBLE);
	if (version < VERSION || version > VERSION_TOP || compatible > VERSION || compatible > version)
		return DT_BAD_VERSION;
	return DT_OK;
}

/* Where in the header dt_header's error lies, in cells. */
static uint32_t header_place(enum dt_error error)
{
	return error == DT_BAD_MAGIC ? H_MAGIC : error == DT_BAD_VERSION ? H_VERSION : H_SIZE;
}

/* The block [at, at + size) lies behind the header and inside the blob. */
static bool block_inside(const struct dt *dt, uint32_t at, uint32_t size)
{
	return at >= DT_HEADER_SIZE && at <= dt->size && size <= dt->size - at;
}

/*
 * Names may be used up to the last NUL of the strings block: every offset below strings_end starts a string
 * that ends inside. 5.5
 */
static void strings_bound(struct dt *dt, uint32_t size)
{
	uint32_t end = dt->strings + size;

	while (end > dt->strings && dt->blob[end - 1] != 0)
		end--;
	dt->strings_end = end;
}

enum dt_error dt_open(struct dt *dt, const void *blob, size_t present)
{
	enum dt_error error = dt_header(blob, present, &dt->size);
	uint32_t structure_size, strings_size;

	dt->blob = NULL;
	if (error != DT_OK)
		return dt_fail(dt, error, 4 * header_place(error), dt_error_text(error));
	if (dt->size > present)
		return dt_fail(dt, DT_TRUNCATED, 4 * H_SIZE, "totalsize is more than there is");
	dt->blob = blob;
	dt->boot_hart = header_cell(blob, H_BOOT_HART);
	dt->structure = header_cell(blob, H_STRUCT);
	dt->strings = header_cell(blob, H_STRINGS);
	structure_size = header_cell(blob, H_STRUCT_SIZE);
	strings_size = header_cell(blob, H_STRINGS_SIZE);
	dt->structure_end = dt->structure;
	if (dt->structure % 4 != 0)
		return dt_fail(dt, DT_UNALIGNED, 4 * H_STRUCT, "off_dt_struct is no multiple of 4");
	if (header_cell(blob, H_RESERVE) % 8 != 0)
		return dt_fail(dt, DT_UNALIGNED, 4 * H_RESERVE, "off_mem_rsvmap is no multiple of 8");
	if (!block_inside(dt, dt->structure, structure_size))
		return dt_fail(dt, DT_BAD_LAYOUT, 4 * H_STRUCT, "structure block outside the blob");
	if (!block_inside(dt, dt->strings, strings_size))
		return dt_fail(dt, DT_BAD_LAYOUT, 4 * H_STRINGS, "strings block outside the blob");
	if (dt->structure < dt->strings + strings_size && dt->strings < dt->structure + structure_size)
		return dt_fail(dt, DT_BAD_LAYOUT, 4 * H_STRUCT, "structure and strings block overlap");
	if (!block_inside(dt, header_cell(blob, H_RESERVE), 16))
		return dt_fail(dt, DT_BAD_LAYOUT, 4 * H_RESERVE, "memory reservation block outside the blob");
	dt->structure_end = dt->structure + structure_size;
	strings_bound(dt, strings_size);
	return DT_OK;
}

void dt_walk_start(struct dt_walk *walk, struct dt *dt)
{
	memset(walk, 0, sizeof *walk);
	walk->dt = dt;
	walk->at = dt->structure;
}

/* The next token that is no NOP; walk->at is behind it. 5.4.1 */
static enum dt_error token_next(struct dt_walk *walk, uint32_t *token)
{
	struct dt *dt = walk->dt;

	do {
		if (dt->structure_end - walk->at < 4)
			return dt_fail(dt, DT_TRUNCATED, walk->at, "structure block ends without FDT_END");
		*token = dt_cell(dt, walk->at);
		walk->at += 4;
	} while (*token == NOP);
	return DT_OK;
}

/* Reads the name behind FDT_BEGIN_NODE and its padding. Only the root has none. 2.2.1, 5.4.1 */
static enum dt_error name_read(struct dt_walk *walk, struct dt_node *node)
{
	struct dt *dt = walk->dt;
	uint32_t at = walk->at;

	while (at < dt->structure_end && dt->blob[at] > ' ' && dt->blob[at] < 0x7f)
		at++;
	if (at == dt->structure_end)
		return dt_fail(dt, DT_TRUNCATED, walk->at, "node name without end");
	if (dt->blob[at] != 0)
		return dt_fail(dt, DT_BAD_NAME, at, "unprintable byte in a node name");
	node->name = walk->at;
	node->name_size = at - walk->at;
	if ((node->name_size == 0) != (walk->open == 0))
		return dt_fail(dt, DT_BAD_NAME, walk->at,
			       walk->open == 0 ? "the root has a name" : "empty node name");
	walk->at = (at + 4) & ~3u;
	if (walk->at > dt->structure_end)
		return dt_fail(dt, DT_TRUNCATED, node->name, "node name without end");
	return DT_OK;
}

static bool same(const char *a, const char *b)
{
	while (*a == *b && *a != 0)
		a++, b++;
	return *a == *b;
}

static enum dt_property name_find(const char *name)
{
	for (uint32_t i = 0; i < DT_P_COUNT; i++)
		if (same(name, property_name[i]))
			return (enum dt_property)i;
	return DT_P_OTHER;
}

/* Which property the string at offset `name` of the strings block names; the offset is below strings_end. */
static enum dt_property name_lookup(struct dt_walk *walk, uint32_t name)
{
	uint32_t place = (name ^ name >> 6) % DT_NAME_CACHE;

	if (walk->name_at[place] != name + 1) {
		walk->name_is[place] =
			(uint8_t)name_find((const char *)walk->dt->blob + walk->dt->strings + name);
		walk->name_at[place] = name + 1;
	}
	return (enum dt_property)walk->name_is[place];
}

/* Reads what follows FDT_PROP into node. 5.4.1 */
static enum dt_error property_read(struct dt_walk *walk, struct dt_node *node)
{
	struct dt *dt = walk->dt;
	uint32_t start = walk->at - 4, size, name;
	enum dt_property property;

	if (dt->structure_end - walk->at < 8)
		return dt_fail(dt, DT_TRUNCATED, start, "structure block ends inside a property");
	size = dt_cell(dt, walk->at);
	name = dt_cell(dt, walk->at + 4);
	walk->at += 8;
	if (size > dt->structure_end - walk->at || ((size + 3) & ~3u) > dt->structure_end - walk->at)
		return dt_fail(dt, DT_BAD_PROPERTY, start, "property reaches past the structure block");
	if (name >= dt->strings_end - dt->strings)
		return dt_fail(dt, DT_BAD_STRING, start + 8,
			       "property name outside the strings block or without end");
	property = name_lookup(walk, name);
	if (property != DT_P_OTHER) {
		if (dt_has(node, property))
			return dt_fail(dt, DT_DUPLICATE, start, property_name[property]);
		node->present |= 1ull << property;
		node->value[property] = (struct dt_value){walk->at, size};
	} else if (dt->blob[dt->strings + name] == 0) {
		return dt_fail(dt, DT_BAD_NAME, start + 8, "empty property name");
	}
	walk->at += (size + 3) & ~3u;
	return DT_OK;
}

/* Reads a node from behind its FDT_BEGIN_NODE to its first subnode or its end. */
static enum dt_error node_read(struct dt_walk *walk, struct dt_node *node)
{
	enum dt_error error;
	uint32_t token;

	node->at = walk->at - 4;
	node->present = 0;
	error = name_read(walk, node);
	while (error == DT_OK) {
		error = token_next(walk, &token);
		if (error == DT_OK && token != PROPERTY) {
			walk->at -= 4;
			break;
		}
		if (error == DT_OK)
			error = property_read(walk, node);
	}
	return error;
}

static enum dt_error node_begin(struct dt_walk *walk, struct dt_node *node)
{
	enum dt_error error;

	if (walk->open == 0 && walk->rooted)
		return dt_fail(walk->dt, DT_BAD_STRUCTURE, walk->at - 4, "a second root");
	if (walk->open == DT_DEPTH_MAX)
		return dt_fail(walk->dt, DT_TOO_DEEP, walk->at - 4, "more than 128 nodes inside each other");
	error = node_read(walk, node);
	walk->rooted = true;
	node->depth = walk->open++;
	return error;
}

enum dt_error dt_walk_next(struct dt_walk *walk, struct dt_node *node)
{
	enum dt_error error;
	uint32_t token;

	while ((error = token_next(walk, &token)) == DT_OK) {
		if (token == BEGIN_NODE)
			return node_begin(walk, node);
		if (token == END && walk->open == 0 && walk->rooted) {
			node->at = 0;
			return DT_OK;
		}
		if (token != END_NODE || walk->open == 0)
			return dt_fail(walk->dt, DT_BAD_STRUCTURE, walk->at - 4,
				       token == PROPERTY   ? "a property outside a node or behind a subnode"
				       : token == END_NODE ? "a node ends that has not begun"
				       : token == END      ? "the tree ends inside a node or without one"
							   : "unknown token");
		walk->open--;
	}
	return error;
}

bool dt_property_next(const struct dt *dt, uint32_t node, uint32_t *at, const char **name,
		      struct dt_value *value)
{
	uint32_t place = *at, token;

	if (place == 0)
		place = (node + 4 + (uint32_t)strlen((const char *)dt->blob + node + 4) + 4) & ~3u;
	while ((token = dt_cell(dt, place)) == NOP)
		place += 4;
	if (token != PROPERTY)
		return false;
	*value = (struct dt_value){place + 12, dt_cell(dt, place + 4)};
	*name = (const char *)dt->blob + dt->strings + dt_cell(dt, place + 8);
	*at = place + 12 + ((value->size + 3) & ~3u);
	return true;
}

void dt_node_at(const struct dt *dt, uint32_t at, struct dt_node *node)
{
	enum dt_property property;
	struct dt_value value;
	const char *name;
	uint32_t place = 0;

	node->at = at;
	node->name = at + 4;
	node->name_size = (uint32_t)strlen((const char *)dt->blob + at + 4);
	node->present = 0;
	while (dt_property_next(dt, at, &place, &name, &value)) {
		property = name_find(name);
		if (property == DT_P_OTHER)
			continue;
		node->present |= 1ull << property;
		node->value[property] = value;
	}
}

bool dt_number(const struct dt *dt, uint32_t at, uint32_t cells, uint64_t *number)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < cells; i++) {
		if (value >> 32 != 0)
			return false;
		value = value << 32 | dt_cell(dt, at + 4 * i);
	}
	*number = value;
	return true;
}

uint32_t dt_u32(const struct dt *dt, struct dt_value value, uint32_t otherwise)
{
	return value.size == 4 ? dt_cell(dt, value.at) : otherwise;
}

const char *dt_string(const struct dt *dt, struct dt_value value)
{
	for (uint32_t i = 0; i < value.size; i++)
		if (dt->blob[value.at + i] == 0)
			return (const char *)dt->blob + value.at;
	return NULL;
}

bool dt_is(const struct dt *dt, struct dt_value value, const char *text)
{
	size_t size = strlen(text) + 1;

	return value.size == size && memcmp(dt->blob + value.at, text, size) == 0;
}

bool dt_lists(const struct dt *dt, uint32_t at, uint32_t size, const char *text)
{
	uint32_t end = at + size, wanted = (uint32_t)strlen(text) + 1;

	while (end - at >= wanted) {
		if (memcmp(dt->blob + at, text, wanted) == 0)
			return true;
		while (at < end && dt->blob[at] != 0)
			at++;
		at++;
		if (at > end)
			break;
	}
	return false;
}

bool dt_enabled(const struct dt *dt, const struct dt_node *node)
{
	struct dt_value status;

	if (!dt_has(node, DT_P_STATUS))
		return true;
	status = node->value[DT_P_STATUS];
	return dt_is(dt, status, "okay") || dt_is(dt, status, "ok");
}

bool dt_named(const struct dt *dt, const struct dt_node *node, const char *name)
{
	return strlen(name) == node->name_size && memcmp(dt->blob + node->name, name, node->name_size) == 0;
}

/* Adds "/name" of the node at `at`, whose name may lack its end, to path. */
static size_t path_add(const struct dt *dt, uint32_t at, char *path, size_t length, size_t size)
{
	if (length + 1 < size)
		path[length++] = '/';
	for (at += 4; at < dt->structure_end && dt->blob[at] != 0 && length + 1 < size; at++)
		path[length++] = dt->blob[at] > ' ' && dt->blob[at] < 0x7f ? (char)dt->blob[at] : '?';
	return length;
}

/* How far the token at `at` reaches, 0 when it is none or does not fit. At least 4 bytes are there. */
static uint32_t token_size(const struct dt *dt, uint32_t at)
{
	uint32_t token = dt_cell(dt, at), left = dt->structure_end - at, size = 4;

	if (token == BEGIN_NODE) {
		while (size < left && dt->blob[at + size] != 0)
			size++;
		size = (size + 4) & ~3u;
	} else if (token == PROPERTY) {
		size = left < 12 ? DT_BLOB_MAX : dt_cell(dt, at + 4);
		size = size > left ? 0 : (size + 12 + 3) & ~3u;
	} else if (token != END_NODE && token != NOP) {
		return 0;
	}
	return size > left ? 0 : size;
}

void dt_path(const struct dt *dt, uint32_t offset, char *path, size_t size)
{
	uint32_t inside[DT_DEPTH_MAX], open = 0, at = dt->structure, step = 4;
	size_t length = 0;

	if (dt->blob == NULL || offset < dt->structure || offset >= dt->structure_end)
		step = 0;                                    /* no node is there */
	while (at <= offset && dt->structure_end - at >= 4 && step != 0) {
		uint32_t token = dt_cell(dt, at);

		if (token == BEGIN_NODE && open < DT_DEPTH_MAX)
			inside[open++] = at;
		else if (token == END_NODE && open > 0)
			open--;
		step = token_size(dt, at);
		at += step;
	}
	for (uint32_t i = 1; i < open; i++)
		length = path_add(dt, inside[i], path, length, size);
	if (length == 0 && open > 0)
		path[length++] = '/';
	path[length] = 0;
}
