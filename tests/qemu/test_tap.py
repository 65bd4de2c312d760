"""Tests that run in the machine and print TAP."""

import pytest


def test_capability_slots_keep_their_promises(shell):
    assert "a_freed_slot_is_empty" in shell.tap("captest")


def test_one_test_of_many_runs_by_its_name(shell):
    assert shell.tap("captest a_server_is_opened_once") == ["a_server_is_opened_once"]
    output, status = shell.run("captest nosuchtest")
    assert status == 2 and "slots_are_different" in output


def test_what_does_not_pass_is_told(shell, monkeypatch):
    said = "1..2\nok 1 - good\n# a.c:5: x == y\nnot ok 2 - bad\n"
    monkeypatch.setattr(shell, "run", lambda command, timeout: (said, 1))
    with pytest.raises(AssertionError, match="not ok 2 - bad"):
        shell.tap("x")
    said = "1..2\nok 1 - good\n"
    with pytest.raises(AssertionError, match="1 of 2"):
        shell.tap("x")
    said = "1..1\nok 1 - good\n"
    with pytest.raises(AssertionError, match="status 1"):
        shell.tap("x")
    monkeypatch.undo()
