"""Checks an Interface against the rules of docs/idl.md and works out how its messages are packed.

Fills in what the generators need: numbers, sizes, kinds, layouts. Collects every mistake found.
"""
import re
from dataclasses import dataclass, field

from syntax import Problem, SCALARS

REGISTER_WORDS = 5
MOST_WORDS = 125
MOST_CAPS = 4
RESTARTED_BIT = 31      # SIGNAL_RESTARTED of tessera/start.h
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i32": 4, "i64": 8, "char": 1}
CAP_TYPES = ("frame", "cnode", "vspace", "thread", "endpoint", "system", "hart")
BUILTIN_TYPES = SCALARS + ("char", "string", "bytes", "cap", "caps")
C_RESERVED = set("""
    alignas alignof asm auto bool break case char const constexpr continue default do double else enum errno
    extern false float for goto if inline int linux long nullptr register restrict return short signed sizeof
    static static_assert stderr stdin stdout struct switch thread_local true typedef typeof union unix unsigned
    void volatile while""".split())
FOREIGN_PREFIXES = ("idl", "sys", "cap", "info", "ipc", "slot", "kernel")
LOWER = re.compile(r"[a-z](?:_?[a-z0-9])*")
UPPER = re.compile(r"[A-Z](?:_?[A-Z0-9])*")
ERROR_LINE = re.compile(r'^ERROR\(\s*(\d+)\s*,\s*(\w+)\s*,\s*"([^"]*)"\s*\)', re.MULTILINE)


@dataclass
class Layout:
    """Where the parameters of one direction are: word numbers; words 0-4 travel in registers."""
    scalars: list = field(default_factory=list)   # (param, word)
    lengths: list = field(default_factory=list)   # (param, word), of strings and bytes
    structs: list = field(default_factory=list)   # (param, first word)
    caps: list = field(default_factory=list)      # params; the position is the item
    fixed: int = 0                                # words before padding and data
    data: int = 0                                 # first word of data: at least 5 when there is any
    most: int = 0                                 # words of the longest message


def words_of(size):
    return (size + 7) // 8


def read_errors(path):
    """{name: (number, text)} of errors.def."""
    with open(path, encoding="ascii") as file:
        return {name: (int(number), text) for number, name, text in ERROR_LINE.findall(file.read())}


class Checker:
    def __init__(self, interface, errors, c_names):
        self.interface = interface
        self.errors = errors
        self.c_names = c_names          # every C name generated so far, in all files
        self.problems = []
        self.constants = {}             # constants and enum items
        self.types = {}

    def problem(self, where, reason):
        self.problems.append(Problem(where.position, reason))

    # Names

    def spelling(self, name, pattern, what):
        if not pattern.fullmatch(name.text):
            case = "lower" if pattern is LOWER else "upper"
            self.problem(name, f"{what} `{name.text}` must be {case}-case words joined by single underscores")
        elif pattern is LOWER and name.text in C_RESERVED:
            self.problem(name, f"{what} cannot be called `{name.text}`: C uses that word")

    def c_name(self, name, c_name):
        """Claims a name in the generated C."""
        if c_name in self.c_names:
            self.problem(name, f"`{name.text}` makes the C name {c_name}, already made at {self.c_names[c_name]}")
        else:
            self.c_names[c_name] = name.position

    def declare(self, table, name, thing, what):
        if name.text in table:
            first = table[name.text][0]
            self.problem(name, f"{what} `{name.text}` is already declared at {first.position}")
        else:
            table[name.text] = (name, thing)

    # Values

    def resolve(self, value, low, high, what):
        """The number a Value stands for, None after reporting a problem."""
        number = value.number
        if value.name is not None:
            entry = self.constants.get(value.name)
            number = entry[1].value.number if entry else None
            if number is None:
                self.problem(value, f"no constant `{value.name}` is declared before this")
                return None
            value.number = number
        if not low <= number <= high:
            self.problem(value, f"{what} must be {low} to {high}, not {number}")
            return None
        return number

    def header(self):
        interface = self.interface
        self.spelling(interface.name, LOWER, "the interface")
        if interface.name.text.split("_")[0] in FOREIGN_PREFIXES:
            self.problem(interface.name, f"an interface cannot be called `{interface.name.text}`: "
                                         "its functions would look like the system's")
        self.resolve(interface.number, 1, 0xffff, "the interface's number")
        self.resolve(interface.version, 1, 0xffff, "the version")
        self.resolve(interface.rank, 0, 63, "the rank")
        for suffix in ("INTERFACE", "VERSION", "RANK"):
            self.c_name(interface.name, f"{interface.name.text.upper()}_{suffix}")
        for suffix in ("dispatch", "loop", "check", "call_name"):
            self.c_name(interface.name, f"{interface.name.text}_{suffix}")

    def constant(self, const, what, most=(1 << 64) - 1):
        self.spelling(const.name, UPPER, what)
        self.c_name(const.name, f"{self.interface.name.text.upper()}_{const.name.text}")
        self.declare(self.constants, const.name, const, what)
        self.resolve(const.value, 0, most, f"`{const.name.text}`")

    def enum(self, enum):
        what = "flags" if enum.flags else "enum"
        self.type_name(enum.name, enum, what)
        self.c_name(enum.name, f"{self.interface.name.text}_{enum.name.text}_valid")
        if not enum.items:
            self.problem(enum.name, f"{what} `{enum.name.text}` lists no value")
        seen = {}
        for item in enum.items:
            self.constant(item, "the value", (1 << 8 * SIZES[enum.base]) - 1)
            number = item.value.number
            if number is None:
                continue
            if enum.flags and (number == 0 or number & (number - 1)):
                self.problem(item.value, f"a flag must be one bit, not {number}")
            if number in seen:
                self.problem(item.value, f"`{item.name.text}` has the value of `{seen[number]}`")
            seen[number] = item.name.text

    def type_name(self, name, thing, what):
        self.spelling(name, LOWER, what)
        if name.text in BUILTIN_TYPES:
            self.problem(name, f"`{name.text}` is a type of the language")
        if name.text == "request":
            self.problem(name, "a type cannot be called `request`: the server's request is")
        self.declare(self.types, name, thing, "the type")

    # Structs: no padding anywhere, so that no byte of a message is left to chance

    def field(self, field_, offset):
        """Offset behind the field; None when its size is unknown."""
        self.spelling(field_.name, LOWER, "the field")
        entry = self.types.get(field_.type.text)
        field_.enum = None
        if field_.type.text in SIZES:
            base = field_.type.text
        elif entry and hasattr(entry[1], "base"):
            field_.enum, base = entry[1], entry[1].base
        else:
            self.problem(field_.type, f"a field must be a number, an enum, flags or char, not `{field_.type.text}`")
            return None
        field_.base, field_.size, field_.length = base, SIZES[base], 1
        if base == "char" and field_.count is None:
            self.problem(field_.type, "a single char is not a field: use u8, or an array")
        if field_.count is not None:
            field_.length = self.resolve(field_.count, 1, MOST_WORDS * 8, "the array's length")
            if field_.length is None:
                return None
        field_.offset = offset
        gap = -offset % field_.size
        if gap:
            self.problem(field_.name, f"`{field_.name.text}` would need {gap} bytes of padding before it: "
                                      "reorder the fields or name the padding")
            return None
        return offset + field_.size * field_.length

    def struct(self, struct):
        names, offset = {}, 0
        if not struct.fields:
            self.problem(struct.name, f"struct `{struct.name.text}` has no field")
        for field_ in struct.fields:
            self.declare(names, field_.name, field_, "the field")
            end = self.field(field_, offset or 0)
            offset = end if offset is not None else None
        struct.size = offset or 0
        if offset and offset % 8:
            self.problem(struct.name, f"struct `{struct.name.text}` has {offset} bytes, not a multiple of 8: "
                                      f"add a field of {-offset % 8} bytes")
        if offset and words_of(offset) > MOST_WORDS:
            self.problem(struct.name, f"struct `{struct.name.text}` has {words_of(offset)} words, "
                                      f"a message has {MOST_WORDS}")

    def signals(self):
        """Bits of an endpoint: libc has bit 0, proc bit 31, and a badge of all bits is none."""
        bits = {}
        for signal in self.interface.signals:
            name = signal.name.text
            self.spelling(signal.name, LOWER, "the signal")
            for c_name in (f"{self.interface.name.text.upper()}_SIGNAL_{name.upper()}", f"{self.interface.name.text}_give_{name}"):
                self.c_name(signal.name, c_name)
            bit = self.resolve(signal.value, 1, 62, "a signal's bit")
            if bit == RESTARTED_BIT:
                self.problem(signal.value, f"bit {bit} is proc's: a server that was given to this one runs again")
            elif bit in bits:
                self.problem(signal.value, f"`{name}` has the bit of `{bits[bit]}`")
            elif bit is not None:
                bits[bit] = name

    # Calls

    def param(self, param):
        self.spelling(param.name, LOWER, "the parameter")
        param.enum = param.struct = None
        if param.kind == "named":
            entry = self.types.get(param.type.text)
            if entry is None:
                self.problem(param.type, f"no type `{param.type.text}`")
                return False
            if hasattr(entry[1], "base"):
                param.kind, param.enum, param.base = "scalar", entry[1], entry[1].base
            else:
                param.kind, param.struct = "struct", entry[1]
        elif param.kind == "scalar":
            param.base = param.type.text
        elif param.kind in ("string", "bytes"):
            param.most = self.resolve(param.limit, 1, (MOST_WORDS - REGISTER_WORDS) * 8, f"the size of a {param.kind}")
            return param.most is not None
        elif param.cap_type is not None and param.cap_type.text not in CAP_TYPES:
            self.problem(param.cap_type, f"a capability is one of {', '.join(CAP_TYPES)}, not `{param.cap_type.text}`")
        elif param.cap_type is not None and param.verb != "donate" and \
                (param.cap_type.text == "frame") == (param.verb == "copy"):
            self.problem(param.cap_type, f"`{param.verb}` does not go with `{param.cap_type.text}`: "
                                         "objects are copied, frames shared, frozen, lent")
        return True

    def layout(self, call, params, direction):
        layout = Layout()
        if not all([self.param(param) for param in params]):
            return layout
        word = 0
        for param in params:
            if param.kind == "scalar":
                layout.scalars.append((param, word))
                word += 1
        for param in params:
            if param.kind in ("string", "bytes"):
                layout.lengths.append((param, word))
                word += 1
        for param in params:
            if param.kind == "struct":
                layout.structs.append((param, word))
                word += words_of(param.struct.size)
        layout.caps = [param for param in params if param.kind == "cap"]
        layout.fixed = layout.data = layout.most = word
        if layout.lengths:
            layout.data = max(word, REGISTER_WORDS)
            layout.most = layout.data + sum(words_of(param.most) for param, _ in layout.lengths)
        if layout.most > MOST_WORDS:
            self.problem(call.name, f"the {direction} of `{call.name.text}` can have {layout.most} words, "
                                    f"a message has {MOST_WORDS}")
        if len(layout.caps) > MOST_CAPS:
            self.problem(call.name, f"the {direction} of `{call.name.text}` has {len(layout.caps)} capabilities, "
                                    f"a message has {MOST_CAPS}")
        return layout

    def prototype(self, params, taken, out):
        """The C parameters must differ from each other: `data` makes data and data_n, results add _out."""
        for param in params:
            made = [param.name.text + out]
            if param.kind in ("string", "bytes"):
                made += [param.name.text + "_n" + out, param.name.text + "_cap" + out]
            for c_name in made:
                if c_name in taken:
                    self.problem(param.name, f"the parameter `{param.name.text}` makes the C name {c_name} "
                                             "a second time")
                taken.add(c_name)

    def call(self, number, call):
        prefix, name = self.interface.name.text, call.name.text
        call.number = number
        self.spelling(call.name, LOWER, "the call")
        self.declare(self.calls, call.name, call, "the call")
        for c_name in (f"{prefix}_{name}", f"{prefix}_on_{name}", f"{prefix}_reply_{name}", f"{prefix}_serve_{name}",
                       f"{prefix.upper()}_CALL_{name.upper()}"):
            self.c_name(call.name, c_name)
        call.request = self.layout(call, call.ins, "request")
        call.answer = self.layout(call, call.outs, "answer")
        taken = {"server", "request"}
        self.prototype(call.ins, taken, "")
        self.prototype(call.outs, taken, "_out")
        self.prototype(call.outs, {"saved", "error"}, "")
        seen = set()
        for error in call.errors:
            if error.text not in self.errors:
                self.problem(error, f"no error `{error.text}` in errors.def")
            elif self.errors[error.text][0] == 0 or error.text in seen:
                self.problem(error, f"`{error.text}` is no error here or listed twice")
            seen.add(error.text)

    def run(self):
        self.calls = {}
        self.header()
        for const in self.interface.consts:
            self.constant(const, "the constant")
        for enum in self.interface.enums:
            self.enum(enum)
        for struct in self.interface.structs:
            self.type_name(struct.name, struct, "struct")
        for struct in self.interface.structs:
            self.struct(struct)
        self.signals()
        for number, call in enumerate(self.interface.calls, 1):
            self.call(number, call)
        if len(self.interface.calls) > 0xffff:
            self.problem(self.interface.name, "more than 65535 calls")
        return sorted(self.problems, key=lambda p: (p.position.line, p.position.column))


def check(interfaces, errors):
    """Every problem of the interfaces, which are going to be used together; [] when they are right."""
    problems, c_names, numbers = [], {}, {}
    for interface in interfaces:
        problems += Checker(interface, errors, c_names).run()
        number = interface.number.number
        if number in numbers:
            problems.append(Problem(interface.number.position,
                                    f"interface number {number} is taken at {numbers[number]}"))
        numbers.setdefault(number, interface.number.position)
    return problems
