"""The interface compiler: what it accepts, what it refuses and where, what it generates; see docs/idl.md."""
import os
import random
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, "tools", "idl", "idl.py")
CASES = os.path.join(ROOT, "tests", "host", "idl")
sys.path.insert(0, os.path.join(ROOT, "tools", "idl"))

import check                                                        # noqa: E402
import idl                                                          # noqa: E402
import syntax                                                       # noqa: E402

ERRORS = check.read_errors(idl.ERRORS_DEF)
HEAD = "interface t 1 version 1 rank 9;\n"
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def own_interfaces():
    """Every interface file of the tree."""
    found = []
    for server in sorted(os.listdir(os.path.join(ROOT, "servers"))):
        directory = os.path.join(ROOT, "servers", server)
        found += [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if name.endswith(".idl")]
    return found


def tool(*arguments):
    return subprocess.run([sys.executable, TOOL, *arguments], capture_output=True, text=True, timeout=60)


def problems(text, head=HEAD):
    """`line:column: reason` of all that is wrong in the text."""
    try:
        found = check.check([syntax.parse("t.idl", head + text)], ERRORS)
    except syntax.Problem as problem:
        found = [problem]
    return [str(problem).removeprefix("t.idl:") for problem in found]


def compiled(text):
    interface = syntax.parse("t.idl", HEAD + text)
    assert not check.check([interface], ERRORS)
    return interface


# What it refuses: (text behind the head line, line:column, a piece of the reason)

REFUSED = [
    ("call f(u32 a) -> ()", "2:20", "`;` expected, found end of file"),
    ("call f(u32 a) -> () : NOT_FOUND,;", "2:33", "an error's name expected, found `;`"),
    ("call f(u32) -> ();", "2:11", "the parameter's name expected, found `)`"),
    ("call f(u32 a u32 b) -> ();", "2:14", "`,` or `)` expected"),
    ("call f() ();", "2:10", "`->` expected"),
    ("\n\n\tmethod f() -> ();", "4:2", "expected, found `method`"),
    ("call f() -> (); $", "2:17", "unexpected character '$'"),
    ("call f() -> (); # \u00e9", "2:19", "not plain ASCII"),
    ("call \u00e9() -> ();", "2:6", "unexpected character"),
    ("const A = 0x;", "2:11", "bad number `0x`"),
    ("const A = 08;", "2:11", "bad number"),
    ("const A = 18446744073709551616;", "2:11", "bad number"),
    ("const A = " + "9" * 5000 + ";", "2:11", "bad number"),
    ("const A = B;", "2:11", "no constant `B` is declared before this"),
    ("const A = A;", "2:11", "no constant `A`"),
    ("const a = 1;", "2:7", "must be upper-case"),
    ("const A__B = 1;", "2:7", "must be upper-case"),
    ("const A = 1;\nconst A = 2;", "3:7", "already"),
    ("const RANK = 1;", "2:7", "makes the C name T_RANK, already made at t.idl:1:11"),
    ("const CALL_F = 1;\ncall f() -> ();", "3:6", "makes the C name T_CALL_F"),
    ("## lost", "2:1", "stands before nothing"),
    ("enum e : u32 { }", "2:6", "lists no value"),
    ("enum e : i32 { A = 1; }", "2:10", "u8, u16, u32 or u64 expected"),
    ("enum e : u8 { A = 256; }", "2:19", "must be 0 to 255, not 256"),
    ("enum e : u8 { A = 1; B = 1; }", "2:26", "`B` has the value of `A`"),
    ("enum e : u8 { A = 1; }\nenum f : u8 { A = 2; }", "3:15", "already"),
    ("flags e : u8 { A = 3; }", "2:20", "one bit"),
    ("flags e : u8 { A = 0; }", "2:20", "one bit"),
    ("enum string : u8 { A = 1; }", "2:6", "is a type of the language"),
    ("enum request : u8 { A = 1; }", "2:6", "cannot be called `request`"),
    ("enum e : u8 { A = 1; }\nstruct e { u64 a; }", "3:8", "already declared at t.idl:2:6"),
    ("struct s { }", "2:8", "has no field"),
    ("struct s { u32 a; }", "2:8", "4 bytes, not a multiple of 8: add a field of 4 bytes"),
    ("struct s { u32 a; u64 b; }", "2:23", "4 bytes of padding before it"),
    ("struct s { u64 a; u64 a; }", "2:23", "already declared"),
    ("struct s { u64 a[0]; }", "2:18", "must be 1 to 1000, not 0"),
    ("struct s { u64 a[126]; }", "2:8", "126 words, a message has 125"),
    ("struct s { char a; u8 b[7]; }", "2:12", "single char"),
    ("struct s { string a; }", "2:12", "not `string`"),
    ("struct s { u64 a; }\nstruct r { s a; }", "3:12", "not `s`"),
    ("struct s { u64 int; }", "2:16", "C uses that word"),
    ("call f(nothing a) -> ();", "2:8", "no type `nothing`"),
    ("call f(u64 a, u64 a) -> ();", "2:19", "makes the C name a a second time"),
    ("call f(u64 server) -> ();", "2:12", "makes the C name server"),
    ("call f(bytes<8> a, u64 a_n) -> ();", "2:24", "makes the C name a_n"),
    ("call f(u64 a_out) -> (u64 a);", "2:27", "makes the C name a_out"),
    ("call f() -> (u64 error);", "2:18", "makes the C name error"),
    ("call f(u64 while) -> ();", "2:12", "C uses that word"),
    ("call F() -> ();", "2:6", "must be lower-case"),
    ("call f_() -> ();", "2:6", "must be lower-case"),
    ("call f() -> ();\ncall f() -> ();", "3:6", "already declared"),
    ("call g() -> ();\ncall on_g() -> ();", "3:6", "makes the C name t_on_g"),
    ("call dispatch() -> ();", "2:6", "makes the C name t_dispatch"),
    ("call f(string<0> a) -> ();", "2:15", "must be 1 to 960, not 0"),
    ("call f(string<961> a) -> ();", "2:15", "must be 1 to 960, not 961"),
    ("call f(bytes<NONE> a) -> ();", "2:14", "no constant `NONE`"),
    ("call f(bytes<480> a, bytes<481> b) -> ();", "2:6", "the request of `f` can have 126 words"),
    ("call f() -> (bytes<960> a, u64 b, u64 c, u64 d, u64 e, u64 g);", "2:6", "the answer of `f` can have 126 words"),
    ("call f(cap a) -> ();", "2:12", "copy, share, freeze, lend, donate expected after `cap`, found `a`"),
    ("call f(cap copy frame a) -> ();", "2:17", "`copy` does not go with `frame`"),
    ("call f(cap lend thread a) -> ();", "2:17", "`lend` does not go with `thread`"),
    ("call f(cap copy thing a) -> ();", "2:17", "not `thing`"),
    ("call f(caps lend a) -> ();", "2:8", "not part of the language yet"),
    ("signal s(u64 a);", "2:9", "`=` expected"),
    ("signal s = 0;", "2:12", "must be 1 to 62, not 0"),
    ("signal s = 63;", "2:12", "must be 1 to 62, not 63"),
    ("signal s = 31;", "2:12", "bit 31 is proc's"),
    ("signal s = 4;\nsignal u = 4;", "3:12", "`u` has the bit of `s`"),
    ("signal S = 4;", "2:8", "must be lower-case"),
    ("signal s = 4;\nsignal s = 5;", "3:8", "already made"),
    ("call check() -> ();", "2:6", "makes the C name t_check"),
    ("call loop() -> ();", "2:6", "makes the C name t_loop"),
    ("call f(" + ", ".join(f"cap copy a{i}" for i in range(5)) + ") -> ();", "2:6", "has 5 capabilities"),
    ("call f() -> () : NO_SUCH;", "2:18", "no error `NO_SUCH` in errors.def"),
    ("call f() -> () : OK;", "2:18", "no error here"),
    ("call f() -> () : IO, IO;", "2:22", "listed twice"),
]


@pytest.mark.parametrize("text,place,reason", REFUSED, ids=[f"{i}" for i in range(len(REFUSED))])
def test_refuses_a_mistake_at_its_place(text, place, reason):
    found = problems(text)
    assert any(line.startswith(f"{place}: ") and reason in line for line in found), found


@pytest.mark.parametrize("head,place,reason", [
    ("", "1:1", "`interface NAME NUMBER"),
    ("interface t 0 version 1 rank 9;", "1:13", "must be 1 to 65535"),
    ("interface t 1 version 1 rank 64;", "1:30", "must be 0 to 63"),
    ("interface t 1 version 65536 rank 1;", "1:23", "must be 1 to 65535"),
    ("interface T 1 version 1 rank 1;", "1:11", "lower-case"),
    ("interface sys 1 version 1 rank 1;", "1:11", "cannot be called `sys`"),
    ("interface t version 1 rank 1;", "1:13", "the interface's number expected, found `version`"),
])
def test_refuses_a_bad_head(head, place, reason):
    found = problems("", head)
    assert any(line.startswith(f"{place}: ") and reason in line for line in found), found


def test_reports_every_mistake_of_a_file():
    found = problems("call f(a x) -> ();\ncall g(b x) -> ();\nconst A = 1;\nconst A = 2;\n")
    assert [line.split(": ")[0] for line in found] == ["2:8", "3:8", "5:7", "5:7"]


def test_accepts_the_limits():
    compiled("call f(bytes<480> a, bytes<480> b) -> (string<960> a);\nstruct s { u64 a[125]; }\ncall g(s a) -> ();")
    compiled("call f(cap donate thread a, cap donate frame b, cap freeze frame c, cap copy cnode d) -> ();")


def test_two_files_must_not_share_a_number_or_a_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.idl").write_text("interface t 1 version 1 rank 9;\n")
    result = tool("--doc", str(tmp_path / "a.idl"), str(tmp_path / "b.idl"))
    assert result.returncode == 1
    assert f"{tmp_path}/b.idl:1:13: interface number 1 is taken at {tmp_path}/a.idl:1:13" in result.stderr
    assert "already made at" in result.stderr


# Packing

def layout(text):
    call = compiled(text).calls[-1]
    return call.request


def places(pairs):
    return [(param.name.text, word) for param, word in pairs]


def test_numbers_come_first_then_lengths_then_structs_then_data():
    got = layout("struct s { u64 a; u32 b; u32 c; }\n"
                 "call f(string<9> t, u8 a, s x, cap copy c, i64 b, bytes<16> d) -> ();")
    assert places(got.scalars) == [("a", 0), ("b", 1)]
    assert places(got.lengths) == [("t", 2), ("d", 3)]
    assert places(got.structs) == [("x", 4)]
    assert (got.fixed, got.data, got.most) == (6, 6, 10)
    assert [param.name.text for param in got.caps] == ["c"]


def test_data_starts_in_the_buffer():
    got = layout("call f(string<9> t) -> ();")
    assert (got.fixed, got.data, got.most) == (1, 5, 7)


def test_without_data_nothing_is_padded():
    assert layout("call f(u64 a, u64 b) -> ();").most == 2
    assert layout("call f() -> ();").most == 0


def test_constants_stand_for_numbers():
    got = layout("const A = 0x10;\nconst B = A;\nstruct s { char n[B]; }\ncall f(s x, bytes<A> d) -> ();")
    assert got.structs[0][0].struct.size == 16 and got.lengths[0][0].most == 16


# What it generates

SMALL = """## A small one.
interface t 1 version 2 rank 9;
flags mode : u32 { RAW = 1; COOKED = 2; }  # not documentation
enum kind : u8 {
	ONE = 1;   ## the first
	## the second
	TWO = 2;
}
## Two of them.
struct pair { u32 left; u32 right; }
## Not lost behind a brace.
signal heard = 3;  ## somebody answered
## Says it.
call say(string<9> word, mode how, cap lend frame) -> (pair both, cap copy endpoint e) : DENIED, IO;
"""


def test_documentation_is_the_expected_page(tmp_path):
    (tmp_path / "t.idl").write_text(SMALL)
    page = tool("--doc", str(tmp_path / "t.idl"))
    assert page.returncode == 0
    with open(os.path.join(CASES, "small.md"), encoding="ascii") as file:
        assert page.stdout == file.read()


def test_prototypes_are_the_expected_ones(tmp_path):
    interface = compiled(SMALL.split("\n", 2)[2])
    texts = {name: " ".join(text.split()) for name, text in idl.headers(interface).items()}
    assert "int t_say(cap_t server, const char *word, uint32_t how, cap_t frame, " \
           "struct t_pair *both_out, cap_t *e_out) {" in texts["t_client.h"]
    assert "int t_on_say(const struct t_request *request, const char *word, uint32_t how, struct idl_cap frame, " \
           "struct t_pair *both_out, struct send_item *e_out);" in texts["t_server.h"]
    assert "int t_reply_say(cap_t saved, int error, const struct t_pair *both, const struct send_item *e) {" \
           in texts["t_server.h"]
    assert "#define T_CALL_SAY 1" in texts["t_idl.h"] and "/* the second */ T_TWO = 2," in texts["t_idl.h"]


def test_comment_end_in_documentation_cannot_end_the_comment():
    interface = compiled("## evil */ int x; /*\ncall f() -> ();")
    assert "*/ int x" not in idl.headers(interface)["t_client.h"]


# The command

def test_help_and_wrong_use():
    assert tool("--help").returncode == 0
    for arguments in ([], ["--out"], ["x.idl"], ["--out", "d", "--doc", "x.idl"], ["--what", "x.idl"], ["--doc"]):
        result = tool(*arguments)
        assert result.returncode == 2 and "usage:" in result.stderr


def test_unreadable_files_are_named(tmp_path):
    for path in (str(tmp_path / "none.idl"), str(tmp_path)):
        result = tool("--doc", path)
        assert result.returncode == 1 and result.stderr.startswith(f"idl.py: {path}: ")


def test_nothing_is_written_when_one_file_is_wrong(tmp_path):
    (tmp_path / "bad.idl").write_text("interface")
    result = tool("--out", str(tmp_path / "out"), os.path.join(CASES, "every.idl"), str(tmp_path / "bad.idl"))
    assert result.returncode == 1
    assert result.stderr == f"{tmp_path}/bad.idl:1:10: the interface's name expected, found end of file\n"
    assert not (tmp_path / "out").exists()


def test_rank_is_printed():
    assert tool("--rank", os.path.join(CASES, "every.idl")).stdout == "40\n"


def test_malformed_files_get_a_place_and_never_a_traceback():
    """Cuts, doubles, swaps and replaces pieces of good files."""
    good = []
    for path in own_interfaces() + [os.path.join(CASES, "every.idl")]:
        good.append(idl.read(path))
    words = ["call", "->", "{", "}", "<", ">", "u64", "cap", "copy", "string", "0", "18446744073709551615", ";", "##",
             "\0", "\xff", "=", ":", "interface", "u8 a[999]", "flags x : u8 {", "struct"]
    seed = random.Random(1)
    for _ in range(1500):
        text = seed.choice(good)
        for _ in range(seed.randint(1, 4)):
            first = seed.randrange(len(text) + 1)
            last = min(len(text), first + int(seed.expovariate(0.1)))
            piece = seed.choice(["", seed.choice(words), f" {seed.choice(words)} ", text[first:last] * 2])
            text = text[:first] + piece + text[last:]
        try:
            interface = syntax.parse("t.idl", text)
            found = check.check([interface], ERRORS)
            if not found:
                idl.headers(interface)
        except syntax.Problem as problem:
            found = [problem]
        lines = text.split("\n")
        for problem in found:
            assert 1 <= problem.position.line <= len(lines)
            assert 1 <= problem.position.column <= len(lines[problem.position.line - 1]) + 1


# Generated code: a client and a server joined by a pretended kernel

def generate(directory, files):
    result = tool("--out", str(directory), *files)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("compiler", [name for name in ("gcc", "clang") if shutil.which(name)])
def test_every_type_survives_the_round_trip(tmp_path, compiler):
    generate(tmp_path, [os.path.join(CASES, "every.idl")])
    program = str(tmp_path / "roundtrip")
    includes = [f"-I{path}" for path in (CASES, os.path.join(ROOT, "kernel", "abi"),
                                         os.path.join(ROOT, "libc", "include"), tmp_path)]
    # The system's own C headers are meant here, not ours.
    includes = [i if not i.endswith("libc/include") else f"-idirafter{i[2:]}" for i in includes]
    subprocess.run([compiler, "-std=gnu11", "-g", "-O1", *WARNINGS, *SANITIZERS, *includes,
                    os.path.join(CASES, "roundtrip.c"), "-o", program], check=True, timeout=120)
    result = subprocess.run([program, "200000"], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr


CROSS = {
    "mem": ["-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding"],
    "libc": ["-march=rv64gc", "-mabi=lp64d", "-fPIE", "--specs=picolibc.specs"],
}


@pytest.mark.skipif(not shutil.which("riscv64-unknown-elf-gcc"), reason="no cross compiler")
@pytest.mark.parametrize("flags", CROSS)
def test_every_header_of_the_tree_compiles_alone_without_warning(tmp_path, flags):
    generate(tmp_path, own_interfaces() + [os.path.join(CASES, "every.idl")])
    for header in sorted(os.listdir(tmp_path)):
        if not header.endswith(".h"):
            continue
        source = tmp_path / "alone.c"
        name = header.removesuffix("_server.h")
        use = f"uint64_t go(struct {name}_request *r) {{ return {name}_dispatch(r); }}\n" if name != header else ""
        source.write_text(f"#include <{header}>\nextern int nothing;\n{use}")
        subprocess.run(["riscv64-unknown-elf-gcc", *CROSS[flags], "-O2", *WARNINGS, f"-I{tmp_path}",
                        f"-I{ROOT}/kernel/abi", f"-I{ROOT}/libc/include", "-c", str(source), "-o", "/dev/null"],
                       check=True, timeout=60)


@pytest.mark.skipif(not shutil.which("riscv64-unknown-elf-gcc"), reason="no cross compiler")
def test_a_server_cannot_include_a_client_of_lower_rank(tmp_path):
    generate(tmp_path, [os.path.join(CASES, "every.idl")])
    (tmp_path / "s.c").write_text("#include <every_client.h>\nextern int nothing;\n")
    for rank, good in ((39, True), (40, False), (62, False)):
        result = subprocess.run(["riscv64-unknown-elf-gcc", *CROSS["mem"], f"-DIDL_CLIENT_RANK={rank}", f"-I{tmp_path}",
                                 f"-I{ROOT}/kernel/abi", f"-I{ROOT}/libc/include", "-c", str(tmp_path / "s.c"),
                                 "-o", "/dev/null"], capture_output=True, text=True, timeout=60)
        assert (result.returncode == 0) == good
        assert good or "U1: a server calls only servers of higher rank" in result.stderr


@pytest.mark.skipif(not shutil.which("riscv64-unknown-elf-gcc"), reason="no cross compiler")
def test_a_stub_of_register_words_touches_no_memory_but_its_frame(tmp_path):
    """Loads and stores of the stub: ra, a saved result pointer, the result."""
    (tmp_path / "t.idl").write_text(HEAD + "call f(u64 a, u64 b, u32 c) -> (u64 d);")
    generate(tmp_path, [str(tmp_path / "t.idl")])
    (tmp_path / "s.c").write_text("#include <t_client.h>\nint go(uint64_t a, uint64_t *d)\n"
                                  "{ return t_f(7, a, 2, 3, d); }\n")
    text = subprocess.run(["riscv64-unknown-elf-gcc", *CROSS["libc"], "-O2", f"-I{tmp_path}", f"-I{ROOT}/kernel/abi",
                           f"-I{ROOT}/libc/include", "-S", str(tmp_path / "s.c"), "-o", "-"],
                          check=True, capture_output=True, text=True, timeout=60).stdout
    body = [line.split() for line in text[text.index("\ngo:"):text.index(".size\tgo,")].splitlines()]
    path = []
    for line in body:
        if line and not line[0].startswith((".", "go:")):
            path.append(line[0])
        if line and line[0] in ("ret", "jr"):
            break
    assert len([word for word in path if word in ("ld", "sd", "lw", "sw")]) <= 5, path
    assert "call" not in path and len(path) <= 30, path
