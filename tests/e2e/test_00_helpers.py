# SPDX-License-Identifier: MIT
"""The tests' own tools: what they report can be relied on, and they can fail."""

import os
import socket
import sys
import threading

import pytest

from helpers import network, rawhttp, wait
from helpers.daemon import Daemon
from helpers.load import Load
from helpers.process import Process

PYTHON = "/usr/bin/python3"


@pytest.fixture
def answering():
    """A function: listens and sends the bytes to each connection that has sent something."""
    listeners, threads = [], []

    def serve(listener, data):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(data)

    def start(data):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=serve, args=(listener, data), daemon=True))
        threads[-1].start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join()


def test_content_length_frames_a_body(answering):
    port = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    response = rawhttp.ask("127.0.0.1", port)
    assert (response.status, response.body) == (200, b"abc")


def test_chunks_and_trailers_are_read(answering):
    port = answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n")
    response = rawhttp.ask("127.0.0.1", port)
    assert (response.body, response.trailers) == (b"abcde", [("A", "b")])


def test_pipelined_responses_are_told_apart(answering):
    port = answering(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
                     b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    with rawhttp.Connection("127.0.0.1", port) as connection:
        connection.send(rawhttp.request() * 2)
        assert [connection.response().status, connection.response().body] == [204, b"x"]
        assert connection.is_closed()


@pytest.mark.parametrize("data", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\n",
    b"hello\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
])
def test_a_broken_response_fails(answering, data):
    with pytest.raises(rawhttp.Broken):
        rawhttp.ask("127.0.0.1", answering(data))


def test_load_counts_what_fails(answering):
    good = answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nme")
    with Load("127.0.0.1", good, lambda r: r.body == b"me") as load:
        load.progress(20)
    load.check()
    with Load("127.0.0.1", good, lambda r: r.body == b"you", n_lasting=1, n_fresh=1) as load:
        pass
    with pytest.raises(AssertionError, match="wrong answer"):
        load.check()


def test_load_sees_a_server_that_is_gone():
    with Load("127.0.0.1", network.free_port(), lambda r: True) as load:
        pass
    assert load.n_done == 0 and load.failures


def test_lines_are_waited_for():
    process = Process([PYTHON, "-c", "print('one'); print('two 2')"])
    assert process.out.expect(r"two (\d)").group(1) == "2"
    with pytest.raises(wait.Timeout):
        process.out.expect("three")
    assert process.wait() == 0


def test_a_sanitizer_report_fails():
    process = Process([PYTHON, "-c", "import sys; sys.exit('x.c:1: runtime error: overflow')"])
    assert process.wait() == 1
    with pytest.raises(AssertionError):
        process.check_sanitizers()


def test_until_gives_up():
    with pytest.raises(wait.Timeout, match="never"):
        wait.until(lambda: None, "never", timeout_s=0.05)


def test_events_are_read_from_the_log(home):
    os.mkdir(os.path.join(home, "log"))
    with open(os.path.join(home, "log", "events.log"), "w", encoding="utf-8") as f:
        f.write('{"event_id":15005,"text":"a"}\n{"event_id":1007}\n{"event_i')
    daemon = Daemon(home)
    assert daemon.events(15005) == [{"event_id": 15005, "text": "a"}]
    assert [e["event_id"] for e in daemon.events()] == [15005, 1007]


def test_namespace_has_free_ports_and_addresses_of_its_own(netns, foreign):
    server = foreign("127.0.0.2", 80)
    assert server.is_listening and server.is_who_answers("127.0.0.2", 80)
    assert not foreign("127.0.0.2", 80).is_listening
    with pytest.raises(OSError):
        rawhttp.ask("127.0.0.3", 80)
    netns.add_address("192.0.2.7")
    netns.add_address("2001:db8::7")
    assert foreign("192.0.2.7", 80).is_listening and foreign("2001:db8::7", 80).is_listening
    netns.delete_address("192.0.2.7")
    assert not foreign("192.0.2.7", 80).is_listening


def test_a_device_can_be_added(netns):
    netns.add_device("other0")
    netns.add_address("198.51.100.1/24", "other0")
    assert "198.51.100.1" in netns.ip("-brief", "address", "show", "other0")


def test_python_is_the_distribution_s():
    assert sys.executable == PYTHON or sys.prefix == "/usr"
