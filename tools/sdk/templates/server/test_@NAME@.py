"""What the @NAME@ server promises, asked over the serial line. Every test ends with the machine's audit."""


def test_the_client_gets_its_sums(shell):
    assert shell.ok("@NAME@ 1 20 300") == "1\n21\n321\n"


def test_each_caller_has_its_own_count(shell):
    shell.ok("@NAME@ 5")
    assert shell.ok("@NAME@ 7") == "7\n"


def test_a_step_that_is_too_large_is_refused(shell):
    output, status = shell.run("@NAME@ 1001")
    assert status == 1 and output.startswith("@NAME@: ")


def test_the_server_comes_back_after_it_was_killed(shell):
    shell.ok("@NAME@ 1")
    shell.kill_server("@NAME@")
    assert shell.ok("@NAME@ 2") == "2\n"
