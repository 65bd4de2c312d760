"""The table of tools/mutants fits the kernel as it is: each pattern stands exactly once; and one of them is tried, which the
tests must notice. `make mutants` tries all."""

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def test_every_mutant_still_applies():
    done = subprocess.run([os.path.join(ROOT, "tools", "mutants"), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) >= 30


def test_a_mutant_is_noticed():
    command = [os.path.join(ROOT, "tools", "mutants"), "--jobs", "1", "-k", "no fence when a page table goes"]
    environment = {name: value for name, value in os.environ.items() if name not in ("BUILD", "MAKEFLAGS", "MFLAGS")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert "mutants: 1 of 1 caught" in done.stdout, done.stdout + done.stderr
