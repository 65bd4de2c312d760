"""The fixtures that boot the image: those of tools/tessera_pytest.py, which the SDK has too; the SDK installed."""

import fcntl
import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from tessera_pytest import *  # noqa: E402,F401,F403


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """A copy of the SDK far from the tree."""
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", ".sdk-lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = {name: value for name, value in os.environ.items() if name not in ("BUILD", "MAKEFLAGS", "MFLAGS")}
        subprocess.run(["make", "-C", ROOT, "sdk", "PREFIX=build/sdk"], check=True, capture_output=True, env=environment)
        folder = tmp_path_factory.mktemp("sdk") / "tessera"
        shutil.copytree(os.path.join(ROOT, "build", "sdk"), folder, symlinks=True)
    return str(folder)
