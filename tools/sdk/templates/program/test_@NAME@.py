"""What @NAME@ promises, asked over the serial line. Every test ends with the machine's audit."""


def test_it_greets_everybody(shell):
    assert shell.ok("@NAME@ you me") == "@NAME@ greets you\n@NAME@ greets me\n"


def test_without_arguments_it_says_how_it_is_used(shell):
    output, status = shell.run("@NAME@")
    assert status == 2 and "usage:" in output
