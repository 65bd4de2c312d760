"""The SDK: what `make sdk` installs makes programs, servers and images without the source tree."""

import os
import subprocess

import pytest
from conftest import BUILD, ROOT

pytestmark = pytest.mark.skipif(BUILD != "debug", reason="the SDK holds both images: once is enough")

HELLO = """#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) { printf("%s %.3f\\n", argv[argc - 1], sqrt(argc)); return argc; }
"""


def hidden(line):
    """The command line, run where the source tree cannot be seen, as far as the host allows that."""
    hide = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', ROOT]
    done = subprocess.run([*hide, "true"], capture_output=True, check=False)
    return [*hide, *line] if done.returncode == 0 else line


@pytest.fixture
def run(installed, tmp_path):
    """run("tessera-cc", "-c", "x.c") in a temporary folder: the finished process, which must succeed."""
    def start(tool, *words, status=0, folder=tmp_path, text=None):
        path = tool if "/" in tool else os.path.join(installed, "bin", tool)
        done = subprocess.run(hidden([path, *words]), cwd=folder, capture_output=True, text=True, input=text,
                              timeout=120, check=False)
        assert done.returncode == status, f"{tool} {words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done
    return start


def test_nothing_installed_names_the_source_tree(installed):
    found = subprocess.run(["grep", "-rlF", ROOT + "/", installed], capture_output=True, text=True, check=False)
    assert found.stdout == ""


@pytest.mark.parametrize("kind", ["server", "program"])
def test_a_new_project_builds_boots_and_passes_its_tests(run, tmp_path, kind):
    run("tessera", "new", kind, "mine")
    project = tmp_path / "mine"
    tested = run("/usr/bin/make", "test", folder=project)
    assert " passed" in tested.stdout
    source = project / ("client.c" if kind == "server" else "mine.c")
    source.write_text(source.read_text().replace('printf("', 'printf("wrong'))
    assert "failed" in run("/usr/bin/make", "test", folder=project, status=2).stdout


def test_tessera_cc_takes_what_cc_takes(run, tmp_path, archive, execute):
    (tmp_path / "hello.c").write_text(HELLO)
    (tmp_path / "two.c").write_text("int two(void) { return 2; }\n")
    run("tessera-cc", "-O2", "-Wall", "-c", "hello.c", "-o", "hello.o")
    run("tessera-cc", "-c", "two.c")
    run("tessera-ar", "rcs", "libtwo.a", "two.o")
    run("tessera-ranlib", "libtwo.a")
    assert "printf" in run("tessera-nm", "hello.o").stdout
    run("tessera-cc", "-o", "hello", "hello.o", "-L.", "-ltwo", "-lm", "-lpthread", "-pthread", "-rdynamic", "-no-pie")
    assert "__tessera__" in run("tessera-cc", "-dM", "-E", "-x", "c", "-", text="").stdout
    assert ".globl\tmain" in run("tessera-cc", "-S", "-o", "-", "hello.c").stdout
    assert run("tessera-cc", "-MM", "hello.c").stdout == "hello.o: hello.c\n"
    assert "GCC" in run("tessera-cc", "--version").stdout or "gcc" in run("tessera-cc", "--version").stdout
    assert "no shared objects" in run("tessera-cc", "-shared", "-o", "x.so", "two.o", status=1).stderr
    assert "only ABI" in run("tessera-cc", "-mabi=lp64", "-c", "two.c", status=1).stderr
    booted = execute('echo; hello "a b"', "--build", image(run, tmp_path, "bin/hello=hello"))
    assert (booted.stdout, booted.returncode) == ("\na b 1.414\n", 2), booted


def image(run, folder, *entries):
    run("tessera", "image", "--out", "image", *entries)
    return str(folder / "image")


def test_cmake_and_pkg_config_projects_build(run, installed, tmp_path, execute):
    (tmp_path / "hello.c").write_text(HELLO)
    (tmp_path / "two.c").write_text("int two(void) { return 2; }\n")
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.10)\nproject(hello C)\n"
                                             "add_library(two two.c)\nadd_executable(hello hello.c)\n"
                                             "target_link_libraries(hello two m)\n")
    run("/usr/bin/cmake", "-S", ".", "-B", "cm", f"-DCMAKE_TOOLCHAIN_FILE={installed}/share/tessera/tessera.cmake")
    run("/usr/bin/cmake", "--build", "cm")
    run("/usr/bin/env", f"PKG_CONFIG_PATH={installed}/lib/pkgconfig", "sh", "-c",
        "riscv64-unknown-elf-gcc $(pkg-config --cflags tessera) -o pc hello.c $(pkg-config --libs tessera)")
    booted = execute("cm one; pc two", "--build", image(run, tmp_path, "bin/cm=cm/hello", "bin/pc=pc"))
    assert booted.stdout == "one 1.414\ntwo 1.414\n"


def test_an_image_is_its_base_with_files_added_and_left_out(run, tmp_path):
    (tmp_path / "text").write_text("hello\n")
    run("tessera", "image", "--out", "image", "--base", "debug", "--without", "bin/spin", "etc/text=text")
    listed = run("tessera", "archive", "list", "image").stdout
    assert " etc/text\n" in listed and " bin/hello\n" in listed and "bin/spin" not in listed
    run("tessera", "archive", "extract", "image", "out")
    assert (tmp_path / "out" / "etc" / "text").read_text() == "hello\n"
    first = (tmp_path / "image" / "boot.cpio").read_bytes()
    run("tessera", "image", "--out", "again", "--base", "debug", "--without", "bin/spin", "etc/text=text")
    assert (tmp_path / "again" / "boot.cpio").read_bytes() == first


@pytest.mark.parametrize("words,reason", [
    ([], "tessera new server"),
    (["fly"], "no such command"),
    (["new", "server", "Bad-Name"], "a name has"),
    (["new", "server", "console"], "has servers/console already"),
    (["new", "program", "hello"], "has bin/hello already"),
    (["new", "server", "proc"], "already"),
    (["image", "--out", "x", "nothing"], "not NAME=FILE"),
    (["image", "--out", "x", "../up=text"], "not NAME=FILE"),
    (["image", "--out", "x", "bin/x=none"], "No such file"),
    (["image", "--out", "x", "bin/x=text"], "not an executable"),
    (["image", "--out", "x", "--without", "bin/x"], "not in release"),
    (["image", "--out", "x", "--base", "./nowhere"], "no boot archive"),
    (["archive", "list", "text"], "no entry of a cpio archive"),
    (["exec", "nowhere", "ps"], "no image"),
    (["run", "release", "--mem", "1"], "from 64M to 1T"),
    (["idl", "--out"], "usage:"),
])
def test_wrong_use_ends_with_status_2_and_a_reason(run, tmp_path, words, reason):
    (tmp_path / "text").write_text("not much\n")
    done = run("tessera", *words, status=2)
    assert reason in done.stdout + done.stderr
