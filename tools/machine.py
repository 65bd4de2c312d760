"""machine.py: how the image is booted: the one place that knows QEMU's command line.

tools/run, tools/bench and the tests in tests/qemu all start their machines through it. It promises
that a machine does not outlive the process that started it."""

import ctypes
import hashlib
import json
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Where images are: images/ of an SDK, build/ of the source tree.
IMAGES = os.path.join(ROOT, "images" if os.path.isdir(os.path.join(ROOT, "images")) else "build")
QEMU = "qemu-system-riscv64"
UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}
SMALLEST, LARGEST = 64 << 20, 1 << 40
BACKEND_FROM = 64 << 30  # from here on the host must not reserve the memory
PR_SET_PDEATHSIG = 1
RECORD_END = 10      # seconds that QEMU has to finish a recording
RECORD_HEADER = 16   # bytes of a recording's head

EXIT_WRONG = 2
EXIT_TIMEOUT = 124
EXIT_BROKEN = 125


class Fault(Exception):
    """Something the user can put right; the text is the whole message."""


def folder(build):
    """Where an image is: debug and release by name, others by their path."""
    return os.path.join(IMAGES, build) if build in ("debug", "release") else build


def memory_bytes(text):
    """Bytes of a size such as 128M or 1T."""
    digits, unit = (text[:-1], text[-1].upper()) if text and text[-1].upper() in UNITS else (text, "M")
    if not digits.isdigit():
        raise Fault(f"MEM={text}: a number with K, M, G or T")
    size = int(digits) << UNITS[unit]
    if not SMALLEST <= size <= LARGEST:
        raise Fault(f"MEM={text}: from 64M to 1T")
    return size


def device_tree(path, out):
    """The blob for DTB=: path itself, or what dtc makes of a source file."""
    if not os.path.exists(path):
        raise Fault(f"DTB={path}: no such file")
    if not path.endswith(".dts"):
        return path
    blob = os.path.join(out, os.path.basename(path)[:-4] + ".dtb")
    try:
        done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", f"{blob}.{os.getpid()}", path],
                              stderr=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise Fault("dtc is missing: package device-tree-compiler") from None
    if done.returncode:
        raise Fault(f"DTB={path}: {done.stderr.strip()}")
    os.replace(f"{blob}.{os.getpid()}", blob)
    return blob


def command(build="debug", mem="128M", smp=1, dtb="", disk="", bootargs="", extra=(), kernel=None, archive=None):
    """QEMU's command line. The serial line and what else the caller wants are in extra."""
    out = folder(build)
    kernel = kernel or os.path.join(out, "kernel.bin")
    archive = archive or os.path.join(out, "boot.cpio")
    for path in (kernel, archive):
        if not os.path.exists(path):
            how = f": run make BUILD={build} image" if build in ("debug", "release") else ""
            raise Fault(f"{os.path.relpath(path)} is missing{how}")
    if not str(smp).isdigit() or int(smp) < 1:
        raise Fault(f"SMP={smp}: a number of harts")
    size = memory_bytes(mem)
    machine = "virt"
    line = [QEMU]
    if size >= BACKEND_FROM:
        line += ["-object", f"memory-backend-ram,id=ram,size={size},reserve=off"]
        machine += ",memory-backend=ram"
    line += ["-machine", machine, "-m", f"{size >> 20}M", "-smp", str(smp), "-bios", "default",
             "-kernel", kernel, "-initrd", archive, "-display", "none", "-net", "none"]
    if dtb:
        line += ["-dtb", device_tree(dtb, out)]
    if disk:
        if not os.path.exists(disk):
            raise Fault(f"DISK={disk}: no such file")
        line += ["-global", "virtio-mmio.force-legacy=false", "-drive", f"file={disk},if=none,format=raw,id=disk",
                 "-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0"]
    if bootargs:
        line += ["-append", bootargs]
    return line + list(extra)


def die_with_parent():
    """In the child, before QEMU starts: the kernel ends it with its parent."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(line, **pipes):
    """Starts QEMU; the caller stops it with stop()."""
    try:
        return subprocess.Popen(line, preexec_fn=die_with_parent, start_new_session=True, **pipes)
    except FileNotFoundError:
        raise Fault(f"{line[0]} is missing: package qemu-system-misc") from None


def stop(process):
    """Ends the machine whatever it is doing. A recording is complete only if QEMU may end by itself: it gets a moment."""
    if process.poll() is None and any(",rr=record," in word for word in process.args):
        process.terminate()
        try:
            process.wait(RECORD_END)
        except subprocess.TimeoutExpired:
            pass
    if process.poll() is None:
        process.kill()
    process.wait()


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def record(line, path):
    """QEMU's command line that records to path what `line` would do; beside it stands what a replay needs to know."""
    words = line[line.index("-smp") + 1]
    if words != "1":
        raise Fault(f"a recording has one hart, not {words}")
    files = {line[line.index(option) + 1]: digest(line[line.index(option) + 1]) for option in ("-kernel", "-initrd")}
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(f"{path}.json", "w", encoding="ascii") as file:
        json.dump({"line": line, "files": files}, file, indent=1)
    return [*line, "-icount", f"shift=0,rr=record,rrfile={path}"]


def replay(path):
    """QEMU's command line that does again what was recorded."""
    try:
        with open(f"{path}.json", encoding="ascii") as file:
            kept = json.load(file)
        changed = [name for name, was in kept["files"].items() if digest(name) != was]
        line = kept["line"]
    except (OSError, ValueError, KeyError) as error:
        raise Fault(f"{path}: no recording: {error}") from None
    if not os.path.exists(path) or os.path.getsize(path) < RECORD_HEADER:
        raise Fault(f"{path}: the recording was cut off")
    if changed:
        raise Fault(f"{', '.join(changed)}: not what was recorded any more")
    return [*line, "-icount", f"shift=0,rr=replay,rrfile={path}"]


def end_on_signals():
    """SIGTERM and SIGHUP leave through the same finally clauses as Ctrl-C."""
    def leave(number, _frame):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


class Exec:
    """Boots, runs shell commands and takes their output between the markers of one nonce.

    The line STX NONCE comes before the first byte of output, ETX NONCE STATUS after the last."""

    SILENCE = 1.0   # seconds without a byte after a panic line, until it is believed
    KEEP = 4000     # bytes of console shown when the machine fails

    def __init__(self, commands, bootargs="", timeout=30.0, recording="", **options):
        self.nonce = secrets.token_hex(8)
        words = f"{bootargs} nonce={self.nonce} exec={commands}".strip()
        if "\n" in words:
            raise Fault("CMD: one line, commands separated by ;")
        self.line = command(bootargs=words, extra=["-monitor", "none", "-serial", "stdio", "-no-reboot",
                            *options.pop("extra", ())], **options)
        if recording:
            self.line = record(self.line, recording)
        self.timeout = timeout
        self.begin = b"\x02" + self.nonce.encode()
        self.end = b"\x03" + self.nonce.encode() + b" "
        self.console = bytearray()   # everything the serial line said
        self.reason = ""             # why it failed, "" if it did not

    def tail(self):
        """The end of what the console said, without the firmware's banner, for a failure message."""
        text = self.console.decode("utf-8", "replace").replace("\r", "")
        return re.sub(r"(?s)^.*\nBoot HART MEDELEG[^\n]*\n", "", text)[-self.KEEP:].strip()

    def panicked(self):
        """The kernel's panic line, or None."""
        for text in self.console.replace(b"\r", b"").split(b"\n"):
            if text.startswith(b"PANIC:"):
                return text.decode("utf-8", "replace")
        return None

    def chunks(self, process, until):
        """What the serial line says, as it comes; ends when QEMU ends. Sets reason on timeout or panic."""
        selector = selectors.DefaultSelector()
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            panic = self.panicked()
            wait = until - time.monotonic()
            if wait <= 0:
                self.reason = self.reason or f"no end within {self.timeout:g} seconds"
                return
            if not selector.select(min(wait, self.SILENCE) if panic else wait):
                if panic:
                    return
                continue
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                return
            self.console += data
            yield data

    def run(self, sink):
        """Runs the machine; sink(bytes) gets the output as it comes. The status the last command ended with."""
        process = start(self.line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            status = self.follow(process, sink)
            if status is not None:
                return status
        finally:
            stop(process)
            process.stdout.close()
        panic = self.panicked()
        if panic:
            self.reason = panic
            return EXIT_BROKEN
        if self.reason:
            return EXIT_TIMEOUT
        self.reason = "the machine stopped before the commands ended"
        return EXIT_BROKEN

    def follow(self, process, sink):
        """Passes on what is between the markers. The status after the end marker, or None if there was none."""
        pending, inside = b"", False
        for data in self.chunks(process, time.monotonic() + self.timeout):
            pending = re.sub(rb"\r+\n", b"\n", pending + data)
            if not inside:
                head, mark, rest = pending.partition(self.begin)
                if not mark or b"\n" not in rest:
                    continue
                pending, inside = rest.partition(b"\n")[2], True
            body, mark, rest = pending.partition(self.end)
            if mark:
                number, newline, _ = rest.partition(b"\n")
                if newline:
                    sink(body)
                    if number.strip().isdigit() and int(number) < 256:
                        return int(number)
                    self.reason = f"a bad status line: {number!r}"
                    return EXIT_BROKEN
                continue
            # The end marker or a line end may be cut in two by the pipe: its possible beginning stays.
            keep = max((n for n in range(1, len(self.end) + 1) if body.endswith(self.end[:n])),
                       default=len(body) - len(body.rstrip(b"\r")))
            sink(body[:len(body) - keep])
            pending = body[len(body) - keep:]
        if inside:
            sink(pending)
        return None
