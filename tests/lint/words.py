#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Words that do not belong into the tree: notes about work that is left, and paths that exist only on
the machine of whoever wrote the line.
"""

import re

from lintlib import main

# Written in pieces, so that this file does not contain them.
NOTES = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
PRIVATE = re.compile(r"\.\./shar" r"ed|\.libr" r"ary\b|(?<![\w.])/wo" r"rk/|/tm" r"p/w/")
TEXT = ("*.c", "*.h", "*.def", "*.py", "*.sh", "*.md", "*.build", "*.txt", "*.tsv", "*.vtc",
        "*.html", "*.service", "*.sysusers", "*.1", "*.3", "*.7", "*.8", "run", "check", ".ci/*",
        "tools/*", "bench/*", "completion/*", "LICENSE")


def check(tree):
    for path in tree.find(*TEXT):
        for number, line in enumerate(tree.read(path).split("\n"), 1):
            match = NOTES.search(line) or PRIVATE.search(line)
            if match is not None:
                yield f"{path}:{number}: {match.group(0)}"


CASES = [
    ("a note about work left", {"src/a.c": "\n/* TO" "DO: later */\n"}, ["a.c:2: TO" "DO"]),
    ("a private path", {"docs/a.md": "see ../shar" "ed/design.md\n"}, ["a.md:1: ../shar" "ed"]),
    ("another one", {"run": "cd /wo" "rk/main\n"}, ["run:1: /wo" "rk/"]),
    ("a template of mkstemp is no note", {"tools/a": "mktemp /tmp/x.XX" "XXXX\n"}, []),
    ("a path that contains the word", {"docs/a.md": "src/work/main homework/\n"}, []),
]

if __name__ == "__main__":
    main(check, CASES)
