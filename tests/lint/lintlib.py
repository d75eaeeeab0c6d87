# SPDX-License-Identifier: MIT
"""
What all lints share: the files of the tree, C text without comments and strings, and the two ways
to run a lint.

A lint is a module with check(tree), a generator of findings "path:line: message", and CASES, small
trees that must or must not have a finding.  `lint.py --self-test` runs the cases, which proves that
the lint can fail; without it the lint runs over the source tree.  Exit status: 0 clean, 1 findings,
77 (skipped, for Meson) when a program the lint needs is not installed.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOT_SOURCE = {".git", "__pycache__", ".pytest_cache", "home"}
C_FOLDERS = ("src", "include", "examples", "bench", "tests", "fuzz")


class Tree:
    """The files below a folder; build folders and caches are not part of it."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(self._walk())

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if not self._is_foreign(folder, f)]
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    yield os.path.relpath(path, self.root)

    def _is_foreign(self, folder, name):
        # Meson marks a build folder, wherever it is, with meson-private.
        return name in NOT_SOURCE or os.path.isdir(os.path.join(folder, name, "meson-private"))

    def find(self, *patterns):
        """The paths that match one of the patterns; `*` also matches across `/`."""
        return [p for p in self.paths if any(fnmatch.fnmatch(p, pattern) for pattern in patterns)]

    def c_files(self):
        return [p for p in self.find("*.c", "*.h") if p.split("/")[0] in C_FOLDERS]

    def has(self, path):
        return os.path.exists(os.path.join(self.root, path))

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def run(self, *command):
        """Runs a program at the root of the tree; its name must be known to be installed."""
        return subprocess.run(command, cwd=self.root, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)


C_TOKEN = re.compile(r"""
    /\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
""", re.S | re.X)


def c_code(text):
    """C text whose comments and literals are blanked; every line and column stays in place."""
    def blank(match):
        token = match.group(0)
        body = re.sub(r"[^\n]", " ", token)
        return body if token[0] == "/" else token[0] + body[1:-1] + token[-1]

    return C_TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def closing(code, start):
    """The offset of the parenthesis that closes the one at start, or the end of the text."""
    depth = 0
    for i in range(start, len(code)):
        if code[i] == "(":
            depth += 1
        elif code[i] == ")":
            depth -= 1
            if depth == 0:
                return i
    return len(code)


def need(program):
    if shutil.which(program) is None:
        print(f"SKIP: {program} is not installed")
        sys.exit(SKIPPED)


def make_tree(folder, files):
    for path, text in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
    return Tree(folder)


def self_test(check, cases):
    """cases: (claim, {path: text}, [part of each expected finding, in order])."""
    n_wrong = 0
    for claim, files, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            found = list(check(make_tree(folder, files)))
        is_right = len(found) == len(expected) and all(e in f for e, f in zip(expected, found))
        if not is_right:
            n_wrong += 1
            print(f"wrong: {claim}\n  expected {expected}\n  found    {found}")
    if not any(expected for _, _, expected in cases):
        n_wrong += 1
        print("no case shows that this lint can fail")
    return n_wrong


def main(check, cases):
    if "--self-test" in sys.argv[1:]:
        sys.exit(1 if self_test(check, cases) else 0)
    findings = list(check(Tree(SOURCE_ROOT)))
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
