"""A recorded run is done again to the instruction; a debugger stops in it where it is told to."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import BUILD, ROOT

RUN = os.path.join(ROOT, "tools", "run")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """(path of a recording of two crashes, what was printed)."""
    path = str(tmp_path_factory.mktemp("replay") / "recording")
    done = subprocess.run([RUN, "--build", BUILD, "--record", path, "exec", "crash null; crash null"],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 139, done.stderr
    return path, done.stdout


def replay(path, *words):
    """The finished replay, with all that was printed in .stdout."""
    return subprocess.run([RUN, "replay", path, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120, check=False)


def test_a_replay_says_what_the_recorded_machine_said(recording):
    path, printed = recording
    first, second = replay(path), replay(path)
    assert printed in first.stdout.replace("\r\n", "\n")
    assert first.stdout == second.stdout


@pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="no debugger on this machine")
def test_a_replay_stops_at_the_nth_fault_and_at_the_same_instruction_each_time(recording):
    path, _ = recording
    stops = [re.search(r"instruction count = (\d+)", replay(path, "--fault", number, "-batch").stdout).group(1)
             for number in ("1", "2", "2")]
    assert int(stops[0]) < int(stops[1]) == int(stops[2])
    before = [replay(path, "--at", str(int(stops[1]) - 1), "-batch", "-ex", "p $pc").stdout.splitlines()[-3:] for _ in "ab"]
    assert before[0] == before[1] and f"instruction count = {int(stops[1]) - 1}" in "".join(before[0])


@pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="no debugger on this machine")
def test_the_debugger_shows_processes_capabilities_mappings_frames_and_symbols(recording):
    path, _ = recording
    said = replay(path, "--fault", "1", "-batch", "-ex", "tessera ps", "-ex", "tessera caps crash", "-ex", "tessera maps shell",
                  "-ex", "tessera frame 0x80200000", "-ex", "tessera symbols crash", "-ex", "info symbol crash_null",
                  "-ex", "tessera frame", "-ex", "tessera maps nobody").stdout
    assert re.search(r"^ +\d+ +0x[0-9a-f]+ +reply .* crash/0$", said, re.M), said
    assert re.search(r" running .* mem/0$", said, re.M)
    assert {name for name in ("proc", "console", "file", "shell") if re.search(rf" {name}/0$", said, re.M)} == \
        {"proc", "console", "file", "shell"}
    assert re.search(r"^ +1  endpoint copy +rights 2 .* badge 0x", said, re.M)
    assert re.search(r"^0x[0-9a-f]+-0x[0-9a-f]+ r-x  0x[0-9a-f]+$", said, re.M)
    assert re.search(r"^ +frame +split +rights 31 0x80200000 4K$", said, re.M)
    assert re.search(r"^crash_null in section \.text", said, re.M)
    assert "tessera frame PA" in said and "nobody: no thread" in said


def test_what_is_no_whole_recording_is_refused(recording, tmp_path):
    path, _ = recording
    assert "no recording" in replay(str(tmp_path / "none")).stdout
    shutil.copy(f"{path}.json", tmp_path / "cut.json")
    (tmp_path / "cut").write_bytes(b"12")
    done = replay(str(tmp_path / "cut"))
    assert done.returncode == 2 and "cut off" in done.stdout
    done = subprocess.run([RUN, "--build", BUILD, "--smp", "2", "--record", str(tmp_path / "x"), "exec", "ps"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "one hart" in done.stderr
