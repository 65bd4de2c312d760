"""Servers killed under load: they start again, callers go on, nothing is lost but what was in their hands."""

import pytest
from test_console import interrupt

CONSOLE = 3                            # its pid after a boot
MODERN = ["-global", "virtio-mmio.force-legacy=false"]


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(4 << 20))
    return [*MODERN, "-drive", f"file={path},if=none,format=raw,id=disk,throttling.iops-total=200", "-device",
            "virtio-blk-device,drive=disk"]


def kill(shell, name):
    """Kills a server; the pid of its next instance."""
    before = shell.pids()[name]
    shell.run(f"kill {before}")
    after = shell.pids()[name]
    assert after > before
    return after


def test_a_console_killed_while_programs_print_goes_on_printing(execute):
    done = execute(f"shell -c 'repeat 300 hello' & hello; kill {CONSOLE}; hello; kill {CONSOLE}; wait; echo end; ps")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    end = lines.index("end")
    assert lines[:end].count("hello, world") > 200
    pids = {line.split()[-1]: int(line.split()[0]) for line in lines[end + 2:]}
    assert pids["console"] > CONSOLE


def test_ctrl_c_reaches_the_foreground_program_after_the_console_was_killed(shell):
    for _ in range(2):
        kill(shell, "console")
        shell.start("spin")
        interrupt(shell)
        assert "spin" not in shell.pids()


def test_an_interrupt_server_killed_under_disk_load_loses_no_request(boot, image):
    shell = boot(qemu_args=image)
    shell.ok("grant blk disktest info")
    shell.start("grant blk disktest check 2048 &")
    kill(shell, "irq")
    kill(shell, "irq")
    shell.ok("wait", timeout=120)
    assert shell.ok("echo done") == "done\n"
    assert shell.ok("grant blk disktest check 64").endswith("check: ok\n")


@pytest.mark.parametrize("server", ("file", "console", "irq"))
def test_a_restart_loses_no_memory(shell, server):
    shell.ok("filetest loop &")
    kill(shell, server)
    shell.ok(f"kill {shell.pids()['filetest']}; ls /bin; hello")
    before = shell.free()
    shell.ok("filetest loop &")
    kill(shell, server)
    shell.ok(f"kill {shell.pids()['filetest']}; ls /bin; hello")
    assert abs(shell.free() - before) <= 64 << 10


def test_a_server_that_dies_three_times_in_ten_seconds_stays_away_and_callers_are_told(shell):
    for _ in range(2):
        kill(shell, "file")
    shell.ok(f"kill {shell.pids()['file']}")
    assert "file" not in shell.pids()
    assert shell.run("ls /")[1] == 1
    assert shell.ok("hello") == "hello, world\n"
