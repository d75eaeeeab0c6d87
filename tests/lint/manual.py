#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The manual pages are free of warnings of mandoc."""

from lintlib import main, need


def check(tree):
    for path in tree.find("man/*.[1-8]"):
        result = tree.run("mandoc", "-T", "lint", "-W", "warning", path)
        for line in result.stdout.splitlines():
            yield line.replace("mandoc: ", "", 1)
        if result.returncode != 0 and not result.stdout:
            yield f"{path}:1: mandoc failed with status {result.returncode}"


PAGE = """.Dd January 2, 2024
.Dt PAGE 1
.Os
.Sh NAME
.Nm page
.Nd an example
.Sh DESCRIPTION
Words.
"""
CASES = [
    ("a good page", {"man/page.1": PAGE}, []),
    ("an unknown macro", {"man/page.1": PAGE + ".Zz what\n"}, ["unknown macro"]),
    ("no name", {"man/page.1": PAGE.replace(".Nm page\n", "")}, ["NAME section without Nm"]),
]

if __name__ == "__main__":
    need("mandoc")
    main(check, CASES)
