#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A file has one subject and at most 500 lines (more than 600 fails), a function does one thing in at
most 60 lines (more than 70 fails) with a complexity of at most 15 (pmccabe, a switch counts once).
"""

import re

from lintlib import main, need

FILE_LINES_WARN, FILE_LINES_MAX = 500, 600
FUNCTION_LINES_MAX = 70
COMPLEXITY_MAX = 15
# modified complexity, complexity, statements, first line, lines, file(line): function
PMCCABE = re.compile(r"^(\d+)\t\d+\t\d+\t(\d+)\t(\d+)\t([^\t(]+)\(\d+\): (.*)$")


def check_files(tree):
    for path in tree.c_files() + tree.find("*.py", "run", "check", "tools/*"):
        n_lines = tree.read(path).count("\n")
        if n_lines > FILE_LINES_MAX:
            yield f"{path}:{n_lines}: {n_lines} lines, at most {FILE_LINES_MAX}"
        elif n_lines > FILE_LINES_WARN:
            print(f"warning: {path}: {n_lines} lines, better at most {FILE_LINES_WARN}")


def check_functions(tree):
    files = [p for p in tree.c_files() if p.endswith(".c")]
    if not files:
        return
    for line in tree.run("pmccabe", *files).stdout.splitlines():
        match = PMCCABE.match(line)
        if match is None:
            yield f"pmccabe: {line}"
            continue
        complexity, first, n_lines = (int(match.group(i)) for i in (1, 2, 3))
        where = f"{match.group(4)}:{first}: {match.group(5)}()"
        if n_lines > FUNCTION_LINES_MAX:
            yield f"{where} has {n_lines} lines, at most {FUNCTION_LINES_MAX}"
        if complexity > COMPLEXITY_MAX:
            yield f"{where} has complexity {complexity}, at most {COMPLEXITY_MAX}"


def check(tree):
    yield from check_files(tree)
    yield from check_functions(tree)


def function(n_lines, statement="\tx++;\n"):
    return "int f(int x)\n{\n" + statement * (n_lines - 4) + "\treturn x;\n}\n"


CASES = [
    ("small is fine", {"src/base/a.c": function(60)}, []),
    ("a long function fails", {"src/base/a.c": function(90)}, ["a.c:1: f() has 9"]),
    ("a tangled function fails",
     {"src/base/a.c": function(24, "\tif (x) x++;\n")}, ["f() has complexity 21"]),
    ("a long file fails", {"src/base/a.h": "int x;\n" * 601}, ["601 lines"]),
]

if __name__ == "__main__":
    need("pmccabe")
    main(check, CASES)
