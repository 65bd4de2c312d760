"""Processes: start, end, share the processor, keep their state apart."""

import os
import struct

import pytest
from conftest import BUILD, ROOT


def test_two_hundred_processes_in_turn_leave_the_free_count_unchanged(shell):
    shell.ok("repeat 60 hello")  # proc's table has been used as far as it will be
    before = shell.free()
    assert shell.ok("repeat 200 hello", timeout=180) == "hello, world\n" * 200
    assert shell.free() == before


def test_a_spinning_process_does_not_stop_the_others(shell):
    shell.ok("spin &")
    assert shell.ok("hello") == "hello, world\n"
    shell.ok(f"kill {shell.pids()['spin']}")


def test_three_spinning_processes_share_the_processor(shell):
    for _ in range(3):
        shell.ok("spin &")
    assert shell.ok("hello") == "hello, world\n"
    shell.ok("spin 1")
    spinning = [line.split() for line in shell.ok("ps").splitlines() if line.endswith("spin")]
    used = [int(row[4]) for row in spinning]
    assert len(used) == 3 and min(used) > 0 and max(used) < 3 * min(used) + 200
    for row in spinning:
        shell.ok(f"kill {row[0]}")


def test_floating_point_state_is_kept_apart(shell):
    assert "fputest: ok" in shell.ok("fputest", timeout=180)


def test_floating_point_state_survives_beside_a_process_without_any(shell):
    shell.ok("spin &")
    assert "fputest: ok, 2 copies" in shell.ok("fputest 2 20", timeout=180)
    shell.ok(f"kill {shell.pids()['spin']}")


def test_the_c_library_works(shell):
    assert shell.ok("cprog", timeout=120) == "cprog: ok\n"


def test_arguments_reach_main(shell):
    assert shell.ok("hello one two 'three four'") == "hello, world\none\ntwo\nthree four\n"


ELF = {"entry": (24, "<Q"), "phoff": (32, "<Q"), "machine": (18, "<H"), "phentsize": (54, "<H"), "phnum": (56, "<H"),
       "type": (16, "<H")}
SEGMENT = {"flags": (4, "<I"), "offset": (8, "<Q"), "vaddr": (16, "<Q"), "filesz": (32, "<Q"), "memsz": (40, "<Q")}


def loads(data):
    """Offsets of the program headers that are loaded."""
    start, size, count = (struct.unpack_from(ELF[name][1], data, ELF[name][0])[0]
                          for name in ("phoff", "phentsize", "phnum"))
    return [at for at in range(start, start + size * count, size) if struct.unpack_from("<I", data, at)[0] == 1]


def changed(data, field, value, segment=None):
    """A copy with a field of the header, or of the loaded segment of that number, set."""
    copy = bytearray(data)
    if segment is None:
        place, form = ELF[field]
    else:
        place, form = SEGMENT[field]
        place += loads(data)[segment]
    struct.pack_into(form, copy, place, value)
    return bytes(copy)


MALFORMED = {
    "empty": lambda data: b"",
    "text": lambda data: b"this is no program\n",
    "header-only": lambda data: data[:64],
    "truncated": lambda data: data[:0x1800],
    "machine": lambda data: changed(data, "machine", 62),
    "fixed-address": lambda data: changed(data, "type", 2),
    "many-headers": lambda data: changed(data, "phnum", 0xffff),
    "headers-outside": lambda data: changed(data, "phoff", 1 << 63),
    "overlap": lambda data: changed(data, "vaddr", 0, segment=1),
    "huge": lambda data: changed(data, "memsz", 1 << 50, segment=-1),
    "wraps": lambda data: changed(data, "vaddr", (1 << 64) - 4096, segment=-1),
    "file-larger": lambda data: changed(data, "memsz", 8, segment=-1),
    "offset-outside": lambda data: changed(data, "offset", 1 << 62, segment=1),
    "writable-code": lambda data: changed(data, "flags", 7, segment=1),
    "entry-outside": lambda data: changed(data, "entry", 0x7ffff000),
    "entry-in-data": lambda data: changed(data, "entry", 0),
}


@pytest.fixture(scope="module")
def hello():
    with open(os.path.join(ROOT, "build", BUILD, "user", "hello"), "rb") as file:
        return file.read()


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_executable_is_refused_with_a_reason_and_loses_no_frame(boot, archive, hello, kind):
    shell = boot(archive=archive({"bin/bad": MALFORMED[kind](hello)}))
    shell.run("bad")
    before = shell.free()
    text, status = shell.run("bad")
    assert status == 126
    assert "bad" in text and len(text.strip()) > len("bad: ")
    assert shell.free() == before
    assert shell.ok("hello") == "hello, world\n"
