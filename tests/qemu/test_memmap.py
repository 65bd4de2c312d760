"""memmap: what each frame is, as the shell prints it and as tools/memmap draws it."""

import os
import re
import subprocess
import xml.etree.ElementTree

import pytest
from conftest import ROOT


def tool(text, *words):
    """tools/memmap with what was printed as its input."""
    return subprocess.run([os.path.join(ROOT, "tools", "memmap"), *words], input=text, capture_output=True, text=True,
                          timeout=60, check=False)


@pytest.fixture(scope="module")
def printed():
    """`memmap` of a machine at its prompt, and `mem` of the same."""
    done = subprocess.run([os.path.join(ROOT, "tools", "run"), "--build", os.environ.get("BUILD") or "debug", "exec",
                           "mem; memmap"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def rows(text, kind):
    return [[int(word, 16) for word in line.split()[1:]] for line in text.splitlines() if line.startswith(f"{kind} ")]


def test_frames_are_all_the_ram_once(printed):
    """Runs lie behind one another without gaps, and what is memory adds up to the device tree's RAM."""
    frames = rows(printed, "f")
    assert frames[0][0] == 0
    for before, after in zip(frames, frames[1:]):
        assert before[0] + before[1] == after[0]
    ram = int(re.search(r"device tree's RAM (\d+) bytes", printed).group(1))
    first = 0x80000000 >> 12
    inside = sum(min(start + count, first + ram // 4096) - max(start, first) for start, count, state, _ in frames
                 if start + count > first and start < first + ram // 4096 and state != 32)
    assert inside == ram // 4096
    resident = int(re.search(r"^resident +(\d+)$", printed, re.M).group(1)) // 4096
    assert abs(sum(count for _, count, state, _ in frames if state in (7, 8, 12)) - resident) < 100


def test_every_page_of_a_process_is_in_a_frame_that_can_be_one(printed):
    states = {}
    for start, count, state, _ in rows(printed, "f"):
        if count < 1 << 20:
            states.update((frame, state) for frame in range(start, start + count))
    assert len(rows(printed, "p")) > 20
    for _, _, frame, count, kind in rows(printed, "p"):
        assert all(kind == 6 or states[number] in (6, 7, 12) for number in range(frame, frame + count))


def test_the_picture_of_memory_is_an_svg_with_a_legend_of_all_processes(printed):
    done = tool(printed)
    assert done.returncode == 0 and done.stderr == ""
    root = xml.etree.ElementTree.fromstring(done.stdout)
    text = " ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))
    for name in ("proc", "console", "file", "shell", "memmap", "free", "page table"):
        assert f"{name}: " in text
    assert "KiB free" in text


def test_several_dumps_are_a_film_strip(printed):
    done = tool(printed + printed)
    assert done.returncode == 0 and done.stdout.count("s after power-on") == 2


def test_a_process_can_be_drawn_by_itself(printed):
    shell = next(int(line.split()[2], 16) for line in printed.splitlines() if line.startswith("n ") and line.endswith(" shell"))
    done = tool(printed, "--space", str(shell))
    assert done.returncode == 0 and f"shell ({shell})" in done.stdout
    assert tool(printed, "--space", "999").returncode == 2


def test_a_dump_that_is_cut_short_is_drawn_and_named(printed):
    start = printed.index("memmap: dump")
    for keep in (40, 300, 1500):
        done = tool(printed[:start + keep])
        assert done.returncode == 1 and "cut short" in done.stderr and "(cut short)" in done.stdout
        xml.etree.ElementTree.fromstring(done.stdout)


def test_what_is_no_dump_is_refused_with_a_reason(tmp_path):
    done = tool("hello\n")
    assert done.returncode == 2 and "no `memmap: dump`" in done.stderr
    assert tool("memmap: dump 9 time 1\n").returncode == 2
    assert tool("", str(tmp_path / "missing")).returncode == 2
    assert tool("memmap: dump 1 time 1\nf zz 1 1 1\nmemmap: end 0\n").returncode == 1


def test_only_a_session_may_look_at_all_memory(shell):
    output, status = shell.run("run memmap")
    assert status != 0 and "memmap: dump 1" in output and "memmap: end" not in output
