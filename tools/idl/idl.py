#!/usr/bin/python3
"""The interface compiler: NAME.idl -> C headers or Markdown. docs/idl.md is the language; --help the options.

Exit status: 0 done, 1 a mistake in a file (file:line:column: reason), 2 wrong use.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True

import c_client                                                     # noqa: E402
import c_server                                                     # noqa: E402
import c_types                                                      # noqa: E402
import check                                                        # noqa: E402
import md_gen                                                       # noqa: E402
import syntax                                                       # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ERRORS_DEF = os.path.join(HERE, "..", "..", "kernel", "abi", "tessera", "errors.def")


def arguments(argv):
    parser = argparse.ArgumentParser(prog="idl.py",
                                     description="Compiles interface files to C headers, or documents them.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", metavar="DIR", help="write NAME_idl.h, NAME_client.h, NAME_server.h of each file here")
    what.add_argument("--doc", action="store_true", help="print the interfaces as Markdown")
    what.add_argument("--rank", action="store_true", help="print the rank of each file's server")
    parser.add_argument("--errors", metavar="FILE", default=ERRORS_DEF, help="the table of errors (errors.def)")
    parser.add_argument("files", metavar="FILE.idl", nargs="+")
    return parser.parse_args(argv)


def read(path):
    """The file's text; bytes that are not ASCII become characters that the lexer refuses, with their place."""
    with open(path, "rb") as file:
        return file.read().decode("latin-1")


def load(paths, errors):
    """(interfaces, problems) of the files; checked only when all of them parse."""
    interfaces, problems = [], []
    for path in paths:
        try:
            interfaces.append(syntax.parse(path, read(path)))
        except syntax.Problem as problem:
            problems.append(problem)
    return interfaces, problems or check.check(interfaces, errors)


def headers(interface):
    """{file name: text} of the generated headers."""
    name = interface.name.text
    return {f"{name}_idl.h": c_types.Types(interface).common(),
            f"{name}_client.h": c_client.Client(interface).client(),
            f"{name}_server.h": c_server.Server(interface).server()}


def write(directory, interfaces):
    """Each header appears whole or not at all: make may be reading it."""
    os.makedirs(directory, exist_ok=True)
    for interface in interfaces:
        for name, text in headers(interface).items():
            path = os.path.join(directory, name)
            with open(f"{path}.new", "w", encoding="ascii") as file:
                file.write(text)
            os.replace(f"{path}.new", path)


def main(argv):
    options = arguments(argv)
    try:
        errors = check.read_errors(options.errors)
        interfaces, problems = load(options.files, errors)
        if problems:
            print("\n".join(str(problem) for problem in problems), file=sys.stderr)
            return 1
        if options.out is not None:
            write(options.out, interfaces)
        elif options.doc:
            print(md_gen.document(interfaces), end="")
        else:
            print("\n".join(str(interface.rank.number) for interface in interfaces))
    except OSError as error:
        print(f"idl.py: {error.filename or options.out}: {error.strerror}", file=sys.stderr)
        return 1
    except UnicodeDecodeError:
        print(f"idl.py: {options.errors}: not plain ASCII", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
