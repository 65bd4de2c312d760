"""Lexer and parser of the interface language: text in, declarations with positions out.

Knows nothing of C or of sizes: names are resolved by check.py. docs/idl.md is the language.
"""
import re
from dataclasses import dataclass, field

SCALARS = ("u8", "u16", "u32", "u64", "i32", "i64")
VERBS = ("copy", "share", "freeze", "lend", "donate")
LATER = ("caps",)

TOKEN = re.compile(r"""
    (?P<space>[ \t\r\n]+)
  | (?P<doc>\#\#[^\n]*)
  | (?P<comment>\#[^\n]*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9][0-9A-Za-z_]*)
  | (?P<punct>->|[{}()\[\]<>;:,=])
""", re.VERBOSE)
NUMBER = re.compile(r"0x[0-9a-fA-F]{1,16}|0b[01]{1,64}|0|[1-9][0-9]{0,19}")


@dataclass(frozen=True)
class Position:
    file: str
    line: int
    column: int

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}"


class Problem(Exception):
    """A mistake in an interface file: where and why."""

    def __init__(self, position, reason):
        super().__init__(f"{position}: {reason}")
        self.position = position
        self.reason = reason


@dataclass
class Token:
    kind: str                       # name, number, punct, doc, end
    text: str
    position: Position


@dataclass
class Name:
    text: str
    position: Position


@dataclass
class Value:
    """A number, or the name of a constant, resolved by check.py."""
    position: Position
    number: int = None
    name: str = None


@dataclass
class Const:
    name: Name
    value: Value
    doc: list


@dataclass
class Enum:
    """An enum, or with `flags` a set of bits."""
    name: Name
    base: str
    items: list                     # of Const
    flags: bool
    doc: list


@dataclass
class Field:
    name: Name
    type: Name
    count: Value                    # None: not an array
    doc: list


@dataclass
class Struct:
    name: Name
    fields: list
    doc: list


@dataclass
class Param:
    """kind: scalar (also enum and flags), struct, string, bytes, cap; named types are `named` until checked."""
    name: Name
    kind: str
    type: Name
    limit: Value = None             # string, bytes: most bytes
    verb: str = None                # cap
    cap_type: Name = None           # cap: the type it must have, or None


@dataclass
class Call:
    name: Name
    ins: list
    outs: list
    errors: list                    # of Name
    doc: list


@dataclass
class Interface:
    name: Name
    number: Value
    version: Value
    rank: Value
    doc: list
    file: str
    consts: list = field(default_factory=list)
    enums: list = field(default_factory=list)
    structs: list = field(default_factory=list)
    signals: list = field(default_factory=list)     # of Const: the bit's number
    calls: list = field(default_factory=list)


def tokens(file, text):
    """All tokens of the text, an `end` token last. Problem on a character that starts none."""
    result = []
    line, line_start, at = 1, 0, 0
    while at < len(text):
        position = Position(file, line, at - line_start + 1)
        match = TOKEN.match(text, at)
        if not match:
            raise Problem(position, f"unexpected character {text[at]!a}")
        kind, piece = match.lastgroup, match.group()
        if kind in ("doc", "comment"):
            for offset, char in enumerate(piece):
                if not (char in "\t\r" or " " <= char <= "~"):
                    raise Problem(Position(file, line, position.column + offset), f"not plain ASCII: {char!a}")
        if kind not in ("space", "comment"):
            result.append(Token(kind, piece, position))
        if "\n" in piece:
            line += piece.count("\n")
            line_start = at + piece.rindex("\n") + 1
        at = match.end()
    result.append(Token("end", "end of file", Position(file, line, at - line_start + 1)))
    return result


class Parser:
    """Recursive descent, no recursion deeper than the grammar's four levels."""

    def __init__(self, file, text):
        self.file = file
        self.tokens = tokens(file, text)
        self.at = 0

    # Tokens

    def peek(self):
        """The next token that is not documentation."""
        while self.tokens[self.at].kind == "doc":
            self.at += 1
        return self.tokens[self.at]

    def docs(self):
        """Takes the documentation lines standing here."""
        lines = []
        while self.tokens[self.at].kind == "doc":
            lines.append(self.tokens[self.at].text[2:].strip())
            self.at += 1
        return lines

    def fail(self, wanted):
        token = self.peek()
        shown = token.text if token.kind == "end" else f"`{token.text}`"
        raise Problem(token.position, f"{wanted} expected, found {shown}")

    def accept(self, text):
        token = self.peek()
        if token.kind in ("punct", "name") and token.text == text:
            self.at += 1
            return token
        return None

    def expect(self, text):
        return self.accept(text) or self.fail(f"`{text}`")

    def name(self, what):
        token = self.peek()
        if token.kind != "name":
            self.fail(what)
        self.at += 1
        return Name(token.text, token.position)

    def number(self, what):
        token = self.peek()
        if token.kind != "number":
            self.fail(what)
        self.at += 1
        if not NUMBER.fullmatch(token.text) or int(token.text, 0) >= 1 << 64:
            raise Problem(token.position, f"bad number `{token.text[:40]}`: decimal, 0x or 0b, below 2^64")
        return Value(token.position, number=int(token.text, 0))

    def value(self, what):
        if self.peek().kind == "name":
            name = self.name(what)
            return Value(name.position, name=name.text)
        return self.number(what)

    # Declarations

    def interface(self):
        doc = self.docs()
        if not self.accept("interface"):
            self.fail("`interface NAME NUMBER version NUMBER rank NUMBER;`")
        name = self.name("the interface's name")
        number = self.number("the interface's number")
        self.expect("version")
        version = self.number("the version")
        self.expect("rank")
        rank = self.number("the server's rank")
        self.expect(";")
        result = Interface(name, number, version, rank, doc, self.file)
        while True:
            doc_at = self.tokens[self.at].position
            doc = self.docs()
            if self.peek().kind == "end":
                if doc:
                    raise Problem(doc_at, "this documentation (##) stands before nothing")
                return result
            self.item(result, doc)
            self.doc_behind(self.tokens[self.at - 1], doc)

    def doc_behind(self, end, doc):
        """Takes the documentation that stands on the line of the token that ended what it belongs to."""
        after = self.tokens[self.at]
        if after.kind == "doc" and after.position.line == end.position.line:
            doc.append(after.text[2:].strip())
            self.at += 1

    def item(self, interface, doc):
        if self.accept("const"):
            interface.consts.append(self.const(doc))
            self.expect(";")
        elif self.accept("enum"):
            interface.enums.append(self.enum(doc, False))
        elif self.accept("flags"):
            interface.enums.append(self.enum(doc, True))
        elif self.accept("struct"):
            interface.structs.append(self.struct(doc))
        elif self.accept("signal"):
            interface.signals.append(self.const(doc, "the signal's name", "the number of its bit, or a constant"))
            self.expect(";")
        elif self.accept("call"):
            interface.calls.append(self.call(doc))
        elif self.peek().text in LATER:
            raise Problem(self.peek().position, f"`{self.peek().text}` is not part of the language yet")
        else:
            self.fail("`const`, `enum`, `flags`, `struct`, `signal` or `call`")

    def const(self, doc, what="a constant's name", value="a number or a constant"):
        name = self.name(what)
        self.expect("=")
        return Const(name, self.value(value), doc)

    def block(self, element):
        """{ element; ... } with an optional semicolon behind. Documentation stands before an element or on its line."""
        result = []
        self.expect("{")
        while True:
            doc = self.docs()
            if self.accept("}"):
                if self.tokens[self.at].text == ";":    # accept() would pass over the documentation of what follows
                    self.at += 1
                return result
            result.append(element(doc))
            self.doc_behind(self.expect(";"), doc)

    def enum(self, doc, flags):
        name = self.name("the type's name")
        self.expect(":")
        base = self.name("u8, u16, u32 or u64")
        if base.text not in ("u8", "u16", "u32", "u64"):
            raise Problem(base.position, f"u8, u16, u32 or u64 expected, found `{base.text}`")
        return Enum(name, base.text, self.block(self.const), flags, doc)

    def struct(self, doc):
        name = self.name("the struct's name")
        return Struct(name, self.block(self.field), doc)

    def field(self, doc):
        type_name = self.name("a field's type")
        name = self.name("the field's name")
        count = None
        if self.accept("["):
            count = self.value("the array's length")
            self.expect("]")
        return Field(name, type_name, count, doc)

    def call(self, doc):
        name = self.name("the call's name")
        ins = self.params()
        self.expect("->")
        outs = self.params()
        errors = []
        if self.accept(":"):
            errors.append(self.name("an error's name"))
            while self.accept(","):
                errors.append(self.name("an error's name"))
        self.expect(";")
        return Call(name, ins, outs, errors, doc)

    def params(self):
        result = []
        self.expect("(")
        if self.accept(")"):
            return result
        while True:
            result.append(self.param())
            if self.accept(")"):
                return result
            if not self.accept(","):
                self.fail("`,` or `)`")

    def param(self):
        type_name = self.name("a parameter's type")
        if type_name.text in ("string", "bytes"):
            self.expect("<")
            limit = self.value("the most bytes it can have")
            self.expect(">")
            return Param(self.name("the parameter's name"), type_name.text, type_name, limit=limit)
        if type_name.text == "cap":
            return self.cap(type_name)
        if type_name.text in LATER:
            raise Problem(type_name.position, f"`{type_name.text}` is not part of the language yet")
        kind = "scalar" if type_name.text in SCALARS else "named"
        return Param(self.name("the parameter's name"), kind, type_name)

    def cap(self, type_name):
        verb = self.name(" or ".join(VERBS))
        if verb.text not in VERBS:
            raise Problem(verb.position, f"{', '.join(VERBS)} expected after `cap`, found `{verb.text}`")
        name = self.name("the parameter's name")
        cap_type = None
        if self.peek().kind == "name":
            cap_type, name = name, self.name("the parameter's name")
        return Param(name, "cap", type_name, verb=verb.text, cap_type=cap_type)


def parse(file, text):
    """The Interface in the text. Problem with its position when it is malformed."""
    return Parser(file, text).interface()
