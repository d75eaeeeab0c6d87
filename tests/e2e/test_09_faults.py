# SPDX-License-Identifier: MIT
"""
When something is wrong with the machine, the configuration or the command line: what is said, what
still works, and that nothing which was answered with success is lost.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile

import pytest

from helpers import rawhttp, wait
from helpers.daemon import Daemon, READY
from helpers.load import Load
from helpers.process import MARK, Process, program

ADDRESS = "127.0.0.1"
ORDINARY = "nobody"


@pytest.fixture
def httpsysd(home):
    """A function: httpsysd with these words, which must end by itself; returns status and text."""
    processes = []

    def run(*words):
        processes.append(Process([program("httpsysd"), *words], env={"HTTPSYS_HOME": home}))
        return processes[-1].wait(), processes[-1].err.text()

    yield run
    for process in processes:
        process.kill()


# ---- command line and start ----

@pytest.mark.parametrize("words, named", [
    (("--frob",), "frob"), (("extra",), "extra"), (("--home",), "home")])
def test_unknown_words_are_named_with_the_usage(httpsysd, home, words, named):
    status, said = httpsysd(*words)
    assert status not in (0, -signal.SIGABRT, -signal.SIGSEGV)
    assert named in said and "usage: httpsysd" in said
    assert os.listdir(home) == [], "nothing was made"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
def test_missing_user_is_named_with_the_command_that_makes_it(httpsysd, home):
    status, said = httpsysd("--home", home, "--user", "no-such-user")
    assert status not in (0, -signal.SIGABRT)
    assert "no-such-user" in said and "useradd" in said


def test_second_daemon_on_one_home_is_refused_and_the_first_goes_on(daemon, app, free_port, httpsysd):
    port = free_port()
    app("hello", f"http://localhost:{port}/")
    status, said = httpsysd("--home", daemon.home)
    assert status not in (0, -signal.SIGABRT)
    assert f"pid {daemon.master_pid}" in said and "runs already" in said
    assert rawhttp.ask(ADDRESS, port).status == 200
    assert daemon.cfg("set", "iplisten", "-i", "127.0.0.1").returncode == 0


def test_home_that_cannot_be_is_named(httpsysd, home):
    path = os.path.join(home, "file")
    with open(path, "w", encoding="ascii"):
        pass
    for bad in (path, os.path.join(path, "below"), os.path.join(home, "a" * 300)):
        status, said = httpsysd("--home", bad)
        assert status not in (0, -signal.SIGABRT) and bad in said, said


@pytest.mark.skipif(os.geteuid() != 0, reason="started as root")
def test_ordinary_user_runs_a_listener_of_his_own(home, free_port):
    """Without root, capabilities or the user httpsys: whose it is may also configure it."""
    port, own = free_port(), os.path.join(home, "own")
    os.mkdir(own)
    shutil.chown(own, ORDINARY)
    env = {"HTTPSYS_HOME": own, MARK: "ordinary"}
    daemon = Process([program("httpsysd"), "--home", own], env=env, user=ORDINARY)
    hello = None
    try:
        daemon.err.expect(READY)
        cfg = Process([program("httpcfg"), "set", "iplisten", "-i", ADDRESS], env=env,
                      user=ORDINARY)
        assert cfg.wait() == 0, cfg.err.text()
        hello = Process([program("examples/hello"), f"http://+:{port}/"], env=env, user=ORDINARY)
        hello.out.expect("^registered .*: served")
        assert rawhttp.ask(ADDRESS, port).body == f"hello from {hello.pid}\n".encode()
        assert os.stat(os.path.join(own, "registry.db")).st_mode & 0o777 == 0o600
        uids = {os.stat(f"/proc/{pid}").st_uid for pid in (daemon.pid, hello.pid)}
        assert uids == {pwd.getpwnam(ORDINARY).pw_uid}
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    finally:
        for process in (hello, daemon):
            if process is not None:
                process.kill()


# ---- the registry ----

def test_damaged_registry_is_left_as_it_is(daemon_factory, home):
    daemon = daemon_factory().start()
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:8080/", "-a", "everyone")
    daemon.stop()
    path = os.path.join(home, "registry.db")
    with open(path, "r+b") as f:
        f.write(b"this is no database " * 50)
    with open(path, "rb") as f:
        before = f.read()

    process = Process([program("httpsysd"), "--home", home])
    try:
        assert process.wait() not in (0, -signal.SIGABRT)
    finally:
        process.kill()
    assert path in process.err.text() and "ready" not in process.err.text()
    result = daemon.cfg("query", "urlacl")
    assert result.returncode != 0 and path in result.stdout + result.stderr
    with open(path, "rb") as f:
        assert f.read() == before


def test_registry_that_others_could_write_is_refused(daemon_factory, home):
    daemon_factory().start().stop()
    os.chmod(os.path.join(home, "registry.db"), 0o666)
    process = Process([program("httpsysd"), "--home", home])
    try:
        assert process.wait() not in (0, -signal.SIGABRT)
    finally:
        process.kill()
    assert "can be written by others" in process.err.text()


@pytest.fixture
def small_disk(netns):
    """A folder on a file system of one MiB."""
    path = tempfile.mkdtemp(prefix="httpsys-", dir="/tmp")
    result = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "none", path],
                            capture_output=True, text=True, check=False)
    if result.returncode != 0:
        os.rmdir(path)
        pytest.skip(f"no tmpfs can be mounted: {result.stderr}")
    yield path
    subprocess.run(["umount", "-l", path], check=True)
    os.rmdir(path)


def test_full_disk_refuses_changes_and_nothing_else(small_disk, free_port):
    daemon = Daemon(small_disk).start()
    hello = None
    try:
        port = free_port()
        hello = daemon.app("hello", f"http://localhost:{port}/")
        done = []
        with open(os.path.join(small_disk, "ballast"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        for i in range(1000):
            prefix = f"http://localhost:{port}/{i}/" + "long" * 100 + "/"
            result = daemon.cfg("set", "urlacl", "-u", prefix, "-a", "everyone")
            if result.returncode != 0:
                break
            done.append(prefix)
        else:
            pytest.fail("the disk is never full")
        assert "full" in result.stdout + result.stderr
        assert "room" in result.stderr, "what to do about it"
        assert rawhttp.ask(ADDRESS, port).status == 200
        assert {r["prefix"] for r in daemon.cfg_json("query", "urlacl")["reservations"]} == set(done)

        os.unlink(os.path.join(small_disk, "ballast"))
        daemon.cfg_ok("set", "urlacl", "-u", f"http://localhost:{port}/after/", "-a", "everyone")
        hello.stop()
        daemon.stop()
        daemon.start()
        found = {r["prefix"] for r in daemon.cfg_json("query", "urlacl")["reservations"]}
        assert found == {*done, f"http://localhost:{port}/after/"}
        daemon.stop()
    finally:
        if hello is not None:
            hello.kill()
        daemon.abort()


def test_kill_9_loses_no_change_that_was_reported_as_done(daemon_factory):
    daemon = daemon_factory()
    kept, number = set(), 0
    for round_ in range(4):
        daemon.start()
        found = {r["prefix"] for r in daemon.cfg_json("query", "urlacl")["reservations"]}
        assert kept <= found, f"lost: {kept - found}"
        assert len(found - kept) <= 1, "one may have been done and not reported"
        kept = found
        changing = Process(["sh", "-c", 'i=$2; while "$1" set urlacl -u "http://+:8080/$i/" -a everyone'
                            ' >/dev/null; do echo "done $i"; i=$((i + 1)); done', "sh",
                            program("httpcfg"), str(number)],
                           env={**daemon.env, "HTTPSYS_DAEMON": "/bin/false"})
        try:
            changing.out.expect(f"^done {number + 5 + 3 * round_}$")
            daemon.kill9_master()
            changing.wait()
        finally:
            changing.kill()
        done = [int(line.split()[1]) for line in changing.out.all]
        kept |= {f"http://+:8080/{i}/" for i in done}
        number = done[-1] + 2
    daemon.start()
    found = {r["prefix"] for r in daemon.cfg_json("query", "urlacl")["reservations"]}
    assert kept <= found and len(found - kept) <= 1
    assert daemon.status()["revision"] == len(found) + 1


# ---- the end ----

def refuses(port):
    try:
        rawhttp.Connection(ADDRESS, port).close()
    except ConnectionRefusedError:
        return True
    return False


def start_download(app, free_port, home):
    """A download that has begun and waits for its client.  Return: connection, size, port."""
    root, port, size = os.path.join(home, "www"), free_port(), 64 << 20
    os.mkdir(root)
    with open(os.path.join(root, "large"), "wb") as f:
        f.truncate(size)
    app("file_server", f"http://localhost:{port}/", options=[root])
    connection = rawhttp.Connection(ADDRESS, port)
    connection.send(rawhttp.request("/large"))
    connection._until(b"\r\n\r\n")
    return connection, size, port


def test_sigterm_finishes_a_running_download(daemon, app, free_port, home):
    connection, size, port = start_download(app, free_port, home)
    process = daemon.process
    process.signal(signal.SIGTERM)
    wait.until(lambda: refuses(port), "the port to be closed")
    assert process.is_running(), "it waits for the download"
    with connection:
        assert len(connection._exactly(size)) == size
        assert connection.is_closed()
    assert process.wait() == 0


def test_second_sigterm_ends_at_once(daemon, app, free_port, home):
    connection, _, port = start_download(app, free_port, home)
    process, family = daemon.process, daemon.pids()
    process.signal(signal.SIGTERM)
    wait.until(lambda: refuses(port), "the port to be closed")
    assert process.is_running()
    process.signal(signal.SIGTERM)
    assert process.wait() == 0
    wait.until_gone(family, "the end of the engine", timeout_s=5)
    connection.close()


def test_shutdown_limit_cuts_off_who_never_ends(daemon, app, free_port, home):
    daemon.cfg_ok("parameter", "ShutdownTimeout", "1")
    connection, _, _ = start_download(app, free_port, home)
    daemon.process.signal(signal.SIGTERM)
    assert daemon.process.wait() == 0
    assert "ShutdownTimeout" in daemon.process.err.text()
    connection.close()


def test_idle_connections_do_not_hold_up_the_end(daemon, app, free_port):
    port = free_port()
    app("hello", f"http://localhost:{port}/")
    connections = [rawhttp.Connection(ADDRESS, port) for _ in range(20)]
    for connection in connections[:10]:
        assert connection.ask().status == 200
    daemon.process.signal(signal.SIGTERM)
    assert daemon.process.wait(timeout_s=10) == 0
    for connection in connections:
        assert connection.is_closed()
        connection.close()


def test_stop_under_load_answers_what_it_has_taken(daemon, app, free_port):
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/")
    body = f"hello from {hello.pid}\n".encode()
    with Load(ADDRESS, port, lambda r: (r.status, r.body) == (200, body)) as load:
        load.progress(200)
        daemon.process.signal(signal.SIGTERM)
        assert daemon.process.wait() == 0
        load.stop()
    assert not [f for f in load.failures if "wrong answer" in f]
