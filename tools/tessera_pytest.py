"""tessera_pytest: a pytest plugin that boots images and talks to them over the serial line.

In a project made by `tessera new`, `tessera test` loads it; the source tree's own tests/qemu use it too. Fixtures:

    shell      a machine at its shell's prompt: shell.ok("ps"), shell.run("false"), ...
    boot       boot(mem="1G", smp=2, dtb=..., disk=..., bootargs=..., build=..., qemu_args=[...]) -> Shell, as often as wanted
    machine    the same without waiting for a prompt -> Machine, for images that have no shell
    console    machine() as it starts
    execute    execute("a; b", "--mem", "1G"): one boot for a list of commands: .stdout .stderr .returncode
    archive    archive({"bin/x": bytes}) -> path of the image's boot archive with these files added

The mark `machine(mem="1G", ...)` gives `shell` and `console` such options for one test; the command line's --mem, --smp,
--dtb and --disk for all tests. Nothing here sleeps: every wait ends by what the machine says, and a kernel panic or a
machine that stopped ends it too. When a test is over, each of its machines with a shell that still runs is asked for
the audit, which must be ok. The whole conversation is in build/logs/IMAGE-TEST.log. The environment variable BUILD
names the image: debug (default), release, or a folder."""

import io
import os
import re
import signal
import subprocess
import sys
import termios

import pexpect
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cpio  # noqa: E402
import machine  # noqa: E402

BUILD = os.environ.get("BUILD") or "debug"
PROMPT = r"\$ "
PANIC = r"PANIC:[^\r\n]*[\r\n]"
BOOT_TIMEOUT = 30
RUN_TIMEOUT = 60
LAST_LINES = 40


class Broken(AssertionError):
    """The machine panicked, stopped or said nothing in time."""


def at_start():
    """In the child, before QEMU starts: what the machine says arrives as it was said, and it ends with us."""
    modes = termios.tcgetattr(0)
    modes[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, modes)
    machine.die_with_parent()


class Machine:
    """A machine that runs, and its serial line."""

    def __init__(self, log, **options):
        extra = ["-monitor", "none", "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line", "-no-reboot",
                 *options.pop("qemu_args", ())]
        options.setdefault("build", BUILD)
        line = machine.command(extra=extra, **options)
        self.log = log
        self.child = pexpect.spawn(line[0], line[1:], echo=False, timeout=RUN_TIMEOUT, encoding="utf-8",
                                   codec_errors="replace", preexec_fn=at_start)
        self.child.delaybeforesend = None
        self.child.logfile_read = log

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

    def close(self):
        """Ends the machine."""
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
        self.child.close(force=True)


class Shell(Machine):
    """The shell of one running machine."""

    def __init__(self, log, timeout=BOOT_TIMEOUT, **options):
        super().__init__(log, **options)
        self.count = 0
        self.warm = False
        self.expect(PROMPT, timeout)
        self.boot_text = self.child.before.replace("\r\n", "\n")

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

    def tap(self, command, timeout=RUN_TIMEOUT):
        """Runs a program that prints TAP (tessera/test.h), all of whose tests must pass: their names."""
        output, status = self.run(command, timeout)
        plan = re.search(r"^1\.\.(\d+)$", output, re.M)
        assert plan, f"{command}: no plan: {output}"
        assert not re.search(r"^not ok ", output, re.M), f"{command}:\n{output}"
        names = re.findall(r"^ok \d+ - (.*)$", output, re.M)
        assert len(names) == int(plan.group(1)), f"{command}: {len(names)} of {plan.group(1)} tests ended: {output}"
        assert status == 0, f"{command}: status {status}: {output}"
        return names

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

    def nothing_lost(self, action, runs=8):
        """Runs action() until it leaves as much free memory as it found, and gives its last result. A server touches a
        page of its own records for the first time now and then; a leak takes some at each of the runs."""
        for _ in range(runs):
            before = self.free()
            result = action()
            if self.free() == before:
                return result
        raise AssertionError(f"each of {runs} runs left less free memory than it found, the last one {before - self.free()} bytes")

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

    def kill_server(self, name):
        """Kills the running instance of a server; proc starts the next one at once. Its pid was this."""
        pid = self.pids()[name]
        self.ok(f"kill {pid}")
        return pid

    def audit(self):
        """Asks for the audit, which must be ok."""
        assert "audit: ok" in self.ok("audit")

    def close(self):
        """Asks for the audit if the machine still runs, and ends it."""
        try:
            if self.child.isalive():
                self.audit()
        finally:
            super().close()


class Machines:
    """The machines of one test: ended with it, their conversations kept."""

    def __init__(self, request):
        config, mark = request.config, request.node.get_closest_marker("machine")
        self.options = {name: config.getoption(name) for name in ("mem", "smp", "dtb", "disk") if config.getoption(name)}
        self.options.update(mark.kwargs if mark else {})
        self.name = re.sub(r"[^A-Za-z0-9_.-]", "-", request.node.name)
        self.folder = os.path.join(config.invocation_params.dir, "build", "logs")
        self.started, self.logs, self.recordings = [], [], []
        self.record = config.getoption("record")

    def start(self, kind, options):
        """Starts one; what it says is kept even if it never gets to a prompt."""
        self.logs.append(io.StringIO())
        self.started.append(kind(self.logs[-1], **{**self.options, **options}))
        return self.started[-1]

    def path(self, ending):
        return os.path.join(self.folder, f"{os.path.basename(BUILD)}-{self.name}.{ending}")

    def recording(self):
        """Where the next boot of execute() is recorded."""
        self.recordings.append(self.path(f"{len(self.recordings) + 1}.recording"))
        return self.recordings[-1]

    def end(self, failed):
        """Ends all; audits them unless the test failed already. Writes the log."""
        try:
            for guest in self.started:
                if not failed:
                    guest.close()
        finally:
            os.makedirs(self.folder, exist_ok=True)
            with open(self.path("log"), "w", encoding="utf-8") as file:
                file.writelines(log.getvalue() for log in self.logs)
            for guest in self.started:
                Machine.close(guest)


def pytest_addoption(parser):
    group = parser.getgroup("tessera")
    for name, what in (("mem", "64M to 1T"), ("smp", "harts"), ("dtb", "device tree"), ("disk", "image of a block device")):
        group.addoption(f"--{name}", default="", help=f"of all machines that say nothing else: {what}")


    group.addoption("--record", action="store_true", help="record what execute() boots (one hart), for a replay")


def pytest_configure(config):
    config.addinivalue_line("markers", "machine(mem=..., smp=..., ...): options of this test's machine, as of boot()")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test knows at its end whether it failed: then the audit is not asked for on top, and the report shows what
    the machines said last, faults first."""
    outcome = yield
    report = outcome.get_result()
    if call.when == "call":
        item.failed = report.failed
    if report.failed and getattr(item, "machines", None):
        report.sections += shown(item.machines)


def shown(machines):
    """What a report says of a failed test's machines."""
    for number, log in enumerate(machines.logs, 1):
        lines = log.getvalue().replace("\r", "").split("\n")
        faults = [line for line in lines if line.startswith(("fault:", "PANIC:"))]
        yield f"machine {number}: faults", "\n".join(faults) or "none"
        yield f"machine {number}: last lines", "\n".join(lines[-LAST_LINES:])
    for path in machines.recordings:
        yield "to see it again", f"{os.path.join(machine.ROOT, 'tools', 'run')} replay {path} --gdb"


@pytest.fixture
def machines(request):
    """The machines of this test."""
    found = request.node.machines = Machines(request)
    yield found
    found.end(getattr(request.node, "failed", False))


@pytest.fixture
def boot(machines):
    """boot(...) -> Shell at its prompt; every machine is audited and ended with the test."""
    return lambda **options: machines.start(Shell, options)


@pytest.fixture(name="machine")
def start_machine(machines):
    """machine(...) -> Machine that has just been started."""
    return lambda **options: machines.start(Machine, options)


@pytest.fixture
def shell(boot):
    """A machine at its prompt: 128 MiB and one hart if nobody says otherwise."""
    return boot()


@pytest.fixture
def console(machines):
    """A machine that has just been started, from its first line on."""
    return machines.start(Machine, {})


@pytest.fixture
def execute(machines):
    """execute("a; b", "--mem", "1G") runs tools/run exec: .stdout, .stderr, .returncode."""
    def run(commands, *options, timeout=60):
        words = [os.path.join(machine.ROOT, "tools", "run"), "--build", BUILD, *options]
        if machines.record and "--smp" not in options:
            words += ["--record", machines.recording()]
        return subprocess.run([*words, "exec", commands], capture_output=True, text=True, timeout=timeout, check=False)
    return run


@pytest.fixture
def archive(tmp_path):
    """archive({"bin/x": bytes}) -> path of the boot archive with these files added."""
    def build(extra):
        with open(os.path.join(machine.folder(BUILD), "boot.cpio"), "rb") as file:
            files = cpio.read(file.read())
        path = tmp_path / "boot.cpio"
        path.write_bytes(cpio.pack({**files, **extra}.items()))
        return str(path)
    return build
