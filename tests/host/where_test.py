"""tools/where.py finds the lines of the source that a fault report names."""
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """int bad(int *p)
{
	return *p;
}

int main(void)
{
	return bad(0) + 1;
}
"""


def where(path, report):
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import where; sys.exit(where.main(sys.argv[1:]))"
    return subprocess.run([sys.executable, "-B", "-c", code, *path], input=report, capture_output=True, text=True, check=False)


@pytest.fixture(name="program")
def compiled(tmp_path):
    (tmp_path / "p.c").write_text(PROGRAM)
    subprocess.run(["riscv64-unknown-elf-gcc", "-g", "-O0", "-nostdlib", "-Wl,-e,main", "-o", "p", "p.c"], cwd=tmp_path, check=True)
    return str(tmp_path / "p")


def test_a_report_gets_its_lines(program):
    done = where([program], "fault: p (pid 7) thread 0: read at 0x0, pc bad+0xa (0x123), ra main+0xe (0x456), cause\n")
    assert done.returncode == 0
    assert "pc bad+0xa: " in done.stdout and "p.c:3" in done.stdout and "p.c:8" in done.stdout


def test_names_of_another_program_are_said_to_be_none_of_this(program):
    assert where([program], "pc other+0x0 (0x1)").stdout == "pc other+0x0: not in this program\n"


def test_wrong_use_and_wrong_input_are_refused(program, tmp_path):
    assert where([], "").returncode == 2
    assert where([str(tmp_path / "none")], "pc a+0x0").returncode == 2
    (tmp_path / "text").write_text("no program")
    assert where([str(tmp_path / "text")], "pc a+0x0").returncode == 2
    assert where([program], "all is well").returncode == 1
