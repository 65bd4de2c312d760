"""The device-tree parser against trees with known answers.

The trees and their answers are in tests/dtb/corpus.tar.xz; its README.md and expected.json state the rules.
Needs build/host/dtmem, built with address and undefined-behaviour sanitizers; DTMEM= names another.
"""
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DTMEM = Path(os.environ.get("DTMEM", ROOT / "build/host/dtmem"))
CORPUS = ROOT / "tests/dtb/corpus.tar.xz"

SAME = """ram usable usable_pages memreserve memory_nodes reserved reserved_dynamic mmio_sram
    hart_count hart_count_enabled hart_count_rv64_mmu hart_ids timebase_frequency bootargs initrd_start
    initrd_end usable_memory_range model compatible nodes totalsize boot_cpuid_phys address_cells
    size_cells""".split()


def member(name):
    with tarfile.open(CORPUS) as archive:
        return archive.extractfile(name).read()


def expected_good():
    files = json.loads(member("expected.json"))["files"]
    return {entry["file"]: entry for entry in (files.values() if isinstance(files, dict) else files)}


GOOD = expected_good()
BAD = json.loads(member("bad/expected.json"))["cases"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    directory = tmp_path_factory.mktemp("dtb")
    with tarfile.open(CORPUS) as archive:
        archive.extractall(directory)
    return directory


def dtmem(path):
    """Exit status, the JSON if any, and stderr. Anything a sanitizer or a signal stops fails here."""
    run = subprocess.run([DTMEM, path], capture_output=True, text=True, timeout=20)
    assert run.returncode in (0, 1), f"status {run.returncode}: {run.stderr}"
    assert "Sanitizer" not in run.stderr and "runtime error" not in run.stderr, run.stderr
    return run.returncode, json.loads(run.stdout) if run.stdout else None, run.stderr


def assert_refusal_is_one_line(path, error):
    assert error.startswith(f"dtmem: {path}: ") and " at offset " in error
    assert error.endswith("\n") and error.count("\n") == 1 and error[:-1].isprintable()


def test_the_corpus_is_whole():
    assert (len(GOOD), len(BAD)) == (127, 190)


@pytest.mark.parametrize("name", GOOD)
def test_good_tree_reads_as_expected(corpus, name):
    path, expected = corpus / "good" / name, GOOD[name]
    status, got, error = dtmem(path)
    # No usable page: the answers are right, and the refusal is clear.
    assert status == (0 if expected["usable_pages"] else 1)
    if status:
        assert_refusal_is_one_line(path, error)
    for field in SAME:
        if expected.get(field) is not None and field in expected:
            assert got[field] == expected[field], field
    if expected["stdout"] is None:
        assert got["stdout"] is None
    else:
        assert {key: got["stdout"].get(key) for key in expected["stdout"]} == expected["stdout"]
    assert sum(size for _, size in got["usable"]) == 4096 * got["usable_pages"]


@pytest.mark.parametrize("name", BAD)
def test_bad_tree_is_taken_as_its_class_says(corpus, name):
    path, expected = corpus / "bad" / name, BAD[name]
    status, got, error = dtmem(path)
    if status:
        assert_refusal_is_one_line(path, error)
        assert expected["cls"] != "accept", error
    else:
        assert expected["cls"] != "refuse", f"accepted: {got}"
        for field in ("ram", "usable"):
            if expected.get(field) is not None:
                assert got[field] == expected[field]


@pytest.mark.parametrize("name, context", [
    ("sbi__virt-4G-smp8.dtb", [[[hart, 2 * hart + 1] for hart in range(8)]]),
    ("sbi__virt-numa2.dtb", [[[0, 1]], [[1, 1]]]),
])
def test_plic_contexts_of_supervisor_mode(corpus, name, context):
    _, got, _ = dtmem(corpus / "good" / name)
    assert [sorted(plic["supervisor_contexts"]) for plic in got["plics"]] == context


@pytest.mark.parametrize("board, ranges, srams", [
    ("banks", 5, 0), ("numa", 2, 0), ("sram", 2, 2), ("firmware", 1, 0), ("buses", 1, 0),
])
def test_boards_of_dts_are_read(tmp_path, board, ranges, srams):
    blob = tmp_path / f"{board}.dtb"
    source = ROOT / f"dts/{board}.dts"
    subprocess.run(["dtc", "-q", "-o", blob, source], check=True, stderr=subprocess.DEVNULL)
    status, got, error = dtmem(blob)
    assert status == 0, error
    assert (len(got["ram"]), len(got["mmio_sram"])) == (ranges, srams)
    assert (got["stdout"]["base"], got["stdout"]["interrupt"]) == (0x10000000, 10)
    assert got["plics"] == [{"registers": [[0xc000000, 0x600000]], "supervisor_contexts": [[0, 1]]}]


def test_wrong_use_and_missing_file_are_status_2(tmp_path):
    for arguments in ([], [tmp_path / "none.dtb"], ["-x", "y"]):
        assert subprocess.run([DTMEM, *arguments], capture_output=True).returncode == 2


def test_a_cpu_node_that_is_no_child_of_cpus_is_no_hart(tmp_path):
    source, blob = tmp_path / "x.dts", tmp_path / "x.dtb"
    source.write_text("""/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
        memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x8000000>; };
        cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <1>;
            cpu-map { device_type = "cpus"; core { device_type = "cpu"; interrupt-controller; phandle = <1>;
                inner { interrupt-controller; phandle = <2>; }; }; };
            cpu@5 { device_type = "cpu"; reg = <5>; mmu-type = "riscv,sv57"; }; }; };""")
    subprocess.run(["dtc", "-q", "-o", blob, source], check=True)
    status, got, error = dtmem(blob)
    assert status == 0, error
    assert [hart["id"] for hart in got["harts"]] == [5] and got["hart_count_rv64_mmu"] == 1
