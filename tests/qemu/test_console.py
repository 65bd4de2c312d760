"""The console server: line editing, control characters, floods in both directions."""

import pexpect


def interrupt(shell):
    """Ctrl-C until the prompt comes: it may be typed before the program is in the foreground."""
    for _ in range(30):
        shell.send("\x03")
        if shell.child.expect([r"\$ ", pexpect.TIMEOUT], timeout=1) == 0:
            return
    raise AssertionError("Ctrl-C did not end the program")


def test_backspace_takes_back_a_character(shell):
    shell.send("echo abX\x7fc\r")
    shell.expect("\r\nabc\r\n")
    shell.prompt()


def test_ctrl_u_takes_back_the_line(shell):
    shell.send("nonsense\x15echo kept\r")
    shell.expect("\r\nkept\r\n")
    shell.prompt()


def test_arrows_edit_inside_the_line(shell):
    shell.send("echo ac\x1b[Db\r")
    shell.expect("\r\nabc\r\n")
    shell.prompt()


def test_ctrl_c_ends_the_foreground_process_only(shell):
    shell.start("spin")
    interrupt(shell)
    assert "spin" not in shell.pids()
    assert shell.ok("echo alive") == "alive\n"


def test_ctrl_c_leaves_a_background_process_alone(shell):
    shell.ok("spin &")
    shell.start("spin")
    interrupt(shell)
    assert [name for _, name in shell.processes()].count("spin") == 1
    shell.ok(f"kill {shell.pids()['spin']}")


def test_ctrl_c_at_the_prompt_drops_the_line(shell):
    shell.send("echo dropped")
    shell.expect("echo dropped")  # the shell reads: what is typed before that is not its line yet
    shell.send("\x03")
    shell.prompt()
    assert shell.ok("echo next") == "next\n"


def test_scanf_reads_from_the_console(shell):
    shell.start("cprog input")
    shell.send("17 -4 word\r")
    shell.expect("cprog: read 17 -4 word\r\n")
    shell.prompt()


def test_ctrl_d_ends_the_input_of_a_program(shell):
    shell.start("cprog input")
    shell.send("\x04")
    shell.prompt()
    assert shell.ok("echo alive") == "alive\n"


def test_a_flood_of_input_loses_no_character(shell):
    words = [f"{'x' * 60}{number:03d}" for number in range(40)]
    shell.send("".join(f"echo {word}\r" for word in words))
    for word in words:
        shell.expect(f"\n{word}\r\n")
    shell.prompt()
    assert shell.ok("echo alive") == "alive\n"


def test_typing_while_a_program_runs_is_kept_for_the_shell(shell):
    shell.start("spin 1")
    shell.send("echo typed ahead\r")
    shell.expect("\ntyped ahead\r\n")
    shell.prompt()


def test_input_beyond_every_buffer_leaves_the_shell_alive(shell):
    shell.send("y" * 6000)
    interrupt(shell)
    assert shell.ok("echo alive").endswith("alive\n")


def test_control_bytes_do_no_harm(shell):
    shell.send("".join(chr(c) for c in range(1, 32) if c not in (3, 4, 10, 13)) + "\x7f\x1b[Z\x1b[99~")
    interrupt(shell)
    assert shell.ok("echo alive").endswith("alive\n")


def test_bytes_that_are_no_ascii_come_back_as_they_were(shell):
    assert shell.ok("echo \u00e4\u20ac\U0001d11e") == "\u00e4\u20ac\U0001d11e\n"


def test_a_long_output_arrives_whole(shell):
    assert shell.ok("repeat 500 echo 0123456789abcdef") == "0123456789abcdef\n" * 500


def test_output_of_two_processes_keeps_its_lines(shell):
    text = shell.ok("malloc-stress 200 & malloc-stress 200; wait")
    assert text.count("malloc-stress: ok") == 2
