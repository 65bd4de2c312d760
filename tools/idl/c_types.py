"""Generates NAME_idl.h: numbers, enums, structs, names of calls; for both sides."""
from c_base import Base, C_TYPES, comment


def number(value):
    return f"{value:#x}" if value > 0xffff and value & (value - 1) == 0 else str(value)


def suffix(value):
    return "ull" if value > 0x7fffffff else ""


class Types(Base):
    def common(self):
        interface = self.interface
        body = comment(interface.doc)
        body += [f"#define {self.upper}_INTERFACE {interface.number.number}",
                 f"#define {self.upper}_VERSION {interface.version.number}",
                 f"#define {self.upper}_RANK {interface.rank.number}", ""]
        for const in interface.consts:
            body += comment(const.doc)
            body.append(f"#define {self.upper}_{const.name.text} "
                        f"{number(const.value.number)}{suffix(const.value.number)}")
        body += [""] if interface.consts else []
        for enum in interface.enums:
            body += self.enum(enum)
        for struct in interface.structs:
            body += self.struct(struct)
        for signal in interface.signals:
            body += self.signal(signal)
        return self.page("idl", f"numbers and types of the {self.name} interface.",
                         ["tessera/syscall.h" if interface.signals else "tessera/abi.h"], body + self.methods())

    def signal(self, signal):
        name, bit = signal.name.text, f"{self.upper}_SIGNAL_{signal.name.text.upper()}"
        lines = comment(signal.doc) + [f"#define {bit} (1ull << {signal.value.number})"]
        lines += ["/* Makes in the empty slot the right to signal it on the endpoint, for sys_signal. 0 or a positive error. */"]
        return lines + [f"static inline int {self.name}_give_{name}(cap_t endpoint, cap_t slot)", "{",
                        f"\treturn (int)-sys_give(GIVE_COPY, endpoint, 1, slot, RIGHT_SIGNAL, {bit}, 0);", "}", ""]

    def enum(self, enum):
        tag = f"{self.name}_{enum.name.text}"
        lines = comment(enum.doc) + [f"enum {tag} {{"]
        for item in enum.items:
            value = item.value.number
            lines += comment(item.doc, 1) + [f"\t{self.upper}_{item.name.text} = {number(value)}{suffix(value)},"]
        lines += ["};", "", f"static inline int {tag}_valid(uint64_t value)", "{",
                  f"\treturn {self.valid(enum)};", "}", ""]
        return lines

    @staticmethod
    def valid(enum):
        values = sorted(item.value.number for item in enum.items)
        if enum.flags:
            return f"!(value & ~{number(sum(values))}ull)"
        if values[-1] - values[0] == len(values) - 1:
            return f"value - {values[0]} <= {len(values) - 1}" if values[0] else f"value <= {values[-1]}"
        if values[-1] < 64:
            return f"value < 64 && {sum(1 << value for value in values):#x}ull >> value & 1"
        return " ||\n\t\t".join(f"value == {number(value)}{suffix(value)}" for value in values)

    def struct(self, struct):
        tag = f"{self.name}_{struct.name.text}"
        lines = comment(struct.doc) + [f"struct {tag} {{"]
        aligned = "" if any(field.size == 8 for field in struct.fields) else "_Alignas(8) "
        for field in struct.fields:
            count = f"[{field.length}]" if field.count is not None else ""
            lines += comment(field.doc, 1) + [f"\t{aligned}{C_TYPES[field.base]} {field.name.text}{count};"]
            aligned = ""
        words = struct.size // 8
        return lines + ["};", f'_Static_assert(sizeof(struct {tag}) == {struct.size}, "sent as {words} words");', ""]

    def methods(self):
        calls = self.interface.calls
        lines = ["/* Method numbers. A request's label is the interface's number << 16 | this. */"] if calls else []
        width = max((len(call.name.text) for call in calls), default=0)
        for call in calls:
            lines.append(f"#define {self.upper}_CALL_{call.name.text.upper():{width}} {call.number}")
        lines += ["", "/* For traces: the name of a method, of a label too. */",
                  f"static inline const char *{self.name}_call_name(uint32_t method)", "{",
                  "\tswitch (method & 0xffff) {"]
        for call in calls:
            lines += [f"\tcase {self.upper}_CALL_{call.name.text.upper()}:", f'\t\treturn "{call.name.text}";']
        return lines + ["\tdefault:", '\t\treturn "?";', "\t}", "}"]
