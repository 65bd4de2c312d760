"""tracefile: what `trace dump` printed, as Chrome's trace events (JSON), for https://ui.perfetto.dev or chrome://tracing.

A process here is one there, so is a thread; `mem` and `harts` are two more. On a thread's track: its system calls, each
from the call to the moment it goes on; faults; and what it serves for others. Arrows lead from a call or fault to who
serves it and back. On a hart's track: whose turn it is, the kernel in between, and idle time. A dump that was cut
short, or whose ring had overwritten its beginning, is drawn as far as it goes, and that is said."""

import argparse
import bisect
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "idl"))
import syntax  # noqa: E402  (the interface compiler's)

CALL, FAULT, INTERRUPT, RUN = 1, 2, 3, 5
SYS_CALL, SYS_REPLY_RECV, SYS_MAP, SYS_GIVE, SYS_TRACE = 0, 1, 12, 4, 64
CALLS = ("call reply_recv signal save_reply give delete revoke inspect split carve make fill map unmap table scan "
         "thread_set thread_regs system").split()
CAUSES = {0: "fetch misaligned", 1: "fetch access", 2: "illegal instruction", 3: "breakpoint", 4: "load misaligned",
          5: "load access", 6: "store misaligned", 7: "store access", 12: "fetch page", 13: "load page", 15: "store page"}
INTERRUPTS = {1: "software", 5: "timer", 9: "external"}
VERBS = ("copy", "share", "freeze", "lend", "donate")
NOTE_THREAD, NOTE_NAME, NOTE_ALLOC, NOTE_FREE, NOTE_BEGIN, NOTE_END, NOTE_MARK, NOTE_VALUE = range(1, 9)
INFO_REPLY, INFO_MAP, INFO_FAIL = 1 << 11, 1 << 14, 1 << 15
KIND_SIGNALS, KIND_FAULT = 1, 2
MEM, HARTS = 1000000, 1000001   # process numbers that no process has
HEAD = re.compile(r"trace: dump (\d+) harts (\d+) timebase (\d+)$")
HART = re.compile(r"trace: hart (\d+) first (\d+) events (\d+) time (\d+)$")
END = re.compile(r"trace: end (\d+)$")
EVENT = re.compile(r"[0-9a-f]{1,4}( [0-9a-f]{1,16}){1,7}$")


class Wrong(Exception):
    """There is no trace in what was read; the text is the reason."""


class Event:
    """One event of one hart."""
    __slots__ = ("kind", "number", "time", "thread", "value", "hart", "at")

    def __init__(self, words, before, hart, at):
        words = words + [0] * (8 - len(words))
        self.kind, self.number = words[0] & 0xff, words[0] >> 8
        self.time = before + words[1]
        self.thread, self.value = words[2], words[3:]
        self.hart, self.at = hart, at


class Dump:
    """All that a dump says: events in the order of time, and what is wrong with it."""

    def __init__(self, text):
        self.events, self.problems, self.lost = [], [], 0
        self.harts, self.timebase = 0, 0
        self.wanted, self.got, self.ended = {}, {}, False
        hart, before = None, 0
        for line in text.splitlines():
            line = line.strip()
            if HEAD.match(line):
                version, self.harts, self.timebase = map(int, HEAD.match(line).groups())
                if version != 1 or not self.timebase:
                    raise Wrong(f"a dump of version {version} with timebase {self.timebase}: this tool reads version 1")
                self.events, self.wanted, self.got, self.lost, self.ended, hart = [], {}, {}, 0, False, None
            elif not self.timebase or self.ended:
                continue
            elif HART.match(line):
                hart, first, count, before = map(int, HART.match(line).groups())
                self.wanted[hart], self.got[hart] = count, 0
                self.lost += first - 1
            elif END.match(line):
                self.ended = True
            elif hart is not None and EVENT.match(line):
                self.events.append(Event([int(word, 16) for word in line.split()], before, hart, self.got[hart]))
                before = self.events[-1].time
                self.got[hart] += 1
            elif line and hart is not None:
                self.problems.append(f"no event: {line[:60]!r}")
        if not self.timebase:
            raise Wrong("no `trace: dump` in what was read")
        self.check()
        self.events.sort(key=lambda event: (event.time, event.hart, event.at))

    def check(self):
        """Says what is missing."""
        for hart, wanted in self.wanted.items():
            if self.got[hart] != wanted:
                self.problems.append(f"hart {hart}: {self.got[hart]} of {wanted} events")
        if len(self.wanted) < self.harts:
            self.problems.append(f"{len(self.wanted)} of {self.harts} harts")
        if not self.ended:
            self.problems.append("no end: the dump was cut short")
        if not self.events:
            self.problems.append("no events")


def interface_names(paths):
    """Label of a message -> interface.call; problems with the files go into the second."""
    names, problems = {}, []
    for path in paths:
        try:
            with open(path, encoding="latin-1") as file:
                interface = syntax.parse(path, file.read())
        except (syntax.Problem, OSError) as problem:
            problems.append(str(problem))
            continue
        for index, call in enumerate(interface.calls, 1):
            names[interface.number.number << 16 | index] = f"{interface.name.text}.{call.name.text}"
    return names, problems


def system_interfaces():
    """The interface files of the source tree, or of the SDK."""
    root = os.path.dirname(HERE)
    return sorted(glob.glob(os.path.join(root, "servers", "*", "*.idl")) +
                  glob.glob(os.path.join(root, "share", "tessera", "idl", "*.idl")))


def text_of(words):
    return b"".join(word.to_bytes(8, "little") for word in words).split(b"\0")[0].decode("ascii", "replace")


class History:
    """Values of keys over time: of a moment before the first that is known, that one counts."""

    def __init__(self):
        self.of = {}

    def add(self, key, time, value):
        times, values = self.of.setdefault(key, ([], []))
        times.append(time)
        values.append(value)

    def at(self, key, time):
        times, values = self.of.get(key, ((), ()))
        return values[max(bisect.bisect_right(times, time) - 1, 0)] if times else None


class Names:
    """Whose thread an address is, at a time."""

    def __init__(self, dump):
        self.threads, self.spaces = History(), History()
        self.others = "mem" if not dump.lost else "mem, or ended long ago"
        self.tids, self.seen = {}, {}
        for event in dump.events:
            if event.kind == CALL and event.number == SYS_TRACE:
                what, *words = event.value
                if what == NOTE_THREAD:
                    self.threads.add(words[0], event.time, (words[1], words[2]))
                elif what == NOTE_NAME:
                    self.spaces.add(words[0], event.time, (words[1], text_of(words[2:])))

    def thread(self, address, time):
        """(pid, tid, name of the process, of the thread). mem notes all threads but its own; proc knows no space of its
        own: it is noted as space 0."""
        space = self.threads.at(address, time)
        if space:
            unknown = self.spaces.at(0, time) or (MEM + 2 + space[0], f"space {space[0]}")
            pid, name = self.spaces.at(space[0], time) or unknown
        else:
            pid, name = MEM, self.others
        tid = self.tids.setdefault((address, pid), len(self.tids) + 1)
        number = f"/{space[1]}" if space else f" {address:#x}"
        self.seen[pid, tid] = (name, name + number)
        return pid, tid, name, name + number


class Drawing:
    """Events in, the list of Chrome's events out."""

    def __init__(self, dump, labels):
        self.dump, self.labels = dump, labels
        self.names = Names(dump)
        self.out, self.pending, self.serving, self.flows = [], {}, {}, 0
        self.arrows, self.running, self.kernel, self.spans = {}, {}, {}, {}
        self.origin = dump.events[0].time if dump.events else 0
        self.count = {"calls": {}, "faults": {}, "cpu": {}}

    def us(self, time):
        return round((time - self.origin) * 1e6 / self.dump.timebase, 3)

    def track(self, address, time):
        pid, tid, _, _ = self.names.thread(address, time)
        return {"pid": pid, "tid": tid}

    def slice(self, track, name, category, start, end, args=None):
        self.out.append({"ph": "X", "name": name, "cat": category, "ts": self.us(start),
                         "dur": round(self.us(end) - self.us(start), 3), **track, "args": args or {}})

    def arrow(self, step, number, name, time, track):
        self.out.append({"ph": step, "id": number, "name": name, "cat": "ipc", "ts": self.us(time), **track,
                         **({"bp": "e"} if step == "f" else {})})

    def label(self, info):
        number = info >> 32
        return self.labels.get(number, f"message {number:#x}")

    def described(self, event):
        """(name, category, args) of what a thread entered the kernel for."""
        value = event.value
        if event.kind == FAULT:
            cause = CAUSES.get(event.number, f"cause {event.number}")
            return f"fault: {cause}", "fault", {"address": hex(value[0]), "pc": hex(value[1]), "sp": hex(value[2]),
                                                "ra": hex(value[3])}
        if event.kind == INTERRUPT:
            return f"interrupt: {INTERRUPTS.get(event.number & 31, event.number & 31)}", "interrupt", {"pc": hex(value[1])}
        name = CALLS[event.number] if event.number < len(CALLS) else f"no call {event.number}"
        if event.number == SYS_CALL:
            args = {"words": [hex(word) for word in value[2:2 + min(value[1] & 0xff, 3)]]}
            if value[1] >> 8 & 7:
                args["capabilities handed off"] = value[1] >> 8 & 7
            return self.label(value[1]), "ipc", args
        if event.number == SYS_GIVE:
            return f"give: {VERBS[value[0]] if value[0] < 5 else value[0]}", "hand-off", {"slots": value[2]}
        if event.number == SYS_MAP:
            return name, "map", {"va": hex(value[1]), "rights": value[2], "runs": value[3]}
        return name, "system call", {"arguments": [hex(word) for word in value]}

    def enter(self, event):
        """A thread comes into the kernel."""
        track = self.track(event.thread, event.time)
        since = self.running.pop(event.hart, None)
        if since and since[0] == event.thread:
            name = self.names.thread(event.thread, event.time)
            self.slice({"pid": HARTS, "tid": event.hart + 1}, name[3], "user", since[1], event.time)
            self.count["cpu"][name[2]] = self.count["cpu"].get(name[2], 0) + event.time - since[1]
        self.kernel[event.hart] = event.time
        if event.kind == CALL and event.number == SYS_TRACE:
            self.note(event, track)
            self.pending[event.thread] = None
            return
        name, category, args = self.described(event)
        self.pending[event.thread] = (event, name, category, args)
        if event.kind == CALL and event.number == SYS_REPLY_RECV:
            self.answered(event, track)
        elif event.kind == FAULT or (event.kind == CALL and event.number == SYS_CALL):
            self.flows += 1
            self.arrows[event.thread] = (self.flows, name)
            self.arrow("s", self.flows, name, event.time, track)

    def answered(self, event, track):
        """A server goes back to wait: what it served is done."""
        served = self.serving.pop(event.thread, None)
        if not served:
            return
        start, name, caller, number = served
        info = event.value[1]
        how = "maps" if info & INFO_MAP else "refused" if info & INFO_FAIL else "answer"
        args = {"outcome": how if info & INFO_REPLY else "answered later"}
        if info & INFO_MAP:
            args["map items"] = info & 0xff
        self.slice(track, f"serve {name}", "serve", start, event.time, args)
        if number and info & INFO_REPLY:
            self.flows += 1
            self.arrows[caller] = (self.flows, name)
            self.arrow("s", self.flows, name, max(start, event.time - 1), track)

    def run(self, event):
        """A thread goes on."""
        track = self.track(event.thread, event.time)
        start = self.kernel.pop(event.hart, None)
        if start is not None:
            self.slice({"pid": HARTS, "tid": event.hart + 1}, "kernel", "kernel", start, event.time)
        self.running[event.hart] = (event.thread, event.time)
        entered = self.pending.pop(event.thread, None)
        if not entered:
            return
        came, name, category, args = entered
        if came.kind == CALL and came.number == SYS_REPLY_RECV:
            self.received(event, track)
            return
        if came.kind == CALL:
            result = event.value[0] - (1 << 64) if event.value[0] >> 63 else event.value[0]
            args["result"] = -result if result < 0 else result if came.number != SYS_CALL else event.value[2] >> 32
        self.slice(track, name, category, came.time, event.time, args)
        who = self.names.thread(event.thread, event.time)[2]
        if category == "ipc":
            took = self.count["calls"].setdefault((who, name), [])
            took.append(event.time - came.time)
        elif category == "fault":
            self.count["faults"][who] = self.count["faults"].get(who, 0) + 1
        number, title = self.arrows.pop(event.thread, (None, None))
        if number and category in ("ipc", "fault"):
            self.arrow("f", number, title, max(came.time, event.time - 1), track)

    def received(self, event, track):
        """A server got something: a message, a fault or signals."""
        status, caller, info = event.value[:3]
        kind = info >> 16 & 3
        if status:
            return
        if kind == KIND_SIGNALS:
            self.out.append({"ph": "i", "s": "t", "name": f"signals {event.value[3]:#x}", "cat": "ipc",
                             "ts": self.us(event.time), **track})
        elif caller:
            entered = self.pending.get(caller)
            name = entered[1] if entered else "fault" if kind == KIND_FAULT else self.label(info)
            number, title = self.arrows.pop(caller, (None, None))
            self.serving[event.thread] = (event.time, name, caller, number)
            if number:
                self.arrow("f", number, title, event.time, track)

    def note(self, event, track):
        """What a program said itself."""
        what, *words = event.value
        place = {"ts": self.us(event.time), "cat": "note", **track}
        if what == NOTE_THREAD and not self.names.threads.at(event.thread, event.time):
            self.ended(words[0], event.time)    # from mem: a new thread where another may have been
        elif what == NOTE_BEGIN:
            self.out.append({"ph": "B", "name": text_of(words), **place})
        elif what == NOTE_END:
            self.out.append({"ph": "E", **place})
        elif what == NOTE_MARK:
            self.out.append({"ph": "i", "s": "t", "name": text_of(words), **place})
        elif what == NOTE_VALUE:
            self.out.append({"ph": "C", "name": text_of(words[1:]), **place, "args": {"value": words[0]}})
        elif what in (NOTE_ALLOC, NOTE_FREE):
            name = "malloc span" if what == NOTE_ALLOC else "span freed"
            self.spans[track["pid"]] = self.spans.get(track["pid"], 0) + (words[1] if what == NOTE_ALLOC else -words[1])
            self.out.append({"ph": "i", "s": "t", "name": name, **place,
                             "args": {"address": hex(words[0]), "bytes": words[1]}})
            self.out.append({"ph": "C", "name": "bytes in spans", **place, "args": {"bytes": self.spans[track["pid"]]}})

    def ended(self, thread, time):
        """What a thread had begun, drawn up to a time at which it is no more, or the trace is not."""
        came, name, category, args = self.pending.pop(thread, None) or (None, None, None, None)
        if came and not (came.kind == CALL and came.number == SYS_REPLY_RECV):
            self.slice(self.track(thread, came.time), name, category, came.time, time, {**args, "unfinished": True})
        start, name, _, _ = self.serving.pop(thread, (None, None, None, None))
        if start is not None:
            self.slice(self.track(thread, start), f"serve {name}", "serve", start, time, {"unfinished": True})
        self.arrows.pop(thread, None)

    def draw(self):
        """The whole file, as what json writes."""
        for event in self.dump.events:
            if event.kind in (CALL, FAULT) or (event.kind == INTERRUPT and event.thread):
                self.enter(event)
            elif event.kind == RUN:
                self.run(event)
            elif event.kind == INTERRUPT:
                start = self.kernel.pop(event.hart, None)
                if start is not None:
                    self.slice({"pid": HARTS, "tid": event.hart + 1}, "idle", "idle", start, event.time)
                self.kernel[event.hart] = event.time
                self.out.append({"ph": "i", "s": "t", "name": "interrupt while idle", "cat": "interrupt", "pid": HARTS,
                                 "tid": event.hart + 1, "ts": self.us(event.time), "args": {"sip": hex(event.value[0])}})
        end = self.dump.events[-1].time if self.dump.events else 0
        for thread in sorted({*self.pending, *self.serving}):
            self.ended(thread, end)
        self.out.sort(key=lambda event: event["ts"])
        return {"traceEvents": self.heads() + self.out, "displayTimeUnit": "ns",
                "otherData": {"harts": self.dump.harts, "timebase": self.dump.timebase, "events": len(self.dump.events),
                              "lost": self.dump.lost, "problems": self.dump.problems}}

    def heads(self):
        """Names of processes and threads."""
        found = [{"ph": "M", "name": "process_name", "pid": HARTS, "args": {"name": "harts"}}]
        for hart in range(self.dump.harts):
            found.append({"ph": "M", "name": "thread_name", "pid": HARTS, "tid": hart + 1, "args": {"name": f"hart {hart}"}})
        named = set()
        for (pid, tid), (process, thread) in sorted(self.names.seen.items()):
            if pid not in named:
                found.append({"ph": "M", "name": "process_name", "pid": pid, "args": {"name": process}})
                named.add(pid)
            found.append({"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": thread}})
        return found

    def summary(self):
        """Lines: time by process, the calls that took longest in all."""
        scale = 1e6 / self.dump.timebase
        yield f"{'process':<24}{'user us':>12}{'faults':>10}"
        for name, ticks in sorted(self.count["cpu"].items(), key=lambda item: -item[1]):
            yield f"{name:<24}{ticks * scale:>12.1f}{self.count['faults'].get(name, 0):>10}"
        yield f"{'caller':<24}{'call':<28}{'times':>8}{'us each':>10}{'us most':>10}"
        for (who, name), took in sorted(self.count["calls"].items(), key=lambda item: -sum(item[1])):
            yield f"{who:<24}{name:<28}{len(took):>8}{sum(took) * scale / len(took):>10.1f}{max(took) * scale:>10.1f}"


def main(words):
    parser = argparse.ArgumentParser(prog="trace", description="Makes Chrome/Perfetto JSON of what `trace dump` printed.")
    parser.add_argument("file", nargs="?", default="-", help="what was printed (default: standard input)")
    parser.add_argument("-o", dest="out", metavar="FILE", default="-", help="the JSON (default: standard output)")
    parser.add_argument("--idl", metavar="FILE", nargs="+", default=[], help="further interfaces, for the names of calls")
    parser.add_argument("--summary", action="store_true", help="a table instead: time, faults and calls by process")
    options = parser.parse_args(words)
    try:
        if options.file == "-":
            text = sys.stdin.buffer.read().decode("utf-8", "replace")
        else:
            with open(options.file, "rb") as file:
                text = file.read().decode("utf-8", "replace")
        labels, problems = interface_names(system_interfaces() + options.idl)
        dump = Dump(text)
        drawing = Drawing(dump, labels)
        whole = drawing.draw()
        if options.summary:
            print("\n".join(drawing.summary()))
        elif options.out == "-":
            json.dump(whole, sys.stdout)
        else:
            with open(options.out, "w", encoding="ascii") as file:
                json.dump(whole, file)
    except Wrong as wrong:
        print(f"trace: {wrong}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"trace: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    for problem in [*problems, *dump.problems]:
        print(f"trace: {problem}", file=sys.stderr)
    if dump.lost:
        print(f"trace: {dump.lost} earlier events were overwritten", file=sys.stderr)
    return 1 if dump.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
