"""Figures: the most important counts of instructions are no worse than the accepted ones, and a worse one is noticed."""

import os
import subprocess

import pytest
from conftest import BUILD, ROOT

pytestmark = pytest.mark.skipif(BUILD != "release", reason="figures are those of the release build")
BASE = os.path.join(ROOT, "tests", "bench", "baseline.json")


def check(*words):
    return subprocess.run([os.path.join(ROOT, "tools", "bench"), *words], capture_output=True, text=True, check=False)


def test_no_important_figure_is_over_two_per_cent_worse_than_accepted():
    done = check("--check", BASE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_slower_kernel_is_noticed():
    done = check("--check", BASE, "--build", "debug", "kernel")
    assert done.returncode == 1 and "ipc.lend_frame: " in done.stdout, done.stdout + done.stderr


def test_an_idle_process_that_said_hello_takes_at_most_100_kib():
    done = subprocess.run([os.path.join(ROOT, "tools", "run"), "--build", BUILD, "exec", "bench size"], capture_output=True,
                          text=True, check=True)
    sizes = dict(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("SIZE "))
    assert int(sizes["process"]) <= 100 * 1024 and 4096 < int(sizes["page"]) <= 4096 + 80
