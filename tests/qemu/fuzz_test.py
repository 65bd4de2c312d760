"""The short form of the attacks in tests/fuzz and tests/hostile: `make fuzz` has the long one. Here each run's seed is fixed."""

import os
import subprocess

import pytest
from conftest import BUILD, ROOT

RUN_TIMEOUT = 300
RUNS = [("syscall", 1, 10000), ("syscall", 4, 2000), ("kill", 1, 60), ("kill", 4, 10),
        ("ipc", 1, 9000), ("ipc", 2, 9000), ("deaths", 1, 20), ("deaths", 2, 20)]


@pytest.mark.parametrize("target,harts,count", RUNS)
def test_hostile_processes_break_nothing(target, harts, count):
    command = [os.path.join(ROOT, "tools", "attack"), "--build", BUILD, "--smp", str(harts), "--count", str(count),
               "--seed", "7", target]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert f"{target}: held" in done.stdout


def test_on_one_hart_the_same_seed_is_the_same_run_and_another_is_not():
    def lines(seed):
        command = [os.path.join(ROOT, "tools", "attack"), "--build", BUILD, "--smp", "1", "--count", "1000",
                   "--seed", str(seed), "syscall"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=True)
        return [line for line in done.stdout.splitlines() if line.startswith("# ")]
    first = lines(11)
    assert first == lines(11)
    assert first != lines(12)


@pytest.mark.skipif(BUILD != "release", reason="the bound is of the release kernel")
def test_no_entry_of_the_kernel_and_no_chain_of_calls_is_too_long():
    command = [os.path.join(ROOT, "tools", "bound"), "--count", "4000", "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
