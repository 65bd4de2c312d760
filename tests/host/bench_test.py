"""tools/bench: what counts as worse, and that a figure which is gone is noticed."""

import json
import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import bench_table  # noqa: E402


@pytest.fixture
def compare(tmp_path):
    def run(now, before):
        for name, figures in (("now", now), ("before", before)):
            (tmp_path / name).write_text(json.dumps(figures))
        return subprocess.run([os.path.join(ROOT, "tools", "bench"), "--compare", str(tmp_path / "before"), "--out",
                               str(tmp_path / "now")], capture_output=True, text=True, check=False)
    return run


@pytest.mark.parametrize("now", [980, 1000, 1020])
def test_two_per_cent_are_accepted(compare, now):
    assert compare({"a": now}, {"a": 1000}).returncode == 0


def test_more_is_worse_and_named(compare):
    done = compare({"a": 1021, "b": 5}, {"a": 1000, "b": 5})
    assert done.returncode == 1 and done.stdout == "a: 1,000, now 1,021 (+2.1 %)\n"


def test_a_figure_that_is_gone_or_was_nothing_is_worse(compare):
    assert compare({}, {"a": 1000}).returncode == 1
    assert compare({"a": 1}, {"a": 0}).returncode == 1


def test_every_checked_figure_and_every_limit_is_met_by_the_accepted_ones():
    accepted = bench_table.load(os.path.join(ROOT, "tests", "bench", "baseline.json"))
    assert set(bench_table.CHECKED) <= set(accepted)
    assert set(bench_table.ROWS) - bench_table.UNMEASURED <= set(accepted)
