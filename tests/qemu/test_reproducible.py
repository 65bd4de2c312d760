"""The image is its sources and nothing else: not the folder, the time or the user that built it."""

import filecmp
import os
import shutil
import subprocess

import pytest
from conftest import BUILD, ROOT

pytestmark = pytest.mark.skipif(BUILD != "release", reason="one build in another folder is enough")


def test_the_image_built_in_another_folder_is_the_same_to_the_byte(tmp_path):
    copy = tmp_path / "elsewhere"
    listed = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if os.path.isfile(os.path.join(ROOT, name)) and not name.startswith("tests/"):
            os.makedirs(os.path.dirname(copy / name), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), copy / name)
    environment = {name: value for name, value in os.environ.items() if name not in ("BUILD", "MAKEFLAGS", "MFLAGS")}
    for folder in (ROOT, copy):
        subprocess.run(["make", "-C", folder, f"BUILD={BUILD}", "image"], check=True, capture_output=True, env=environment)
    for name in ("kernel.bin", "boot.cpio", "kernel.elf", "user/hello.debug"):
        assert filecmp.cmp(os.path.join(ROOT, "build", BUILD, name), copy / "build" / BUILD / name, shallow=False), name
