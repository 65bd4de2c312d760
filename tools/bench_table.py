"""bench_table.py: the figures there are, what they are compared with, and how they are shown.

Every figure is a count of guest instructions: less is better. docs/bench.md says what each one counts."""

import json

TOLERANCE = 2.0  # per cent that a figure may be worse

# Key: what peers need for it (measured on the same QEMU), at most, aim.
ROWS = {
    "ipc.round_trip": ("seL4 548", 270, 215),
    "ipc.round_trip_fpu": ("seL4 718", 420, 330),
    "ipc.round_trip_100w": ("seL4 3,216 (120)", 1100, 700),
    "ipc.lend_frame": ("", 1200, 800),
    "signal.wake": ("seL4 619", 200, 150),
    "syscall.null": ("seL4 312", 90, 60),
    "syscall.inspect": ("", None, None),
    "fault.zero_page": ("seL4 2,186", 900, 600),
    "fault.zero_page_cold": ("xv6 14,128", 1700, 1300),
    "fault.around": ("", 200, 110),
    "fault.custom_pager": ("seL4 2,186", 2200, 1500),
    "map.page_batch512": ("seL4 736", 60, 35),
    "unmap.page_batch512": ("seL4 689", 60, 35),
    "protect.page_batch512": ("seL4 757", 60, 35),
    "map.page": ("seL4 738", None, None),
    "unmap.page": ("seL4 689", None, None),
    "frame.split512": ("seL4 967", None, None),
    "frame.clear": ("", None, None),
    "frame.share": ("", None, None),
    "cap.copy": ("seL4 870", None, None),
    "cap.delete": ("seL4 851", None, None),
    "mem.map_64k": ("", 250, 150),
    "mem.unmap_64k": ("", None, None),
    "spawn.hello": ("xv6 1,034,786", 200000, 100000),
    "boot.to_root": ("seL4 241,500", 100000, 40000),
    "boot.to_prompt": ("xv6 16,100,000", 5000000, 3000000),
    "boot.to_prompt_16g": ("", 5000000, 3000000),
    "irq.latency": ("seL4 401", 600, 400),
    "malloc.pair16": ("snmalloc 42", None, None),
    "memcpy.page": ("", None, None),
    "memset.page": ("", None, None),
    "file.open_close": ("", None, None),
    "file.read_900": ("", None, None),
    "file.write_900": ("", None, None),
    "file.seek": ("", None, None),
    "pipe.800": ("", None, None),
    "scale.ipc_round_trip.1": ("", None, None),
    "scale.ipc_round_trip.100": ("", None, None),
    "scale.ipc_round_trip.1000": ("", None, None),
    "scale.timer.1": ("", None, None),
    "scale.timer.100": ("", None, None),
    "scale.timer.10000": ("", None, None),
    "scale.revoke.100": ("", None, None),
    "scale.revoke.10000": ("", None, None),
    "scale.revoke.100000": ("", None, None),
    "scale.fault_zero_page.1000": ("", None, None),
    "scale.fault_zero_page.10000": ("", None, None),
    "scale.fault_zero_page.100000": ("", None, None),
    "scale.map_64k.whole": ("", None, None),
    "scale.map_64k.fragmented": ("", None, None),
}
# What a run must give; the other rows have no measure yet.
UNMEASURED = {"fault.custom_pager"}
# What `make test` checks.
CHECKED = ("ipc.round_trip", "ipc.round_trip_fpu", "ipc.round_trip_100w", "ipc.lend_frame", "signal.wake", "syscall.null",
           "fault.zero_page", "fault.zero_page_cold", "fault.around", "map.page_batch512", "unmap.page_batch512",
           "protect.page_batch512", "mem.map_64k", "spawn.hello", "boot.to_root", "boot.to_prompt", "irq.latency")


def load(path):
    with open(path, encoding="ascii") as file:
        return json.load(file)


def change(now, before):
    """Per cent, None when there is nothing to compare."""
    return 100 * (now - before) / before if before else None


def number(value):
    return "" if value is None else f"{value:,}"


def order(keys):
    """Known keys in the order of ROWS, the others behind."""
    places = {key: i for i, key in enumerate(ROWS)}
    return sorted(keys, key=lambda key: (places.get(key, len(places)), key))


def show(now, before):
    """The table on stdout. `over` marks what is above its `at most`."""
    print(f"{'':24}{'now':>12}{'previous':>12}{'change':>9}  {'peers':<18}{'at most':>12}{'aim':>12}")
    for key in order(set(ROWS) | set(now)):
        peers, most, aim = ROWS.get(key, ("", None, None))
        value, percent = now.get(key), None
        if value is not None and key in before:
            percent = change(value, before[key])
        moved = "" if percent is None else "same" if not percent else f"{percent:+.1f} %"
        said = "" if value is None or most is None or value <= most else "  over"
        text = "-" if value is None else number(value)
        print(f"{key:<24}{text:>12}{number(before.get(key)):>12}{moved:>9}  {peers:<18}"
              f"{number(most):>12}{number(aim):>12}{said}")


def worse(now, before):
    """One line for each figure that got worse by more than TOLERANCE or is gone."""
    lines = []
    for key in order(before):
        if key not in now:
            lines.append(f"{key}: {number(before[key])}, not measured now")
            continue
        percent = change(now[key], before[key])
        if (percent is None and now[key]) or (percent is not None and percent > TOLERANCE):
            lines.append(f"{key}: {number(before[key])}, now {number(now[key])}"
                         + ("" if percent is None else f" ({percent:+.1f} %)"))
    return lines
