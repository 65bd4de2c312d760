"""Files: made, written, moved and removed; redirection and pipes; what a dead process had open; the server's limits."""

import re


def used(shell):
    """(bytes, files) that files in RAM take."""
    found = re.match(r"(\d+) of \d+ bytes used by files in RAM; (\d+) files", shell.ok("df"))
    return int(found.group(1)), int(found.group(2))


def test_every_file_call_does_what_its_interface_says(shell):
    shell.ok("filetest")
    before = used(shell)
    assert shell.ok("filetest") == "filetest: ok\n"
    assert used(shell) == before


def test_output_goes_to_a_file_and_comes_back(shell):
    shell.ok("echo one > /tmp/a; echo two >> /tmp/a")
    assert shell.ok("cat /tmp/a") == "one\ntwo\n"
    assert shell.ok("cat < /tmp/a") == "one\ntwo\n"
    assert shell.ok("echo three > /tmp/a; cat /tmp/a") == "three\n"


def test_a_programs_output_goes_to_a_file(shell):
    shell.ok("hello one > /tmp/out")
    assert shell.ok("cat /tmp/out") == "hello, world\none\n"


def test_a_pipeline_carries_every_byte(shell):
    shell.ok("echo 'a b' > /tmp/a; echo c >> /tmp/a")
    assert shell.ok("cat /tmp/a | cat | wc").split() == ["2", "3", "6"]
    size = int(shell.ok("ls /bin/hello").split()[0])
    assert int(shell.ok("cat /bin/hello | cat | wc").split()[2]) == size


def test_a_pipelines_status_is_its_last_commands(shell):
    assert shell.run("hello | cat /nosuch")[1] == 1
    assert shell.ok("nosuchprogram | wc; echo status $?").endswith("status 0\n")


def test_a_program_inherits_the_streams_of_a_redirected_shell(shell):
    shell.ok("echo 'hello one; hello two | cat' > /tmp/script; shell /tmp/script > /tmp/out")
    assert shell.ok("cat /tmp/out") == "hello, world\none\nhello, world\ntwo\n"


def test_a_script_runs_to_its_end_and_gives_its_status(shell):
    shell.ok("echo echo first > /tmp/s; echo 'cat /nosuch' >> /tmp/s")
    text, status = shell.run("shell /tmp/s")
    assert text.startswith("first\n") and status == 1


def test_files_are_copied_moved_and_removed(shell):
    shell.ok("mkdir /tmp/d; cp /bin/hello /tmp/d/h; mv /tmp/d/h /tmp")
    assert shell.ok("ls /bin/hello").split()[0] == shell.ok("ls /tmp/h").split()[0]
    shell.ok("rmdir /tmp/d; rm /tmp/h")
    assert "h" not in shell.ok("ls /tmp").split()
    assert shell.run("ls /tmp/d")[1] == 1


def test_what_the_archive_brought_cannot_be_changed(shell):
    for command in ("rm /bin/hello", "mv /bin/hello /tmp/h", "echo x > /bin/hello", "rmdir /bin", "cp /etc/x /bin/hello"):
        assert shell.run(command)[1] != 0, command
    assert shell.ok("hello") == "hello, world\n"


def test_what_a_dead_process_had_open_is_closed(shell):
    before = used(shell)
    for _ in range(20):
        assert shell.ok("filetest hold 90") == "held 90\n"
    assert used(shell) == before


def test_what_a_dead_process_had_mapped_comes_back(shell):
    before = used(shell)
    shell.nothing_lost(lambda: [shell.ok("filetest map 2000") for _ in range(5)])
    assert used(shell) == before


def test_touching_what_was_cut_off_a_mapped_file_is_a_fault_of_that_process_alone(shell):
    text, status = shell.run("filetest cut")
    assert status == 139 and "cut\nfault: filetest" in text and "write at" in text
    assert shell.ok("filetest; rm /tmp/cut") == "filetest: ok\n"


def test_processes_of_one_program_share_its_text_and_pay_nothing_for_it(shell):
    shell.ok("spin &")
    shell.ok("spin &")
    spinning = [pid for pid, name in shell.processes() if name == "spin"]
    assert len(spinning) == 2
    for pid in spinning:
        rows = [line.split(None, 5) for line in shell.ok(f"maps {pid}").splitlines() if " r-x " in line]
        assert len(rows) == 1
        _, _, size, committed, resident, kind = rows[0]
        assert kind == "object shared" and committed == "0" and 0 < int(resident) <= int(size)
    for pid in spinning:
        shell.ok(f"kill {pid}")


def test_a_program_runs_from_a_file_in_ram(shell):
    shell.ok("cp /bin/hello /tmp/h; cp /bin/cprog /tmp/c")
    assert shell.ok("/tmp/h one") == "hello, world\none\n"
    assert shell.ok("/tmp/c", timeout=120) == "cprog: ok\n"
    before = shell.free()
    shell.ok("/tmp/h; rm /tmp/c; cp /bin/cprog /tmp/c")
    assert abs(shell.free() - before) <= 64 << 10


def test_a_file_that_is_no_program_is_refused_with_a_reason(shell):
    shell.ok("echo text > /tmp/t; mkdir /tmp/d")
    text, status = shell.run("/tmp/t")
    assert status == 126 and "/tmp/t: " in text
    assert shell.run("/tmp/d")[1] == 127
    assert shell.run("/tmp/t/x")[1] == 127


def test_a_lock_is_a_processs_and_goes_with_it(shell):
    shell.start("filetest lock &")
    shell.expect("locked\r\n")
    pid = shell.pids()["filetest"]
    assert shell.ok("filetest locked") == f"busy: 100 to 150 of process {pid}\n"
    shell.ok(f"kill {pid}")
    assert shell.ok("filetest locked; filetest locked") == "free\nfree\n"


def test_a_writer_whose_reader_was_killed_ends(shell):
    shell.ok("filetest loop | spin &")
    shell.ok(f"kill {shell.pids()['spin']}")
    shell.ok("cat /bin/hello | nosuchprogram || echo gone")


def test_files_stop_at_their_limit_and_others_go_on(boot):
    shell = boot(mem="64M")
    shell.ok("filetest fill; rm /tmp/more")
    before, free = used(shell), shell.free()
    text = shell.ok("filetest fill; rm /tmp/more", timeout=180)
    assert int(re.match(r"filled (\d+): the file server's limit is reached", text).group(1)) > 14 << 20
    assert used(shell) == before
    assert abs(shell.free() - free) <= 1 << 20


def test_a_file_server_killed_under_load_is_back_and_the_load_goes_on(shell):
    shell.ok("filetest loop &")
    shell.ok("filetest loop &")
    shell.ok(f"kill {shell.pids()['file']}")
    assert shell.ok("echo back > /tmp/b; cat /tmp/b | cat") == "back\n"
    loops = [pid for pid, name in shell.processes() if name == "filetest"]
    assert len(loops) == 2
    for pid in loops:
        shell.ok(f"kill {pid}")
    assert "audit: ok" in shell.ok("audit")
