# SPDX-License-Identifier: MIT
"""
Fixtures of the end-to-end tests.  Standard library and pytest only; the work is in helpers/.

As root each test module runs in a network namespace of its own, where port 80 is free.  Without root
the tests use the machine's loopback and ports the kernel chooses; those that need a namespace ask for
the fixture `netns` and are skipped.

HTTPSYS_BUILD names the build folder; the default is build/ at the root of the tree.
"""

import os
import shutil
import tempfile

import pytest

from helpers import network
from helpers.daemon import Daemon
from helpers.foreign import Foreign, Mailman


@pytest.fixture(scope="module", autouse=True)
def network_of_module():
    if os.geteuid() != 0:
        yield None
        return
    namespace = network.Namespace()
    yield namespace
    namespace.leave()


@pytest.fixture
def netns(network_of_module):
    """The module's network namespace, an object of network.Namespace."""
    if network_of_module is None:
        pytest.skip("needs root for a network namespace")
    return network_of_module


@pytest.fixture
def free_port():
    """A function: a TCP port that nobody uses, chosen by the kernel."""
    return network.free_port


@pytest.fixture
def home():
    """A new folder that other users may enter; its path is short enough for a Unix socket."""
    path = tempfile.mkdtemp(prefix="httpsys-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def daemon_factory(home):
    """A function that makes a Daemon on the test's home, not yet started."""
    daemons = []

    def make(*options):
        daemons.append(Daemon(home, options))
        return daemons[-1]

    yield make
    for daemon in daemons:
        try:
            daemon.stop()
        finally:
            daemon.abort()


@pytest.fixture
def daemon(daemon_factory):
    """A running listener with an empty configuration; it must end well when the test is over."""
    return daemon_factory().start()


@pytest.fixture
def app(daemon):
    """A function app(example, *prefixes, user=None, options=()) that starts an example."""
    apps = []

    def start(example, *prefixes, **how):
        apps.append(daemon.app(example, *prefixes, **how))
        return apps[-1]

    yield start
    try:
        for a in apps:
            if a.is_running():
                a.stop()
    finally:
        for a in apps:
            a.kill()


@pytest.fixture
def foreign():
    """A function foreign(address, port, user=None) that starts a small server of somebody else."""
    servers = []

    def start(address, port, user=None):
        servers.append(Foreign(address, port, user))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def mailman(netns):
    """A function mailman(address, port): GNU Mailman 3, not yet started."""
    servers = []

    def make(address, port):
        servers.append(Mailman(address, port))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
