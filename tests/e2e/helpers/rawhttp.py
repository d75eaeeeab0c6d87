# SPDX-License-Identifier: MIT
"""
An HTTP/1.1 client that sends what it is told, however wrong, and reads responses exactly: framing
that does not add up is a failure of the test.
"""

import socket

from . import wait

RECV_BYTES = 65536


class Broken(AssertionError):
    """The server's bytes are no response, or end too early."""


class Response:
    """status, reason, version; fields as [(name, value)]; body and trailers; head as it came."""

    def __init__(self, head):
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ", 2)
        if len(parts) < 3 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
            raise Broken(f"no status line: {lines[0]!r}")
        self.version, self.status, self.reason = parts[0], int(parts[1]), parts[2]
        self.fields = parse_fields(lines[1:])
        self.body = b""
        self.trailers = []

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def field(self, name):
        """The value of a field that may be there once at most; None when it is not."""
        values = self.all(name)
        assert len(values) < 2, f"{name} {len(values)} times: {values}"
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status} {self.reason}, {len(self.body)} bytes>"


def parse_fields(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Broken(f"no field line: {line!r}")
        fields.append((name, value.strip(" \t")))
    return fields


def request(target="/", host="localhost", method="GET", fields=(), body=None):
    """The bytes of a well-formed request; body: bytes, sent with Content-Length."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines + ["", ""]).encode("latin-1") + (body or b"")


class Connection:
    """One connection; a context manager."""

    def __init__(self, address, port, timeout_s=wait.TIMEOUT_S):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout_s)
        try:
            self.socket.connect((address, port))
        except OSError:
            self.socket.close()
            raise
        self._unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def end(self):
        """Sends FIN: there will be no more requests."""
        self.socket.shutdown(socket.SHUT_WR)

    def ask(self, target="/", host="localhost", method="GET", fields=(), body=None):
        """One well-formed request and its response."""
        self.send(request(target, host, method, fields, body))
        return self.response(method)

    def response(self, method="GET"):
        """The next final response; 1xx before it are skipped (see interim())."""
        response = self.interim(method)
        while 100 <= response.status < 200 and response.status != 101:
            response = self.interim(method)
        return response

    def interim(self, method="GET"):
        """The next response of any kind."""
        response = Response(self._until(b"\r\n\r\n")[:-4])
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if response.field("transfer-encoding") is not None:
            self._read_chunked(response)
        elif response.field("content-length") is not None:
            response.body = self._exactly(int(response.field("content-length")))
        else:
            response.body = self.rest()
        return response

    def is_closed(self):
        """Waits for the server's end of the connection; False when it sends something instead."""
        try:
            return self._unread == b"" and self._more() == b""
        except ConnectionResetError:
            return True

    def rest(self):
        """Everything until the server closes."""
        while self._more():
            pass
        data, self._unread = self._unread, b""
        return data

    def _more(self):
        data = self.socket.recv(RECV_BYTES)
        self._unread += data
        return data

    def _need_more(self):
        if not self._more():
            raise Broken(f"closed after {self._unread[:200]!r}")

    def _until(self, mark):
        while mark not in self._unread:
            self._need_more()
        end = self._unread.index(mark) + len(mark)
        data, self._unread = self._unread[:end], self._unread[end:]
        return data

    def _exactly(self, n):
        parts, n_read = [self._unread[:n]], min(n, len(self._unread))
        self._unread = self._unread[n:]
        while n_read < n:
            data = self.socket.recv(min(RECV_BYTES, n - n_read))
            if not data:
                raise Broken(f"closed after {n_read} of {n} bytes of body")
            parts.append(data)
            n_read += len(data)
        return b"".join(parts)

    def _read_chunked(self, response):
        if response.field("transfer-encoding").lower() != "chunked":
            raise Broken(f"transfer-encoding {response.field('transfer-encoding')!r}")
        if response.field("content-length") is not None:
            raise Broken("both framings")
        parts = []
        while True:
            size = int(self._until(b"\r\n")[:-2].split(b";")[0], 16)
            if size == 0:
                break
            parts.append(self._exactly(size))
            if self._exactly(2) != b"\r\n":
                raise Broken("no line end behind a chunk")
        response.body = b"".join(parts)
        lines = []
        while (line := self._until(b"\r\n")[:-2]) != b"":
            lines.append(line.decode("latin-1"))
        response.trailers = parse_fields(lines)


def ask(address, port, target="/", host="localhost", method="GET", fields=(), body=None):
    """One request on a connection of its own."""
    with Connection(address, port) as connection:
        return connection.ask(target, host, method, fields, body)
