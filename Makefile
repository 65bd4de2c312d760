# Tessera: the whole build. Sources are found by wildcard: a program under user/ or a server under
# servers/ that is added or deleted joins or leaves the image with no line here.
#
#   make run                 build, boot, talk to the shell (leave with Ctrl-A x)
#   make exec CMD="ps; mem"  boot without a terminal, run shell commands, print what they print
#   make debug               QEMU stopped at its first instruction, gdb attached
#   make record CMD="ps"     as exec, recorded in build/recording (one hart)
#   make replay              the same again, instruction by instruction; GDB="--gdb", "--at N", "--fault N": under gdb
#   make trace CMD="hello"   as exec, traced: build/trace.json for https://ui.perfetto.dev
#   make test [T=pattern]    host tests, then the tests that boot the image
#   make explore             all short sequences of calls and 100 million random ones against a model (LENGTH= N= SEED=)
#   make fuzz T=syscall|kill [N= SEED= SMP=]   hostile processes against the kernel, in the machine
#   make fuzz T=ipc|deaths [N= SEED= SMP=]     messages to all servers; kills of processes under load
#   make bound [N=]          longest kernel entries in instructions, bound of the kernel's stack
#   make coverage            lines and branches of kernel/ that the tests run
#   make mutants             breaks the kernel line by line; do the tests notice?
#   make fuzz T=dtb|malloc|... [SECONDS=]      tests/host/T_fuzz.c by libFuzzer
#   make bench               figures in guest instructions, build/bench.json
#   make bench-compare BASE=tests/bench/baseline.json   fails if one is over 2 % worse
#   make bench-smp            page faults a second by wall clock, one hart against two
#   make profile KEY=fault.zero_page   where the instructions of a figure go
#   make image               everything that boots, nothing run
#   make sdk [PREFIX=DIR]    what a stranger needs for programs and servers of his own, in build/sdk
#   make size                kernel text, lines, and the size of what is in the archive
#   make lint                headers compile alone, style, scripts
#   make lint-code           the same, clang-tidy and cppcheck
#   make compile_commands.json   for editors and clang's tools
#   make abi-doc             docs/abi-servers.md from the interface files
#   make docs                the pages as a site in build/docs, dead links refused
#   make doctor              the tools this build uses and their versions
#   make clean
#
# Variables: BUILD=debug|release SMP=harts MEM=64M..1T DTB=file.dtb|file.dts DISK=file BOOTARGS="words"
#            TIMEOUT=seconds CMD="a; b" T=pattern V=1 QEMU_ARGS="..." PREFIX=folder

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
export PYTHONDONTWRITEBYTECODE := 1

# ---- settings -----------------------------------------------------------------------------------
VERSION  := 0.2.0
PREFIX   ?= build/sdk
BUILD    ?= $(if $(filter bench profile size bound,$(MAKECMDGOALS)),release,debug)
SMP      ?= 1
MEM      ?= 128M
DTB      ?=
DISK     ?=
BOOTARGS ?=
TIMEOUT  ?= 30
QEMU_ARGS ?=
CMD      ?=
T        ?=
V        ?=
# Seconds for each libFuzzer target; without a word the device tree's 60, the others' 30.
FUZZ_TIME ?=
BASE     ?= tests/bench/baseline.json
LENGTH   ?= 6
SEED     ?= 1
N        ?=
SECONDS  ?= 300
KEY      ?= fault.zero_page
GDB      ?=
RECORD   ?=

ifeq ($(filter debug release,$(BUILD)),)
$(error BUILD is debug or release, not '$(BUILD)')
endif

OUT   := build/$(BUILD)
GEN   := build/gen
HOST  := build/host

CROSS   := riscv64-unknown-elf-
CC      := $(CROSS)gcc
LD      := $(CROSS)ld
AR      := $(CROSS)ar
OBJCOPY := $(CROSS)objcopy
LLD     := ld.lld
HOSTCC  := clang
PYTHON  := /usr/bin/python3
PICOLIBC := /usr/lib/picolibc/riscv64-unknown-elf

Q   := $(if $(V),,@)
say  = $(if $(V),,@echo "  $1" >&2)
quote = '$(subst ','\'',$(value $1))'

# ---- flags --------------------------------------------------------------------------------------
INCLUDES := -Ikernel/abi -Ilibc/include -I$(GEN)
COMMON   := -std=gnu17 -O2 -g -Wall -Wextra -Werror -fno-common -fno-strict-aliasing \
	-ffile-prefix-map=$(CURDIR)=. -Wa,--debug-prefix-map=$(CURDIR)=. $(INCLUDES)
BARE     := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -ffreestanding -fno-pic $(COMMON)
KERNEL_FLAGS := $(BARE) -Ikernel -I$(OUT)/offsets $(if $(filter debug,$(BUILD)),-DDEBUG=1 -fsanitize=undefined)
ROOT_FLAGS   := $(BARE) -Iservers/mem -DROOT_SERVER=1 -isystem $(PICOLIBC)/include
USER_FLAGS   := -D__tessera__=1 -march=rv64gc -mabi=lp64d -mno-relax -fPIE -ftls-model=local-exec -fstack-protector-strong \
	-ffunction-sections -fdata-sections $(COMMON) -isystem $(PICOLIBC)/include
BARE_LINK := --no-warn-rwx-segments --fatal-warnings --build-id=none -nostdlib
PIE_LINK  := -pie --no-dynamic-linker -z separate-code -z relro -z now --gc-sections --hash-style=gnu \
	-u __call_exitprocs --build-id=none --fatal-warnings
FLAT_LINK := $(BARE_LINK) --gc-sections -u __call_exitprocs
# Asked of the compiler only inside recipes: it may not be installed when this file is read.
LIBGCC_BARE = $$($(CC) -march=rv64imac -mabi=lp64 -print-libgcc-file-name)
LIBGCC_USER = $$($(CC) -march=rv64gc -mabi=lp64d -print-libgcc-file-name)

# ---- what there is ------------------------------------------------------------------------------
IDL      := $(sort $(wildcard servers/*/*.idl))
KERNEL_SRC := $(sort $(wildcard kernel/*.c kernel/*.S))
ROOT_SRC := $(sort $(wildcard servers/mem/*.c servers/mem/*.S servers/mem/*/*.c libc/string/*.c libc/string/*.S))
LIBC_SRC := $(filter-out libc/crt0.S,$(sort $(wildcard libc/*.c libc/*.S libc/*/*.c libc/*/*.S)))
SERVERS  := $(filter-out mem,$(sort $(patsubst servers/%/,%,$(dir $(wildcard servers/*/*.c)))))
PROGRAMS := $(sort $(patsubst user/%.c,%,$(wildcard user/*.c)) $(patsubst user/%/,%,$(dir $(wildcard user/*/*.c))))
LIBCTEST := $(sort $(patsubst tests/libc/%.c,%,$(wildcard tests/libc/*.c)))
FILES    := $(sort $(shell find user/files -type f 2>/dev/null))
HOST_SRC := $(filter-out %_host.c,$(sort $(wildcard tests/host/*.c)))

# NAME.c gives NAME.o, NAME.S gives NAME.S.o: both may be there.
obj = $(patsubst %,$2/%.o,$(1:.c=))
KERNEL_OBJ := $(call obj,$(KERNEL_SRC),$(OUT)/obj)
ROOT_OBJ   := $(call obj,$(ROOT_SRC),$(OUT)/root)
LIBC_OBJ   := $(call obj,$(LIBC_SRC),$(OUT)/obj)
CRT0       := $(OUT)/obj/libc/crt0.S.o
# Of one server or program: its sources, its objects.
server_src  = $(sort $(wildcard servers/$1/*.c servers/$1/*.S))
program_src = $(sort $(wildcard user/$1.c user/$1/*.c user/$1/*.S))

# ---- goals --------------------------------------------------------------------------------------
.PHONY: help image sdk host run exec debug record replay trace test test-host test-qemu bench bench-compare bench-smp profile lint lint-code size abi-doc doctor clean FORCE
.PHONY: docs tools-build tools-run tools-debug tools-test tools-lint tools-docs

help:
	@sed -n '/^#   make/,/^$$/s/^# \{0,1\}//p' Makefile

PIE_SERVERS := $(addprefix $(OUT)/servers/,$(filter-out proc,$(SERVERS)))
PROC        := $(if $(filter proc,$(SERVERS)),$(OUT)/servers/proc)
PIE_USER    := $(addprefix $(OUT)/user/,$(PROGRAMS))
PIE_TESTS   := $(addprefix $(OUT)/libctest/,$(LIBCTEST))

image: $(OUT)/kernel.bin $(OUT)/boot.cpio $(PIE_TESTS)
# What the bench boots besides.
BENCH := $(OUT)/bench/kernel.bin $(OUT)/bench/boot.cpio $(OUT)/bench/empty.bin

sdk: $(GEN_STAMP)
	$(Q)$(MAKE) BUILD=debug image
	$(Q)$(MAKE) BUILD=release image
	$(Q)tools/sdk/install $(call quote,PREFIX) $(VERSION)

RUN = tools/run --build $(BUILD) --mem $(call quote,MEM) --smp $(call quote,SMP) --dtb $(call quote,DTB) \
	--disk $(call quote,DISK) --bootargs $(call quote,BOOTARGS) --qemu-args $(call quote,QEMU_ARGS)

run: image tools-run
	@$(RUN) interactive

exec: image tools-run
	@$(RUN) --timeout $(call quote,TIMEOUT) exec $(call quote,CMD)

debug: image tools-run tools-debug
	@$(RUN) debug

record: image tools-run
	@$(RUN) --timeout $(call quote,TIMEOUT) --record build/recording exec $(call quote,CMD)

replay: tools-run $(if $(GDB),tools-debug)
	@tools/run replay build/recording $(GDB)

trace: image tools-run
	@$(RUN) --timeout $(call quote,TIMEOUT) exec "trace on; "$(call quote,CMD)"; trace dump" >build/trace.txt
	@tools/trace build/trace.txt -o build/trace.json && tools/trace build/trace.txt --summary

bench: image $(BENCH) tools-run
	$(Q)tools/bench --build $(BUILD) --out build/bench.json

bench-compare:
	$(Q)tools/bench --compare $(call quote,BASE) --out build/bench.json

# Wall clock: means something only on a host with two processors to spare.
bench-smp:
	@$(MAKE) --no-print-directory BUILD=release image
	@tools/faultrate release

profile: image $(BENCH) tools-run
	$(Q)tools/profile --build $(BUILD) $(call quote,KEY)

size: image
	@tools/size --build $(BUILD)

docs: | tools-docs
	$(Q)tools/docs build/docs

doctor:
	@tools/install --versions build run debug test lint

clean:
	rm -rf build

# ---- stamps: made anew when what they hold changes ----------------------------------------------
# flags: all objects depend on it. list: what is made of a list of files depends on it.
define stamp
$1: FORCE $2
	@mkdir -p $$(@D)
	@{ printf '%s\n' '$3'; $4 } >$$@.new
	@if cmp -s $$@.new $$@; then rm $$@.new; else mv $$@.new $$@; fi
endef
$(eval $(call stamp,$(OUT)/flags,| tools-build,$(KERNEL_FLAGS) $(ROOT_FLAGS) $(USER_FLAGS) $(BARE_LINK) $(PIE_LINK) $(FLAT_LINK),$(CC) --version; $(LLD) --version;))
$(eval $(call stamp,$(OUT)/list,,$(KERNEL_SRC) $(ROOT_SRC) $(LIBC_SRC) $(FILES) $(LIBCTEST) $(foreach s,$(SERVERS),$(call server_src,$s)) $(foreach p,$(PROGRAMS),$(call program_src,$p)),))

tools-build tools-run tools-debug tools-test tools-lint tools-docs: tools-%:
	@tools/install $*

# ---- interfaces ---------------------------------------------------------------------------------
# A generated header is touched only if its text changed.
GEN_STAMP := $(GEN)/.stamp
$(GEN_STAMP): $(IDL) $(wildcard tools/idl/*.py) | tools-build
	$(call say,IDL     $(GEN))
	$(Q)rm -rf $(GEN).new && mkdir -p $(GEN) $(GEN).new
	$(Q)$(PYTHON) tools/idl/idl.py --out $(GEN).new $(IDL)
	$(Q)cd $(GEN).new && for f in *; do cmp -s $$f ../gen/$$f || cp $$f ../gen/$$f; done
	$(Q)cd $(GEN) && for f in *; do test -e ../gen.new/$$f || rm -f $$f; done
	$(Q)rm -rf $(GEN).new; touch $@
$(GEN)/%.h: $(GEN_STAMP) ;

abi-doc: $(IDL) | tools-build
	$(Q)$(PYTHON) tools/idl/idl.py --doc $(IDL) >docs/abi-servers.md

# A header that is gone is no error: whatever named it is made anew.
kernel/%.h: ;

# ---- compiling ----------------------------------------------------------------------------------
# The rank of a server: its stubs refuse interfaces that are not above it.
rank = $(addprefix -DIDL_CLIENT_RANK=,$(shell cat servers/$1/*.idl 2>/dev/null | sed -n 's/^interface .* rank \([0-9]*\);.*/\1/p' | head -n 1))
define compile
	$(call say,$1 $<)
	@mkdir -p $(@D)
	$(Q)$(CC) $2 -MMD -MP -c -o $@ $<
endef
AFTER = $(OUT)/flags | $(GEN_STAMP)

$(OUT)/obj/kernel/root.S.o: kernel/root.S $(OUT)/mem.bin $(OUT)/flags
	$(call compile,AS     ,$(KERNEL_FLAGS) -DROOT_IMAGE_PATH='"$(OUT)/mem.bin"')
$(OUT)/obj/kernel/%.o: kernel/%.c $(OUT)/flags
	$(call compile,CC     ,$(KERNEL_FLAGS))
$(OUT)/obj/kernel/%.S.o: kernel/%.S $(OUT)/offsets/offsets.h $(OUT)/flags
	$(call compile,AS     ,$(KERNEL_FLAGS))
# What assembly shares with C: offsets of members, values of enumerators.
$(OUT)/offsets/offsets.o: kernel/thread.h $(OUT)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_FLAGS) -fno-eliminate-unused-debug-types -MMD -MP -include $< -x c -c -o $@ /dev/null
$(OUT)/offsets/offsets.h: $(OUT)/offsets/offsets.o tools/offsets
	$(call say,OFFSETS $@)
	$(Q)tools/offsets $< thread hart endpoint slot ipc_buffer kernel_stats >$@
-include $(OUT)/offsets/offsets.d
$(OUT)/root/%.o: %.c $(AFTER)
	$(call compile,CC root,$(ROOT_FLAGS) $(call rank,mem))
$(OUT)/root/%.S.o: %.S $(AFTER)
	$(call compile,AS root,$(ROOT_FLAGS))
# Of the allocator: what runs once, or never.
$(addprefix $(OUT)/obj/libc/malloc/,check.o debug.o walk.o): USER_FLAGS += -Os
$(OUT)/obj/libc/%.o: libc/%.c $(AFTER)
	$(call compile,CC     ,$(USER_FLAGS) -Ilibc)
$(OUT)/obj/servers/%.o: servers/%.c $(AFTER)
	$(call compile,CC     ,$(USER_FLAGS) $(call rank,$(firstword $(subst /, ,$*))))
# They ask for what is wrong too, and of the library, not of the compiler.
$(OUT)/obj/tests/libc/%.o: tests/libc/%.c $(AFTER)
	$(call compile,CC     ,$(USER_FLAGS) -fno-builtin -Wno-format -Wno-format-truncation -Wno-nonnull -Wno-array-bounds)
$(OUT)/obj/%.o: %.c $(AFTER)
	$(call compile,CC     ,$(USER_FLAGS))
$(OUT)/obj/%.S.o: %.S $(AFTER)
	$(call compile,AS     ,$(USER_FLAGS))

# ---- kernel and root server ---------------------------------------------------------------------
$(OUT)/mem.elf: $(ROOT_OBJ) linker/root.ld $(OUT)/list
	$(call say,LD      $@)
	$(Q)$(LD) $(BARE_LINK) -T linker/root.ld -Map $@.map -o $@ $(ROOT_OBJ) $(LIBGCC_BARE)

$(OUT)/kernel.elf: $(KERNEL_OBJ) linker/kernel.ld $(OUT)/list
	$(call say,LD      $@)
	$(Q)$(LD) $(BARE_LINK) -T linker/kernel.ld -Map $@.map -o $@ $(KERNEL_OBJ) $(LIBGCC_BARE)

$(OUT)/%.bin: $(OUT)/%.elf
	$(call say,BIN     $@)
	$(Q)$(OBJCOPY) -O binary $< $@

# ---- the kernel with a root server that measures it: tests/bench ---------------------------------
BENCH_OBJ := $(patsubst tests/bench/%,$(OUT)/bench/%.o,$(sort $(wildcard tests/bench/*.c tests/bench/*.S)))
$(OUT)/bench/%.c.o: tests/bench/%.c $(OUT)/flags
	$(call compile,CC     ,$(BARE))
$(OUT)/bench/%.S.o: tests/bench/%.S $(OUT)/flags
	$(call compile,AS     ,$(BARE))
$(OUT)/bench/root.elf: $(BENCH_OBJ) linker/root.ld
	$(call say,LD      $@)
	$(Q)$(LD) $(BARE_LINK) -T linker/root.ld -o $@ $(BENCH_OBJ)
$(OUT)/bench/image.o: kernel/root.S $(OUT)/bench/root.bin
	$(call compile,AS     ,$(KERNEL_FLAGS) -DROOT_IMAGE_PATH='"$(OUT)/bench/root.bin"')
BENCH_KERNEL := $(filter-out %/kernel/root.S.o,$(KERNEL_OBJ)) $(OUT)/bench/image.o
$(OUT)/bench/kernel.elf: $(BENCH_KERNEL) linker/kernel.ld
	$(call say,LD      $@)
	$(Q)$(LD) $(BARE_LINK) -T linker/kernel.ld -o $@ $(BENCH_KERNEL) $(LIBGCC_BARE)

$(OUT)/bench/empty.o: tests/bench/empty/empty.S $(OUT)/flags
	$(call compile,AS     ,$(BARE))
$(OUT)/bench/empty.elf: $(OUT)/bench/empty.o
	$(Q)$(LD) $(BARE_LINK) -Ttext=0x80200000 -e 0x80200000 -o $@ $<

# ---- the kernel with a root server that tests it: tests/kernel ------------------------------------
KTEST_OBJ := $(patsubst tests/kernel/%,$(OUT)/kerneltest/%.o,$(sort $(wildcard tests/kernel/*.c tests/kernel/*.S)))
KTEST_LINK = $(LD) $(BARE_LINK) -T tests/kernel/tests.ld -T linker/root.ld
$(OUT)/kerneltest/%.c.o: tests/kernel/%.c $(OUT)/flags
	$(call compile,CC     ,$(BARE) -fno-toplevel-reorder)
$(OUT)/kerneltest/%.S.o: tests/kernel/%.S $(OUT)/flags
	$(call compile,AS     ,$(BARE))
$(OUT)/kerneltest/root.elf: $(KTEST_OBJ) tests/kernel/tests.ld linker/root.ld
	$(call say,LD      $@)
	$(Q)$(KTEST_LINK) -o $@ $(KTEST_OBJ) $(LIBGCC_BARE)
$(OUT)/kerneltest/image.o: kernel/root.S $(OUT)/kerneltest/root.bin
	$(call compile,AS     ,$(KERNEL_FLAGS) -DROOT_IMAGE_PATH='"$(OUT)/kerneltest/root.bin"')
KTEST_KERNEL := $(filter-out %/kernel/root.S.o,$(KERNEL_OBJ)) $(OUT)/kerneltest/image.o
$(OUT)/kerneltest.elf: $(KTEST_KERNEL) linker/kernel.ld
	$(call say,LD      $@)
	$(Q)$(LD) $(BARE_LINK) -T linker/kernel.ld -o $@ $(KTEST_KERNEL) $(LIBGCC_BARE)
-include $(KTEST_OBJ:.o=.d)

# ---- the same with the attacks of tests/fuzz ------------------------------------------------------
FUZZ_OBJ := $(patsubst tests/fuzz/%,$(OUT)/fuzz/%.o,$(sort $(wildcard tests/fuzz/*.c))) \
	$(OUT)/fuzz/harness.c.o $(OUT)/kerneltest/start.S.o
$(OUT)/fuzz/%.c.o: tests/fuzz/%.c $(OUT)/flags
	$(call compile,CC     ,$(BARE) -fno-toplevel-reorder)
$(OUT)/fuzz/harness.c.o: tests/kernel/harness.c $(OUT)/flags
	$(call compile,CC     ,$(BARE) -fno-toplevel-reorder -DTEST_SECONDS=1000000UL)
$(OUT)/fuzz/root.elf: $(FUZZ_OBJ) tests/kernel/tests.ld linker/root.ld
	$(call say,LD      $@)
	$(Q)$(KTEST_LINK) -o $@ $(FUZZ_OBJ) $(LIBGCC_BARE)
$(OUT)/fuzz/image.o: kernel/root.S $(OUT)/fuzz/root.bin
	$(call compile,AS     ,$(KERNEL_FLAGS) -DROOT_IMAGE_PATH='"$(OUT)/fuzz/root.bin"')
FUZZ_KERNEL := $(filter-out %/kernel/root.S.o,$(KERNEL_OBJ)) $(OUT)/fuzz/image.o
$(OUT)/fuzz.elf: $(FUZZ_KERNEL) linker/kernel.ld
	$(call say,LD      $@)
	$(Q)$(LD) $(BARE_LINK) -T linker/kernel.ld -o $@ $(FUZZ_KERNEL) $(LIBGCC_BARE)
-include $(FUZZ_OBJ:.o=.d)

# ---- libc, servers, programs --------------------------------------------------------------------
# picolibc keeps pointer tables in .rodata: renamed, a PIE may relocate them.
$(OUT)/libcpie.a: $(PICOLIBC)/lib/rv64imafdc/lp64d/libc.a $(OUT)/flags
	$(call say,OBJCOPY $@)
	$(Q)$(OBJCOPY) --rename-section .rodata=.data.rel.ro,alloc,load,data,contents $< $@
$(PICOLIBC)/lib/rv64imafdc/lp64d/libc.a: | tools-build ;

$(OUT)/libtessera.a: $(LIBC_OBJ) $(OUT)/list
	$(call say,AR      $@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIBC_OBJ)

LIBS = $(OUT)/libtessera.a $(OUT)/libcpie.a
libs = --start-group $(LIBS) $(LIBGCC_USER) --end-group

# $1 the file, $2 its objects. NAME has no debugging information and goes into the archive, NAME.debug is for gdb.
define pie
$1.debug: $2 $$(CRT0) $$(LIBS) $$(OUT)/list
	$$(call say,LD      $1)
	@mkdir -p $$(@D)
	$$(Q)$$(LLD) $$(PIE_LINK) -o $$@ $$(CRT0) $2 $$(libs)
$1: $1.debug
	$$(Q)$$(LLD) $$(PIE_LINK) --strip-debug --discard-locals -o $$@ $$(CRT0) $2 $$(libs)
endef
$(foreach s,$(filter-out proc,$(SERVERS)),$(eval $(call pie,$(OUT)/servers/$s,$(call obj,$(call server_src,$s),$(OUT)/obj))))
$(foreach p,$(PROGRAMS),$(eval $(call pie,$(OUT)/user/$p,$(call obj,$(call program_src,$p),$(OUT)/obj))))
# The conformance programs of libc: no part of the archive, the tests add them.
$(foreach t,$(LIBCTEST),$(eval $(call pie,$(OUT)/libctest/$t,$(OUT)/obj/tests/libc/$t.o)))

# The attacks on the servers: a session in the shell's place, and the program of all processes that it starts.
HOSTILE_OBJ := $(OUT)/obj/tests/hostile
$(eval $(call pie,$(OUT)/hostile/session,$(HOSTILE_OBJ)/session.o))
$(eval $(call pie,$(OUT)/hostile/actor,$(patsubst %,$(HOSTILE_OBJ)/%.o,actor bystander hostile partner victim)))
$(OUT)/hostile/calls.h: tests/hostile/calls.py $(GEN_STAMP)
	$(call say,IDL     $@)
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tests/hostile/calls.py --out $@ $(IDL)
$(HOSTILE_OBJ)/hostile.o: tests/hostile/hostile.c $(OUT)/hostile/calls.h $(AFTER)
	$(call compile,CC     ,$(USER_FLAGS) -I$(OUT)/hostile)
$(OUT)/hostile.cpio: $(OUT)/hostile/session $(OUT)/hostile/actor $(OUT)/boot.cpio
	$(call say,CPIO    $@)
	$(Q)tools/mkarchive -o $@ boot/proc=$(PROC) $(foreach s,$(filter-out proc,$(SERVERS)),servers/$s=$(OUT)/servers/$s) \
		bin/shell=$(OUT)/hostile/session bin/actor=$(OUT)/hostile/actor bin/hello=$(OUT)/user/hello \
		bin/captest=$(OUT)/user/captest etc/motd=user/files/etc/motd
-include $(patsubst %,$(HOSTILE_OBJ)/%.d,session actor bystander hostile partner victim)

# proc is loaded by a few lines in mem: a flat image at a fixed address.
PROC_OBJ := $(call obj,$(call server_src,proc),$(OUT)/obj)
$(OUT)/servers/proc.elf: $(PROC_OBJ) $(CRT0) $(LIBS) linker/flat.ld $(OUT)/list
	$(call say,LD      $@)
	@mkdir -p $(@D)
	$(Q)$(LD) $(FLAT_LINK) -T linker/flat.ld -Map $@.map -o $@ $(CRT0) $(PROC_OBJ) $(libs)
$(OUT)/servers/proc: $(OUT)/servers/proc.elf
	$(Q)$(OBJCOPY) -O binary $< $@

archive = tools/mkarchive -o $@ $(if $(PROC),boot/proc=$(PROC)) \
	$(foreach s,$(filter-out proc,$(SERVERS)),servers/$s=$(or $($s_instead),$(OUT)/servers/$s)) \
	$(foreach p,$(PROGRAMS),bin/$p=$(OUT)/user/$p) $(foreach f,$(FILES),$(f:user/files/%=%)=$f)
$(OUT)/boot.cpio: $(PROC) $(PIE_SERVERS) $(PIE_USER) $(FILES) tools/mkarchive tools/cpio.py $(OUT)/list
	$(call say,CPIO    $@)
	$(Q)$(archive)
# The bench's own: in blk's place stands a driver that measures its interrupts.
$(eval $(call pie,$(OUT)/bench/driver,$(OUT)/obj/tests/bench/driver/main.o))
$(OUT)/bench/boot.cpio: blk_instead = $(OUT)/bench/driver
$(OUT)/bench/boot.cpio: $(OUT)/boot.cpio $(OUT)/bench/driver
	$(call say,CPIO    $@)
	$(Q)$(archive)

# ---- host programs: tests/host/NAME.c -----------------------------------------------------------
# Comment lines in the file say the rest: `// SOURCES: a.c b.c` what is compiled with it (their folders
# are searched for headers), `// CFLAGS: ...` further flags, `// LIBS: -lx`, `// ARGS: ...` its arguments
# (for a fuzzer options and folders of seeds; build/corpus/AREA holds tests/AREA/corpus.tar.xz unpacked).
# NAME_test.c is a test, NAME_fuzz.c a libFuzzer target, NAME_host.c only a part of others, the rest are tools.
HOST_FLAGS := -std=gnu17 -g -O1 -Wall -Wextra -Werror -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-Ikernel/abi -I$(GEN) -Itests/host -idirafter libc/include -DHOST=1
comma := ,
note = $(shell sed -n 's|^// $2: *||p' $1)
HOST_ALL   := $(HOST_SRC:tests/host/%.c=$(HOST)/%)
HOST_TESTS := $(filter %_test,$(HOST_ALL))
HOST_FUZZ  := $(filter %_fuzz,$(HOST_ALL))
HOST_PY    := $(sort $(wildcard tests/host/*_test.py))

# $1 the program, $2 its file, $3 what is compiled with it. One compilation a file, so that a cache of compilers finds the others.
define host
$1: FLAGS_OF = $$(HOST_FLAGS) $(addprefix -I,$(sort $(dir $3))) $(call note,$2,CFLAGS) \
	$(if $(call note,$2,SANITIZE),,-fsanitize=address$(comma)undefined$(if $(filter %_fuzz.c,$2),$(comma)fuzzer))
$1: $2 $3 $(HOST)/flags | $(GEN_STAMP) tools-test
	$$(call say,HOSTCC  $1)
	$$(Q)rm -rf $1.objects $1.d && mkdir -p $1.objects
	$$(Q)for file in $2 $3; do o=$1.objects/$$$$(echo $$$$file | tr / _).o; \
		$$(HOSTCC) $$(FLAGS_OF) -MMD -MF $$$$o.d -MT $1 -c -o $$$$o $$$$file && cat $$$$o.d >>$1.d || exit 1; done
	$$(Q)$$(HOSTCC) $$(FLAGS_OF) -o $1 $1.objects/*.o $(call note,$2,LIBS)
endef
ifneq ($(filter test% host build/host/% explore fuzz coverage,$(MAKECMDGOALS)),)
$(foreach f,$(HOST_SRC),$(eval $(call host,$(f:tests/host/%.c=$(HOST)/%),$f,$(call note,$f,SOURCES))))
$(eval $(call stamp,$(HOST)/flags,| tools-test,$(HOST_FLAGS),$(HOSTCC) --version; sed -n '/^\/\/ [A-Z]*:/p' $(HOST_SRC) /dev/null;))
-include $(HOST_ALL:=.d)
endif
host: $(HOST_ALL)

match = $(if $(T),$(foreach t,$1,$(if $(findstring $(T),$t),$t)),$1)
RUN_TESTS := $(addprefix run-,$(call match,$(HOST_TESTS)))
RUN_FUZZ  := $(addprefix run-,$(call match,$(HOST_FUZZ)))
.PHONY: $(RUN_TESTS) $(RUN_FUZZ)
# tests/AREA/corpus.tar.xz, unpacked, for whoever names it in ARGS.
CORPORA := $(patsubst tests/%/corpus.tar.xz,build/corpus/%,$(wildcard tests/*/corpus.tar.xz))
$(CORPORA): build/corpus/%: tests/%/corpus.tar.xz | tools-test
	$(Q)rm -rf $@ && mkdir -p $@
	$(Q)$(PYTHON) -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' $< $@
	$(Q)touch $@
$(RUN_TESTS): run-%: % | $(CORPORA)
	$(call say,TEST    $(notdir $*))
	$(Q)$* $(call note,tests/host/$(notdir $*).c,ARGS)
# The fast paths alone, for the interpreter of fast_test.
FAST_DATA := kernel_lock=0x7fff0000 kernel_stats=0x7ffe0000 timer_slice=0x7ffd0000
$(HOST)/fast.elf: kernel/entry.S kernel/ipc_fast.S kernel/fault_fast.S kernel/regs.h $(OUT)/offsets/offsets.h
	$(call say,LD      $@)
	$(Q)$(CC) $(filter-out -march=% -fsanitize=%,$(KERNEL_FLAGS)) -UDEBUG -march=rv64ima_zicsr_zifencei -nostdlib -static \
		-Wl,-Ttext=0x10000,-e,trap_entry,--unresolved-symbols=ignore-all $(FAST_DATA:%=-Wl,--defsym,%) -o $@ $(filter %.S,$^)
run-$(HOST)/fast_test: $(HOST)/fast.elf
fuzz_time = $(or $(FUZZ_TIME),$(if $(filter %/dtb_fuzz,$*),60,30))
$(RUN_FUZZ): run-%: % | $(CORPORA)
	$(call say,FUZZ    $(notdir $*) for $(fuzz_time) s)
	$(Q)tools/fuzz $* $(fuzz_time) $(call note,tests/host/$(notdir $*).c,ARGS)

# Tests that run make run it as a user does: nothing of this one.
PYTEST = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(PYTHON) -m pytest -p no:cacheprovider -q $(if $(T),-k $(call quote,T))
# With T= a pattern that selects nothing is no failure of that part (pytest: 5).
none_ok = $(if $(T),|| test $$? = 5)

test: test-host test-qemu

test-host: tools-test $(HOST_ALL) $(RUN_TESTS) $(RUN_FUZZ)
	$(if $(HOST_PY),$(Q)$(PYTEST) --junitxml=build/junit-host.xml $(HOST_PY) $(none_ok))

test-qemu: tools-test tools-run image $(OUT)/bench/kernel.bin $(OUT)/kerneltest.bin $(OUT)/fuzz.bin $(OUT)/hostile.cpio $(HOST)/qemu_watch.so | test-host
	$(Q)$(MAKE) BUILD=release image build/release/kerneltest.bin build/release/fuzz.bin build/release/hostile.cpio bound-objects build/release/bench/kernel.bin build/release/bench/boot.cpio
	$(Q)BUILD=debug $(PYTEST) $(if $(RECORD),--record) -n $(or $(JOBS),2) --junitxml=build/junit-qemu.xml tests/qemu $(none_ok)
	$(Q)BUILD=release $(PYTEST) $(if $(RECORD),--record) -n $(or $(JOBS),2) --junitxml=build/junit-release.xml \
		--ignore tests/qemu/kernel_test.py tests/qemu $(none_ok)

# ---- attacks: docs/testing.md -------------------------------------------------------------------
.PHONY: explore fuzz mutants bound bound-objects coverage
$(HOST)/qemu_watch.so: tools/qemu_watch.c | tools-test
	$(call say,HOSTCC  $@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu17 -O2 -Wall -Wextra -Werror -shared -fPIC -o $@ $<

# In the machine, or on the host by libFuzzer.
ifneq ($(filter syscall kill deaths ipc,$(T)),)
fuzz: image $(OUT)/fuzz.bin $(OUT)/hostile.cpio $(HOST)/qemu_watch.so tools-run
	@nice tools/attack --build $(BUILD) --smp $(call quote,SMP) --seed $(call quote,SEED) \
		$(if $(N),--count $(call quote,N)) $(call quote,T)
else
fuzz: FUZZ_TIME = $(SECONDS)
fuzz: run-$(HOST)/$(T)_fuzz
endif

# Frames of the kernel's functions, in build/release/bound/*.su.
BOUND_OBJ := $(patsubst kernel/%.c,$(OUT)/bound/%.o,$(filter %.c,$(KERNEL_SRC)))
$(OUT)/bound/%.o: kernel/%.c $(OUT)/flags $(OUT)/offsets/offsets.h
	$(call compile,CC     ,$(KERNEL_FLAGS) -fstack-usage)
bound-objects: $(BOUND_OBJ)
bound: $(BOUND_OBJ) $(OUT)/fuzz.bin $(HOST)/qemu_watch.so tools-run
	@nice tools/bound $(if $(N),--count $(call quote,N)) --seed $(call quote,SEED)

coverage: $(GEN_STAMP) image $(OUT)/kerneltest.bin $(OUT)/fuzz.bin $(HOST)/qemu_watch.so tools-run
	@nice tools/coverage --flags '$(HOST_FLAGS)'

mutants: tools-build tools-run tools-test
	@nice tools/mutants

explore: $(HOST)/explore
	nice $< bfs $(call quote,LENGTH)
	nice $< random $(if $(N),$(call quote,N),100000000) $(call quote,SEED)

lint lint-code: $(GEN_STAMP) $(OUT)/offsets/offsets.h | tools-build tools-lint
	@$(PYTHON) tools/idl/idl.py --doc $(IDL) | cmp -s - docs/abi-servers.md || \
		{ echo "docs/abi-servers.md is not what the interface files say: make abi-doc" >&2; false; }
	$(Q)tools/lint --kernel '$(CC) $(KERNEL_FLAGS)' --root '$(CC) $(ROOT_FLAGS)' --user '$(CC) $(USER_FLAGS)' \
		$(if $(filter lint-code,$@),--code)

compile_commands.json: FORCE | tools-build
	$(Q)tools/compdb $(BUILD) >$@

-include $(KERNEL_OBJ:.o=.d) $(BENCH_OBJ:.o=.d) $(ROOT_OBJ:.o=.d) $(LIBC_OBJ:.o=.d) $(CRT0:.o=.d) $(PROC_OBJ:.o=.d)
-include $(foreach s,$(SERVERS),$(patsubst %.o,%.d,$(call obj,$(call server_src,$s),$(OUT)/obj)))
-include $(foreach p,$(PROGRAMS),$(patsubst %.o,%.d,$(call obj,$(call program_src,$p),$(OUT)/obj)))
-include $(LIBCTEST:%=$(OUT)/obj/tests/libc/%.d)
