"""The disk server: several requests at once on both transports, errors told to the one client, restart with DMA under way."""

import os
import re

import cpio
import pytest
from conftest import BUILD, ROOT

MODERN = ["-global", "virtio-mmio.force-legacy=false"]


@pytest.fixture
def image(tmp_path):
    """A disk of 4 MiB full of 0xaa."""
    path = tmp_path / "disk"
    path.write_bytes(b"\xaa" * (4 << 20))
    return str(path)


def drive(path, *options, modern=True):
    """QEMU's words for a disk."""
    text = ",".join([f"file={path}", "if=none", "format=raw", "id=disk", *options])
    return [*(MODERN if modern else []), "-drive", text, "-device", "virtio-blk-device,drive=disk"]


def failing(path, sector, kind):
    """A disk where one sector cannot be read (or written)."""
    inject = f'{{"event":"none","iotype":"{kind}","sector":{sector},"errno":5,"once":false}}'
    return [*MODERN, "-blockdev", f"driver=file,filename={path},node-name=f",
            "-blockdev", "driver=raw,file=f,node-name=r",
            "-blockdev", f'{{"driver":"blkdebug","node-name":"d","image":"r","inject-error":[{inject}]}}',
            "-device", "virtio-blk-device,drive=d"]


@pytest.mark.parametrize("modern", (True, False), ids=("modern", "legacy"))
def test_what_is_written_is_read_back_with_many_requests_at_once(boot, image, modern):
    shell = boot(qemu_args=drive(image, modern=modern))
    text = shell.ok("grant blk disktest check 1024")
    assert text.endswith("check: ok\n")
    for at_once in re.findall(r"up to (\d+) at once", text):
        assert int(at_once) > 21
    with open(image, "rb") as file:
        data = file.read()
    assert b"\xaa" * 512 not in data[:512 << 10] and data[512 << 10:] == b"\xaa" * (7 << 19)


def test_requests_outside_the_disk_or_the_window_are_refused(boot, image):
    assert boot(qemu_args=drive(image)).ok("grant blk disktest bounds") == "bounds: ok\n"


def test_a_missing_disk_is_an_error_and_nothing_else(shell):
    text, status = shell.run("grant blk disktest info")
    assert status == 1 and "no such" in text
    assert shell.ok("hello") == "hello, world\n"


def test_a_read_only_disk_refuses_writes(boot, image):
    shell = boot(qemu_args=drive(image, "readonly=on"))
    assert "read-only" in shell.ok("grant blk disktest info")
    assert shell.ok("grant blk disktest write 3") == "write: read-only\n"
    assert shell.ok("grant blk disktest read 3 1") == "sector 3: success\n"


def test_an_error_of_one_sector_is_told_to_its_request_alone(boot, image):
    shell = boot(qemu_args=failing(image, 100, "read"))
    lines = shell.ok("grant blk disktest read 98 5").splitlines()
    assert [line.endswith("success") for line in lines] == [True, True, False, True, True]
    assert lines[2] == "sector 100: the device reported an error"


def test_a_write_error_is_told(boot, image):
    shell = boot(qemu_args=failing(image, 50, "write"))
    assert shell.ok("grant blk disktest write 50") == "write: the device reported an error\n"
    assert shell.ok("grant blk disktest write 51") == "write: success\n"


def test_no_program_opens_the_disk_by_itself(boot, image):
    shell = boot(qemu_args=drive(image))
    assert shell.run("shell -c 'grant blk disktest info'")[1] == 1


def test_a_slow_disk_holds_up_nobody_else(boot, image):
    shell = boot(qemu_args=drive(image, "throttling.iops-total=1"))
    shell.start("grant blk disktest hold 0 &")
    shell.expect("held\r\n")
    assert shell.ok("hello") == "hello, world\n"
    shell.ok(f"kill {shell.pids()['disktest']}")


def test_a_disk_server_killed_with_requests_under_way_starts_again(boot, image):
    shell = boot(qemu_args=drive(image, "throttling.iops-total=20"))
    shell.start("grant blk disktest hold 0 &")
    shell.expect("held\r\n")
    before = shell.pids()
    shell.ok(f"kill {before['blk']}; kill {before['disktest']}")
    assert shell.ok("grant blk disktest check 64").endswith("check: ok\n")
    assert shell.pids()["blk"] > before["blk"]


def test_memory_under_dma_is_not_given_out_before_the_device_was_reset(boot, image):
    # The third death within 10 s is the last: the device is not reset, its reads go on and end seconds later.
    shell = boot(qemu_args=drive(image, "throttling.iops-total=1"))
    shell.ok("grant blk disktest info")
    for _ in range(2):
        before = shell.pids()["blk"]
        shell.ok(f"kill {before}")
        shell.ok("grant blk disktest info")
    shell.start("grant blk disktest hold 0 &")
    shell.expect("held\r\n")
    pids = shell.pids()
    shell.ok(f"kill {pids['blk']}; kill {pids['disktest']}")
    assert "blk" not in shell.pids()
    text = shell.ok("disktest witness 6")
    found = re.match(r"witness: (\d+) MiB, (\d+) words changed", text)
    assert int(found.group(1)) > 100 and found.group(2) == "0"


TEXT = "".join(f"line {number} of a text that is longer than one line of the cache\n" for number in range(9000))


@pytest.fixture
def disk(tmp_path):
    """disk({"name": bytes}) -> path of a disk with an archive of these files, with room behind it."""
    def build(files, cut=None):
        pairs = []
        for number, (name, data) in enumerate(files.items()):
            path = tmp_path / f"file{number}"
            path.write_bytes(data)
            pairs.append((name, str(path)))
        data = cpio.write(pairs)[:cut]
        path = tmp_path / "disk"
        path.write_bytes(data + bytes(-len(data) % (1 << 20)))
        return str(path)
    return build


def test_files_on_the_disk_are_listed_and_read_to_the_byte(boot, disk):
    path = disk({"text": TEXT.encode(), "deep/er/file": b"found\n", "empty": b"", "last": b"end\n"})
    shell = boot(qemu_args=drive(path))
    assert [line.split()[-1] for line in shell.ok("ls /disk").splitlines()] == ["deep", "empty", "last", "text"]
    assert shell.ok("cat /disk/deep/er/file /disk/empty /disk/last") == "found\nend\n"
    assert shell.ok("cat /disk/text", timeout=120) == TEXT
    assert shell.run("echo x > /disk/last")[1] == 1
    assert shell.run("cat /disk/nothing")[1] == 1


def test_a_program_runs_from_the_disk(boot, disk):
    with open(os.path.join(ROOT, "build", BUILD, "user", "hello"), "rb") as file:
        shell = boot(qemu_args=drive(disk({"bin/hello": file.read()})))
    assert shell.ok("/disk/bin/hello two") == "hello, world\ntwo\n"


def test_without_a_disk_its_directory_is_empty(shell):
    assert shell.ok("ls /disk") == ""
    assert shell.run("cat /disk/text")[1] == 1


def test_a_broken_archive_on_the_disk_is_served_up_to_where_it_breaks(boot, disk):
    shell = boot(qemu_args=drive(disk({"good": b"good\n", "bad": b"bad\n"}, cut=4150)))
    assert shell.ok("cat /disk/good") == "good\n"
    assert shell.ok("ls /disk").split()[1:] == ["good"]


def test_a_bad_sector_fails_the_reads_that_need_it_alone(boot, disk):
    path = disk({"first": TEXT.encode(), "second": b"second\n"})
    with open(path, "rb") as file:
        sector = file.read().index(b"line 4000 of") // 512
    shell = boot(qemu_args=failing(path, sector, "read"))
    text, status = shell.run("cat /disk/first", timeout=120)
    assert status == 1 and "the device reported an error" in text
    good = text.partition("shell:")[0]
    assert TEXT.startswith(good) and TEXT.index("line 4000 of") - 8192 < len(good) <= sector * 512
    assert shell.ok("cat /disk/second") == "second\n"


def test_who_waits_for_a_slow_disk_holds_up_no_other_file(boot, disk):
    shell = boot(qemu_args=drive(disk({"text": TEXT.encode()}), "throttling.iops-total=4"))
    shell.ok("wc /disk/text > /tmp/count &")
    assert shell.ok("echo quick > /tmp/a; cat /tmp/a") == "quick\n"
    shell.ok("wait", timeout=120)
    assert shell.ok("cat /tmp/count").split()[0] == "9000"


def test_a_disk_server_killed_under_load_costs_its_readers_nothing(boot, disk):
    shell = boot(qemu_args=drive(disk({"text": TEXT.encode()}), "throttling.iops-total=8"))
    shell.ok("wc /disk/text > /tmp/one &")
    shell.ok("cat /disk/text | wc > /tmp/two &")
    shell.ok(f"kill {shell.pids()['blk']}")
    shell.ok("wait", timeout=120)
    for name in ("one", "two"):
        assert shell.ok(f"cat /tmp/{name}").split()[0] == "9000"


def test_a_file_server_killed_while_it_waits_for_the_disk_starts_anew(boot, disk):
    shell = boot(qemu_args=drive(disk({"text": TEXT.encode()}), "throttling.iops-total=4"))
    shell.ok("wc /disk/text &")
    shell.ok(f"kill {shell.pids()['file']}")
    shell.run("wait", timeout=120)
    assert shell.ok("wc /disk/text", timeout=120).split()[0] == "9000"
