"""Shops whose administration works, and which serve their shoppers badly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Service = Callable[[str], int]
"""The status that `GET /products` or `POST /orders` is answered with; 0 to hang up."""


@contextmanager
def broken_shop(service: Service) -> Iterator[str]:
    """The URL of a shop that answers its shoppers with the status that `service` says."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(service)) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._answer(json.loads(self.rfile.read(length) or b"{}"))

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self, asked: dict[str, Any]) -> None:
            if self.path == "/health/ready":
                self._send(200, {"strategy": "conditional_update"})
            elif self.path == "/admin/reset":
                self._send(200, {})
            elif self.path == "/admin/tokens":
                self._send(200, {"tokens": ["x"] * asked["count"]})
            elif status := service(self.path):
                self._send(status, {})
            else:
                self.close_connection = True

        def _send(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
