"""The one fixture that boots the image and talks to its shell over the serial line.

`boot(mem=..., smp=..., dtb=..., bootargs=..., build=..., qemu_args=[...])` gives a Shell at its prompt;
`shell` is boot() as most tests want it. Nothing here sleeps: every wait ends by what the machine says, and
a kernel panic or a machine that stopped ends it too. When a test is over, each of its machines that still
runs is asked for the audit, which must be ok. The whole conversation is in build/logs/BUILD-TEST.log.
The environment variable BUILD says which image is booted: debug (default) or release."""

import io
import os
import re
import signal
import subprocess
import sys
import termios

import pexpect
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import cpio  # noqa: E402
import machine  # noqa: E402

BUILD = os.environ.get("BUILD") or "debug"
PROMPT = r"\$ "
PANIC = r"PANIC:[^\r\n]*[\r\n]"
BOOT_TIMEOUT = 30
RUN_TIMEOUT = 60


class Broken(AssertionError):
    """The machine panicked, stopped or said nothing in time."""


def at_start():
    """In the child, before QEMU starts: what the machine says arrives as it was said, and it ends with us."""
    modes = termios.tcgetattr(0)
    modes[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, modes)
    machine.die_with_parent()


class Shell:
    """The shell of one running machine."""

    def __init__(self, log, timeout=BOOT_TIMEOUT, **options):
        extra = ["-monitor", "none", "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line", "-no-reboot",
                 *options.pop("qemu_args", ())]
        options.setdefault("build", BUILD)
        line = machine.command(extra=extra, **options)
        self.log = log
        self.count = 0
        self.warm = False
        self.child = pexpect.spawn(line[0], line[1:], echo=False, timeout=RUN_TIMEOUT, encoding="utf-8",
                                   codec_errors="replace", preexec_fn=at_start)
        self.child.delaybeforesend = None
        self.child.logfile_read = log
        self.expect(PROMPT, timeout)
        self.boot_text = self.child.before.replace("\r\n", "\n")

    def expect(self, pattern, timeout=RUN_TIMEOUT):
        """Waits until the console matched a pattern (or one of a list: the answer is its index)."""
        patterns = pattern if isinstance(pattern, list) else [pattern]
        try:
            which = self.child.expect(patterns + [PANIC, pexpect.EOF, pexpect.TIMEOUT], timeout=timeout)
        except OSError as error:
            raise Broken(f"the serial line: {error}") from None
        if which < len(patterns):
            return which
        why = ("kernel panic", "the machine stopped", f"not seen in {timeout} s: {patterns}")[which - len(patterns)]
        raise Broken(f"{why}; the console ended with:\n{self.log.getvalue()[-2000:]}")

    def send(self, text):
        """Types text, without a line end."""
        self.child.send(text)

    def prompt(self, timeout=RUN_TIMEOUT):
        """Waits for the next prompt; what came before it."""
        self.expect(PROMPT, timeout)
        return self.child.before.replace("\r\n", "\n")

    def start(self, command):
        """Types a command line and does not wait for its end. Its output comes next."""
        self.child.send(command + "\r")
        self.expect(re.escape(command[-20:]) + r"[^\r\n]*\r\n")

    def run(self, command, timeout=RUN_TIMEOUT):
        """Runs a command line: (what it printed, exit status)."""
        self.count += 1
        mark = f":end{self.count}:"
        self.child.send(f"{command}; echo {mark} $?\r")
        self.expect(re.escape(f"echo {mark} $?") + r"[^\r\n]*\r\n", timeout)
        self.expect(re.escape(mark) + r" (\d+)\r\n", timeout)
        output, status = self.child.before.replace("\r\n", "\n"), int(self.child.match.group(1))
        self.prompt(timeout)
        return output, status

    def ok(self, command, timeout=RUN_TIMEOUT):
        """Runs a command line that must succeed: what it printed."""
        output, status = self.run(command, timeout)
        assert status == 0, f"{command}: status {status}: {output}"
        return output

    def ended(self, timeout=RUN_TIMEOUT):
        """Waits until the machine has powered itself off. QEMU's exit status."""
        try:
            which = self.child.expect([PANIC, pexpect.EOF, pexpect.TIMEOUT], timeout=timeout)
        except OSError:
            which = 1
        if which != 1:
            raise Broken(f"no power-off; the console ended with:\n{self.log.getvalue()[-2000:]}")
        self.child.wait()
        return self.child.exitstatus

    def memory(self):
        """`mem` as a dictionary: kernel, reserved, mem, tables, objects, resident, cleared, free, sum and ram."""
        text = self.ok("mem")
        found = {name: int(number) for name, number in re.findall(r"^([a-z]+) +(\d+)$", text, re.M)}
        sums = re.search(r"sum (\d+) bytes = device tree's RAM (\d+) bytes", text)
        assert sums, text
        found["sum"], found["ram"] = int(sums.group(1)), int(sums.group(2))
        return found

    def free(self):
        """Bytes of free RAM: the stock of cleared frames is free too. The first `mem` makes pages of the shell
        resident after it has counted, so it is run twice."""
        if not self.warm:
            self.ok("mem")
            self.warm = True
        memory = self.memory()
        return memory["free"] + memory["cleared"]

    def processes(self):
        """(pid, name) of the processes that ps shows, in its order."""
        lines = self.ok("ps").splitlines()
        return [(int(line.split()[0]), line.split()[-1]) for line in lines if line.split()[0].isdigit()]

    def pids(self):
        """Program name -> pid."""
        return {name: pid for pid, name in self.processes()}

    def regions(self, pid):
        """(start, end, access) of the regions that maps shows."""
        rows = re.findall(r"(?:0x)?([0-9a-f]+)-0x([0-9a-f]+)\s+([r-][w-][x-])", self.ok(f"maps {pid}"))
        return [(int(start, 16), int(end, 16), access) for start, end, access in rows]

    def close(self):
        """Asks for the audit if the machine still runs, and ends it."""
        try:
            if self.child.isalive():
                assert "audit: ok" in self.ok("audit")
        finally:
            if self.child.isalive():
                self.child.kill(signal.SIGKILL)
            self.child.close(force=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test knows at its end whether it failed: then the audit is not asked for on top."""
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed


@pytest.fixture
def boot(request):
    """boot(...) -> Shell; every machine is audited and ended with the test."""
    shells = []
    folder = os.path.join(ROOT, "build", "logs")
    os.makedirs(folder, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", request.node.name)

    def start(**options):
        log = io.StringIO()
        shells.append((None, log))
        shell = Shell(log, **options)
        shells[-1] = (shell, log)
        return shell

    yield start
    try:
        for shell, _ in shells:
            if shell and not getattr(request.node, "failed", False):
                shell.close()
    finally:
        with open(os.path.join(folder, f"{BUILD}-{name}.log"), "w", encoding="utf-8") as file:
            for shell, log in shells:
                file.write(log.getvalue())
                if shell:
                    shell.child.close(force=True)


@pytest.fixture
def shell(boot):
    """A machine with 128 MiB and one hart at its prompt."""
    return boot()


@pytest.fixture
def execute():
    """execute("a; b", "--mem", "1G") runs tools/run exec: .stdout, .stderr, .returncode."""
    def run(commands, *options, timeout=60):
        return subprocess.run([os.path.join(ROOT, "tools", "run"), "--build", BUILD, *options, "exec", commands],
                              capture_output=True, text=True, timeout=timeout, check=False)
    return run


@pytest.fixture
def archive(tmp_path):
    """archive({"bin/x": bytes}) -> path of the boot archive with these files added."""
    def build(extra):
        with open(os.path.join(ROOT, "build", BUILD, "boot.cpio"), "rb") as file:
            files = cpio.read(file.read())
        files.update(extra)
        pairs = []
        for number, (name, data) in enumerate(files.items()):
            path = tmp_path / str(number)
            path.write_bytes(data)
            pairs.append((name, str(path)))
        path = tmp_path / "boot.cpio"
        path.write_bytes(cpio.write(pairs))
        return str(path)
    return build
