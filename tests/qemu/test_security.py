"""Rows of the security checklist (docs/security.md) that show on the console."""


def test_c08_a_program_gets_no_device_and_nothing_of_others(shell):
    assert shell.ok("trespass") == "trespass: everything was refused\n"  # mem has its records now
    before = shell.free(), shell.processes()
    assert shell.ok("trespass") == "trespass: everything was refused\n"
    assert (shell.free(), shell.processes()) == before


def test_c39_files_of_the_archive_are_whole_after_all_memory_was_used(boot, archive):
    text = "".join(f"line {number} of a file\n" for number in range(4000))
    shell = boot(mem="64M", archive=archive({"etc/long": text.encode()}))
    before = shell.memory()
    shell.run("oom touch")
    assert shell.ok("cat /etc/long") == text
    assert shell.memory()["ram"] == before["ram"]
    assert shell.ok("hello") == "hello, world\n"


def test_c44_escape_sequences_in_file_names_are_printed_escaped(boot, archive):
    shell = boot(archive=archive({"bin/\x1b[31mred": b"no program", "bin/\x07bell": b"no program"}))
    for command in ("ls /bin", "help"):
        text = shell.ok(command)
        assert "\\x1b[31mred" in text
        assert not set(text) & {"\x1b", "\x07"}
