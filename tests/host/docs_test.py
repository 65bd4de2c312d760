"""What the pages under docs/ name is there: functions, calls, files, links, and an answer to every row of the security checklist."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SOURCES = [p for folder in ("kernel", "servers", "libc", "user", "tools", "tests", "linker")
           for p in sorted((ROOT / folder).rglob("*")) if p.suffix in (".c", ".h", ".S", ".py", ".ld")]

# `path/file.c:function`, the path as far as it is needed
HOP = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.(?:c|h|S|py|ld)):([A-Za-z_]\w*)")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.M | re.S)


def name(page):
    return str(page.relative_to(ROOT))


def text_of(page):
    """The page without its code blocks."""
    return CODE.sub("", page.read_text())


def closing(text, at):
    """Where the parenthesis at `at` is closed."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if not depth:
            return i
    return len(text)


def defines(path, function):
    """Whether the file defines the function, label, macro or test."""
    text = path.read_text()
    word = re.escape(function)
    if path.suffix == ".py":
        return bool(re.search(rf"^\s*def {word}\(", text, re.M))
    if path.suffix == ".S":
        return bool(re.search(rf"^{word}:|^\s*\.macro\s+{word}\b", text, re.M))
    if path.suffix == ".ld":
        return bool(re.search(rf"\b{word}\s*=", text))
    if re.search(rf"^TEST\({word}\)|^#define {word}\b|^\s*\.macro\s+{word}\b|\bMALLOC_NAME\({word}\)\(", text, re.M):
        return True
    for found in re.finditer(rf"^[A-Za-z_][^\n;{{}}]*\b{word}(\()", text, re.M):
        rest = text[closing(text, found.start(1)) + 1:]
        if re.match(r"\s*\{", rest):
            return True
    return False


def hops():
    return sorted({(name(page), path, function) for page in PAGES for path, function in HOP.findall(text_of(page))})


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_function_named_on_a_page_exists(page):
    gone = []
    for path, function in HOP.findall(text_of(page)):
        files = [p for p in SOURCES if name(p) == path or name(p).endswith("/" + path)]
        if not any(defines(p, function) for p in files):
            gone.append(f"{path}:{function}")
    assert not gone


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_server_call_named_on_a_page_exists(page):
    interfaces = {}
    for idl in ROOT.glob("servers/*/*.idl"):
        text = idl.read_text()
        interfaces[re.search(r"^interface (\w+)", text, re.M)[1]] = set(re.findall(r"^call (\w+)\(", text, re.M))
    gone = []
    for interface, call in re.findall(r"`(\w+)\.(\w+)(?=[`(])", text_of(page)):
        if interface in interfaces and call not in interfaces[interface] | {"c", "h", "S", "idl", "bin", "elf"}:
            gone.append(f"{interface}.{call}")
    assert not gone


def anchors(page):
    """As GitHub makes them from headings."""
    heads = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere(page):
    dead = []
    for link in LINK.findall(text_of(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert not dead


def test_each_decision_has_a_number_of_its_own():
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert all(page.read_text().startswith(f"# {page.name[:4]}: ") for page in pages)
    assert len({page.name[:4] for page in pages}) == len(pages)


def security_rows():
    rows = re.findall(r"^\| C(\d+) \| ([^|]*) \| (test|review|not claimed)\b([^|]*)\|([^|]*)\|$",
                      (ROOT / "docs/security.md").read_text(), re.M)
    return {int(number): (kind, rest + answer) for number, _, kind, rest, answer in rows}


def test_every_row_of_the_security_checklist_has_one_answer():
    rows = security_rows()
    assert sorted(rows) == list(range(1, 46))
    without = [f"C{n}" for n, (kind, answer) in rows.items()
               if kind == "test" and not any(path.startswith("tests/") for path, _ in HOP.findall(answer))]
    assert not without, "answered by a test that is not named"
    assert all(len(answer.strip()) > 20 for _, answer in rows.values())


def test_at_least_38_rows_of_the_security_checklist_are_answered_by_tests():
    assert sum(kind == "test" for kind, _ in security_rows().values()) >= 38


def test_the_checker_itself_sees_what_is_not_there():
    assert defines(ROOT / "kernel/ipc.c", "ipc_call")
    assert not defines(ROOT / "kernel/trap.c", "ipc_signal")    # called there, not defined
    assert not defines(ROOT / "kernel/thread.h", "ipc_call")    # declared only
    assert len(hops()) > 100


def test_the_pages_become_a_site_without_dead_links(tmp_path):
    done = subprocess.run([ROOT / "tools/docs", tmp_path / "site"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "<table>" in (tmp_path / "site/docs/abi.html").read_text()
    assert 'href="docs/tutorial.html"' in (tmp_path / "site/index.html").read_text()
