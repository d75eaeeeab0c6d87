#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
tests/conform/*.tsv holds one requirement of an RFC a row.  No cell is empty, all rows are as wide as
the header, and each test that the column `test` names exists: `name` is a test function in C, Python
or a .vtc file; several are separated by commas; `n/a: why` stands where there is nothing to test.
"""

import re

from lintlib import main

N_A = re.compile(r"n/a: .{10,}")
C_TEST = re.compile(r"^static void (\w+)\(void \*\*", re.M)
PYTHON_TEST = re.compile(r"^\s*def (test_\w+)\(", re.M)


def tests_of(tree):
    names = set()
    for path in tree.find("tests/unit/*.c"):
        names.update(C_TEST.findall(tree.read(path)))
    for path in tree.find("tests/*.py"):
        names.update(PYTHON_TEST.findall(tree.read(path)))
    for path in tree.find("tests/wire/*.vtc"):
        names.add(path.split("/")[-1].removesuffix(".vtc"))
    return names


def check_table(path, text, tests):
    rows = [line.split("\t") for line in text.splitlines()]
    if not rows or "test" not in rows[0]:
        yield f"{path}:1: the header has no column named test"
        return
    column = rows[0].index("test")
    for number, row in enumerate(rows[1:], 2):
        where = f"{path}:{number}"
        if len(row) != len(rows[0]) or not all(cell.strip() for cell in row):
            yield f"{where}: empty or missing cell"
        elif not N_A.fullmatch(row[column]):
            for name in re.split(r",\s*", row[column]):
                if name not in tests:
                    yield f"{where}: there is no test {name}"


def check(tree):
    tests = tests_of(tree)
    for path in tree.find("tests/conform/*.tsv"):
        yield from check_table(path, tree.read(path), tests)


HEADER = "section\trequirement\ttest\n"
TESTS = {"tests/unit/http/test_a.c": "static void host_twice_is_400(void **state)\n{\n}\n",
         "tests/e2e/test_a.py": "def test_keep_alive(daemon):\n", "tests/wire/bare_cr.vtc": ""}
CASES = [
    ("a full table",
     TESTS | {"tests/conform/rfc9112.tsv": HEADER + "3.2\ta\thost_twice_is_400, test_keep_alive\n"
              "2.2\tb\tbare_cr\n2.3\tc\tn/a: we are no proxy\n"}, []),
    ("an empty cell", {"tests/conform/rfc9112.tsv": HEADER + "3.2\ta\t\n"}, ["tsv:2: empty"]),
    ("a missing cell", {"tests/conform/rfc9112.tsv": HEADER + "3.2\ta\n"}, ["tsv:2: empty"]),
    ("a test that is not there",
     TESTS | {"tests/conform/rfc9112.tsv": HEADER + "3.2\ta\tother\n"}, ["no test other"]),
    ("n/a needs a reason", {"tests/conform/rfc9112.tsv": HEADER + "3.2\ta\tn/a\n"}, ["no test n/a"]),
]

if __name__ == "__main__":
    main(check, CASES)
