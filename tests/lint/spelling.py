#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""codespell finds no misspelt word in sources and documents."""

from lintlib import main, need

FILES = ("*.c", "*.h", "*.def", "*.py", "*.md", "*.vtc", "*.html", "*.[1-8]", "run", "check",
         "tools/*")
# Right as they are: names of fields, users in SDDL, RFC words.
RIGHT = "te,ro,ba,bu,sav,hel,fo,nd"


def check(tree):
    files = [p for p in tree.find(*FILES) if not p.startswith(("tests/lint/spelling", "fuzz/corpus"))]
    if not files:
        return
    result = tree.run("codespell", "-L", RIGHT, *files)
    yield from result.stdout.splitlines()


CASES = [
    ("right", {"docs/a.md": "The request is received.\n"}, []),
    ("wrong", {"docs/a.md": "\nThe request is rec" "ieved.\n"}, ["a.md:2: recieved ==> received"]),
]

if __name__ == "__main__":
    need("codespell")
    main(check, CASES)
