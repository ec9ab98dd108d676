"""HTTP over as many connections as there are requests under way.

Why not the session of Locust's FastHttpUser: it takes 125 us of CPU a request where this takes 26 (one
core, nine in ten answers a 409, three turns each; 125 has Locust's statistics in it, 26 has not), for a
cookie jar, redirects, a protocol of every 4xx. And its pool makes the open loop a closed one, or hides
attempts: a request waits for one of `concurrency` places, a connection whose file descriptor is 1024 or
more is never used again and a GET whose connection breaks is sent again unseen.
The parser is the same (geventhttpclient's llhttp).
"""

from __future__ import annotations

import errno
import time
from typing import Any
from urllib.parse import urlsplit

import gevent
import gevent.socket
from geventhttpclient.response import HTTPParseError, HTTPResponse

from scenarios.answers import Reply

_IDLE_S = 2.0  # a connection idle for longer is not used again: servers hang up, uvicorn after 5 s by default
_BLOCK = 16_384


class Wire:
    """Connections to one server."""

    def __init__(self, url: str) -> None:
        """Resolve the server's address once.

        Raises:
            ValueError: the URL is not one of plain HTTP.
            OSError: there is no such host.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"host {url!r}: expected a URL such as http://127.0.0.1:8000 (no TLS)")
        self.host = parts.netloc
        stream = gevent.socket.SOCK_STREAM
        self._family: int
        self._address: Any
        self._family, _, _, _, self._address = gevent.socket.getaddrinfo(
            parts.hostname, parts.port or 80, type=stream
        )[0]
        self._idle: list[tuple[float, gevent.socket.socket]] = []

    def exchange(self, method: str, request: bytes, within_s: float) -> Reply:
        """Send one whole request and wait for its answer, `within_s` for all of it.

        Whatever goes wrong with the connection is a reply of status 0 which says what.
        """
        with gevent.Timeout(within_s, False):  # documented: False is silent
            try:
                return self._exchange(method, request)
            except OSError as error:
                return Reply(0, failure=errno.errorcode.get(error.errno or 0, "os_error").lower())
        return Reply(0, failure="timeout")

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop()[1].close()

    def _exchange(self, method: str, request: bytes) -> Reply:
        connection = self._connection()
        response = _Response(method)
        kept = False
        try:
            connection.sendall(request)
            while not response.message_complete:
                if failure := response.fails_on(connection.recv(_BLOCK)):
                    return Reply(0, failure=failure)
            kept = not response.should_close()
        finally:
            if kept:
                self._idle.append((time.monotonic(), connection))
            else:
                connection.close()
        return response.reply()

    def _connection(self) -> gevent.socket.socket:
        if self._idle:
            since, connection = self._idle.pop()
            if time.monotonic() - since < _IDLE_S:
                return connection
            connection.close()
            self.close()  # the others have been idle for longer still
        connection = gevent.socket.socket(self._family, gevent.socket.SOCK_STREAM)
        try:
            connection.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
            connection.connect(self._address)
        except BaseException:
            connection.close()
            raise
        return connection


class _Response(HTTPResponse):
    def fails_on(self, block: bytes) -> str:
        """Take what came; why there cannot be a whole answer any more, or nothing."""
        try:
            self.feed(block)
        except HTTPParseError:
            return "not_http" if block else "closed"
        return "" if block or self.message_complete else "closed"

    def reply(self) -> Reply:
        timing = self.get("server-timing", "")
        return Reply(
            status=self.get_code(),
            body=bytes(self._body_buffer),
            server_timing=timing if isinstance(timing, str) else ", ".join(timing or ()),
            replayed=self.get("idempotency-replayed") == "true",
            location=str(self.get("location", "")),
        )
