# SPDX-License-Identifier: MIT
"""
Every example of httpcfg(8) works, in the order of the page, with a listener and without; and the
page describes each verb that the tool has.  In the displays of EXAMPLES a line that begins with "$ "
is a command for a shell; the lines below it, if any, are what it prints.
"""

import os
import re
import subprocess

import pytest
from helpers import wait
from helpers.process import program

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../man/httpcfg.8")


def page_text():
    with open(PAGE, encoding="utf-8") as f:
        return f.read()


def examples():
    """[(command, expected output)] of the section EXAMPLES."""
    section = re.search(r"^\.Sh EXAMPLES$(.*?)^\.Sh ", page_text(), re.M | re.S).group(1)
    found = []
    for display in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", section, re.M | re.S):
        for line in display.replace("\\e", "\\").replace("\\&", "").splitlines():
            if line.startswith("$ "):
                found.append([line[2:], ""])
            else:
                found[-1][1] += line + "\n"
    return found


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "offline"])
def test_every_example_works(daemon_factory, home, is_running):
    daemon = daemon_factory()
    if is_running:
        daemon.start()
    path = os.path.dirname(program("httpcfg")) + ":" + os.environ["PATH"]
    commands = examples()
    assert len(commands) > 20
    for command, expected in commands:
        result = subprocess.run(["/bin/sh", "-c", command], cwd=home, check=False,
                                env={**os.environ, **daemon.env, "PATH": path},
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=wait.TIMEOUT_S)
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
        if expected:
            assert result.stdout == expected, command


def test_every_verb_is_described():
    verbs = subprocess.run([program("httpcfg"), "help", "--words"], check=True,
                           capture_output=True, text=True).stdout.split()
    described = set(re.findall(r"^\.It Cm (?:\\&)?(\S+)", page_text(), re.M))
    # The verbs of netsh http that are only there to say that there is nothing of the kind.
    described |= {"update", "flush"} if ".Cm add , delete , show , update , flush" in page_text() \
        else set()
    assert set(verbs) <= described
