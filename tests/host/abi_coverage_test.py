"""Every error that docs/abi.md names for a call is caused by a test in tests/kernel.

A test says it by the claim itself, `REFUSED(ERROR, sys_call(...))`, or by `COVERS(CALL, ERROR)` where the call is made by
another thread or compared by hand. The four errors that any call may answer count where the call has such an argument."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ERRORS = set(re.findall(r"^ERROR\(\d+, +(\w+),", (ROOT / "kernel/abi/tessera/errors.def").read_text(), re.M)) - {"OK"}
CALLS = {name.lower(): int(number) for name, number in
         re.findall(r"^#define SYS_(\w+) +(\d+)$", (ROOT / "kernel/abi/tessera/abi.h").read_text(), re.M) if name != "COUNT"}

# Errors that a call's section mentions though another call, or a caller elsewhere, gets them.
ELSEWHERE = {
    ("save_reply", "SERVER_GONE"), ("delete", "SERVER_GONE"), ("revoke", "SERVER_GONE"), ("reply_recv", "RECEIVER_FULL"),
    ("thread_set", "ABORTED"),
}
# Of the errors of every call, those that cannot be: the call has no argument of that kind.
GENERAL = ("BAD_SLOT", "BAD_TYPE", "NO_RIGHT", "BAD_ARG")
NOT_GENERAL = {
    ("signal", "BAD_ARG"), ("save_reply", "BAD_TYPE"), ("save_reply", "NO_RIGHT"), ("save_reply", "BAD_ARG"),
    ("delete", "BAD_TYPE"), ("delete", "NO_RIGHT"), ("delete", "BAD_ARG"),
    ("revoke", "BAD_TYPE"), ("revoke", "NO_RIGHT"), ("revoke", "BAD_ARG"),
    ("inspect", "BAD_TYPE"), ("inspect", "NO_RIGHT"), ("inspect", "BAD_ARG"),
    ("carve", "NO_RIGHT"),
    ("unmap", "BAD_TYPE"), ("unmap", "NO_RIGHT"),
}
# Helpers of the tests that make one call.
HELPERS = {"map_here": "map", "map_in": "map", "unmap_one": "unmap", "reply_map": "reply_recv", "poll": "reply_recv",
           "receive": "reply_recv", "signal_and_wait": "reply_recv", "send_items": "call", "call_word": "call"}


def sections():
    """Call -> the text about it."""
    text = (ROOT / "docs/abi.md").read_text()
    found = {}
    for part in re.split(r"^### ", text, flags=re.M)[1:]:
        part = re.split(r"^## ", part, flags=re.M)[0]
        head = part.split("\n", 1)[0]
        for number, name in re.findall(r"(\d+) (\w+)\(", head):
            assert CALLS[name] == int(number), head
            found[name] = part
    return found


def documented():
    """All (call, error) that docs/abi.md states of the call itself."""
    pairs = set()
    for call, text in sections().items():
        pairs |= {(call, word) for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", text) if word in ERRORS}
        pairs |= {(call, error) for error in GENERAL}
    return pairs - ELSEWHERE - NOT_GENERAL


def caused():
    """(call, error) -> the tests that cause it."""
    pairs = {}
    for path in sorted((ROOT / "tests/kernel").glob("*.c")):
        for part in re.split(r"^TEST\(", path.read_text(), flags=re.M)[1:]:
            name = part.split(")", 1)[0]
            refused = re.findall(r"REFUSED\((\w+),\s*(\w+)\(([\w:]*)", part)
            for error, function, first in refused:
                if error == "BAD_CALL" and function == "sys_raw":
                    continue  # of numbers that are no call
                call = HELPERS.get(function, function.removeprefix("sys_").replace("thread_pager", "thread_set"))
                if function in ("sys_raw", "piece"):
                    call = first.removeprefix("SYS_").lower()
                pairs.setdefault((call, error), set()).add(name)
            for call, error in re.findall(r"COVERS\((\w+), (\w+)\)", part):
                pairs.setdefault((call.lower(), error), set()).add(name)
    return pairs


def test_every_call_has_its_section():
    assert set(sections()) == set(CALLS)


def test_tests_name_only_calls_and_errors_that_exist():
    bad = [(call, error, names) for (call, error), names in caused().items() if error not in ERRORS or call not in CALLS]
    assert not bad


@pytest.mark.parametrize("call", CALLS)
def test_every_error_of_a_call_is_caused_by_a_test(call):
    have = caused()
    missing = sorted(error for (name, error) in documented() if name == call and (name, error) not in have)
    assert not missing, f"{call}: no test in tests/kernel causes {', '.join(missing)}"


def test_every_error_a_test_causes_is_documented():
    stated = documented()
    for call, text in sections().items():
        if "give's" in text:
            stated |= {(call, error) for name, error in stated if name == "give"}
    extra = sorted(f"{call} {error} ({', '.join(sorted(names))})" for (call, error), names in caused().items()
                   if (call, error) not in stated)
    assert not extra, "docs/abi.md does not say: " + "; ".join(extra)
