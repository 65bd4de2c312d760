/*
 * dtmem: what the memory server reads from a device tree, as JSON.
 *
 *     dtmem [-i BASE,SIZE] FILE.dtb
 *
 * Prints one JSON object on stdout: numbers decimal, ranges [base, size]. A blob that is refused gives one
 * line on stderr, `dtmem: FILE: WORD: REASON at offset N (PATH)`, and exit status 1. A tree that is well
 * formed but that no system could start from (no usable memory, RAM that ends inside the kernel image, RAM
 * over a device) gives both, and 1. -i: the kernel image, 0x80200000,0x100000 if not told. Exit status 2:
 * wrong use, or FILE cannot be read.
 *
 * The parser is servers/mem/dt_*.c as it runs in the machine.
 */
// SOURCES: servers/mem/dt_blob.c servers/mem/dt_memory.c servers/mem/dt_machine.c servers/mem/dt_device.c
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dt.h"

#define IMAGE_BASE 0x80200000u
#define IMAGE_SIZE 0x100000u
#define PATH_MOST  4096

static struct dt dt;

/* A string in quotes, at most size bytes or to its NUL; what is not ASCII text is escaped byte by byte. */
static void print_text(const char *text, size_t size)
{
	putchar('"');
	for (size_t i = 0; i < size && text[i] != 0; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c >= ' ' && c < 0x7f)
			putchar(c);
		else
			printf("\\u%04x", c);
	}
	putchar('"');
}

static void print_string(const char *text)
{
	if (text == NULL)
		printf("null");
	else
		print_text(text, SIZE_MAX);
}

static void print_field(const char *name, const char *text)
{
	printf("\"%s\":", name);
	print_string(text);
}

/* A list of strings one behind the other. */
static void print_list(const char *text, size_t size)
{
	size_t at = 0;

	putchar('[');
	while (text != NULL && at < size) {
		printf("%s", at == 0 ? "" : ",");
		print_text(text + at, size - at);
		at += strnlen(text + at, size - at) + 1;
	}
	putchar(']');
}

static void print_ranges(const struct dt_range *range, uint32_t count)
{
	putchar('[');
	for (uint32_t i = 0; i < count; i++)
		printf("%s[%" PRIu64 ",%" PRIu64 "]", i == 0 ? "" : ",", range[i].base, range[i].size);
	putchar(']');
}

static void print_path(const char *name, uint32_t node)
{
	char path[PATH_MOST];

	dt_path(&dt, node, path, sizeof path);
	print_field(name, path);
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void print_memory_nodes(void)
{
	printf(",\n\"memory_nodes\":[");
	for (uint32_t i = 0; i < dt.memory_nodes; i++) {
		const struct dt_memory_node *node = &dt.memory_node[i];

		printf("%s{\"enabled\":%s,\"key\":\"%s\",", i == 0 ? "" : ",", truth(node->enabled),
		       node->usable_key ? "linux,usable-memory" : "reg");
		print_path("node", node->node);
		if (node->hotpluggable)
			printf(",\"hotpluggable\":true");
		if (node->numa != DT_NUMA_NONE)
			printf(",\"numa_node_id\":%" PRIu32, node->numa);
		printf(",\"ranges\":");
		print_ranges(dt.memory + node->first, node->count);
		putchar('}');
	}
	putchar(']');
}

static void print_reserved_node(const struct dt_reserved_node *node)
{
	printf("{\"enabled\":%s,\"no_map\":%s,\"reusable\":%s,", truth(node->enabled), truth(node->no_map),
	       truth(node->reusable));
	print_path("node", node->node);
	if (node->dynamic) {
		printf(",\"size\":%" PRIu64, node->size);
		if (node->alignment != 0)
			printf(",\"alignment\":%" PRIu64, node->alignment);
	} else {
		printf(",\"ranges\":");
		print_ranges(dt.reserved + node->first, node->count);
	}
	putchar('}');
}

static void print_reserved(const char *name, bool dynamic)
{
	const char *separator = "";

	printf(",\n\"%s\":[", name);
	for (uint32_t i = 0; i < dt.reserved_nodes; i++) {
		if (dt.reserved_node[i].dynamic != dynamic)
			continue;
		printf("%s", separator);
		print_reserved_node(&dt.reserved_node[i]);
		separator = ",";
	}
	putchar(']');
}

static void print_srams(void)
{
	printf(",\n\"mmio_sram\":[");
	for (uint32_t i = 0; i < dt.srams; i++) {
		const struct dt_sram *sram = &dt.sram[i];

		printf("%s{", i == 0 ? "" : ",");
		if (sram->base == DT_NO_ADDRESS)
			printf("\"base\":null,");
		else
			printf("\"base\":%" PRIu64 ",", sram->base);
		printf("\"size\":%" PRIu64 ",\"enabled\":%s,", sram->size, truth(sram->enabled));
		print_path("node", sram->node);
		putchar('}');
	}
	putchar(']');
}

static void print_harts(void)
{
	printf(",\n\"hart_count\":%" PRIu32 ",\"hart_count_enabled\":%" PRIu32
	       ",\"hart_count_rv64_mmu\":%" PRIu32 ",\"harts\":[",
	       dt.harts, dt.harts_enabled, dt.harts_sv39);
	for (uint32_t i = 0; i < dt.harts; i++) {
		const struct dt_hart *hart = &dt.hart[i];

		printf("%s{\"id\":%" PRIu64 ",\"enabled\":%s,", i == 0 ? "" : ",", hart->id,
		       truth(hart->enabled));
		print_field("mmu", hart->mmu);
		putchar(',');
		print_field("isa", hart->isa);
		if (hart->numa != DT_NUMA_NONE)
			printf(",\"numa_node_id\":%" PRIu32, hart->numa);
		putchar('}');
	}
	putchar(']');
}

static bool harts_alike(const struct dt_hart *a, const struct dt_hart *b)
{
	return a->enabled == b->enabled && (a->mmu == NULL) == (b->mmu == NULL) &&
	       (a->isa == NULL) == (b->isa == NULL) && (a->mmu == NULL || strcmp(a->mmu, b->mmu) == 0) &&
	       (a->isa == NULL || strcmp(a->isa, b->isa) == 0);
}

/* The same, harts that are alike together. */
static void print_hart_kinds(void)
{
	bool told[DT_HARTS] = {false};
	const char *separator = "";

	printf(",\n\"hart_ids\":[");
	for (uint32_t first = 0; first < dt.harts; first++) {
		if (told[first])
			continue;
		printf("%s{\"ids\":[", separator);
		for (uint32_t i = first; i < dt.harts; i++) {
			if (!harts_alike(&dt.hart[first], &dt.hart[i]))
				continue;
			printf("%s%" PRIu64, i == first ? "" : ",", dt.hart[i].id);
			told[i] = true;
		}
		printf("],\"enabled\":%s,", truth(dt.hart[first].enabled));
		print_field("mmu", dt.hart[first].mmu);
		putchar(',');
		print_field("isa", dt.hart[first].isa);
		putchar('}');
		separator = ",";
	}
	putchar(']');
}

static void print_device(const struct dt_device *device)
{
	printf(",\"compatible\":");
	print_list(device->compatible, device->compatible_size);
	if (device->clock_frequency != 0)
		printf(",\"clock-frequency\":%" PRIu32, device->clock_frequency);
	if (device->reg_shift != 0)
		printf(",\"reg-shift\":%" PRIu32, device->reg_shift);
	if (device->reg_io_width != 1)
		printf(",\"reg-io-width\":%" PRIu32, device->reg_io_width);
	printf(",\"interrupt\":%" PRIu32, device->irq);
}

static void print_stdout(void)
{
	const struct dt_stdout *console = &dt.console;

	printf(",\n\"stdout\":");
	if (console->raw == NULL) {
		printf("null");
		return;
	}
	printf("{");
	print_field("raw", console->raw);
	putchar(',');
	print_field("options", console->options);
	if (!console->found) {
		printf(",\"path\":null}");
		return;
	}
	putchar(',');
	print_path("path", console->device.node);
	printf(",\"enabled\":%s", truth(console->enabled));
	if (console->addressed)
		printf(",\"base\":%" PRIu64 ",\"size\":%" PRIu64, console->device.reg[0].base,
		       console->device.reg[0].size);
	else
		printf(",\"base\":null");
	print_device(&console->device);
	putchar('}');
}

/* The interrupt controllers, with the context of each hart's S mode as [hart, context]. */
static void print_plics(void)
{
	struct dt_device plic;

	printf(",\n\"plics\":[");
	for (uint32_t i = 0; dt_device(&dt, "riscv,plic0", i, &plic) == DT_OK; i++) {
		const char *separator = "";
		uint32_t context;

		printf("%s{\"registers\":", i == 0 ? "" : ",");
		print_ranges(plic.reg, plic.regs);
		printf(",\"supervisor_contexts\":[");
		for (uint32_t h = 0; h < dt.harts; h++) {
			if (dt_plic_context(&dt, &plic, dt.hart[h].id, &context) != DT_OK)
				continue;
			printf("%s[%" PRIu64 ",%" PRIu32 "]", separator, dt.hart[h].id, context);
			separator = ",";
		}
		printf("]}");
	}
	putchar(']');
}

static void print_chosen(void)
{
	printf(",\n");
	print_field("bootargs", dt.bootargs);
	if (dt.has_initrd)
		printf(",\"initrd_start\":%" PRIu64 ",\"initrd_end\":%" PRIu64, dt.initrd.base,
		       dt.initrd.base + dt.initrd.size);
	if (dt.usable_ranges != 0) {
		printf(",\"usable_memory_range\":");
		print_ranges(dt.usable_range, dt.usable_ranges);
	}
	printf(",\"rng_seed_bytes\":%" PRIu32, dt.rng_seed_size);
}

static void print_machine(void)
{
	printf("{\"totalsize\":%" PRIu32 ",\"nodes\":%" PRIu32 ",\"boot_cpuid_phys\":%" PRIu32 ",", dt.size,
	       dt.nodes, dt.boot_hart);
	printf("\"address_cells\":%" PRIu32 ",\"size_cells\":%" PRIu32 ",\n", dt.address_cells,
	       dt.size_cells);
	print_field("model", dt.model);
	printf(",\"compatible\":");
	print_list(dt.compatible, dt.compatible_size);
	printf(",\n\"ram\":");
	print_ranges(dt.ram, dt.rams);
	printf(",\n\"memreserve\":");
	print_ranges(dt.reserved, dt.memreserves);
	print_reserved("reserved", false);
	print_reserved("reserved_dynamic", true);
	printf(",\n\"usable\":");
	print_ranges(dt.usable, dt.usables);
	printf(",\"usable_pages\":%" PRIu64, dt.usable_pages);
	print_memory_nodes();
	print_srams();
	print_harts();
	print_hart_kinds();
	printf(",\n\"timebase_frequency\":%" PRIu64, dt.timebase);
	print_stdout();
	print_plics();
	print_chosen();
	printf("}\n");
}

/* Why not, in one line. */
static int refuse(const char *file)
{
	char path[PATH_MOST];

	dt_path(&dt, dt.fault.offset, path, sizeof path);
	fprintf(stderr, "dtmem: %s: %s: %s at offset %" PRIu32 "%s%s%s\n", file,
		dt_error_name(dt.fault.error), dt.fault.what, dt.fault.offset, path[0] != 0 ? " (" : "", path,
		path[0] != 0 ? ")" : "");
	return 1;
}

/* The file's bytes in a block of exactly totalsize, or of all when the header is bad: one more is seen. */
static uint8_t *blob_read(const char *file, size_t *size)
{
	uint8_t *bytes = malloc(DT_BLOB_MAX), *exact;
	FILE *stream = fopen(file, "rb");
	uint32_t total;

	if (bytes == NULL || stream == NULL) {
		perror(file);
		exit(2);
	}
	*size = fread(bytes, 1, DT_BLOB_MAX, stream);
	fclose(stream);
	if (dt_header(bytes, *size, &total) == DT_OK && total < *size)
		*size = total;
	exact = malloc(*size != 0 ? *size : 1);
	if (exact == NULL)
		exit(2);
	memcpy(exact, bytes, *size);
	free(bytes);
	return exact;
}

int main(int argc, char **argv)
{
	int64_t image = IMAGE_BASE, image_size = IMAGE_SIZE;
	int status = 0;
	uint8_t *blob;
	size_t size;

	if (argc == 4 && strcmp(argv[1], "-i") == 0 &&
	    sscanf(argv[2], "%" SCNi64 ",%" SCNi64, &image, &image_size) == 2) {
		argv += 2;
		argc -= 2;
	}
	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: dtmem [-i BASE,SIZE] FILE.dtb\n");
		return 2;
	}
	blob = blob_read(argv[1], &size);
	if (dt_parse(&dt, blob, size) != DT_OK) {
		status = refuse(argv[1]);
	} else {
		print_machine();
		if (dt_check(&dt, (uint64_t)image, (uint64_t)image_size) != DT_OK)
			status = refuse(argv[1]);
	}
	free(blob);
	return status;
}
