"""Every command and output in docs/tutorial.md is true: the page is run in a folder of its own, with the SDK alone.

On the page a block ```console holds commands behind `$ ` and what they print, where `...` is anything, also lines; a block
```diff is applied by patch, a block ```c NAME is written to NAME."""

import os
import re
import subprocess

import pytest
from conftest import BUILD, ROOT

pytestmark = pytest.mark.skipif(BUILD != "debug", reason="the SDK holds both images: once is enough")
BLOCK = re.compile(r"^```(console|diff|c) ?(\S*)\n(.*?)^```$", re.M | re.S)


def pattern(text):
    """What an output must match as a whole."""
    lines = [r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(re.escape("..."), ".*?") + r"\n"
             for line in text.splitlines()]
    return re.compile(r"\A" + "".join(lines) + r"\Z")


def commands(block):
    """(command, what it prints) of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


class Terminal:
    """Commands run one after the other, in the folder that `cd` chose."""

    def __init__(self, folder, sdk):
        self.folder = str(folder)
        self.environment = {name: value for name, value in os.environ.items() if name not in ("BUILD", "MAKEFLAGS", "MFLAGS")}
        self.environment["PATH"] = f"{sdk}/bin:{os.environ['PATH']}"

    def run(self, command, text=None):
        if command.startswith("cd "):
            self.folder = os.path.join(self.folder, command[3:])
            return ""
        done = subprocess.run(["/bin/sh", "-c", command], cwd=self.folder, env=self.environment, input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180, check=False)
        return done.stdout

    def check(self, command, wanted):
        printed = self.run(command)
        assert pattern(wanted).match(printed), f"$ {command}\n{printed}\n--- the page says:\n{wanted}"


def test_the_patterns_match_what_they_should():
    assert pattern("a\n...\nb ... c\n").match("a\nx\ny\nb x c\n") and pattern("...\nb\n").match("b\n")
    assert not pattern("a\n...\nb\n").match("a\nx\nc\n") and not pattern("a\n").match("a\nb\n")


def test_every_command_and_output_in_the_tutorial_is_true(installed, tmp_path):
    with open(os.path.join(ROOT, "docs", "tutorial.md"), encoding="ascii") as file:
        blocks = BLOCK.findall(file.read())
    assert len(blocks) > 10
    terminal = Terminal(tmp_path, installed)
    for kind, name, text in blocks:
        if kind == "console":
            for command, wanted in commands(text):
                terminal.check(command, wanted)
        elif kind == "diff":
            assert "FAILED" not in terminal.run("patch -p0", text)
        else:
            with open(os.path.join(terminal.folder, name), "w", encoding="ascii") as file:
                file.write(text)
