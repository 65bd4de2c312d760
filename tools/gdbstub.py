"""gdbstub.py: QEMU's gdb server from Python: runs a machine to an address and reads its registers.

Knows the protocol and nothing of Tessera. The machine has one hart. Addresses are virtual, in whatever address
space runs when they are reached."""

import os
import re
import socket
import tempfile

import machine


class Stopped:
    """A machine that stands at its first instruction until it is told to run; a context manager."""

    def __init__(self, timeout=60, serial="null", **options):
        """options: as machine.command; serial: QEMU's -serial, `stdio` gives pipes in self.process."""
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "gdb")
        line = machine.command(extra=["-icount", "shift=0", "-monitor", "none", "-serial", serial, "-no-reboot", "-S",
                                      "-gdb", f"unix:{path},server=on,wait=off"], **options)
        pipe = machine.subprocess.PIPE if serial == "stdio" else machine.subprocess.DEVNULL
        self.process = machine.start(line, stdin=pipe, stdout=pipe, stderr=machine.subprocess.STDOUT)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.data = b""
        try:
            self.connect(path)
            self.numbers = self.csr_numbers()
        except BaseException:
            self.close()
            raise

    def connect(self, path):
        for _ in range(200):
            try:
                return self.socket.connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                if self.process.poll() is not None:
                    break
                machine.time.sleep(0.02)
        raise machine.Fault("QEMU does not start its gdb server")

    def close(self):
        self.socket.close()
        machine.stop(self.process)
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def receive(self):
        """The next packet's text."""
        while True:
            found = re.match(rb"(?s)[^$]*\$([^#]*)#..", self.data)
            if found:
                self.data = self.data[found.end():]
                self.socket.sendall(b"+")
                return found.group(1).decode("latin-1")
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                raise machine.Fault("the machine does not reach the next mark") from None
            if not more:
                raise machine.Fault("QEMU ended before the next mark")
            self.data += more

    def ask(self, text):
        """One packet and its answer."""
        self.socket.sendall(f"${text}#{sum(text.encode()) & 255:02x}".encode())
        return self.receive()

    def csr_numbers(self):
        """Name of a control register -> its number for `p`."""
        self.ask("qSupported:xmlRegisters=riscv")
        self.ask("qXfer:features:read:target.xml:0,ffff")
        text, more = "", "m"
        while more == "m":
            answer = self.ask(f"qXfer:features:read:riscv-csr.xml:{len(text):x},f00")
            more, text = answer[:1], text + answer[1:]
        return {name: int(number) for name, number in re.findall(r'name="(\w+)"[^/]*regnum="(\d+)"', text)}

    def number(self, text):
        return int.from_bytes(bytes.fromhex(text), "little")

    def register(self, number):
        """A general register by number; 32 is the pc."""
        return self.number(self.ask(f"p{number:x}"))

    def csr(self, name):
        return self.number(self.ask(f"p{self.numbers[name]:x}"))

    def instructions(self):
        """What rdinstret gives here. A resumption adds a few hundred (QEMU takes the pause for idling): only readings
        with no stop between them can be compared."""
        return self.csr("minstret")

    def memory(self, address):
        """The 64-bit word at a physical address."""
        self.ask("Qqemu.PhyMemMode:1")
        return self.number(self.ask(f"m{address:x},8"))

    def run_to(self, *addresses):
        """Runs until one of the addresses is the next to be executed; which."""
        for address in addresses:
            self.ask(f"Z0,{address:x},2")
        said = self.ask("c")
        for address in addresses:
            self.ask(f"z0,{address:x},2")
        if said[:1] not in "ST":
            raise machine.Fault(f"the machine stopped before the next mark: {said}")
        return self.register(32)
