# SPDX-License-Identifier: MIT
"""
Each .vtc file of this folder is a test: varnishtest plays the client, byte for byte, against our
listener.  The file's name is the claim.  It connects to ${hello}, ${echo} or ${file_server}, which
are the addresses of the examples of these names; all run below one listener.
"""

import os
import shutil
import subprocess

import pytest

from helpers import wait

HERE = os.path.dirname(os.path.abspath(__file__))
CLAIMS = sorted(name.removesuffix(".vtc") for name in os.listdir(HERE) if name.endswith(".vtc"))


@pytest.mark.parametrize("claim", CLAIMS)
def test_conversation(site, folder, claim):
    if shutil.which("varnishtest") is None:
        pytest.skip("varnishtest is not installed")
    macros = [f"-D{name}={address} {port}" for name, (address, port) in site.items()]
    result = subprocess.run(["varnishtest", "-t", "20", *macros, os.path.join(HERE, claim + ".vtc")],
                            env={**os.environ, "TMPDIR": folder}, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=wait.TIMEOUT_S, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
