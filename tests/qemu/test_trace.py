"""Traces: what the kernel wrote while a program ran, as the shell prints it and as tools/trace reads it."""

import bisect
import json
import os
import re
import subprocess

import jsonschema
import pytest
from conftest import ROOT

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


# ---- tools/trace: what was printed, drawn ---------------------------------------------------------

def tool(text, *words):
    """tools/trace with what was printed as its input."""
    return subprocess.run([os.path.join(ROOT, "tools", "trace"), *words], input=text, capture_output=True, text=True,
                          timeout=60, check=False)


def schema():
    with open(os.path.join(ROOT, "tests", "trace", "chrome.schema.json"), encoding="ascii") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The dump of a run with a fault, a program that ends and messages."""
    done = subprocess.run([os.path.join(ROOT, "tools", "run"), "--build", os.environ.get("BUILD") or "debug", "exec",
                           "trace on; hello; crash null; trace dump"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout[done.stdout.index("trace: dump"):]


def drawn(text):
    """What tools/trace makes of a dump, which must follow the format."""
    done = tool(text)
    whole = json.loads(done.stdout)
    jsonschema.Draft7Validator(schema()).validate(whole)
    return done, whole


def test_a_trace_follows_the_chrome_format_and_names_processes_threads_calls_and_faults(printed):
    done, whole = drawn(printed)
    assert done.returncode == 0 and done.stderr == ""
    events = whole["traceEvents"]
    processes = {event["args"]["name"]: event["pid"] for event in events if event.get("name") == "process_name"}
    assert {"mem", "proc", "console", "shell", "hello", "crash", "harts"} <= set(processes)
    slices = [event for event in events if event["ph"] == "X"]
    assert any(event["name"] == "stream.write" and event["pid"] == processes["hello"] for event in slices)
    assert any(event["name"] == "fault: store page" and event["args"]["address"] == "0x0" and
               event["pid"] == processes["crash"] for event in slices)
    assert any(event["name"] == "serve mem.map" or event["name"] == "serve mem.space_map" for event in slices)
    assert not any(event["name"].startswith("message 0x") for event in slices), "all interfaces are known"


def test_every_arrow_of_a_trace_ends_once_and_binds_to_a_slice(printed):
    _, whole = drawn(printed)
    arrows = [event for event in whole["traceEvents"] if event["ph"] in "sf"]
    starts = {event["id"]: event for event in arrows if event["ph"] == "s"}
    ends = {event["id"]: event for event in arrows if event["ph"] == "f"}
    assert len(starts) + len(ends) == len(arrows) and len(ends) > 20
    assert set(ends) <= set(starts)
    assert all(ends[number]["ts"] >= starts[number]["ts"] for number in ends)
    tracks = {}
    for event in whole["traceEvents"]:
        if event["ph"] == "X":
            tracks.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["ts"] + event["dur"]))
    for event in arrows:
        track = tracks.get((event["pid"], event["tid"]), [])
        upto = bisect.bisect_right([start for start, _ in track], event["ts"])
        assert any(end >= event["ts"] for _, end in track[:upto]), event


def test_slices_of_one_thread_nest(printed):
    _, whole = drawn(printed)
    tracks = {}
    for event in whole["traceEvents"]:
        if event["ph"] == "X":
            tracks.setdefault((event["pid"], event["tid"]), []).append((event["ts"], -event["dur"], event["name"]))
    for track in tracks.values():
        open_ends = []
        for start, length, name in sorted(track):
            while open_ends and open_ends[-1] <= start + 0.0005:
                open_ends.pop()
            assert not open_ends or start - length <= open_ends[-1] + 0.0011, (start, name)
            open_ends.append(start - length)


@pytest.mark.parametrize("keep", [0.0, 0.2, 0.5, 0.97])
def test_a_dump_that_is_cut_short_is_drawn_as_far_as_it_goes(printed, keep):
    head = printed.index("\n") + 1
    cut = printed[:head + int(len(printed[head:]) * keep)]
    done, whole = drawn(cut)
    assert done.returncode == 1 and "cut short" in done.stderr
    assert whole["otherData"]["problems"]
    assert keep == 0.0 or len(whole["traceEvents"]) > 20


def test_lines_that_are_no_events_are_left_out_and_named(printed):
    lines = printed.splitlines()
    lines[5] = "trace: nonsense"
    done, _ = drawn("\n".join(lines))
    assert done.returncode == 1 and "trace: nonsense" in done.stderr and re.search(r"hart 0: \d+ of \d+ events", done.stderr)


def test_what_is_no_trace_is_refused_with_a_reason(tmp_path):
    done = tool("hello, world\n")
    assert done.returncode == 2 and "no `trace: dump`" in done.stderr and done.stdout == ""
    assert tool("trace: dump 7 harts 1 timebase 10\n").returncode == 2
    assert tool("", str(tmp_path / "missing")).returncode == 2
    assert tool("", "--sideways").returncode == 2


def test_a_summary_shows_time_faults_and_calls_by_process(printed):
    done = tool(printed, "--summary")
    assert re.search(r"^hello +[0-9.]+ +[1-9]", done.stdout, re.M)
    assert re.search(r"^hello +stream\.write +1 ", done.stdout, re.M)
