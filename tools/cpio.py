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


def good_name(name):
    """Whether a file of the archive may be called so: relative, ASCII, leading nowhere else."""
    return name.isascii() and name.isprintable() and all(part not in ("", ".", "..") for part in name.split("/"))


def pack(files):
    """The archive of (name, bytes) pairs, in their order."""
    out = bytearray()
    for inode, (name, data) in enumerate(files, 1):
        mode = MODE_PROGRAM if name.split("/")[0] in ("boot", "bin", "servers") else MODE_FILE
        out += entry(len(out), name, data, inode, mode, align=True)
    out += entry(len(out), "TRAILER!!!", b"", 0, 0, align=False)
    out += b"\0" * (-len(out) % PAGE)
    return bytes(out)


def write(pairs):
    """The archive of (name, path) pairs as bytes."""
    files = []
    for name, path in pairs:
        with open(path, "rb") as file:
            files.append((name, file.read()))
    return pack(files)


def read(data):
    """Name -> bytes of the files of an archive, in their order. ValueError: it is none, or cut off."""
    files, at = {}, 0
    while True:
        if data[at:at + 6] != b"070701" or at + HEADER > len(data):
            raise ValueError(f"no entry of a cpio archive at byte {at} of {len(data)}")
        size, name_size = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
        name = data[at + HEADER:at + HEADER + name_size].split(b"\0")[0].decode("ascii")
        start = (at + HEADER + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return files
        if start + size > len(data):
            raise ValueError(f"cut off: {name} ends at byte {start + size} of {len(data)}")
        files[name] = data[start:start + size]
        at = (start + size + 3) & ~3
