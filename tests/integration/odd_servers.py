"""Servers that no shop should be: silent, rude, or broken; run by gevent in the test's own process."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import gevent
import gevent.socket
from gevent.server import StreamServer

Answer = Callable[["OddServer", gevent.socket.socket, bytes], None]
"""What a server does with one request, on the connection it came by."""


@dataclass
class OddServer:
    """Keeps every request that it has read whole, and counts connections."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    def keys(self) -> list[str]:
        """The idempotency key of each request, in the order they came in."""
        lines = (request.partition(b"Idempotency-Key: ")[2] for request in self.requests)
        return [line.partition(b"\r\n")[0].decode() for line in lines]


@contextmanager
def odd_server(answer: Answer) -> Iterator[OddServer]:
    """A server that does `answer` for each request, until the connection is closed on either side."""
    server = OddServer()

    def serve(connection: gevent.socket.socket, _: object) -> None:
        server.connections += 1
        while request := _read(connection):
            server.requests.append(request)
            answer(server, connection, request)

    listener = StreamServer(("127.0.0.1", 0), serve, backlog=1024)
    listener.start()
    server.url = f"http://127.0.0.1:{listener.server_port}"
    try:
        yield server
    finally:
        listener.stop(timeout=0)


def _read(connection: gevent.socket.socket) -> bytes:
    """One request with its body; empty when there is none to come."""
    request = b""
    try:
        while b"\r\n\r\n" not in request:
            block = connection.recv(65_536)
            if not block:
                return b""
            request += block
        head, _, body = request.partition(b"\r\n\r\n")
        missing = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0) - len(body)
        while missing and (block := connection.recv(missing)):
            request += block
            missing -= len(block)
        return request
    except OSError:
        return b""


def says(status: int, body: bytes = b"{}", headers: str = "") -> Answer:
    """Answer every request at once with the same."""

    def answer(_: OddServer, connection: gevent.socket.socket, __: bytes) -> None:
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)

    return answer


def sends(raw: bytes) -> Answer:
    """Send these bytes and hang up."""

    def answer(_: OddServer, connection: gevent.socket.socket, __: bytes) -> None:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_RDWR)

    return answer


def stays_silent(_: OddServer, __: gevent.socket.socket, ___: bytes) -> None:
    """Take the request and never answer."""
    gevent.sleep(3600)


def resets(_: OddServer, connection: gevent.socket.socket, __: bytes) -> None:
    """Close the connection so that the other side gets a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drips(_: OddServer, connection: gevent.socket.socket, __: bytes) -> None:
    """Answer a byte at a time, and never come to an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"x")
            gevent.sleep(0.01)
