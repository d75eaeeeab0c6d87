# SPDX-License-Identifier: MIT
"""
HTTP/1.1 from end to end: what a client sends, what the application gets, what comes back, and what
the engine has counted.  Grammar in all its corners is the unit tests' business.
"""

import email.utils
import os
import threading
import time

import pytest

from helpers import rawhttp
from helpers.ambiguous import AMBIGUOUS, HEAD, MALFORMED_CHUNKS, SMUGGLED
from helpers.counters import Counters

ADDRESS = "127.0.0.1"
CHUNKED = ("Transfer-Encoding", "chunked")


class Site:
    """An application and the way to it."""

    def __init__(self, app, port):
        self.app, self.port = app, port

    def connect(self):
        return rawhttp.Connection(ADDRESS, self.port)

    def ask(self, *words, **how):
        return rawhttp.ask(ADDRESS, self.port, *words, **how)

    def first(self, data):
        """The bytes, on a connection of their own.  Return: the first response."""
        with self.connect() as connection:
            connection.send(data)
            return connection.response()

    def only(self, data):
        """As first(), and the connection must end behind the response."""
        with self.connect() as connection:
            connection.send(data)
            response = connection.response()
            assert connection.is_closed(), "nothing behind it is answered"
            return response


@pytest.fixture
def hello(app, free_port):
    port = free_port()
    return Site(app("hello", f"http://{ADDRESS}:{port}/"), port)


@pytest.fixture
def echo(app, free_port):
    port = free_port()
    return Site(app("echo", f"http://{ADDRESS}:{port}/"), port)


@pytest.fixture
def files(app, free_port, home):
    """A file server; its folder has files of several sizes and an empty folder."""
    root, port = os.path.join(home, "www"), free_port()
    os.makedirs(os.path.join(root, "folder"))
    for name, size in (("empty", 0), ("small", 13), ("large", 3_000_001)):
        with open(os.path.join(root, name), "wb") as f:
            f.write(bytes(i * 7 % 251 for i in range(min(size, 100_003))) * (size // 100_003 + 1))
            f.truncate(size)
    site = Site(app("file_server", f"http://{ADDRESS}:{port}/", options=[root]), port)
    site.root = root
    return site


def content(files, name):
    with open(os.path.join(files.root, name), "rb") as f:
        return f.read()


@pytest.fixture
def counters(daemon):
    return Counters(daemon)


def without_date(response):
    return [field for field in response.fields if field[0].lower() != "date"]


def chunked(*pieces, trailers=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n" + trailers + b"\r\n"


# ---- connections ----

def test_one_connection_carries_many_requests(hello, counters):
    with hello.connect() as connection:
        for _ in range(20):
            assert connection.ask().body == f"hello from {hello.app.pid}\n".encode()
    counters.expect(connections_accepted=1, connections_closed=1, requests_delivered=20,
                    responses_sent=20)


def test_fifty_pipelined_requests_are_answered_in_order(files, counters):
    names = ["small", "empty", "large", "absent", "small"] * 10
    with files.connect() as connection:
        connection.send(b"".join(rawhttp.request("/" + name) for name in names))
        for name in names:
            response = connection.response()
            assert response.status == (404 if name == "absent" else 200), name
            assert name == "absent" or response.body == content(files, name), name
    assert counters.grown("requests_delivered", "responses_sent", "requests_rejected") == (50, 50, 0)


def test_fifty_pipelined_bodies_come_back_in_order(echo):
    bodies = [b"%d" % i * (i * 97) for i in range(50)]
    with echo.connect() as connection:
        sender = threading.Thread(target=lambda: [
            connection.send(rawhttp.request(method="POST", body=body)) for body in bodies])
        sender.start()
        assert [connection.response().body for _ in bodies] == bodies
        sender.join()


def test_connection_close_is_the_last_request(hello):
    with hello.connect() as connection:
        connection.send(rawhttp.request(fields=[("Connection", "close")]) + rawhttp.request())
        assert connection.response().field("connection") == "close"
        assert connection.is_closed()


def test_client_that_only_sends_no_more_is_answered(hello):
    with hello.connect() as connection:
        connection.send(rawhttp.request())
        connection.end()
        assert connection.response().status == 200
        assert connection.is_closed()


def test_http_1_0_gets_no_chunks_and_the_connection_ends(echo):
    body = b"x" * 100_000
    with echo.connect() as connection:
        connection.send(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        response = connection.response()
        assert response.field("transfer-encoding") is None and response.body == body


def test_http_1_0_may_ask_to_keep_the_connection(hello):
    with hello.connect() as connection:
        for _ in range(2):
            connection.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            response = connection.response()
            assert response.field("connection").lower() == "keep-alive"
            assert response.field("content-length") is not None


# ---- responses ----

@pytest.mark.parametrize("name", ["small", "empty", "large", "absent", "folder/"])
def test_head_has_the_fields_of_get_and_no_body(files, name):
    with files.connect() as connection:
        head = connection.ask("/" + name, method="HEAD")
        get = connection.ask("/" + name)
    assert head.status == get.status
    # The length of what is empty may be left out (RFC 9110 8.6): the application may have left the
    # body out because of HEAD.
    assert set(without_date(get)) - set(without_date(head)) <= {("Content-Length", "0")}
    assert set(without_date(head)) <= set(without_date(get))
    assert get.body == b"" or int(head.field("content-length")) == len(get.body)


def test_head_of_an_unknown_length_has_no_body(echo):
    with echo.connect() as connection:
        assert connection.ask(method="HEAD").field("content-length") is None
        assert connection.ask(method="POST", body=b"next").body == b"next"


def test_date_server_and_length_are_the_listeners(hello):
    response = hello.ask()
    sent = email.utils.parsedate_to_datetime(response.field("date")).timestamp()
    assert abs(time.time() - sent) < 3
    assert response.field("date").endswith(" GMT")
    assert response.field("server") == "httpsys"
    assert int(response.field("content-length")) == len(response.body)


@pytest.mark.parametrize("value, of_application, of_listener", [
    (0, "httpsys", "httpsys"), (1, "httpsys", None), (2, None, None)])
def test_disable_server_header(daemon, hello, value, of_application, of_listener):
    daemon.cfg_ok("parameter", "DisableServerHeader", str(value))
    assert hello.ask().field("server") == of_application
    assert hello.only(b"BAD\r\n\r\n").field("server") == of_listener


# ---- bodies ----

def test_chunks_of_any_cut_arrive_as_one_body(echo):
    body = os.urandom(70_000)
    cut = [body[:1], body[1:17], body[17:16_401], body[16_401:]]
    with echo.connect() as connection:
        for extension in (b"", b";a=b"):
            data = chunked(*cut, trailers=b"X-Check: 1\r\nX-More: 2\r\n").replace(
                b"1\r\n", b"1" + extension + b"\r\n", 1)
            connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for i in range(0, len(data), 1009):
                connection.send(data[i:i + 1009])
            response = connection.response()
            assert response.body == body
            assert response.field("transfer-encoding") == "chunked"
            assert response.trailers == [("Echo-Bytes", str(len(body)))]


def test_body_that_nobody_reads_does_not_become_a_request(hello, counters):
    body = rawhttp.request("/smuggled")
    with hello.connect() as connection:
        connection.send(rawhttp.request(method="POST", body=body))
        connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + chunked(body))
        connection.send(rawhttp.request())
        assert [connection.response().status for _ in range(3)] == [200] * 3
    counters.expect(requests_received=3, requests_delivered=3, connections_closed=1)


def test_unread_body_over_the_drain_limit_ends_the_connection(daemon, hello):
    daemon.cfg_ok("parameter", "MaxEntityDrainBytes", "1000")
    with hello.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        assert connection.response().status == 200
        try:
            connection.send(b"x" * 1_000_000)
        except OSError:
            return  # closed while we were sending
        assert connection.is_closed()


def test_expect_is_answered_with_100_before_the_body_is_sent(echo):
    with echo.connect() as connection:
        connection.send(rawhttp.request(method="POST", fields=[
            ("Expect", "100-continue"), ("Content-Length", "4")]))
        assert connection.interim().status == 100
        connection.send(b"body")
        response = connection.interim()
        assert (response.status, response.body) == (200, b"body")
        assert connection.ask(method="POST", body=b"next").body == b"next"


def test_expect_with_a_body_that_does_not_wait(echo):
    with echo.connect() as connection:
        connection.send(rawhttp.request(method="POST", body=b"body",
                                        fields=[("Expect", "100-Continue")]))
        assert connection.response().body == b"body"


def test_refusal_comes_instead_of_100(daemon, app, free_port):
    port = free_port()
    app("echo", f"http://{ADDRESS}:{port}/here/")
    with rawhttp.Connection(ADDRESS, port) as connection:
        connection.send(rawhttp.request("/elsewhere/", method="POST", fields=[
            ("Expect", "100-continue"), ("Content-Length", "4")]))
        assert connection.interim().status == 404


def test_large_echo_with_a_client_that_reads_late(echo):
    """Back-pressure both ways: more bytes than all buffers together, the client first only sends."""
    body = os.urandom(1 << 20) * 24
    with echo.connect() as connection:
        sender = threading.Thread(target=connection.send, args=(
            rawhttp.request(method="POST", body=body),))
        sender.start()
        sender.join(0.3)
        assert sender.is_alive(), "somebody has buffered 24 MiB"
        assert connection.response().body == body
        sender.join()


# ---- statuses ----

@pytest.mark.parametrize("status, data", [
    (400, b"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\n\r\n"),
    (400, b"get / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (411, b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (411, b"PUT / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (414, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    (417, b"GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n"),
    (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"),
    (501, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
    (501, b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
    (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    (505, b"GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
])
def test_refusals_of_the_listener(hello, counters, status, data):
    response = hello.only(data)
    assert response.status == status
    assert response.field("connection") == "close"
    assert response.field("content-type").startswith("text/html")
    assert str(status).encode() in response.body
    assert counters.grown("requests_rejected", "requests_delivered") == (1, 0)


@pytest.mark.parametrize("status, method, target", [
    (301, "GET", "/folder"), (403, "GET", "/folder/"), (404, "GET", "/absent"), (405, "POST", "/small"),
    (405, "DELETE", "/small")])
def test_statuses_of_an_application(files, counters, status, method, target):
    response = files.ask(target, method=method, body=b"x" if method == "POST" else None)
    assert response.status == status
    assert counters.grown("responses_sent", "requests_rejected") == (1, 0)


def test_host_path_and_reservation_decide_who_answers(daemon, app, free_port, counters):
    port = free_port()
    app("hello", f"http://localhost:{port}/app/")
    daemon.cfg_ok("set", "urlacl", "-u", f"http://localhost:{port}/reserved/", "-a", "everyone")
    for host, target, status in (("localhost", "/app/", 200), ("localhost", "/app", 200),
                                 ("localhost", "/apps/", 404), ("elsewhere", "/app/", 400),
                                 ("localhost", "/reserved/x", 503)):
        assert rawhttp.ask(ADDRESS, port, target, host=host).status == status, (host, target)
    assert counters.grown("requests_delivered", "requests_no_path", "requests_no_host",
                          "requests_reserved") == (2, 1, 1, 1)


# ---- requests that two servers could read differently ----

@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_request_reaches_no_application_nor_what_follows(echo, counters, name):
    assert echo.only(AMBIGUOUS[name] + SMUGGLED).status in (400, 501)
    assert counters.grown("requests_rejected", "requests_received", "requests_delivered") == (1, 0, 0)


@pytest.mark.parametrize("name", MALFORMED_CHUNKS)
def test_malformed_chunks_end_the_connection(echo, counters, name):
    with echo.connect() as connection:
        connection.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + MALFORMED_CHUNKS[name]
                        + SMUGGLED)
        received = connection.rest()
    assert b"0\r\nEcho-Bytes" not in received, "the application must not see an end of the body"
    assert received.count(b"HTTP/1.1 ") <= 1, "nothing behind it is answered"
    assert counters.grown("requests_rejected", "requests_delivered") == (1, 1)


def test_client_that_goes_in_the_middle_of_a_body(echo, counters):
    with echo.connect() as connection:
        connection.send(HEAD + b"Content-Length: 100\r\n\r\nhalf")
        connection.end()
        assert b"Echo-Bytes: " not in connection.rest()
    assert echo.ask(method="POST", body=b"the next").body == b"the next"
    counters.expect(requests_delivered=2, connections_closed=2)


# ---- limits: at the limit it passes, one more is refused ----

def head_of(n_bytes, fields=()):
    """A request whose head has exactly so many bytes."""
    head = rawhttp.request("/small", fields=[*fields, ("X", "")])
    return head[:-4] + b"a" * (n_bytes - len(head)) + b"\r\n\r\n"


LIMITS = {
    "MaxFieldLength": (1000, 431, lambda n: rawhttp.request("/small", fields=[
        ("X-Y", "a" * (n - len("X-Y: ")))])),
    "MaxRequestBytes": (2000, 431, head_of),
    "MaxFieldCount": (10, 431, lambda n: rawhttp.request("/small", fields=[
        ("X", "a")] * (n - len(["Host"])))),
    "UrlSegmentMaxLength": (30, 400, lambda n: rawhttp.request(
        "/small?" + "q" * 300 if n == 0 else "/" + "a" * n)),
    "UrlSegmentMaxCount": (5, 400, lambda n: rawhttp.request("/a" * n)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_hold_exactly_and_change_for_open_connections(daemon, files, counters, name):
    value, status, request_of = LIMITS[name]
    with files.connect() as connection:
        connection.send(request_of(value + 1))
        assert connection.response().status < 405, "the default is larger"
        daemon.cfg_ok("parameter", name, str(value))
        connection.send(request_of(value))
        assert connection.response().status < 405 and counters.grown("requests_rejected") == 0
        connection.send(request_of(value + 1))
        assert connection.response().status == status
        assert connection.is_closed()
    assert counters.grown("requests_rejected") == 1
    daemon.cfg_ok("parameter", name, "--default")
    assert files.first(request_of(value + 1)).status < 405


def test_long_target_is_414_and_a_long_head_431(daemon, files):
    daemon.cfg_ok("parameter", "MaxRequestBytes", "1000")
    assert files.only(rawhttp.request("/?" + "a" * 1000)).status == 414
    assert files.only(head_of(1001)).status == 431


def test_default_limits_are_those_of_the_original(files):
    assert files.first(head_of(16384)).status == 200
    assert files.only(head_of(16385)).status == 431
    assert files.ask("/" + "a" * 260).status == 404
    assert files.ask("/" + "a" * 261).status == 400


def test_larger_heads_are_possible(daemon, app, files, free_port):
    """Receivers attached afterwards take them; those attached before refuse, and go on."""
    daemon.cfg_ok("parameter", "MaxRequestBytes", "65536")
    daemon.cfg_ok("parameter", "MaxFieldLength", "60000")
    port = free_port()
    app("hello", f"http://{ADDRESS}:{port}/")
    data = rawhttp.request(fields=[("X", "a" * 50000)])
    for site_port, statuses in ((port, (200,)), (files.port, (200, 403, 431))):
        with rawhttp.Connection(ADDRESS, site_port) as connection:
            connection.send(data)
            assert connection.response().status in statuses
    assert files.ask("/small").status == 200


@pytest.mark.parametrize("name, target, default, changed", [
    ("AllowRestrictedChars", b"/a%01b", 400, 404), ("PercentUAllowed", b"/a%u0041", 404, 400),
    ("EnableNonUTF8", b"/a%ff", 404, 400)])
def test_switches_of_url_syntax(daemon, files, name, target, default, changed):
    data = b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    assert files.first(data).status == default
    daemon.cfg_ok("parameter", name, "1" if default == 400 else "0")
    assert files.first(data).status == changed


# ---- time-outs ----

def test_slow_head_is_408(daemon, hello, counters):
    daemon.cfg_ok("parameter", "HeaderWaitTimeout", "1")
    with hello.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHos")
        assert connection.response().status == 408
        assert connection.is_closed()
    assert counters.grown("timeout_header", "requests_delivered") == (1, 0)


def test_slow_head_of_a_later_request_is_408_too(daemon, hello, counters):
    daemon.cfg_ok("parameter", "HeaderWaitTimeout", "1")
    with hello.connect() as connection:
        assert connection.ask().status == 200
        connection.send(b"GET / HTTP/1.1\r\nHos")
        assert connection.response().status == 408
        assert connection.is_closed()
    assert counters.grown("timeout_header", "timeout_idle", "requests_delivered") == (1, 0, 1)


def test_connection_that_says_nothing_ends(daemon, hello, counters):
    daemon.cfg_ok("parameter", "HeaderWaitTimeout", "1")
    with hello.connect() as connection:
        connection.rest()
    counters.expect(connections_closed=1)


def test_idle_connection_ends_without_an_answer(daemon, hello, counters):
    daemon.cfg_ok("parameter", "IdleConnectionTimeout", "1")
    with hello.connect() as connection:
        assert connection.ask().status == 200
        assert connection.is_closed()
    assert counters.grown("timeout_idle", "requests_delivered") == (1, 1)


def test_body_that_stops_coming_ends_the_connection(daemon, echo, counters):
    daemon.cfg_ok("parameter", "EntityBodyTimeout", "1")
    with echo.connect() as connection:
        connection.send(HEAD + b"Content-Length: 100\r\n\r\nhalf")
        connection.rest()
    assert counters.grown("timeout_body") == 1
    assert echo.ask(method="POST", body=b"the next").body == b"the next"


# ---- files ----

def test_ranges_and_conditions(files):
    large = content(files, "large")
    response = files.ask("/large", fields=[("Range", "bytes=1000000-1999999")])
    assert (response.status, response.body) == (206, large[1_000_000:2_000_000])
    assert response.field("content-range") == f"bytes 1000000-1999999/{len(large)}"
    assert files.ask("/large", fields=[("Range", "bytes=99999999-")]).status == 416
    tag = files.ask("/small").field("etag")
    with files.connect() as connection:
        response = connection.ask("/small", fields=[("If-None-Match", tag)])
        assert (response.status, response.body) == (304, b"")
        assert connection.ask("/small").body == content(files, "small")


def test_path_never_leaves_the_folder(files):
    os.symlink("/etc/passwd", os.path.join(files.root, "link"))
    for target in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/folder/..%2f..%2fetc/passwd",
                   "/link", "//etc/passwd", "/..\\..\\etc\\passwd"):
        response = files.ask(target)
        assert response.status in (400, 403, 404) and b"root:" not in response.body, target
