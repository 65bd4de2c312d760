"""Booting: every size and shape of memory reaches the prompt and adds up."""

import os
import re
import subprocess

import pytest
from conftest import BUILD, ROOT

NUMA = ["-object", "memory-backend-ram,id=m0,size=256M", "-object", "memory-backend-ram,id=m1,size=256M",
        "-numa", "node,nodeid=0,memdev=m0,cpus=0", "-numa", "node,nodeid=1,memdev=m1,cpus=1"]
HOLES_RAM = 0x04000000 + 0x00801000 + 0x00100000 + 0x08000000 + 0x08000000  # dts/holes.dts


def adds_up(shell, size):
    """What mem shows is all of RAM, to the byte."""
    memory = shell.memory()
    parts = ("kernel", "reserved", "mem", "tables", "objects", "resident", "cleared", "free")
    assert sum(memory[name] for name in parts) == memory["sum"] == memory["ram"] == size


@pytest.mark.parametrize("mem", ["64M", "128M", "1G", "4G", "16G", "64G"])
def test_boots_and_memory_adds_up_with(boot, mem):
    adds_up(boot(mem=mem), int(mem[:-1]) << (30 if mem.endswith("G") else 20))


def test_boots_with_two_numa_nodes_and_shows_a_pool_of_each(boot):
    shell = boot(mem="512M", smp=2, qemu_args=NUMA)
    adds_up(shell, 512 << 20)
    pools = re.findall(r"^ *\d+ +RAM +(\d+) ", shell.ok("mem"), re.M)
    assert {"0", "1"} <= set(pools)
    assert shell.ok("demo numa").count("1000 pages of pool") == 2


def test_boots_with_four_harts_present(boot):
    assert boot(smp=4).ok("echo here") == "here\n"


def test_boots_from_a_tree_with_several_banks_and_holes(boot):
    adds_up(boot(mem="512M", dtb=os.path.join(ROOT, "dts", "holes.dts")), HOLES_RAM)


def test_a_fixed_seed_gives_the_same_addresses_twice(boot):
    maps = [shell.regions(shell.pids()["shell"]) for shell in (boot(bootargs="seed=7"), boot(bootargs="seed=7"))]
    assert maps[0] == maps[1]


def test_different_seeds_give_different_addresses(boot):
    maps = [shell.regions(shell.pids()["shell"]) for shell in (boot(bootargs="seed=7"), boot(bootargs="seed=8"))]
    assert maps[0] != maps[1]


@pytest.mark.parametrize("how", ["garbage", "truncated", "no_proc"])
def test_a_bad_archive_ends_with_a_clear_line(tmp_path, how):
    with open(os.path.join(ROOT, "build", BUILD, "boot.cpio"), "rb") as file:
        data = file.read()
    path = tmp_path / "bad.cpio"
    path.write_bytes({"garbage": b"\xa5" * 8192, "truncated": data[:6000],
                      "no_proc": data.replace(b"boot/proc", b"boot/prop", 1)}[how])
    tool = ("import sys; sys.path.insert(0, 'tools'); import machine; "
            "job = machine.Exec('echo no', build=sys.argv[2], archive=sys.argv[1], timeout=10); "
            "status = job.run(lambda data: None); print(job.tail()); sys.exit(status)")
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", tool, str(path), BUILD], cwd=ROOT, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "archive" in done.stdout.lower()
