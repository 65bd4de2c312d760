"""make exec: only the commands' output, a dependable status."""

import os
import signal
import subprocess

from conftest import BUILD, ROOT


def children(pid):
    """Processes whose parent is pid."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                if int(file.read().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(name)
        except OSError:
            continue
    return found


def test_exec_prints_only_what_the_commands_print(execute):
    done = execute("echo one; echo two")
    assert (done.stdout, done.returncode) == ("one\ntwo\n", 0)


def test_exec_status_is_the_last_commands(execute):
    assert execute("nosuchprogram").returncode == 127
    assert execute("nosuchprogram; echo fine").returncode == 0


def test_exec_of_a_crash_shows_the_report_and_fails(execute):
    done = execute("crash null")
    assert done.returncode not in (0, 124, 125)
    assert "crash" in done.stdout


def test_exec_of_a_hang_ends_with_124_in_time(execute):
    done = execute("spin", "--timeout", "3")
    assert done.returncode == 124
    assert len(done.stderr.strip().splitlines()) == 1


def test_exec_takes_memory_and_harts(execute):
    done = execute("mem; audit", "--mem", "1G", "--smp", "2")
    assert done.returncode == 0
    assert "audit: ok" in done.stdout


def test_exec_refuses_nonsense_in_one_line(execute):
    for options in (("--mem", "3M"), ("--mem", "lots"), ("--smp", "0"), ("--dtb", "nosuch.dtb")):
        done = execute("echo", *options)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1


def test_exec_leaves_no_machine_behind_when_interrupted():
    run = subprocess.Popen([os.path.join(ROOT, "tools", "run"), "--build", BUILD, "exec", "echo started; spin"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    assert run.stdout.readline() == b"started\n"
    machines = children(run.pid)
    assert len(machines) == 1
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=60) == 130
    assert not os.path.exists(f"/proc/{machines[0]}")
    run.stdout.close()
