"""One HTTP connection of the generator: a request goes out, its answer comes in, again and again."""

from __future__ import annotations

import errno
import os
from typing import Any

import gevent
from gevent.monkey import get_original
from httptools import HttpParserError, HttpResponseParser

from scenarios.answers import Reply

_READ, _WRITE = 1, 2  # what gevent's loop can wait for
_BLOCK = 16_384
_CONNECTING = {0, errno.EINPROGRESS}
_NOT_YET = {errno.EAGAIN, errno.ENOTCONN}  # Linux and macOS, of a connection that is being made

_Socket = get_original("socket", "socket")


class Connection:
    """A socket that never blocks, whose greenlet waits only where there is something to wait for.

    A socket of gevent's takes twice the CPU: it waits for every connection although that of a neighbour is
    there at once, looks for an answer before it waits for it, and resolves the address each time.

    The parser calls the methods that begin with `on_` (httptools, which is llhttp).
    """

    def __init__(self, family: int, address: Any) -> None:
        """Begin to connect.

        Raises:
            OSError: it was refused, or there is no room for one more.
        """
        self._hub = gevent.get_hub()
        self._socket = _Socket(family)
        self._socket.setblocking(False)
        self._readable = self._hub.loop.io(self._socket.fileno(), _READ)
        self._parser = HttpResponseParser(self)
        self._begin_answer()
        error = self._socket.connect_ex(address)
        if error not in _CONNECTING:
            self.close()
            raise OSError(error, os.strerror(error))

    def send(self, request: bytes) -> None:
        """Send all of a request, once there is a connection.

        Raises:
            OSError: there is none.
        """
        while request:
            try:
                request = request[self._socket.send(request) :]
            except OSError as error:
                if error.errno not in _NOT_YET:
                    raise
                self._await_writable()

    def answer(self) -> Reply:
        """The next answer, whole; a reply of status 0 says why there is none.

        Raises:
            OSError: the connection broke.
        """
        self._begin_answer()
        while not self._is_whole:
            if failure := self._read():
                return Reply(0, failure=failure)
        return Reply(
            status=self._parser.get_status_code(),
            body=self._body,
            server_timing=self._header(b"server-timing"),
            replayed=self._header(b"idempotency-replayed") == "true",
            location=self._header(b"location"),
        )

    def close(self) -> None:
        """Hang up. The parser knows this connection, and would keep it while the collector is away."""
        self._readable.close()
        self._socket.close()
        del self._parser

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of the answer's headers; of several by one name, all."""
        name = name.lower()
        before = self._headers.get(name)
        self._headers[name] = value if before is None else before + b", " + value

    def on_headers_complete(self) -> None:
        """No more headers."""
        self._has_head = True

    def on_body(self, part: bytes) -> None:
        """A part of the answer's body."""
        self._body += part

    def on_message_complete(self) -> None:
        """The answer's end."""
        self._is_whole = True
        self.stays_open = self._parser.should_keep_alive()

    def _begin_answer(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._body = b""
        self._has_head = self._is_whole = self.stays_open = False

    def _read(self) -> str:
        """Wait for a part of the answer and take it; why there cannot be a whole one any more, or nothing."""
        self._hub.wait(self._readable)
        try:
            block = self._socket.recv(_BLOCK)
        except BlockingIOError:
            return ""  # woken for nothing
        if not block:
            self._is_whole = self._ends_with_connection()
            return "" if self._is_whole else "closed"
        try:
            self._parser.feed_data(block)
        except HttpParserError:
            return "not_http"
        return ""

    def _ends_with_connection(self) -> bool:
        """Whether the answer has a head, and no length (RFC 9112, 6.3)."""
        return self._has_head and not {b"content-length", b"transfer-encoding"} & self._headers.keys()

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    def _await_writable(self) -> None:
        writable = self._hub.loop.io(self._socket.fileno(), _WRITE)
        try:
            self._hub.wait(writable)
        finally:
            writable.close()
