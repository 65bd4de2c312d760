"""cpio.py: the boot archive: cpio "newc", repeatable to the byte.

The data of every file begins on a page, so that programs share text straight from the archive: the name before it is
padded with NUL bytes, which every cpio reader takes as the end of the name. Times, owners and inode numbers say
nothing of the machine that built it."""

PAGE = 4096
HEADER = 110
MODE_FILE = 0o100444
MODE_PROGRAM = 0o100555


def entry(offset, name, data, inode, mode, align):
    """The bytes of one entry that starts at offset; data on a page boundary if align is set."""
    name = name.encode("ascii") + b"\0"
    start = offset + HEADER + len(name)
    name += b"\0" * (-start % (PAGE if align else 4))
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return header + name + data + b"\0" * (-len(data) % 4)


def write(pairs):
    """The archive of (name, path) pairs as bytes."""
    out = bytearray()
    for inode, (name, path) in enumerate(pairs, 1):
        with open(path, "rb") as file:
            data = file.read()
        mode = MODE_PROGRAM if name.split("/")[0] in ("boot", "bin", "servers") else MODE_FILE
        out += entry(len(out), name, data, inode, mode, align=True)
    out += entry(len(out), "TRAILER!!!", b"", 0, 0, align=False)
    out += b"\0" * (-len(out) % PAGE)
    return bytes(out)


def read(data):
    """Name -> bytes of the files of an archive, in their order."""
    files, at = {}, 0
    while True:
        size, name_size = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
        name = data[at + HEADER:at + HEADER + name_size].split(b"\0")[0].decode("ascii")
        start = (at + HEADER + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return files
        files[name] = data[start:start + size]
        at = (start + size + 3) & ~3
