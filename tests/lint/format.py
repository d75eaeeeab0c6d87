#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
clang-format decides about white space; a file it would change is a finding.  Its versions disagree
with each other, so the one of Debian 12 is the one that counts.
"""

import os
import subprocess
import sys

from lintlib import SKIPPED, SOURCE_ROOT, main, need

VERSION = "14."

CONFIG = os.path.join(SOURCE_ROOT, ".clang-format")


def check(tree):
    for path in tree.c_files():
        result = tree.run("clang-format", f"--style=file:{CONFIG}", "--dry-run", "-Werror", path)
        first = next((line for line in result.stdout.splitlines() if "error:" in line), None)
        if first is not None:
            yield f"{first.split(': error:')[0]}: clang-format would change it"
        elif result.returncode != 0:
            yield f"{path}:1: clang-format failed: {result.stdout.strip()}"


CASES = [
    ("formatted", {"src/base/a.c": "int f(void)\n{\n\treturn 1;\n}\n"}, []),
    ("brace on the wrong line", {"src/base/a.c": "int f(void) {\n\treturn 1;\n}\n"},
     ["a.c:1:12: clang-format would"]),
]

if __name__ == "__main__":
    need("clang-format")
    version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True,
                             check=True).stdout.split("version ")[-1]
    if not version.startswith(VERSION):
        print(f"SKIP: needs clang-format {VERSION}x, this is {version.strip()}")
        sys.exit(SKIPPED)
    main(check, CASES)
