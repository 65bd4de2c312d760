"""Programs nobody here wrote, from Debian's source packages: built by the SDK's compiler wrapper and by the build
machine's compiler, from the same unchanged sources, they print the same. docs/ports.md says what was tried. Where
the sources cannot be fetched, the tests are skipped and say so."""

import dataclasses
import fcntl
import glob
import os
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "ports"))
import sources  # noqa: E402

pytestmark = pytest.mark.skipif(BUILD != "release", reason="the SDK links release libraries: once is enough")
OUT = os.path.join(ROOT, "build", "ports")
DATA = os.path.join(ROOT, "tests", "ports")
TEXT = os.path.join(ROOT, "docs", "abi.md")


@dataclasses.dataclass
class Port:
    """package: Debian's name; files: patterns below it; commands: {data} is where the test's own files are, {tmp}
    a folder to write to; beside: files of the package that the program wants in the root folder."""
    package: str
    files: tuple
    commands: tuple
    flags: tuple = ()
    without: tuple = ()
    beside: tuple = ()


def sqlite_files():
    return ("sqlite3.c", os.path.join(DATA, "sqlite_main.c"))


PORTS = {
    "lua": Port("lua5.4", ("src/*.c",), ("lua {data}/port.lua",), ("-DLUA_USE_POSIX",), ("luac.c",)),
    "zlib": Port("zlib", ("*.c", "test/example.c"), ("zlib {tmp}/x.gz",), ("-DHAVE_UNISTD_H", "-I.")),
    "bzip2": Port("bzip2", tuple(f"{name}.c" for name in ("blocksort", "huffman", "crctable", "randtable", "compress",
                                                          "decompress", "bzlib", "bzip2")),
                  ("bzip2 -c {data}/text > {tmp}/x.bz2", "bzip2 -dc {tmp}/x.bz2", "bzip2 -t {tmp}/x.bz2")),
    "lz4": Port("lz4", ("programs/*.c", "lib/*.c"), ("lz4 -c {data}/text > {tmp}/x.lz4", "lz4 -dc {tmp}/x.lz4"),
                ("-Ilib",)),
    "sqlite": Port("libdbd-sqlite3-perl", sqlite_files(), ("sqlite :memory: {data}/port.sql", "sqlite {tmp}/x.db {data}/port.sql", "sqlite {tmp}/x.db {data}/port.sql"),
                   ("-O0", "-I.", "-DSQLITE_OMIT_LOAD_EXTENSION", "-pthread")),
    "duktape": Port("duktape", ("src/duktape.c", "extras/print-alert/duk_print_alert.c", "examples/cmdline/duk_cmdline.c"),
                    ("duktape {data}/port.duk.js",),
                    ("-Isrc", "-Iexamples/cmdline", "-Iextras/print-alert", "-DDUK_CMDLINE_PRINTALERT_SUPPORT")),
    "zopfli": Port("zopfli", ("src/zopfli/*.c",), ("zopfli --i3 -v -c {data}/text > {tmp}/x.gz",)),
    "mujs": Port("mujs", ("main.c", "one.c"), ("mujs {data}/port.js",)),
    "scheme": Port("tinyscheme", ("scheme.c",), ("scheme {data}/port.scm",), ("-DUSE_DL=0", "-DSTANDALONE=1"),
                   beside=("init.scm",)),
    "cjson": Port("cjson", ("test.c", "cJSON.c"), ("cjson",)),
    "minilzo": Port("lzo2", ("minilzo/minilzo.c", "minilzo/testmini.c"), ("minilzo",),
                    ("-Iminilzo", "-Iinclude", "-Iinclude/lzo")),
    "cdb": Port("tinycdb", ("cdb.c", "cdb_*.c"),
                ("cdb -c -m {tmp}/x.cdb {data}/pairs", "cdb -d -m {tmp}/x.cdb", "cdb -q -m {tmp}/x.cdb two",
                 "cdb -s {tmp}/x.cdb", "cdb -l -m {tmp}/x.cdb")),
}
TESTS2 = ("02_printf", "07_function", "15_recursion", "20_pointer_comparison", "22_floating_point", "24_math_library",
          "25_quicksort", "27_sizeof", "28_strings", "30_hanoi", "37_sprintf", "40_stdio", "61_integers", "79_vla_continue",
          "84_hex-float", "92_enum_bitfield", "94_generic", "101_cleanup", "109_float_struct_calling")


@pytest.fixture(scope="module")
def wrapper():
    """The SDK's cc."""
    with open(os.path.join(ROOT, "build", ".sdk-lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = {name: value for name, value in os.environ.items() if name not in ("BUILD", "MAKEFLAGS", "MFLAGS")}
        subprocess.run(["make", "-C", ROOT, "sdk", "PREFIX=build/sdk"], check=True, capture_output=True, env=environment)
    return os.path.join(ROOT, "build", "sdk", "bin", "tessera-cc")


def unpacked(package):
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return sources.unpacked(OUT, package)
        except sources.Missing as error:
            pytest.skip(f"no sources of {package}: {error}")


def build(port, name, folder, wrapper, out):
    """(the program for Tessera, the one for this machine), compiled at the same time."""
    files = [path for pattern in port.files for path in sorted(glob.glob(os.path.join(folder, pattern)))
             if os.path.basename(path) not in port.without]
    assert files
    programs = [out / "guest" / name, out / "bin" / name]
    jobs = []
    for compiler, program in zip((wrapper, "clang"), programs):
        program.parent.mkdir()
        line = [compiler, "-O1", "-w", *port.flags, "-o", program, *files, "-lm"]
        jobs.append(subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for job in jobs:
        said = job.communicate()[0]
        assert job.returncode == 0, said[-3000:]
    return programs


def inputs():
    """Name -> bytes of the tests' own files."""
    files = {"pairs": b"one 1\ntwo 22\nthree the third value\n"}
    for path in (TEXT, *glob.glob(os.path.join(DATA, "port.*"))):
        with open(path, "rb") as file:
            files["text" if path == TEXT else os.path.basename(path)] = file.read()
    return files


def native(port, data, tmp, programs):
    """What the commands print on this machine, with their statuses."""
    environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}")
    said = []
    for line in port.commands:
        done = subprocess.run(line.format(data=data, tmp=tmp), shell=True, cwd=data, env=environment, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said.append((done.stdout, done.returncode))
    return said


@pytest.mark.parametrize("name", PORTS)
def test_a_program_prints_what_it_prints_on_linux(boot, archive, tmp_path, wrapper, name):
    port = PORTS[name]
    folder = unpacked(port.package)
    guest, host = build(port, name, folder, wrapper, tmp_path)
    files = inputs()
    for extra in port.beside:
        with open(os.path.join(folder, extra), "rb") as file:
            files[extra] = file.read()
    data, tmp = tmp_path / "data", tmp_path / "tmp"
    data.mkdir()
    tmp.mkdir()
    for file, content in files.items():
        (data / file).write_bytes(content)
    wanted = native(port, data, tmp, host.parent)
    added = {f"etc/{file}": content for file, content in files.items() if file not in port.beside}
    added.update({file: files[file] for file in port.beside})
    added[f"bin/{name}"] = guest.read_bytes()
    shell = boot(archive=archive(added), mem="256M")
    got = [shell.run(line.format(data="/etc", tmp="/tmp"), timeout=120) for line in port.commands]
    for line, mine, theirs in zip(port.commands, got, wanted):
        assert mine == (theirs[0].replace(str(tmp), "/tmp").replace(str(data), "/etc"), theirs[1]), line


def test_a_conformance_suite_prints_what_it_expects(boot, archive, tmp_path, wrapper):
    folder = os.path.join(unpacked("tcc"), "tests", "tests2")
    programs = {}
    for name in TESTS2:
        out = tmp_path / name
        subprocess.run([wrapper, "-w", "-O1", "-s", "-o", out, f"{name}.c", "-lm"], cwd=folder, check=True)
        programs[f"bin/t{name}"] = out.read_bytes()
    shell = boot(archive=archive(programs), mem="512M")
    for name in TESTS2:
        with open(os.path.join(folder, f"{name}.expect"), encoding="utf-8") as file:
            assert shell.run(f"t{name}")[0].strip() == file.read().strip(), name
