# SPDX-License-Identifier: MIT
"""
Applications that die, share a queue, lose the listener or keep their clients waiting: what happens
to whose requests.
"""

import os
import signal
import socket

import pytest

from helpers import rawhttp, wait
from helpers.counters import Counters
from helpers.load import Load
from helpers.process import Process, program

ADDRESS = "127.0.0.1"


def rows(daemon, kind):
    return daemon.status()["engine"][kind]


def is_of(name):
    """Answers of an example, whichever process of it."""
    return lambda response: response.status == 200 and response.body.startswith(name)


@pytest.fixture
def second(daemon):
    """A function: another process that receives from a named queue."""
    processes = []

    def start(name):
        processes.append(Process([program("examples/async"), "--open", name], env=daemon.env))
        processes[-1].out.expect(f"^opened {name}$")
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


# ---- one queue, several processes ----

def test_two_processes_share_a_queue(daemon, app, second, free_port):
    port = free_port()
    first = app("async", f"http://localhost:{port}/", options=["--queue", "work"])
    other = second("work")
    expected = {f"async from {p.pid}: 0 bytes\n".encode() for p in (first, other)}
    with Load(ADDRESS, port, is_of(b"async from"), n_lasting=32, n_fresh=2) as load:
        load.progress(500)
    load.check()
    with rawhttp.Connection(ADDRESS, port) as connection:
        assert connection.ask().body in expected
    queue = [q for q in rows(daemon, "queues") if q["name"] == "work"][0]
    assert {r["pid"] for r in queue["receivers"]} == {first.pid, other.pid}
    assert queue["n_arrived"] >= 500 and queue["n_rejected"] == 0


def test_death_of_one_receiver_costs_only_what_it_had_taken(daemon, app, second, free_port):
    """kill -9 under load: the second process goes on, and little more than one request each fails."""
    port, n_clients = free_port(), 8
    first = app("async", f"http://localhost:{port}/", options=["--queue", "work"])
    other = second("work")
    counters = Counters(daemon)
    with Load(ADDRESS, port, is_of(b"async from"), n_lasting=n_clients, n_fresh=0) as load:
        load.progress(200)
        os.kill(other.pid, signal.SIGKILL)
        wait.until(lambda: len(rows(daemon, "sessions")) == 1, "the loss of the second process")
        n_failed = len(load.failures)
        load.failures.clear()
        load.progress(200)
        load.stop()
        load.check()
    assert n_failed <= n_clients, "one request of each client at most was with it"
    assert counters.grown("requests_abandoned") == n_failed
    queue = [q for q in rows(daemon, "queues") if q["name"] == "work"][0]
    assert [r["pid"] for r in queue["receivers"]] == [first.pid]


def test_creator_of_a_queue_may_go_first(daemon, app, second, free_port):
    """Its prefixes go with it; the queue lives as long as somebody has it open."""
    port = free_port()
    first = app("async", f"http://localhost:{port}/", options=["--queue", "work"])
    second("work")
    first.kill()
    wait.until(lambda: rows(daemon, "prefixes") == [], "the end of the creator's prefixes")
    queues = rows(daemon, "queues")
    assert [(q["name"], len(q["receivers"])) for q in queues] in ([], [("work", 1)])
    again = app("hello", f"http://localhost:{port}/")
    assert rawhttp.ask(ADDRESS, port).body == f"hello from {again.pid}\n".encode()


# ---- the end of an application ----

def test_death_in_the_middle_of_a_request_is_502(daemon, app, free_port):
    port = free_port()
    victim = app("async", f"http://localhost:{port}/")
    counters = Counters(daemon)
    with rawhttp.Connection(ADDRESS, port) as connection:
        connection.send(rawhttp.request(method="POST", fields=[("Content-Length", "10")]) + b"half")
        counters.expect(requests_delivered=1)
        victim.kill()
        assert connection.response().status == 502
        assert connection.is_closed()
    assert counters.grown("requests_abandoned") == 1
    event = daemon.expect_event(20006)
    assert str(victim.pid) in event["text"] and "async" in event["text"]
    assert rows(daemon, "prefixes") == [] and rows(daemon, "sessions") == []


def test_death_in_the_middle_of_a_response_is_no_orderly_end(daemon, app, free_port):
    port = free_port()
    victim = app("echo", f"http://localhost:{port}/")
    with rawhttp.Connection(ADDRESS, port) as connection:
        connection.send(rawhttp.request(method="POST", fields=[("Content-Length", "10")]) + b"half")
        assert b"half" in connection._until(b"half\r\n")
        victim.kill()
        try:
            assert b"0\r\n\r\n" not in connection.rest()
        except ConnectionResetError:
            pass


def test_site_whose_application_is_dead_is_closed(daemon, app, free_port):
    port = free_port()
    victim = app("hello", f"http://localhost:{port}/")
    with rawhttp.Connection(ADDRESS, port) as kept:
        assert kept.ask().status == 200
        victim.kill()
        wait.until(lambda: daemon.status()["endpoints"] == [], "the port to be closed")
        assert kept.ask().status == 400, "nobody has registered this host any more"
    with pytest.raises(OSError):
        rawhttp.ask(ADDRESS, port)


def test_application_is_told_that_its_client_has_gone(daemon, app, free_port):
    """It waits for a body that never comes, and gives up when the client goes: more than it can hold."""
    daemon.cfg_ok("parameter", "ExchangesPerReceiver", "16")
    port, n_clients = free_port(), 100
    app("async", f"http://localhost:{port}/")
    counters = Counters(daemon)
    for _ in range(n_clients):
        with rawhttp.Connection(ADDRESS, port) as connection:
            connection.send(rawhttp.request(method="POST", fields=[("Content-Length", "9")]) + b"half")
    counters.expect(requests_delivered=n_clients, connections_closed=n_clients)
    assert rawhttp.ask(ADDRESS, port, method="POST", body=b"12345").body.endswith(b": 5 bytes\n")
    assert counters.grown("lanes_broken", "requests_abandoned") == (0, 0)


# ---- the end of the listener ----

def test_engine_dies_under_load_and_everybody_goes_on(daemon, app, free_port):
    """Clients see broken connections, never a wrong answer and never a refused connection."""
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/")
    with Load(ADDRESS, port, is_of(b"hello from %d" % hello.pid)) as load:
        load.progress(200)
        daemon.kill9_engine()
        wait.until(lambda: len(rows(daemon, "prefixes")) == 1, "the registration to be there again")
        broken = [f for f in load.failures if "Connection refused" in f]
        load.failures.clear()
        load.progress(200)
        load.stop()
        load.check()
    assert broken == [], "the listening socket outlives the engine"
    assert hello.is_running()
    assert daemon.expect_event(20001) and daemon.expect_event(20002)


def test_engine_may_die_again_and_again(daemon, app, free_port):
    port = free_port()
    apps = [app("hello", f"http://localhost:{port}/{i}/") for i in range(3)]
    for _ in range(3):
        daemon.kill9_engine()
        wait.until(lambda: len(rows(daemon, "prefixes")) == 3, "all registrations")
        for i, hello in enumerate(apps):
            assert rawhttp.ask(ADDRESS, port, f"/{i}/").body == f"hello from {hello.pid}\n".encode()
    assert len(daemon.events(20001)) == 3


def test_queue_of_two_processes_is_made_again(daemon, app, second, free_port):
    port = free_port()
    app("async", f"http://localhost:{port}/", options=["--queue", "work"])
    second("work")
    daemon.kill9_engine()
    wait.until(lambda: [len(q["receivers"]) for q in rows(daemon, "queues")] == [2],
               "both to receive again")
    assert rawhttp.ask(ADDRESS, port).body.startswith(b"async from")


def test_listener_restarts_under_its_applications(daemon, app, free_port):
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/")
    daemon.restart()
    wait.until(lambda: rows(daemon, "prefixes"), "the application to be back")
    assert rawhttp.ask(ADDRESS, port).body == f"hello from {hello.pid}\n".encode()


# ---- what the tools say about applications ----

def test_reservation_that_shadows_a_registration_is_explained(daemon, app, free_port):
    """A strong wildcard's reservation comes before a host name's registration: no answer but 503."""
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/app/")
    url = f"http://localhost:{port}/app/page"
    before = daemon.cfg_json("explain", url)["engine"]
    assert before["outcome"] == "delivered" and before["entry"]["pid"] == hello.pid

    shadow = f"http://+:{port}/app/"
    daemon.cfg_ok("set", "urlacl", "-u", shadow, "-a", "everyone")
    assert rawhttp.ask(ADDRESS, port, "/app/page").status == 503
    after = daemon.cfg_json("explain", url)["engine"]
    assert (after["outcome"], after["status"]) == ("refused", 503)
    assert (after["entry"]["prefix"], after["entry"]["kind"]) == (shadow, "reservation")
    said = daemon.cfg_ok("explain", url)
    assert shadow in said and "503" in said

    daemon.cfg_ok("delete", "urlacl", "-u", shadow)
    assert rawhttp.ask(ADDRESS, port, "/app/page").status == 200


def test_explain_agrees_with_what_happens(daemon, app, free_port):
    port = free_port()
    app("hello", f"http://localhost:{port}/app/")
    daemon.cfg_ok("set", "urlacl", "-u", f"http://localhost:{port}/kept/", "-a", "everyone")
    for target, status in (("/app/", 200), ("/APP/x", 200), ("/app", 200), ("/ap", 404), ("/", 404),
                           ("/app/../kept/", 503), ("/app/%2e%2e/none", 404)):
        assert rawhttp.ask(ADDRESS, port, target).status == status, target
        said = daemon.cfg_json("explain", f"http://localhost:{port}{target}")["engine"]
        assert (said["outcome"] == "delivered") == (status == 200), target
        assert said["status"] == (0 if status == 200 else status), target


def test_status_shows_the_processes(daemon, app, second, free_port):
    port = free_port()
    first = app("async", f"http://localhost:{port}/", options=["--queue", "work"])
    other = second("work")
    said = daemon.cfg_ok("status")
    for text in (str(first.pid), str(other.pid), "async", "work", f"http://localhost:{port}/"):
        assert text in said, text
    assert {s["pid"] for s in rows(daemon, "sessions")} == {first.pid, other.pid}
    for view in ("session", "requestq"):
        assert str(first.pid) in daemon.cfg_ok("show", "servicestate", f"view={view}")


def test_client_that_shuts_its_sending_side_is_answered(daemon, app, free_port):
    """As `printf ... | nc -N` does: the request and the end come together."""
    port = free_port()
    hello = app("hello", f"http://localhost:{port}/")
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            s.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: s.recv(4096), b""))
        assert answer.endswith(f"hello from {hello.pid}\n".encode()), answer
