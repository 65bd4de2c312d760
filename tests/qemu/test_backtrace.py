"""The fault report names the functions that had called, and a host tool their lines."""

import os
import re
import subprocess

from conftest import BUILD, ROOT


def callers(report):
    return re.findall(r"^   from (\w+)\+0x[0-9a-f]+ \(0x[0-9a-f]+\)$", report, re.M)


def test_a_fault_report_names_the_callers_innermost_first(shell):
    report, status = shell.run("crash heap-past")
    assert status == 139
    found = iter(callers(report))       # what a function that is over left on the stack may stand between them
    assert all(name in found for name in ("crash_heap_past", "main", "start_relocated")), report


def test_the_lines_of_all_callers_are_found(shell):
    report, _ = shell.run("crash heap-past")
    program = os.path.join(ROOT, "build", os.path.basename(BUILD), "user", "crash.debug")
    done = subprocess.run(["/usr/bin/python3", "-c", "import sys, where; sys.exit(where.main(sys.argv[1:]))", program],
                          input=report, capture_output=True, text=True, check=False, timeout=60,
                          env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "tools")})
    assert done.returncode == 0, done.stderr
    assert re.search(r"^pc crash_heap_past\+0x[0-9a-f]+: .*user/crash\.c:\d+$", done.stdout, re.M)
    assert re.search(r"^from main\+0x[0-9a-f]+: .*user/crash\.c:\d+$", done.stdout, re.M)
    assert re.search(r"^from start_relocated\+0x[0-9a-f]+: .*libc/start\.c:\d+$", done.stdout, re.M)


def test_a_stack_pointer_that_points_nowhere_costs_only_the_callers(shell):
    report, status = shell.run("crash stack-overflow")
    assert status == 139 and "fault: crash" in report and not callers(report)
    report, _ = shell.run("crash jump-wild")
    assert "start_relocated" in callers(report)
