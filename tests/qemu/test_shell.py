"""The shell's commands, one claim each."""

import re

import pytest
from conftest import BUILD


def test_help_names_every_command_and_program(shell):
    text = shell.ok("help")
    for name in ("help", "run", "repeat", "wait", "kill", "ps", "mem", "maps", "audit", "uptime", "ls", "cat", "echo",
                 "shutdown", "exit", "hello", "malloc-stress"):
        assert re.search(rf"^\s*{name}\b|\s{name}\s", text, re.M), name


def test_ps_shows_every_server_and_the_shell(shell):
    names = [name for _, name in shell.processes()]
    for name in ("irq", "console", "file", "shell"):
        assert names.count(name) == 1, name


def test_maps_shows_regions_in_order_without_overlap(shell):
    regions = shell.regions(shell.pids()["shell"])
    assert len(regions) >= 4
    for (start, end, _), (next_start, _, _) in zip(regions, regions[1:]):
        assert start < end <= next_start


def test_no_process_has_a_region_that_is_writable_and_executable(shell):
    for pid, name in shell.processes():
        for start, _, access in shell.regions(pid):
            assert not ("w" in access and "x" in access), f"{name} at {start:#x}"


def test_maps_of_no_process_fails(shell):
    assert shell.run("maps 99999")[1] == 1


def test_a_program_runs_by_its_name(shell):
    assert shell.ok("hello") == "hello, world\n"


def test_a_program_runs_by_run_and_its_name(shell):
    assert shell.ok("run hello") == "hello, world\n"


def test_an_unknown_command_fails_with_its_name(shell):
    text, status = shell.run("nosuchprogram")
    assert status == 127
    assert "nosuchprogram" in text


def test_echo_prints_its_words(shell):
    assert shell.ok("echo one  two 'three  four'") == "one two three  four\n"


def test_semicolon_runs_one_after_the_other(shell):
    assert shell.ok("echo one; echo two; echo three") == "one\ntwo\nthree\n"


def test_and_and_or_follow_the_status(shell):
    assert shell.ok("hello nothing && echo and") == "hello, world\nnothing\nand\n"
    assert shell.run("maps 99999 && echo and")[0].count("and\n") == 0
    assert shell.ok("maps 99999 || echo or").endswith("or\n")


def test_exit_status_is_the_programs(shell):
    assert shell.ok("nosuchprogram; echo status $?").endswith("status 127\n")
    assert shell.ok("hello; echo status $?").endswith("status 0\n")
    assert shell.ok("crash; echo status $?").endswith("status 2\n")


def test_repeat_runs_a_command_so_many_times(shell):
    assert shell.ok("repeat 7 echo again") == "again\n" * 7


def test_ls_lists_the_programs_of_the_archive(shell):
    names = [line.split()[-1] for line in shell.ok("ls /bin").splitlines()]
    assert names == sorted(names)
    for name in ("hello", "shell", "crash"):
        assert name in names


def test_ls_of_the_root_shows_folders(shell):
    assert re.search(r"directory +bin", shell.ok("ls"))


def test_ls_of_nothing_fails(shell):
    assert shell.run("ls /nosuch")[1] == 1


def test_cat_prints_a_file_to_the_byte(boot, archive):
    text = "".join(f"line {number}\n" for number in range(300))
    assert boot(archive=archive({"etc/lines": text.encode()})).ok("cat /etc/lines") == text


def test_cat_of_nothing_fails(shell):
    assert shell.run("cat /nosuch")[1] == 1


def test_uptime_grows(shell):
    def up():
        return float(re.search(r"up (\d+\.\d+) s", shell.ok("uptime")).group(1))
    first = up()
    assert 0 < first <= up() < first + 60


def test_audit_says_ok_and_what_was_counted(shell):
    text = shell.ok("audit")
    assert text.endswith("audit: ok\n")
    assert re.search(r"mem: [1-9]\d* frames, [1-9]\d* spaces, [1-9]\d* regions", text)
    if BUILD == "debug":
        assert re.search(r"kernel: [1-9]\d* slots, [1-9]\d* objects", text)
    else:
        assert "kernel: its audit is not built in (release)\n" in text


def test_shutdown_powers_the_machine_off(shell):
    shell.send("shutdown\r")
    assert shell.ended() == 0


def test_kill_ends_a_background_process(shell):
    shell.ok("spin &")
    shell.ok(f"kill {shell.pids()['spin']}")
    assert "spin" not in shell.pids()


def test_wait_waits_for_background_processes(shell):
    shell.ok("spin 1 &")
    shell.ok("wait")
    assert "spin" not in shell.pids()


def test_kill_of_no_process_fails(shell):
    assert shell.run("kill 99999")[1] == 1


def test_proc_cannot_be_killed_from_the_shell(shell):
    assert shell.run(f"kill {shell.pids()['proc']}")[1] == 1


@pytest.mark.parametrize("server", ["file", "console", "irq"])
def test_a_killed_server_is_started_again_and_the_shell_goes_on(shell, server):
    before = shell.pids()
    shell.run(f"kill {before[server]}")
    after = shell.pids()
    assert after[server] > before[server]
    assert after["shell"] == before["shell"]
    assert "hello" in shell.ok("ls /bin")


def test_what_is_typed_while_the_interrupt_server_starts_again_is_read(shell):
    for word in ("one", "two"):
        shell.send(f"kill {shell.pids()['irq']}\recho {word}\r")
        shell.expect(f"\n{word}\r\n")
        shell.prompt()


def test_history_brings_the_last_line_back(shell):
    shell.ok("echo first")
    shell.send("\x1b[A")
    shell.expect("echo first")
    shell.send("\r")
    shell.prompt()


def test_a_line_that_is_not_understood_is_status_two(shell):
    shell.start("echo 'open")
    assert "quote" in shell.prompt()
    shell.start("echo status $?")
    assert "status 2" in shell.prompt()
