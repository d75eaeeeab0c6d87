# SPDX-License-Identifier: MIT
"""
What the process that reads the network's bytes still has: no root, no capability, no path, no
registry.  That the filter refuses is shown by the unit test engine/sandbox; here, that it is there.
"""

import os
import pwd
import re
import stat

import pytest

from helpers import rawhttp, wait

ADDRESS = "127.0.0.1"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's engine changes its user")


def status_of(pid, task=None):
    path = f"/proc/{pid}/status" if task is None else f"/proc/{pid}/task/{task}/status"
    with open(path, encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def descriptors(pid):
    """Everything it has open: {number: what the link says}."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass
    return found


@pytest.fixture
def engine(daemon, app, free_port):
    """The pid of an engine that has done some work."""
    port = free_port()
    app("hello", f"http://localhost:{port}/")
    assert rawhttp.ask(ADDRESS, port).status == 200
    return daemon.engine_pid()


def test_engine_is_not_root_in_any_thread(engine):
    expected = pwd.getpwnam("httpsys")
    for task in os.listdir(f"/proc/{engine}/task"):
        status = status_of(engine, task)
        assert status["Uid"].split() == [str(expected.pw_uid)] * 4
        assert status["Gid"].split() == [str(expected.pw_gid)] * 4
        assert status["Groups"].split() == []


def test_engine_has_no_capability_and_gets_none_back(engine):
    for task in os.listdir(f"/proc/{engine}/task"):
        status = status_of(engine, task)
        for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            assert int(status[name], 16) == 0, name
        assert status["NoNewPrivs"] == "1"


def test_filter_of_system_calls_is_on_in_every_thread(engine):
    for task in os.listdir(f"/proc/{engine}/task"):
        assert status_of(engine, task)["Seccomp"] == "2"


def test_engine_holds_nothing_of_the_registry_nor_any_path(daemon, engine):
    for number, target in descriptors(engine).items():
        assert "registry.db" not in target and "events.log" not in target, (number, target)
        if not target.startswith("/") or target.startswith(("/memfd:", "/dev/null")):
            continue
        # The lock, which tells a new master that an old engine is gone; the standard descriptors.
        mode = os.stat(f"/proc/{engine}/fd/{number}").st_mode
        assert target == os.path.join(daemon.home, "lock") or number <= 2, (number, target)
        assert not stat.S_ISDIR(mode), (number, target)


def test_engine_cannot_see_what_the_registry_holds(daemon):
    """The files' own rights, should the filter ever be passed."""
    for name in os.listdir(daemon.home):
        path = os.path.join(daemon.home, name)
        if name.startswith("registry"):
            assert os.stat(path).st_mode & 0o077 == 0 and os.stat(path).st_uid == 0, name


def test_engine_has_little_of_the_masters_environment(engine):
    with open(f"/proc/{engine}/environ", "rb") as f:
        assert b"\0LD_PRELOAD=" not in b"\0" + f.read()


def test_master_parses_nothing_and_listens_to_nobody_but_its_socket(daemon, engine):
    """The engine's connections are not the master's: it holds listening sockets only."""
    inodes = {re.sub(r"\D", "", target) for target in descriptors(daemon.master_pid).values()
              if target.startswith("socket:")}
    established = set()
    with open(f"/proc/{daemon.master_pid}/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            words = line.split()
            if words[3] == "01":
                established.add(words[9])
    assert not inodes & established


def test_new_engine_is_as_confined_as_the_first(daemon, engine):
    new = daemon.kill9_engine()
    assert new != engine
    wait.until(lambda: status_of(new)["Seccomp"] == "2", "the filter of the new engine")
    assert status_of(new)["Uid"].split()[0] == str(pwd.getpwnam("httpsys").pw_uid)


def test_application_runs_as_itself_and_gets_no_more(daemon, app, free_port):
    """What it gets from the engine is memory and its own channel: no socket of a client."""
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/", user="nobody")
    with rawhttp.Connection(ADDRESS, port) as connection:
        assert connection.ask().status == 200
        assert status_of(hello.pid)["Uid"].split()[0] == str(pwd.getpwnam("nobody").pw_uid)
        inodes = {re.sub(r"\D", "", target) for target in descriptors(hello.pid).values()
                  if target.startswith("socket:")}
        with open(f"/proc/{hello.pid}/net/tcp", encoding="ascii") as f:
            tcp = {line.split()[9] for line in f.readlines()[1:]}
        assert not inodes & tcp
