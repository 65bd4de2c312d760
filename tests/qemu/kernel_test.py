"""The kernel under tests/kernel: a root server that causes every error itself and prints TAP. One run for each build and
number of harts; each run must hold every test that the sources name, and none may fail."""

import os
import re
import subprocess

import pytest
from conftest import ROOT, machine

SOURCES = os.path.join(ROOT, "tests", "kernel")
RUN_TIMEOUT = 300
RUNS = [(build, harts) for build in ("debug", "release") for harts in (1, 2, 4)]


def claims():
    """The names of all tests, out of the sources."""
    names = []
    for name in sorted(os.listdir(SOURCES)):
        if name.endswith(".c"):
            with open(os.path.join(SOURCES, name), encoding="ascii") as file:
                names += re.findall(r"^TEST\((\w+)\)", file.read(), re.M)
    return names


def run(build, harts):
    """The console of one run."""
    image = os.path.join(ROOT, "build", build, "kerneltest.bin")
    if not os.path.exists(image):
        subprocess.run(["make", "-C", ROOT, f"BUILD={build}", f"build/{build}/kerneltest.bin"], check=True)
    line = machine.command(build=build, smp=harts, kernel=image, archive="/dev/null",
                           extra=["-monitor", "none", "-serial", "stdio", "-no-reboot"])
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=RUN_TIMEOUT, check=False,
                          preexec_fn=machine.die_with_parent)
    text = done.stdout.decode("utf-8", "replace").replace("\r", "")
    folder = os.path.join(ROOT, "build", "logs")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"kernel-{build}-{harts}.log"), "w", encoding="utf-8") as file:
        file.write(text)
    return text


def failures(text):
    """What failed, each with the lines that say why."""
    found, why = [], []
    for line in text.splitlines():
        if line.startswith("# "):
            why.append(line)
        elif line.startswith("not ok"):
            found.append("\n".join(why + [line]))
        if not line.startswith("# "):
            why = []
    return found


@pytest.mark.parametrize("build,harts", RUNS)
def test_every_claim_about_the_kernel_holds(build, harts):
    text = run(build, harts)
    assert "PANIC" not in text, text[-2000:]
    assert "Bail out!" not in text, text[-2000:]
    bad = failures(text)
    assert not bad, "\n".join(bad)
    passed = re.findall(r"^ok \d+ - (\w+)", text, re.M)
    plan = re.search(r"^1\.\.(\d+)$", text, re.M)
    assert plan, text[-2000:]
    assert len(passed) == int(plan.group(1)), text[-2000:]
    assert sorted(passed) == sorted(claims())


@pytest.mark.parametrize("build", ["debug", "release"])
def test_nothing_is_skipped_on_four_harts_but_what_needs_the_audit(build):
    path = os.path.join(ROOT, "build", "logs", f"kernel-{build}-4.log")
    if not os.path.exists(path):
        run(build, 4)
    with open(path, encoding="utf-8") as file:
        reasons = re.findall(r"# SKIP (.*)$", file.read(), re.M)
    assert set(reasons) <= (set() if build == "debug" else {"needs the audit"})


def test_every_claim_has_a_name_of_its_own():
    names = claims()
    assert len(names) > 100
    assert len(set(names)) == len(names)
