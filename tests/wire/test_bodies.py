# SPDX-License-Identifier: MIT
"""Conversations whose responses end in trailers, which varnishtest cannot read."""

import pytest

from helpers import rawhttp


@pytest.fixture
def echo(site):
    with rawhttp.Connection(*site["echo"]) as connection:
        yield connection


def test_a_chunked_request_is_echoed_in_whatever_pieces_it_comes(echo):
    for piece in (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r",
                  b"\nabc\r\nA\r\n01234", b"56789\r\n0\r\nX-Trailer: t\r\n\r\n"):
        echo.send(piece)
    response = echo.response()
    assert (response.status, response.body) == (200, b"abc0123456789")
    assert echo.ask(method="POST", body=b"again").body == b"again"


def test_pipelined_requests_are_answered_in_order(echo):
    echo.send(rawhttp.request("/1", method="POST", body=b"one")
              + b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"3\r\ntwo\r\n0\r\n\r\n"
              + rawhttp.request("/3", method="POST", body=b"three")
              + rawhttp.request("/4", method="POST", body=b""))
    assert [echo.response("POST").body for _ in range(4)] == [b"one", b"two", b"three", b""]


def test_a_trailer_counts_what_was_echoed(echo):
    body = b"x" * 300000
    response = echo.ask(method="POST", body=body)
    assert response.body == body
    assert response.trailers == [("Echo-Bytes", str(len(body)))]
