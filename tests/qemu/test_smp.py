"""Several harts: what the memory server, libc's threads and the kernel promise holds on all harts of the machine.

Deadlines inside the programs are a minute of guest time; nothing here measures. Every machine is audited at its end."""

import re

import pytest

HARTS = pytest.mark.parametrize("harts", [2, 4])


def rows(shell, name):
    """The rows of ps for programs of this name: pid and milliseconds of CPU time."""
    lines = [line.split() for line in shell.ok("ps").splitlines() if line.endswith(name)]
    return [(row[0], int(row[4])) for row in lines]


@HARTS
def test_threads_locks_and_waits_work_on_all_harts(boot, harts):
    shell = boot(smp=harts)
    for _ in range(5):
        assert shell.ok("threadtest", timeout=180) == "threadtest: ok\n"


def stress(shell, harts):
    """An allocator's test on each hart and one more, all at once."""
    for seed in range(1, harts + 1):
        shell.ok(f"malloc-stress ops=20000 seed={seed} > /tmp/stress{seed} &")
    assert "malloc-stress: ok" in shell.ok("malloc-stress ops=20000 seed=99", timeout=180)
    shell.ok("wait", timeout=180)
    for seed in range(1, harts + 1):
        assert "malloc-stress: ok" in shell.ok(f"cat /tmp/stress{seed}")
        shell.ok(f"rm /tmp/stress{seed}")


@HARTS
def test_allocators_on_all_harts_at_once_stay_whole_and_lose_nothing(boot, harts):
    shell = boot(smp=harts)
    stress(shell, harts)  # mem has records for all of RAM from then on
    before = shell.free()
    stress(shell, harts)
    assert before - shell.free() < 1 << 20


@HARTS
def test_two_hundred_processes_on_all_harts_leave_the_free_count_unchanged(boot, harts):
    shell = boot(smp=harts)
    shell.ok("repeat 60 hello", timeout=180)  # proc's table has been used as far as it will be
    before = shell.free()
    assert shell.ok("repeat 200 hello", timeout=300) == "hello, world\n" * 200
    assert shell.free() == before


@HARTS
def test_crashes_and_kills_beside_faulting_processes_end_only_their_own(boot, harts):
    shell = boot(smp=harts)
    shell.ok("malloc-stress seconds=600 &")
    worker = shell.pids()["malloc-stress"]
    for _ in range(10):
        assert shell.run("crash null")[1] == 139
        shell.ok("malloc-stress seconds=600 &")
        victim = max(pid for pid, name in shell.processes() if name == "malloc-stress")
        shell.ok(f"kill {victim}")
        shell.ok("hello")
    assert (worker, "malloc-stress") in shell.processes()
    shell.ok(f"kill {worker}")


@HARTS
def test_as_many_spinning_processes_as_harts_each_have_one(boot, harts):
    shell = boot(smp=harts)
    for _ in range(harts):
        shell.ok("spin &")
    first = dict(rows(shell, "spin"))
    shell.ok("spin 2", timeout=180)
    used = [ms - first[pid] for pid, ms in rows(shell, "spin") if pid in first]
    # Two seconds of guest time went by at least; on one hart all of them and the waiting one would have shared these.
    assert len(used) == harts and sum(used) > 1.5 * 2000 * harts / 2
    for pid in first:
        shell.ok(f"kill {pid}")


def test_the_boot_argument_limits_the_harts(boot):
    shell = boot(smp=4, bootargs="harts=1")
    shell.ok("spin &")
    shell.ok("spin &")
    first = sum(ms for _, ms in rows(shell, "spin"))
    up = int(re.search(r"(\d+)", shell.ok("uptime")).group(1))
    shell.ok("spin 1", timeout=120)
    used = sum(ms for _, ms in rows(shell, "spin")) - first
    assert used <= (int(re.search(r"(\d+)", shell.ok("uptime")).group(1)) - up + 2) * 1000
