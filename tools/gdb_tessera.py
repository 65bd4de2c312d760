"""gdb_tessera: commands of gdb for a stopped machine: `tessera ps`, `tessera caps THREAD`, `tessera maps THREAD`, `tessera frame PA`.

Sourced by gdb (tools/run debug and replay do it). Everything is read from physical memory, whatever space and mode the hart
is in, and by the kernel's own types; names of processes are proc's, found through mem's tables. Nothing is changed."""

import os

import gdb

KERNEL_VA = 0xffffffffc0000000
WINDOW_VA = 0xffffffc000000000
LOAD = 0x80200000               # where the machine's firmware starts the kernel
PAGE = 4096
TYPES = ("null", "frame", "chip", "cnode", "vspace", "table", "thread", "endpoint", "reply", "system", "hart")
KINDS = ("-", "origin", "split", "loan", "share", "frozen", "copy")
STATES = ("stopped", "ready", "send", "reply", "receive", "held")
ORDERS = ("4K", "2M", "1G", "world", "chip")
THREAD, FRAME, CNODE, VSPACE, ENDPOINT, TABLE, CHIP = 6, 1, 3, 4, 7, 5, 2
KIND_SPLIT, KIND_COPY = 2, 6


def masked(value):
    return int(value) & (1 << 64) - 1


class Memory:
    """Physical memory of the machine as it stands, a page read once."""

    def __init__(self):
        self.pages = {}
        self.inferior = gdb.selected_inferior()

    def __enter__(self):
        for command in ("set stack-cache off", "set code-cache off", "maintenance packet Qqemu.PhyMemMode:1"):
            gdb.execute(command, to_string=True)
        return self

    def __exit__(self, *_):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)

    def read(self, pa, size):
        found = b""
        while size:
            at, part = pa % PAGE, min(size, PAGE - pa % PAGE)
            page = pa - at
            if page not in self.pages:
                self.pages[page] = bytes(self.inferior.read_memory(page, PAGE))
            found += self.pages[page][at:at + part]
            pa, size = pa + part, size - part
        return found

    def word(self, pa):
        return int.from_bytes(self.read(pa, 8), "little")


def physical(va):
    """Of an address of the kernel's."""
    va = masked(va)
    return va - KERNEL_VA + LOAD if va >= KERNEL_VA else va - WINDOW_VA


def symbol(name, file):
    """A variable of the program whose file's name ends so."""
    for objfile in gdb.objfiles():
        if objfile.filename.endswith(file):
            found = objfile.lookup_global_symbol(name) or objfile.lookup_static_symbol(name)
            if found:
                return found
    raise gdb.GdbError(f"no symbol {name} in {file}: it is not loaded")


def structure(name, file):
    """A type of that program's."""
    for objfile in gdb.objfiles():
        if objfile.filename.endswith(file):
            found = objfile.lookup_static_symbol(name, gdb.SYMBOL_STRUCT_DOMAIN)
            if found:
                return found.type
    raise gdb.GdbError(f"no struct {name} in {file}: it is not loaded")


class Slot:
    """A capability slot, as kernel/cap.h lays it out."""

    def __init__(self, memory, pa):
        w = [int.from_bytes(memory.read(pa + 8 * i, 8), "little") for i in range(4)]
        self.pa, self.type, self.rights, self.kind, self.depth = pa, w[0] & 15, w[0] >> 4 & 31, w[0] >> 9 & 7, w[0] >> 12 & 127
        following = w[0] >> 25
        self.next = physical(following - (1 << 39) if following >> 38 else following) if following else 0
        self.badged, self.memory_of = w[0] >> 21 & 1, memory
        self.memory = self.type in (FRAME, TABLE, CHIP)
        self.base = (w[2] & (1 << 50) - 1) << 6 if self.memory else physical(w[2] & ~63) if w[2] else 0
        self.order, self.size_bits, self.record = w[2] >> 50 & 7, w[2] & 31, w[3]

    def is_split(self):
        """Of a frame: its record says how many pieces were handed out, not where it is mapped."""
        child = Slot(self.memory_of, self.next) if self.next else None
        return child and child.depth > self.depth and child.kind == KIND_SPLIT

    def bytes(self):
        return {0: PAGE, 1: 2 << 20, 2: 1 << 30, 3: 256 << 30, 4: 64}.get(self.order, PAGE)

    def text(self):
        """In words."""
        name = TYPES[self.type] if self.type < len(TYPES) else f"type {self.type}"
        words = f"{name:<9}{KINDS[self.kind] if self.kind < len(KINDS) else '?':<7} rights {self.rights:<2}"
        if self.memory:
            words += f" {self.base:#x} {ORDERS[self.order] if self.order < 5 else '?'}"
            if self.type == FRAME and self.record and not self.is_split():
                words += f" mapped at {(self.record & (1 << 27) - 1) << 12:#x} in space {self.record >> 27 & 0xfff}"
        elif self.type == CNODE:
            words += f" {self.base:#x}, {1 << self.size_bits} slots"
        elif self.type:
            words += f" {self.base:#x}" + (f" badge {self.record:#x}" if self.type == ENDPOINT and self.badged else "")
        return words


class Machine:
    """What there is, of a machine that stands."""

    def __init__(self, memory):
        self.memory, self.bases = memory, {}
        origin = symbol("image_offset", "kernel.elf").value().address
        if memory.word(physical(origin)) != LOAD - KERNEL_VA & (1 << 64) - 1:
            raise gdb.GdbError("the kernel has not started yet (or is not at 0x80200000): continue first")
        self.struct = symbol("boot_root_thread", "kernel.elf").type.target()

    def slots(self):
        """All capabilities, parents before what was derived from them."""
        at = physical(symbol("cap_origin", "kernel.elf").value().address)
        while at:
            slot = Slot(self.memory, at)
            yield slot
            at = slot.next

    def thread(self, pa):
        return gdb.Value(self.memory.read(pa, self.struct.sizeof), self.struct)

    def threads(self):
        """Physical addresses."""
        return [slot.base for slot in self.slots() if slot.type == THREAD and slot.kind != KIND_COPY]

    def walk(self, satp, va):
        """Physical address, None: nothing is mapped there."""
        table = (satp & (1 << 44) - 1) << 12
        for level in (2, 1, 0):
            pte = self.memory.word(table + (va >> 12 + 9 * level & 511) * 8)
            if not pte & 1:
                return None
            table = (pte >> 10 & (1 << 44) - 1) << 12
            if pte & 14:
                return table + (va & (PAGE << 9 * level) - 1)
        return None

    def leaves(self, satp):
        """(va, pa, bytes, access bits) of what user mode sees."""
        def below(table, level, base):
            for i in range(512 if level < 2 else 256):
                pte = self.memory.word(table + 8 * i)
                va, pa = base + (i << 12 + 9 * level), (pte >> 10 & (1 << 44) - 1) << 12
                if pte & 1 and pte & 14:
                    yield va, pa, PAGE << 9 * level, pte
                elif pte & 1:
                    yield from below(pa, level - 1, va)
        yield from below((satp & (1 << 44) - 1) << 12, 2, 0)

    def array(self, satp, va, struct, count):
        """Values of a table in some space, None where nothing is mapped."""
        for index in range(count):
            at = va + index * struct.sizeof
            pa = self.walk(satp, at)
            yield gdb.Value(self.memory.read(pa, struct.sizeof), struct) if pa is not None else None

    def names(self):
        """Physical address of a thread -> (name of its process, pid, its number). Notes where programs were loaded."""
        root = physical(self.memory.word(physical(symbol("boot_root_thread", "kernel.elf").value().address)))
        found = {root: ("mem", 0, 0)}
        satp = masked(self.thread(root)["satp"])
        threads = {}
        slab = self.mem_variable(satp, "thread_slab")
        record = structure("thread", "mem.elf")
        for thread in self.array(satp, masked(slab["base"]), record, int(slab["reached"])):
            if thread is not None and int(thread["space"]) and int(thread["frame"]):
                threads[int(thread["frame"]) << 12] = (int(thread["space"]), int(thread["number"]))
        proc = next((masked(self.thread(pa)["satp"]) for pa, (space, _) in threads.items() if space == 1), None)
        processes = {}
        if proc:
            table = symbol("table", "proc.elf")
            for process in self.array(proc, masked(table.value().address), table.type.target(), table.type.range()[1] + 1):
                if process is not None and int(process["pid"]):
                    name = process["name"].string(errors="replace")
                    processes[int(process["space"]) or 1] = (name, int(process["pid"]))
                    self.bases[name] = masked(process["image_base"])
        for pa, (space, number) in threads.items():
            found[pa] = (*processes.get(space, (f"space {space}", 0)), number)
        return found

    def mem_variable(self, satp, name):
        found = symbol(name, "mem.elf")
        pa = self.walk(satp, masked(found.value().address))
        return gdb.Value(self.memory.read(pa, found.type.sizeof), found.type)

    def named(self, word):
        """The thread that a word names: an address, or a process by name or pid (its first thread)."""
        names = self.names()
        try:
            number = int(word, 0)
        except ValueError:
            number = None
        if number in self.threads():
            return number
        for pa, (name, pid, which) in sorted(names.items(), key=lambda item: item[1][2]):
            if name == word or (number and pid == number):
                return pa
        raise gdb.GdbError(f"{word}: no thread's physical address, no name and no pid that `tessera ps` shows")


def command_ps(machine, _words):
    """All threads."""
    names = machine.names()
    running = {physical(value["current"]) for value in machine_harts(machine) if masked(value["current"])}
    print("  PID  THREAD        STATE    PRIO HART SPACE  PC                  NAME")
    for pa in sorted(machine.threads()):
        thread = machine.thread(pa)
        name, pid, number = names.get(pa, ("mem", 0, ""))
        state = STATES[int(thread["state"])] if int(thread["state"]) < len(STATES) else "?"
        hart = (physical(thread["hart"]) - physical(symbol("harts", "kernel.elf").value().address)) // 4096
        print(f"{pid:>5}  {pa:#012x}  {'running' if pa in running else state:<8} {int(thread['prio']):>4} {hart:>4} "
              f"{masked(thread['satp']) >> 44 & 0xfff:>5}  {masked(thread['regs'][0]):#018x}  {name}/{number}")


def machine_harts(machine):
    harts = symbol("harts", "kernel.elf")
    one = harts.type.target()
    count = machine.memory.word(physical(symbol("hart_count", "kernel.elf").value().address))
    return [gdb.Value(machine.memory.read(physical(harts.value().address) + i * one.sizeof, one.sizeof), one)
            for i in range(count)]


def command_caps(machine, words):
    """The capabilities that a thread reaches."""
    thread = machine.thread(machine.named(words[0]))
    slots = physical(thread["slots"])
    for index in range(int(thread["slot_count"])):
        slot = Slot(machine.memory, slots + 32 * index)
        if slot.type:
            print(f"{index:>5}  {slot.text()}")


def command_maps(machine, words):
    """What a thread's space maps, and where it is."""
    satp = masked(machine.thread(machine.named(words[0]))["satp"])
    run = None
    for va, pa, size, pte in [*machine.leaves(satp), (None, None, None, None)]:
        if run and va == run[0] + run[2] and pa == run[1] + run[2] and pte & 14 == run[3] & 14:
            run = (run[0], run[1], run[2] + size, run[3])
            continue
        if run:
            access = "".join(letter if run[3] & bit else "-" for letter, bit in (("r", 2), ("w", 4), ("x", 8)))
            print(f"{run[0]:#012x}-{run[0] + run[2]:#012x} {access}  {run[1]:#012x}")
        run = (va, pa, size, pte)


def command_frame(machine, words):
    """Who can reach a physical address."""
    pa = int(words[0], 0)
    for slot in machine.slots():
        if (slot.memory and slot.base <= pa < slot.base + slot.bytes()) or (not slot.memory and slot.base == pa & ~63 and slot.type):
            print(f"{'  ' * slot.depth}{slot.text()}")


def command_symbols(machine, words):
    """Loads the symbols of a program or server that runs, where it is."""
    machine.names()
    base = machine.bases.get(words[0])
    image = next(os.path.dirname(objfile.filename) for objfile in gdb.objfiles() if objfile.filename.endswith("kernel.elf"))
    paths = [os.path.join(image, folder, f"{words[0]}.debug") for folder in ("servers", "user")]
    path = next((path for path in paths if os.path.exists(path)), None)
    if not base or not path:
        raise gdb.GdbError(f"{words[0]}: {'it does not run' if not base else 'no ' + ' and no '.join(paths)}")
    gdb.execute(f"add-symbol-file {path} -o {base:#x}")


COMMANDS = {"symbols": (command_symbols, 1), "ps": (command_ps, 0), "caps": (command_caps, 1), "maps": (command_maps, 1), "frame": (command_frame, 1)}


class Tessera(gdb.Command):
    """tessera ps                all threads, with their processes
tessera caps THREAD|PID|NAME   the capabilities it reaches
tessera maps THREAD|PID|NAME   what its space maps
tessera frame PA               the capabilities that cover a physical address
tessera symbols NAME           loads the symbols of a program that runs, where it is"""

    def __init__(self):
        super().__init__("tessera", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        words = gdb.string_to_argv(argument)
        if not words or words[0] not in COMMANDS or len(words) - 1 != COMMANDS[words[0]][1]:
            raise gdb.GdbError(self.__doc__)
        with Memory() as memory:
            try:
                COMMANDS[words[0]][0](Machine(memory), words[1:])
            except (ValueError, gdb.MemoryError) as error:
                raise gdb.GdbError(f"tessera {argument}: {error}") from None


Tessera()
