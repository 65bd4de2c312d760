"""Pagers: a process makes the pages of an object; whatever it does costs its clients at most a fault report."""


def test_a_pager_gives_the_same_pages_in_any_order_again_and_to_everyone(boot):
    shell = boot(mem="64M")
    text = shell.ok("squares pagertest object", timeout=120)
    assert text.count("conform: ") == 8 and text.endswith("conform: ok\n")
    assert shell.ok("audit").endswith("audit: ok\n")


def test_a_pager_that_dies_hangs_or_lies_at_any_step_costs_nobody_but_its_clients(shell):
    text = shell.ok("pagertest faults", timeout=120)
    assert text.count(": as it should be\n") == 21
    assert text.endswith("faults: ok\n")
    before = shell.free()
    shell.ok("pagertest faults", timeout=120)
    assert abs(shell.free() - before) <= 64 << 10
    assert shell.ok("audit").endswith("audit: ok\n")
