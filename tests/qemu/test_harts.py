"""Harts: whichever boots, however they are numbered, whichever interrupt controller a device hangs on."""

import os
import re
import subprocess
import threading
import time

import pytest
from conftest import BUILD, ROOT, machine

NUMA = ["-object", "memory-backend-ram,id=m0,size=256M", "-object", "memory-backend-ram,id=m1,size=256M"]
KERNEL_VA, KERNEL_PA = 0xffffffffc0000000, 0x80200000
FIRMWARE_RAM = 0x80070000  # behind its code, before what the device tree gives away


def sockets(harts):
    """A machine of two sockets, each with half of the harts, half of the RAM and an interrupt controller."""
    half = harts // 2
    return NUMA + ["-numa", f"node,nodeid=0,memdev=m0,cpus=0-{half - 1}",
                   "-numa", f"node,nodeid=1,memdev=m1,cpus={half}-{harts - 1}"]


def kernel_pa(name):
    """Physical address of a name of the kernel."""
    kernel = os.path.join(ROOT, "build", BUILD, "kernel.elf")
    names = subprocess.run(["riscv64-unknown-elf-nm", kernel], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"^(\w+) \w {name}$", names, re.M).group(1), 16) - KERNEL_VA + KERNEL_PA


def boot_hart(tmp_path, chosen, harts):
    """QEMU's options that make one hart the boot hart."""
    watch = kernel_pa("image_offset")
    elf, blob = tmp_path / "boothart.elf", tmp_path / f"boothart{chosen}.bin"
    subprocess.run(["riscv64-unknown-elf-gcc", "-nostdlib", "-Wl,-e0", f"-DCHOSEN={chosen}", f"-DWATCH={watch:#x}",
                    f"-Wl,-Ttext={FIRMWARE_RAM:#x},--build-id=none", os.path.join(ROOT, "tests/qemu/boothart.S"),
                    "-o", elf], check=True)
    subprocess.run(["riscv64-unknown-elf-objcopy", "-O", "binary", elf, blob], check=True)
    options = ["-device", f"loader,file={blob},addr={FIRMWARE_RAM:#x},force-raw=on,cpu-num=0"]
    for hart in range(1, harts):
        options += ["-device", f"loader,addr={FIRMWARE_RAM:#x},cpu-num={hart}"]
    return options


class Misled(threading.Thread):
    """The first hart that the firmware starts arrives at the image's entry, as a late one may with OpenSBI 1.1."""

    def __init__(self, tmp_path):
        super().__init__()
        self.socket, self.said = str(tmp_path / "gdb"), ""
        self.options = ["-S", "-gdb", f"unix:{self.socket},server=on,wait=off"]
        self.start()

    def run(self):
        while not os.path.exists(self.socket):
            time.sleep(0.01)
        commands = [f"target remote {self.socket}", f"hbreak *{kernel_pa('boot_secondary'):#x}", "continue",
                    f"set $pc = {KERNEL_PA:#x}", "delete", "detach"]
        line = ["gdb-multiarch", "-nx", "-batch"] + [word for command in commands for word in ("-ex", command)]
        self.said = subprocess.run(line, capture_output=True, text=True, timeout=60).stdout


def tree_without(tmp_path, hart, harts):
    """The machine's device tree, one of its harts disabled."""
    blob, source = tmp_path / "all.dtb", tmp_path / "hole.dts"
    subprocess.run([machine.QEMU, "-machine", f"virt,dumpdtb={blob}", "-m", "128M", "-smp", str(harts)],
                   check=True, capture_output=True)
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", blob], capture_output=True, text=True,
                          check=True).stdout
    text, changed = re.subn(rf'(cpu@{hart} {{.*?status = )"okay"', r'\1"disabled"', text, count=1, flags=re.S)
    assert changed
    source.write_text(text)
    return str(source)


def booted(shell):
    return int(re.search(r"Boot HART ID +: (\d+)", shell.boot_text).group(1))


@pytest.mark.parametrize("chosen", [0, 1])
def test_two_sockets_boot_from_either_hart_and_hear_the_keyboard(boot, tmp_path, chosen):
    shell = boot(mem="512M", smp=2, qemu_args=sockets(2) + boot_hart(tmp_path, chosen, 2))
    assert booted(shell) == chosen
    assert shell.ok("echo here") == "here\n"


@pytest.mark.parametrize("chosen", [0, 1, 2, 3])
def test_two_sockets_of_two_boot_from_any_hart(boot, tmp_path, chosen):
    shell = boot(mem="512M", smp=4, qemu_args=sockets(4) + boot_hart(tmp_path, chosen, 4))
    assert booted(shell) == chosen
    assert shell.ok("echo here") == "here\n"


@pytest.mark.parametrize("words", ["", "harts=1"])
def test_one_socket_boots_from_its_last_hart(boot, tmp_path, words):
    shell = boot(smp=4, bootargs=words, qemu_args=boot_hart(tmp_path, 3, 4))
    assert booted(shell) == 3
    assert shell.ok("echo here") == "here\n"


def test_the_hart_that_the_console_needs_starts_whatever_the_limit(boot, tmp_path):
    shell = boot(mem="512M", smp=2, bootargs="harts=1", qemu_args=sockets(2) + boot_hart(tmp_path, 1, 2))
    assert booted(shell) == 1
    assert shell.ok("echo here") == "here\n"


def test_a_hart_that_the_firmware_sends_to_the_entry_goes_on_as_started(boot, tmp_path):
    misled = Misled(tmp_path)
    shell = boot(smp=2, bootargs="harts=2", qemu_args=misled.options)
    misled.join()
    assert re.search(r"Breakpoint 1, 0x0*802", misled.said)
    assert shell.ok("hello && echo here").endswith("here\n")


@pytest.mark.parametrize("hole", [1, 2])
def test_hart_ids_with_a_hole_boot(boot, tmp_path, hole):
    shell = boot(smp=4, dtb=tree_without(tmp_path, hole, 4), bootargs="harts=4")
    assert shell.ok("echo here") == "here\n"
