# SPDX-License-Identifier: MIT
"""Fixtures of the wire conversations: one listener with the examples, for all of them."""

import os
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from helpers import network  # noqa: E402  (found by the line above)
from helpers.daemon import Daemon  # noqa: E402

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
    """Where the examples answer: {name: (address, port)}."""
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
            addresses[name] = (ADDRESS, port)
        yield addresses
        for app in apps:
            app.stop()
        daemon.stop()
    finally:
        for app in apps:
            app.kill()
        daemon.abort()
