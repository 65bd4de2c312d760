"""where: the lines of the source that a fault report names: `pc strlen+0x20`, `ra main+0xc8`.

Needs the executable as it was linked, with -g for lines. Knows nothing of addresses in the machine: names and
distances do, wherever the program was placed."""

import re
import subprocess
import sys

TOOL = "riscv64-unknown-elf-"
PLACE = re.compile(r"\b(pc|ra|from) ([A-Za-z_.$][\w.$]*)\+0x([0-9a-f]+)")


def symbols(path):
    """Name -> address of an executable's functions. OSError or ValueError if it is none."""
    done = subprocess.run([f"{TOOL}nm", path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3 and row[1] in "tTwW"}


def places(path, text):
    """(what, name + distance, file:line) for each place that a report names. The instruction before a return address
    is the call."""
    found = symbols(path)
    for what, name, distance in PLACE.findall(text):
        line = "not in this program"
        if name in found:
            address = found[name] + int(distance, 16) - (what != "pc")
            done = subprocess.run([f"{TOOL}addr2line", "-e", path, hex(address)], capture_output=True, text=True, check=False)
            line = done.stdout.strip().replace("??:0", "no line known").replace("??:?", "no line known")
        yield what, f"{name}+0x{distance}", line


def main(words):
    if len(words) != 1 or words[0].startswith("-"):
        print("usage: tessera where EXECUTABLE <REPORT", file=sys.stderr)
        return 2
    text = sys.stdin.read()
    try:
        found = list(places(words[0], text))
    except (OSError, ValueError) as error:
        print(f"where: {error}", file=sys.stderr)
        return 2
    if not found:
        print("where: no fault report (`pc NAME+0xN`) in what was read", file=sys.stderr)
        return 1
    for what, place, line in found:
        print(f"{what} {place}: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
