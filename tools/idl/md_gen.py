"""Documents checked interfaces as Markdown, for docs/abi.md: types, calls, how they are packed, errors."""
from check import words_of


def text(doc):
    """Documentation as one paragraph."""
    return " ".join(doc)


def cell(doc):
    return text(doc).replace("|", "\\|")


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    return lines + ["| " + " | ".join(str(value) for value in row) + " |" for row in rows] + [""]


def span(first, count):
    return str(first) if count == 1 else f"{first}-{first + count - 1}"


def type_text(param):
    if param.kind in ("string", "bytes"):
        return f"{param.kind}<{param.most}>"
    if param.kind == "cap":
        return " ".join(["cap", param.verb] + ([param.cap_type.text] if param.cap_type else []))
    return param.type.text


def params_text(params):
    return ", ".join(f"{type_text(param)} {param.name.text}" for param in params)


def packing(layout):
    """Where each parameter travels, in words."""
    parts = [(word, f"{word} {param.name.text}") for param, word in layout.scalars]
    parts += [(word, f"{word} length of {param.name.text}") for param, word in layout.lengths]
    parts += [(word, f"{span(word, words_of(param.struct.size))} {param.name.text}") for param, word in layout.structs]
    result = [part for _, part in sorted(parts)]
    for i, (param, _) in enumerate(layout.lengths):
        place = f"from {layout.data}" if i == 0 else "then"
        result.append(f"{place} {param.name.text} ({words_of(param.most)} at most)")
    words = "words: " + ", ".join(result) if result else "no words"
    if layout.caps:
        words += "; items: " + ", ".join(f"{i} {param.name.text}" for i, param in enumerate(layout.caps))
    return words


def call_section(name, call):
    errors = ", ".join(f"`{error.text}`" for error in call.errors) or "none of its own"
    lines = [f"#### {name}.{call.name.text}", "", "```",
             f"{call.name.text}({params_text(call.ins)}) -> ({params_text(call.outs)})", "```", ""]
    lines += [text(call.doc), ""] if call.doc else []
    return lines + [f"- Request: method {call.number}; {packing(call.request)}",
                    f"- Answer: {packing(call.answer)}", f"- Errors: {errors}", ""]


def section(interface):
    name = interface.name.text
    lines = [f"### Interface {name}", ""]
    lines += [text(interface.doc), ""] if interface.doc else []
    lines += [f"Number {interface.number.number}, version {interface.version.number}; its server has rank "
              f"{interface.rank.number}.", ""]
    if interface.consts:
        lines += table(["Constant", "Value", "Meaning"],
                       [(f"`{name.upper()}_{const.name.text}`", const.value.number, cell(const.doc))
                        for const in interface.consts])
    for enum in interface.enums:
        kind = "flags, any of them" if enum.flags else "one of them"
        lines += [f"`enum {name}_{enum.name.text}`, {enum.base}, {kind}. {text(enum.doc)}".rstrip(), ""]
        lines += table(["Value", "Number", "Meaning"],
                       [(f"`{name.upper()}_{item.name.text}`", item.value.number, cell(item.doc))
                        for item in enum.items])
    for struct in interface.structs:
        lines += [f"`struct {name}_{struct.name.text}`, {struct.size} bytes. {text(struct.doc)}".rstrip(), ""]
        lines += table(["Offset", "Field", "Type", "Meaning"],
                       [(field.offset, f"`{field.name.text}`",
                         field.type.text + (f"[{field.length}]" if field.count is not None else ""), cell(field.doc))
                        for field in struct.fields])
    if interface.signals:
        lines += table(["Signal", "Bit", "Meaning"],
                       [(f"`{name.upper()}_SIGNAL_{signal.name.text.upper()}`", signal.value.number, cell(signal.doc))
                        for signal in interface.signals])
    for call in interface.calls:
        lines += call_section(name, call)
    return lines


def document(interfaces):
    """The interfaces' pages, in the order of their numbers."""
    lines = []
    for interface in sorted(interfaces, key=lambda interface: interface.number.number):
        lines += section(interface)
    return "\n".join(lines).rstrip() + "\n"
