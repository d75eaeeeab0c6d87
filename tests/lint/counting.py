#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./check counts what it must: tools/check-report on small reports whose numbers are known."""

import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile

from lintlib import SOURCE_ROOT

TOOL = os.path.join(SOURCE_ROOT, "tools", "check-report")


def load(path):
    loader = importlib.machinery.SourceFileLoader("check_report", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_report", loader))
    loader.exec_module(module)
    return module


def entry(result, stdout="", returncode=0):
    return json.dumps({"name": "httpsys:unit / base/x", "result": result, "stdout": stdout,
                       "returncode": returncode})


def case(child):
    return f'<testsuites><testsuite><testcase classname="c" name="n">{child}</testcase>' \
           "</testsuite></testsuites>"


# claim, kind, the runner's status, its report (None: there is none), (passed, failed, skipped)
CASES = [
    ("each line of TAP is a test", "meson", 0, entry("OK", "1..2\nok 1 - a\nok 2 - b\n"), (2, 0, 0)),
    ("a failed line is a failure", "meson", 1,
     entry("ERROR", "1..2\nok 1 - a\nnot ok 2 - b\n", 1), (1, 1, 0)),
    ("a crash after good lines is a failure", "meson", 1,
     entry("ERROR", "1..3\nok 1 - a\nok 2 - b\n", -11), (2, 1, 0)),
    ("a test that hangs is a failure", "meson", 1, entry("TIMEOUT", "1..2\nok 1 - a\n", 1), (1, 1, 0)),
    ("cmocka's way to skip is no failure", "meson", 1,
     entry("FAIL", "1..2\nok 1 - a\nnot ok 2 # SKIP b\n"), (1, 0, 1)),
    ("TAP's way to skip is none either", "meson", 0,
     entry("OK", "1..2\nok 1 - a\nok 2 - b # SKIP why\n"), (1, 0, 1)),
    ("a program without TAP is one test", "meson", 0, entry("OK", "12 inputs\n"), (1, 0, 0)),
    ("and fails as one", "meson", 1, entry("FAIL", "x.c:1: wrong\n", 1), (0, 1, 0)),
    ("a suite of skipped tests has run none", "meson", 0, entry("SKIP", "SKIP: no tool\n", 77),
     (0, 1, 1)),
    ("a suite without tests fails", "meson", 0, "", (0, 1, 0)),
    ("a suite without report fails", "meson", 0, None, (0, 1, 0)),
    ("a runner that fails for no reason we see fails", "meson", 1, entry("OK"), (1, 1, 0)),
    ("pytest: passed", "pytest", 0, case(""), (1, 0, 0)),
    ("pytest: failed", "pytest", 1, case('<failure message="m"/>'), (0, 1, 0)),
    ("pytest: error in a fixture's end", "pytest", 1, case('<error message="m"/>'), (0, 1, 0)),
    ("pytest: a cut report", "pytest", 1, case("")[:40], (0, 1, 0)),
]


def main():
    tool, n_wrong = load(TOOL), 0
    for claim, kind, status, text, expected in CASES:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "report")
            if text is not None:
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
            result = tool.read_suite(kind, status, path)
        found = (result.n_passed, len(result.failed), len(result.skipped))
        if found != expected:
            n_wrong += 1
            print(f"wrong: {claim}: expected {expected}, found {found}")
    sys.exit(1 if n_wrong else 0)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
