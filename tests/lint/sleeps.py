#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Tests wait for an event or a counter, never for time to pass: a sleep is either too short on a slow
machine or wasted on a fast one.
"""

import re

from lintlib import c_code, main

SLEEP = {
    ".c": re.compile(r"\b(?:u|nano|clock_nano)?sleep\s*\("),
    ".py": re.compile(r"\bsleep\s*\("),
    ".sh": re.compile(r"(?:^|[;&|]|\bdo\b|\bthen\b)\s*sleep\b"),
    ".vtc": re.compile(r"^\s*(?:delay|shell.*\bsleep)\b"),
}


def check(tree):
    for path in tree.find("tests/*", "fuzz/*"):
        pattern = SLEEP.get(path[path.rfind("."):])
        if pattern is None or path.startswith("tests/lint/"):
            continue
        text = tree.read(path)
        lines = (c_code(text) if path.endswith(".c") else text).split("\n")
        for number, line in enumerate(lines, 1):
            if pattern.search(line.split("#")[0] if path.endswith(".py") else line):
                yield f"{path}:{number}: wait for an event instead: {line.strip()}"


CASES = [
    ("python", {"tests/e2e/a.py": "import time\ntime.sleep(1)\n"}, ["a.py:2: wait for"]),
    ("C", {"tests/unit/a.c": "/* sleep(1) */\nusleep(10);\n"}, ["a.c:2: wait for"]),
    ("varnishtest", {"tests/wire/a.vtc": "client c1 {\n\tdelay 1\n}\n"}, ["a.vtc:2"]),
    ("shell", {"tests/a.sh": "while true; do sleep 1; done\n"}, ["a.sh:1"]),
    ("the word alone", {"tests/e2e/a.py": "# no sleep (never)\nx = 'does not sleep'\n"}, []),
]

if __name__ == "__main__":
    main(check, CASES)
