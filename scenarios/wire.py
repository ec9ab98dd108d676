"""HTTP over as many connections as there are requests under way.

Why not the session of Locust's FastHttpUser: it takes five times the CPU, for a cookie jar, redirects, a
protocol of every 4xx. And its pool makes the open loop a closed one, or hides attempts: a request waits for
one of `concurrency` places, a connection whose file descriptor is 1024 or more is never used again and a GET
whose connection breaks is sent again unseen. How a connection spares the generator's core, `Connection` says.
"""

from __future__ import annotations

import errno
import time
from typing import Any
from urllib.parse import urlsplit

import gevent
import gevent.socket

from scenarios.answers import Reply
from scenarios.connection import Connection

_IDLE_S = 2.0  # a connection idle for longer is not used again: servers hang up, uvicorn after 5 s by default


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
        self._idle: list[tuple[float, Connection]] = []

    def exchange(self, request: bytes, within_s: float) -> Reply:
        """Send one whole request and wait for its answer, `within_s` for all of it.

        Whatever goes wrong with the connection is a reply of status 0 which says what.
        """
        with gevent.Timeout(within_s, False):  # documented: False is silent
            try:
                return self._exchange(request)
            except OSError as error:
                return Reply(0, failure=errno.errorcode.get(error.errno or 0, "os_error").lower())
        return Reply(0, failure="timeout")

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop()[1].close()

    def _exchange(self, request: bytes) -> Reply:
        connection = self._connection()
        kept = False
        try:
            connection.send(request)
            reply = connection.answer()
            kept = connection.stays_open and not reply.failure
        finally:
            if kept:
                self._idle.append((time.monotonic(), connection))
            else:
                connection.close()
        return reply

    def _connection(self) -> Connection:
        if self._idle:
            since, connection = self._idle.pop()
            if time.monotonic() - since < _IDLE_S:
                return connection
            connection.close()
            self.close()  # the others have been idle for longer still
        return Connection(self._family, self._address)
