"""Traces: what the kernel wrote while a program ran, as the shell prints it and as tools/trace reads it."""

import re

LINE = re.compile(r"^[0-9a-f]{1,4}( [0-9a-f]{1,16}){1,7}$")


def dump(shell, command, events=""):
    """The lines of a trace of one command."""
    shell.ok("trace on")
    shell.run(command)
    return shell.ok(f"trace dump {events}".strip()).splitlines()


def test_a_trace_is_whole_and_says_how_long_it_is(shell):
    lines = dump(shell, "hello")
    assert re.fullmatch(r"trace: dump 1 harts 1 timebase 10000000", lines[0])
    head = re.fullmatch(r"trace: hart 0 first 1 events (\d+) time \d+", lines[1])
    assert head, lines[1]
    count = int(head.group(1))
    assert lines[-1] == f"trace: end {count}"
    assert count > 100 and len(lines) == count + 3
    assert all(LINE.match(line) for line in lines[2:-1])
    shell.ok("trace clear")


def test_a_trace_names_programs_that_have_ended(shell):
    lines = dump(shell, "hello")
    name = int.from_bytes(b"hello", "little")
    assert any(line.startswith("4001 ") and f" {name:x}" in line for line in lines)


def test_a_trace_shows_a_fault_and_a_call(shell):
    lines = dump(shell, "crash null; hello", "2000")
    kinds = {line.split()[0] for line in lines if LINE.match(line)}
    assert {"1", "101", "5"} <= kinds                       # call, reply_recv, what runs next
    assert kinds & {"d02", "f02"}                           # load or store without a page


def test_the_last_events_only_on_demand(shell):
    lines = dump(shell, "hello", "10")
    assert lines[-1] == "trace: end 10" and len(lines) == 13


def test_without_a_trace_there_is_nothing_to_dump(shell):
    output, status = shell.run("trace dump")
    assert status == 1 and "nothing was recorded" in output
    assert shell.run("trace")[1] == 2
    assert shell.run("trace sideways")[1] == 2
    assert shell.run("trace on 7")[1] == 2


def test_a_trace_that_is_cleared_gives_its_memory_back(shell):
    shell.ok("trace on; trace clear")
    free = shell.free()
    for _ in range(20):
        shell.ok("trace on; trace clear")
    assert shell.free() >= free - 0x10000


def test_a_trace_server_that_dies_ends_the_trace_and_loses_nothing(shell):
    shell.ok("trace on; trace clear")
    free = shell.free()
    shell.ok("trace on")
    shell.kill_server("trace")
    assert "nothing was recorded" in shell.run("trace dump")[0]
    assert shell.free() >= free - 0x20000
    shell.ok("trace on; hello; trace clear")


def test_two_harts_are_traced_each_in_its_ring(boot):
    shell = boot(smp=2)
    lines = dump(shell, "threadtest", "1000")
    assert lines[0].startswith("trace: dump 1 harts 2 ")
    assert [line.split()[2] for line in lines if line.startswith("trace: hart ")] == ["0", "1"]
    assert int(lines[-1].split()[2]) == len(lines) - 4
