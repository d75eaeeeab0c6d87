# SPDX-License-Identifier: MIT
"""
Requests that two servers could cut or route differently, which is how one is smuggled past another
(RFC 9112 11.2): each must be refused whole.
"""

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

AMBIGUOUS = {
    "both framings": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both framings reversed": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    "the same length twice": HEAD + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "list of lengths": HEAD + b"Content-Length: 0, 0\r\n\r\n",
    "signed length": HEAD + b"Content-Length: +0\r\n\r\n",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "hexadecimal length": HEAD + b"Content-Length: 0x5\r\n\r\nabcde",
    "huge length": HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    "length with a blank inside": HEAD + b"Content-Length: 1 1\r\n\r\n",
    "empty length": HEAD + b"Content-Length:\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, chunked": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "identity": HEAD + b"Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "vertical tab before chunked": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": HEAD + b"Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n",
    "tab before the colon": HEAD + b"Content-Length\t: 0\r\n\r\n",
    "folded line": HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "folded framing": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "blank before the first field": b"POST / HTTP/1.1\r\n Host: a\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n",
    "bare LF inside": HEAD + b"X: a\nContent-Length: 0\r\n\r\n",
    "bare CR": HEAD + b"X: a\rContent-Length: 5\r\n\r\n",
    "NUL in a value": HEAD + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "NUL in a name": HEAD + b"X\0: a\r\nContent-Length: 0\r\n\r\n",
    "no colon": HEAD + b"Content-Length 0\r\n\r\n",
    "empty name": HEAD + b": a\r\nContent-Length: 0\r\n\r\n",
    "two hosts": HEAD + b"Host: b\r\nContent-Length: 0\r\n\r\n",
    "host list": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "host with a user": b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
    "absolute form against host": b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "two blanks in the request line": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "tab in the request line": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "blank before the version's end": b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "no version": b"GET /\r\nHost: a\r\n\r\n",
    "small letters in the version": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "long version": b"GET / HTTP/1.10\r\nHost: a\r\n\r\n",
}

MALFORMED_CHUNKS = {
    "sign": b"+1\r\na\r\n0\r\n\r\n",
    "prefix 0x": b"0x1\r\na\r\n0\r\n\r\n",
    "no size": b"\r\na\r\n0\r\n\r\n",
    "blank before the size": b" 1\r\na\r\n0\r\n\r\n",
    "size over 64 bits": b"10000000000000001\r\na\r\n0\r\n\r\n",
    "bare LF behind the size": b"1\na\r\n0\r\n\r\n",
    "bare CR behind the size": b"1\ra\r\n0\r\n\r\n",
    "LF in the extension": b"1;a\nb\r\na\r\n0\r\n\r\n",
    "no line end behind the data": b"1\r\na0\r\n\r\n",
    "bare LF behind the data": b"1\r\na\n0\r\n\r\n",
    "framing in the trailers": b"0\r\nContent-Length : 5\r\n\r\n",
    "folded trailer": b"0\r\nX: a\r\n b\r\n\r\n",
    "bare LF at the end": b"0\r\n\n",
}
