"""Faults end one process, say why, and lose no frame."""

import re

import pytest

# Kind -> exit status: 128 + the signal it would be elsewhere.
KINDS = {"null": 139, "wild": 139, "write-text": 139, "exec-data": 139, "stack-overflow": 139, "misaligned": 135,
         "illegal": 132, "noncanonical": 139, "kernel": 139, "jump-wild": 139, "breakpoint": 133, "heap-past": 139, "smash": 134}


@pytest.mark.parametrize("kind", KINDS)
def test_crash_ends_only_its_process_and_loses_no_frame(shell, kind):
    others = shell.processes()
    text, status = shell.nothing_lost(lambda: shell.run(f"crash {kind}"))
    assert "nothing happened" not in text
    assert status == KINDS[kind]
    assert shell.processes() == others
    assert shell.ok("hello") == "hello, world\n"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("smash", "jump-wild", "exec-data")])
def test_fault_report_names_process_and_function(shell, kind):
    text, _ = shell.run(f"crash {kind}")
    where = "recurse" if kind == "stack-overflow" else "crash_" + kind.replace("-", "_")
    assert re.search(r"fault: crash \(pid \d+\) thread \d+: ", text)
    function = re.search(r"pc ([\w.]+)\+0x[0-9a-f]+ \(0x[0-9a-f]+\)", text).group(1)
    assert function.split(".")[0] in (where, "main")  # gcc names a specialised copy NAME.isra.0


def test_fault_report_shows_every_register(shell):
    text, _ = shell.run("crash null")
    assert len(re.findall(r"\b(?:pc|ra|sp|gp|tp|[sat]\d+) [0-9a-f]{16}\b", text)) == 32


def test_fault_report_tells_the_distance_to_the_nearest_region(shell):
    text, _ = shell.run("crash wild")
    assert re.search(r"read at 0x3456789000, \d+ bytes (above|below) the nearest region 0x[0-9a-f]+-0x", text)


def test_fault_of_a_write_to_text_names_its_region(shell):
    text, _ = shell.run("crash write-text")
    assert re.search(r"write at 0x[0-9a-f]+ in region 0x[0-9a-f]+-0x[0-9a-f]+ r-x", text)


def test_fault_of_a_jump_into_data_names_its_region(shell):
    text, _ = shell.run("crash exec-data")
    assert re.search(r"fetch at 0x[0-9a-f]+ in region 0x[0-9a-f]+-0x[0-9a-f]+ rw-", text)


def test_fault_report_of_an_illegal_instruction_says_so(shell):
    assert "illegal instruction" in shell.run("crash illegal")[0]


def test_a_crash_leaves_a_background_process_running(shell):
    shell.ok("spin &")
    pid = shell.pids()["spin"]
    shell.run("crash null")
    assert shell.pids()["spin"] == pid
    shell.ok(f"kill {pid}")


def test_a_crash_in_the_background_is_reported_and_reaped(shell):
    text, _ = shell.run("crash wild & wait")
    assert "fault: crash" in text
    assert "crash" not in shell.pids()


def test_fifty_crashes_lose_no_frame(shell):
    shell.run("repeat 60 crash wild", timeout=180)  # proc's table has been used as far as it will be
    before = shell.free()
    text, _ = shell.run("repeat 50 crash wild", timeout=180)
    assert text.count("fault: crash") == 50
    assert shell.free() == before


def test_malloc_debug_says_which_block_a_write_went_past(shell):
    text, _ = shell.run("crash heap-past")
    assert re.search(r"malloc: fault at 0x[0-9a-f]+: 64 bytes past a 32-byte block allocated at 0x[0-9a-f]+", text)
