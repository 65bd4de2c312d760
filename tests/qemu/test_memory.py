"""malloc, and memory running out."""

import pytest


def test_malloc_stress_keeps_its_contents(shell):
    assert "malloc-stress: ok, 20000 operations" in shell.ok("malloc-stress", timeout=180)


def test_malloc_stress_gives_everything_back_at_exit(shell):
    shell.ok("malloc-stress ops=2000 seed=3", timeout=120)  # mem keeps the pages of its own records
    before = shell.free()
    shell.ok("malloc-stress ops=2000 seed=3", timeout=120)
    assert shell.free() == before


@pytest.mark.parametrize("how", ["commit", "touch", "malloc"])
def test_out_of_memory_is_an_error_and_returns_every_frame(shell, how):
    shell.ok(f"oom {how}", timeout=180)
    before = shell.free()
    assert "out of memory" in shell.ok(f"oom {how}", timeout=180)
    assert shell.free() == before
    assert shell.ok("hello") == "hello, world\n"


def test_out_of_memory_leaves_a_background_process_running(shell):
    shell.ok("spin &")
    assert "out of memory" in shell.ok("oom touch", timeout=180)
    assert "spin" in shell.pids()
    shell.ok(f"kill {shell.pids()['spin']}")


def test_two_processes_may_run_out_of_memory_together(shell):
    text = shell.ok("oom malloc & oom touch; wait", timeout=240)
    assert text.count("out of memory") == 2
    assert shell.ok("hello") == "hello, world\n"


def test_out_of_memory_in_64_mebibytes_leaves_the_shell_alive(boot):
    shell = boot(mem="64M")
    assert "out of memory" in shell.ok("oom touch", timeout=180)
    assert shell.ok("echo alive") == "alive\n"


def test_mem_shows_the_charge_of_each_process(shell):
    text = shell.ok("mem")
    for _, name in shell.processes():
        assert any(line.split()[-1:] == [name] for line in text.splitlines()), name


def test_mem_adds_up_while_programs_come_and_go(shell):
    for command in ("spin &", "malloc-stress 500", "crash null", "kill $!"):
        shell.run(command)
        memory = shell.memory()
        assert memory["sum"] == memory["ram"]


@pytest.mark.parametrize("name, claims", [("files", 3), ("shared", 3), ("pieces", 3), ("remap", 2), ("pager", 1), ("cow", 4), ("quota", 5), ("numa", 1)])
def test_demo_shows_what_it_says_and_leaves_nothing_behind(shell, name, claims):
    text = shell.nothing_lost(lambda: shell.ok(f"demo {name}", timeout=60))
    assert text.count(f"{name}: ") == claims


def test_a_paged_object_larger_than_the_machine_leaves_mem_slots_of_its_own(boot):
    shell = boot(mem="64M")
    for _ in range(2):
        shell.ok("demo pager", timeout=60)


def test_nearly_all_of_64_gibibytes_can_be_committed(boot):
    text = boot(mem="64G").ok("oom")
    assert int(text.split(": ")[1].split()[0]) > 60 << 20


def test_memory_can_be_used_up_where_megapages_are_split_wide(boot):
    shell = boot(mem="512M", bootargs="wide=1")
    shell.ok("oom touch", timeout=180)
    before = shell.free()
    assert "out of memory" in shell.ok("oom touch", timeout=180)
    assert shell.free() == before
