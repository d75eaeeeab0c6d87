# SPDX-License-Identifier: MIT
"""
The reason why this exists: two web servers share port 80 of one machine.  Ours serves a site on one
address, a real list server (GNU Mailman 3, gunicorn) has its own web server on another.  Who answers is
checked each time, never just that somebody does.
"""

import re
import socket

import pytest

from helpers import rawhttp, wait
from helpers.load import Load
from helpers.process import Process, program

OURS = "127.0.0.1"
THEIRS = "127.0.0.2"
THIRD = "127.0.0.3"
PORT = 80


def is_hello(app):
    expected = f"hello from {app.pid}"
    return lambda response: response.status == 200 and response.body.decode().strip() == expected


def answers(app, address, port=PORT):
    return is_hello(app)(rawhttp.ask(address, port, host="localhost"))


def is_refused(address, port=PORT):
    """Does nobody listen there?"""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        try:
            s.connect((address, port))
        except ConnectionRefusedError:
            return True
    return False


def listening():
    """All TCP listeners of the namespace as (address in hex, port)."""
    found = set()
    for path in ("/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"):
        with open(path, encoding="ascii") as f:
            for line in f.readlines()[1:]:
                words = line.split()
                if words[3] == "0A":
                    address, port = words[1].split(":")
                    found.add((address, int(port, 16)))
    return found


def command_line(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().replace(b"\0", b" ").decode()


def state_of(daemon, prefix):
    rows = [p for p in daemon.status()["engine"]["prefixes"] if p["prefix"] == prefix]
    assert len(rows) == 1, rows
    return rows[0]


pytestmark = pytest.mark.usefixtures("netns")


def test_nothing_is_bound_before_a_registration_and_after_the_last(daemon, app):
    before = listening()
    daemon.cfg_ok("set", "urlacl", "-u", "http://+:80/", "-a", "everyone")
    assert listening() == before, "a reservation alone binds nothing"

    hello = app("hello", "http://+:80/")
    assert {port for _, port in listening() - before} == {PORT}

    hello.stop()
    wait.until(lambda: listening() == before, "the end of the last registration's endpoints")


def test_empty_list_keeps_the_list_server_out(daemon, app, mailman):
    """(a) As in the original: with an empty list we have port 80 of all addresses."""
    hello = app("hello", "http://+:80/")
    assert hello.states["http://+:80/"].startswith("served")

    lists = mailman(THEIRS, PORT)
    assert not lists.start(), "Mailman must not get 127.0.0.2:80"
    assert not lists.is_who_answers()
    assert answers(hello, THEIRS), "it is us who answer there"


def test_list_makes_room_under_load_without_a_failed_request(daemon, app, mailman):
    """(b) httpcfg set iplisten -i 127.0.0.1 while our site is being asked."""
    hello = app("hello", "http://+:80/")
    lists = mailman(THEIRS, PORT)
    with Load(OURS, PORT, is_hello(hello)) as load:
        load.progress(200)
        daemon.cfg_ok("set", "iplisten", "-i", OURS)
        load.progress(200)
        assert lists.start(), "Mailman gets 127.0.0.2:80 as soon as the command has returned"
        load.progress(200)
        assert lists.is_who_answers()
        assert answers(hello, OURS)

        lists.stop()
        daemon.cfg_ok("delete", "iplisten", "-i", OURS)
        load.progress(200)
        load.check()
    assert answers(hello, THEIRS), "the list is empty again: all addresses are ours"


def test_prefix_outside_the_list_says_so_and_is_served_when_listed(daemon, app):
    """(c) Nothing looks started that can't be reached."""
    prefix = f"http://{THIRD}:80/"
    daemon.cfg_ok("set", "iplisten", "-i", OURS)
    hello = app("hello", prefix)
    assert hello.states[prefix].startswith("unreachable")
    assert is_refused(THIRD)

    row = state_of(daemon, prefix)
    assert row["state"] == "unreachable"
    assert THIRD in row["text"] and "list" in row["text"]
    assert f"iplisten -i {THIRD}" in row["repair"]
    assert "unreachable" in daemon.cfg_ok("status")
    assert daemon.expect_event(1004)["prefix"] == prefix

    explained = daemon.cfg("explain", prefix)
    assert THIRD in explained.stdout and "list" in explained.stdout

    n_before = len(daemon.events(1007))
    daemon.cfg_ok("set", "iplisten", "-i", THIRD)
    assert answers(hello, THIRD)
    assert state_of(daemon, prefix)["state"] == "served"
    assert daemon.expect_event(1007, since=n_before)["prefix"] == prefix


def test_list_server_first_our_registration_names_it(daemon, mailman):
    """(d) Mailman first, then our wildcard prefix: refused, and we say who has the port."""
    lists = mailman(THEIRS, PORT)
    assert lists.start()

    process = Process([program("examples/hello"), "http://+:80/"], env=daemon.env)
    try:
        status = process.wait()
    finally:
        process.kill()
    assert status != 0
    said = process.err.text() + process.out.text()
    named = re.search(rf"{THEIRS}:{PORT} is held by \S+ \(pid (\d+), uid \d+ list", said)
    assert named, said
    assert lists.config in command_line(named.group(1)), "the process named is Mailman's"
    assert is_refused(OURS), "nothing of ours stays bound"
    assert lists.is_who_answers()

    holder = daemon.cfg_json("whohas", str(PORT))["holders"][0]
    assert holder["endpoint"] == f"{THEIRS}:{PORT}" and holder["user"] == "list"
    assert lists.config in command_line(holder["pid"])


def test_address_that_is_only_bound_is_in_use_too(daemon, free_port):
    """A foreign socket that does not even listen; the failed registration leaves nothing behind."""
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.bind((OURS, port))
        before = listening()
        process = Process([program("examples/hello"), f"http://localhost:{port}/"], env=daemon.env)
        try:
            assert process.wait() != 0
        finally:
            process.kill()
        assert f"{OURS}:{port}" in process.err.text()
        assert listening() == before


def test_adding_the_neighbours_address_leaves_the_others_up(daemon, app, foreign):
    """(e) Partial failure: the neighbour's address fails by name, ours stays."""
    daemon.cfg_ok("set", "iplisten", "-i", OURS)
    hello = app("hello", "http://+:80/")
    neighbour = foreign(THEIRS, PORT)
    assert neighbour.is_listening

    result = daemon.cfg("set", "iplisten", "-i", THEIRS)
    assert str(neighbour.pid) in result.stdout + result.stderr
    assert answers(hello, OURS)
    assert neighbour.is_who_answers(THEIRS, PORT)
    row = state_of(daemon, "http://+:80/")
    assert row["state"] == "partly served" and str(neighbour.pid) in row["text"]
    assert daemon.events(15005), "the original's event for an endpoint that can't be made"

    daemon.cfg_ok("delete", "iplisten", "-i", THEIRS)
    assert state_of(daemon, "http://+:80/")["state"] == "served"


def test_removing_an_address_frees_it_at_once(daemon, app, foreign):
    daemon.cfg_ok("set", "iplisten", "-i", OURS)
    daemon.cfg_ok("set", "iplisten", "-i", THIRD)
    hello = app("hello", "http://+:80/")
    assert answers(hello, THIRD)

    daemon.cfg_ok("delete", "iplisten", "-i", THIRD)
    neighbour = foreign(THIRD, PORT)
    assert neighbour.is_listening and neighbour.is_who_answers(THIRD, PORT)
    assert answers(hello, OURS)


def test_absent_address_is_pending_until_it_appears(daemon, app, netns):
    """(e) An address that is not there is no error for the others; it is bound when it comes."""
    late = "192.0.2.77"
    daemon.cfg_ok("set", "iplisten", "-i", OURS)
    daemon.cfg("set", "iplisten", "-i", late)
    hello = app("hello", "http://+:80/")
    assert answers(hello, OURS)
    entry = [e for e in daemon.status()["listen_list"] if e["entry"] == late][0]
    assert entry["state"] == "pending"

    netns.add_address(late)
    wait.until(lambda: not is_refused(late), "our endpoint on the address that appeared")
    assert answers(hello, late)

    netns.delete_address(late)
    wait.until(lambda: [e["state"] for e in daemon.status()["listen_list"] if e["entry"] == late]
               == ["pending"], "the entry to be pending again")
    assert answers(hello, OURS)


def test_list_without_a_usable_entry_binds_nothing(daemon, app):
    daemon.cfg("set", "iplisten", "-i", "192.0.2.78")
    before = listening()
    hello = app("hello", "http://+:80/")
    assert hello.states["http://+:80/"].startswith("unreachable")
    assert listening() == before and is_refused(OURS)


def test_none_means_nowhere(daemon, app):
    daemon.cfg_ok("set", "iplisten", "-i", "none")
    hello = app("hello", "http://+:80/")
    assert hello.states["http://+:80/"].startswith("unreachable")
    assert is_refused(OURS)

    daemon.cfg_ok("delete", "iplisten", "-i", "none")
    assert answers(hello, OURS)


def test_ipv6_twins(daemon, app, foreign, netns):
    """(e) The same for IPv6: ours on ::1, a neighbour on another address of the same port."""
    theirs = "2001:db8::2"
    netns.add_address(theirs)
    hello = app("hello", "http://+:80/")
    assert answers(hello, "::1") and answers(hello, theirs)
    assert not foreign(theirs, PORT).is_listening

    daemon.cfg_ok("set", "iplisten", "-i", "::1")
    neighbour = foreign(theirs, PORT)
    assert neighbour.is_listening and neighbour.is_who_answers(theirs, PORT)
    assert answers(hello, "::1")
    assert is_refused(OURS), "a list of one IPv6 address serves no IPv4"


def test_only_the_ipv6_wildcard_leaves_ipv4_alone(daemon, app, foreign):
    daemon.cfg_ok("set", "iplisten", "-i", "::")
    hello = app("hello", "http://+:80/")
    neighbour = foreign("0.0.0.0", PORT)
    assert neighbour.is_listening and neighbour.is_who_answers(OURS, PORT)
    assert answers(hello, "::1")


def test_entry_with_a_port_concerns_that_port_only(daemon, app):
    daemon.cfg_ok("set", "iplisten", "-i", f"{OURS}:80")
    hello = app("hello", "http://+:80/", "http://+:8080/")
    assert hello.states["http://+:80/"].startswith("served")
    assert hello.states["http://+:8080/"].startswith("unreachable")
    assert answers(hello, OURS) and is_refused(OURS, 8080)


@pytest.mark.parametrize("victim", ["engine", "master"])
@pytest.mark.parametrize("point", ["empty list", "list of one", "neighbour up", "unreachable prefix"])
def test_kill_9_at_any_point_changes_nothing(daemon, app, foreign, victim, point):
    """(f) After the restart everything is as before, and the application has noticed nothing."""
    prefix = f"http://{THIRD}:80/" if point == "unreachable prefix" else "http://+:80/"
    neighbour = None
    if point != "empty list":
        daemon.cfg_ok("set", "iplisten", "-i", OURS)
    hello = app("hello", prefix)
    if point == "neighbour up":
        neighbour = foreign(THEIRS, PORT)
        assert neighbour.is_listening
    before = (listening(), daemon.cfg_ok("dump"), state_of(daemon, prefix)["state"])

    if victim == "engine":
        daemon.kill9_engine()
    else:
        daemon.kill9_master()
        daemon.start()

    def is_as_before():
        rows = daemon.status()["engine"]["prefixes"]
        return [(p["prefix"], p["state"]) for p in rows] == [(prefix, before[2])] and \
            listening() == before[0]

    wait.until(is_as_before, "the application to have registered again")
    assert daemon.cfg_ok("dump") == before[1]
    if before[2] == "served":
        assert answers(hello, OURS)
    if neighbour is not None:
        assert neighbour.is_who_answers(THEIRS, PORT)


def test_requests_wait_while_the_engine_restarts(daemon, app):
    """The listening sockets outlive the engine: connections queue in the kernel, none is refused."""
    hello = app("hello", "http://+:80/")
    assert answers(hello, OURS)
    daemon.kill9_engine()
    assert wait.until(lambda: answers(hello, OURS), "an answer after the restart")
