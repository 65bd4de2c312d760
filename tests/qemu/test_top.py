"""top: who uses processor and memory, from the shell."""

import re

ROW = re.compile(r"^ *(\d+) +(\d+\.\d) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)  (\S+)$", re.M)


def table(text):
    """Name -> (CPU in percent, faults a second, calls a second, resident KiB) of the last table."""
    last = text[text.rindex("up "):]
    return {row[7]: (float(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in ROW.findall(last)}


def test_top_shows_who_computes_and_who_calls(shell):
    shell.ok("spin &")
    found = table(shell.ok("top 0.5 2"))
    assert {"proc", "console", "shell", "spin", "top"} <= set(found)
    assert found["spin"][0] == max(row[0] for row in found.values()) and found["spin"][0] > 20
    assert found["spin"][1] == found["spin"][2] == 0
    assert sum(row[0] for row in found.values()) <= 101
    assert all(row[3] > 0 for row in found.values())
    shell.ok("kill $!")


def test_top_used_wrongly_says_how_it_is_used(shell):
    for words in ("0", "x", "1 0", "1 x", "1 2 3", "99999"):
        output, status = shell.run(f"top {words}")
        assert status == 2 and "usage: top" in output
