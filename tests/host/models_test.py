"""The models of tests/models: spin finds nothing wrong in each, and something wrong in each of its mutants (-DMUTANT=n, what
the model's #if lines say). A model that accepts a mutant proves nothing."""

import os
import re
import subprocess

import pytest

MODELS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "models")
TIMEOUT = 120


def mutants(name):
    """The numbers of a model's mutants, 0 for the model itself first."""
    with open(os.path.join(MODELS, name), encoding="ascii") as file:
        return [0] + sorted({int(n) for n in re.findall(r"MUTANT [!=]= (\d+)", file.read())})


NAMES = sorted(name for name in os.listdir(MODELS) if name.endswith(".pml"))
CASES = [(name, mutant) for name in NAMES for mutant in mutants(name)]


@pytest.mark.parametrize("name,mutant", CASES)
def test_spin_accepts_the_model_and_no_mutant(name, mutant, tmp_path):
    def run(*words):
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    made = run("spin", "-a", f"-DMUTANT={mutant}", os.path.join(MODELS, name))
    assert made.returncode == 0, made.stdout + made.stderr
    made = run("clang", "-w", "-O0", "-DSAFETY", "-o", "pan", "pan.c")
    assert made.returncode == 0, made.stderr
    text = run("./pan", "-m1000000").stdout
    errors = re.search(r"errors: (\d+)", text)
    assert errors and "max search depth too small" not in text, text
    assert (int(errors.group(1)) > 0) == (mutant > 0), text


def test_each_model_has_three_mutants_or_more():
    assert len(NAMES) >= 3
    for name in NAMES:
        assert len(mutants(name)) > 3
