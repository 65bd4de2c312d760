/*
 * dt_libfdt_test: our walker against Debian's libfdt: the same nodes in the same order and depth, the same
 * properties.
 *
 *     dt_libfdt_test FILE.dtb...
 *
 * Every file that both accept is compared; a file named under good/ must be accepted by both. Status 1 on a
 * difference.
 */
// SOURCES: servers/mem/dt_blob.c
// LIBS: -lfdt
// ARGS: build/corpus/dtb/good/*.dtb build/corpus/dtb/bad/*.dtb
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dt_blob.h"

static const char *const property_name[DT_P_COUNT] = {
#define X(name, text) text,
	DT_PROPERTIES(X)
#undef X
};

static struct dt dt;
static const char *file;
static unsigned long nodes, properties, failures;

static void differ(const char *what, uint32_t at, const char *name)
{
	fprintf(stderr, "%s: %s differs at offset %u (%s)\n", file, what, (unsigned)at, name);
	failures++;
}

/* The properties that somebody reads: there or not, and the same bytes at the same place. */
static void compare_known(const void *blob, int offset, const struct dt_node *node)
{
	for (int i = 0; i < DT_P_COUNT; i++) {
		int size = 0;
		const uint8_t *value = fdt_getprop(blob, offset, property_name[i], &size);

		if ((value != NULL) != dt_has(node, (enum dt_property)i))
			differ("presence of a property", node->at, property_name[i]);
		else if (value != NULL &&
			 ((uint32_t)size != node->value[i].size || value != dt.blob + node->value[i].at))
			differ("a property", node->at, property_name[i]);
	}
}

/* All properties, by iteration. */
static void compare_all(const void *blob, int offset, const struct dt_node *node)
{
	struct dt_value value;
	const char *name, *theirs;
	uint32_t at = 0;
	int property = fdt_first_property_offset(blob, offset), size;

	while (dt_property_next(&dt, node->at, &at, &name, &value)) {
		const void *bytes =
			property < 0 ? NULL : fdt_getprop_by_offset(blob, property, &theirs, &size);

		properties++;
		if (bytes == NULL || bytes != dt.blob + value.at || (uint32_t)size != value.size ||
		    strcmp(name, theirs) != 0) {
			differ("a property in order", node->at, name);
			return;
		}
		property = fdt_next_property_offset(blob, property);
	}
	if (property >= 0)
		differ("the number of properties", node->at, "");
}

static void compare_node(const void *blob, int offset, int depth, const struct dt_node *node)
{
	struct dt_node again;
	int size;
	const char *name = fdt_get_name(blob, offset, &size);

	nodes++;
	if ((uint32_t)offset + dt.structure != node->at || (uint32_t)depth != node->depth)
		differ("the place of a node", node->at, name);
	if ((uint32_t)size != node->name_size || !dt_named(&dt, node, name))
		differ("the name of a node", node->at, name);
	compare_known(blob, offset, node);
	compare_all(blob, offset, node);
	dt_node_at(&dt, node->at, &again);
	compare_known(blob, offset, &again);
}

/* True when our walk goes to the end. */
static bool walk_through(void)
{
	struct dt_walk walk;
	struct dt_node node;
	enum dt_error error;

	dt_walk_start(&walk, &dt);
	while ((error = dt_walk_next(&walk, &node)) == DT_OK && node.at != 0)
		;
	return error == DT_OK;
}

static void compare_tree(const void *blob)
{
	int depth = 0, offset = 0;
	struct dt_walk walk;
	struct dt_node node;

	dt_walk_start(&walk, &dt);
	while (dt_walk_next(&walk, &node) == DT_OK && node.at != 0) {
		if (offset < 0) {
			differ("the number of nodes", node.at, "");
			return;
		}
		compare_node(blob, offset, depth, &node);
		offset = fdt_next_node(blob, offset, &depth);
	}
	if (offset >= 0 && depth >= 0)
		differ("the number of nodes", (uint32_t)offset, "");
}

static void compare_file(void)
{
	FILE *stream = fopen(file, "rb");
	uint8_t *blob = malloc(DT_BLOB_MAX);
	bool ours, theirs;
	size_t size;

	if (stream == NULL || blob == NULL) {
		perror(file);
		exit(2);
	}
	size = fread(blob, 1, DT_BLOB_MAX, stream);
	fclose(stream);
	ours = dt_open(&dt, blob, size) == DT_OK && walk_through();
	theirs = ours && fdt_check_full(blob, size) == 0;   /* libfdt 1.6.1 crashes on some that we refuse */
	if (theirs)
		compare_tree(blob);
	if (strstr(file, "good/") != NULL && !theirs) {
		fprintf(stderr, "%s: %s\n", file, ours ? "refused by libfdt" : "refused by us");
		failures++;
	}
	free(blob);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		file = argv[i];
		compare_file();
	}
	printf("%d files, %lu nodes, %lu properties, %lu differences\n", argc - 1, nodes, properties,
	       failures);
	return failures != 0 || nodes == 0;
}
