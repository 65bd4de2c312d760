"""The C library, in the guest: each program of tests/libc checks its group of functions and says `NAME: ok`."""

import os
import subprocess

import pytest
from conftest import BUILD, ROOT

CHECKED = ("files", "memory", "processes", "signals", "streams", "threads")


def program(name):
    with open(os.path.join(ROOT, "build", BUILD, "libctest", name), "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", CHECKED)
def test_the_functions_do_what_posix_says(boot, archive, name):
    shell = boot(archive=archive({f"bin/{name}": program(name)}))
    assert f"{name}: ok" in shell.ok(name, timeout=120).splitlines()


def test_streams_are_written_out_by_exit(boot, archive):
    shell = boot(archive=archive({"bin/streams": program("streams")}))
    assert shell.ok("streams").endswith("written by exit\n")


@pytest.mark.parametrize("harts", [1, 4])
def test_threads_that_print_at_once_keep_their_lines_whole(boot, archive, harts):
    shell = boot(archive=archive({"bin/threads": program("threads")}), smp=harts)
    printed = sorted(shell.ok("threads", timeout=120).splitlines())
    assert printed == sorted(["a" * 50] * 40 + ["b" * 54] * 40 + ["c" * 36] * 40 + ["threads: ok"])


def test_numbers_are_formatted_and_read_as_on_the_build_machine(boot, archive, tmp_path):
    source = os.path.join(ROOT, "tests/libc/format.c")
    native = tmp_path / "format"
    subprocess.run(["clang", "-O1", "-w", "-o", native, source, "-lm"], check=True)
    wanted = subprocess.run([native], capture_output=True, text=True, check=True).stdout
    shell = boot(archive=archive({"bin/format": program("format")}))
    assert shell.ok("format", timeout=120) == wanted
