# SPDX-License-Identifier: MIT
"""
Each .vtc file of this folder is a test: varnishtest plays the client, byte for byte, against our
listener.  The file's name is the claim.  It connects to ${hello}, ${echo} or ${file_server}, which
are the addresses of the examples of these names; all run below one listener.
"""

import os
import shutil
import subprocess
import tempfile

import pytest

from helpers import network, wait
from helpers.daemon import Daemon

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = sorted(name.removesuffix(".vtc") for name in os.listdir(HERE) if name.endswith(".vtc"))
ADDRESS = "127.0.0.1"
FILE_TEXT = "served from a file\n"


@pytest.fixture(scope="module")
def folder():
    path = tempfile.mkdtemp(prefix="httpsys-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def namespace():
    if os.geteuid() != 0:
        yield None
        return
    own = network.Namespace()
    yield own
    own.leave()


@pytest.fixture(scope="module")
def site(folder, namespace):
    """The examples by name, as varnishtest's -connect wants them: "ADDRESS PORT"."""
    www = os.path.join(folder, "www")
    os.mkdir(www)
    with open(os.path.join(www, "file.txt"), "w", encoding="utf-8") as f:
        f.write(FILE_TEXT)
    daemon = Daemon(os.path.join(folder, "home")).start()
    apps, addresses = [], {}
    try:
        for name, options in (("hello", []), ("echo", []), ("file_server", [www])):
            port = network.free_port(ADDRESS)
            apps.append(daemon.app(name, f"http://{ADDRESS}:{port}/", options=options))
            addresses[name] = f"{ADDRESS} {port}"
        yield addresses
        for app in apps:
            app.stop()
        daemon.stop()
    finally:
        for app in apps:
            app.kill()
        daemon.abort()


@pytest.mark.parametrize("name", NAMES)
def test_conversation(site, folder, name):
    if shutil.which("varnishtest") is None:
        pytest.skip("varnishtest is not installed")
    macros = [f"-D{key}={value}" for key, value in site.items()]
    result = subprocess.run(["varnishtest", "-t", "20", *macros, os.path.join(HERE, name + ".vtc")],
                            env={**os.environ, "TMPDIR": folder}, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=wait.TIMEOUT_S, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
