"""The clients: connections that each send their next request when the last one is answered.

A raw protocol with as little Python per request as will do, because the client has to outrun the server it
measures: more than 10,000 requests a second on one core.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

import numpy as np

from harness import cpu
from harness.closed_loop.load import Load, Quantiles, Result
from harness.closed_loop.wire import code, header, inquiry, is_queued, messages, spans

_DRAIN_S = 20.0


class _Window:
    """What the connections saw between the end of the warm-up and the end of the run."""

    def __init__(self, requests: Iterator[bytes], clients: int) -> None:
        self.requests = requests
        self.measuring = False
        self.over = False
        self.busy = clients
        self.idle = asyncio.Event()
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers: Counter[str] = Counter()
        self.latencies_ns: list[int] = []
        self.timings: list[bytes] = []

    def settle(self) -> None:
        """Tell who waits for it that all is over and answered, if it is."""
        if self.over and not self.busy:
            self.idle.set()

    def record(self, answer: str, latency_ns: int, timing: bytes) -> None:
        self.latencies_ns.append(latency_ns)
        self.answers[answer] += 1
        if timing:
            self.timings.append(timing)


class _Connection(asyncio.Protocol):
    """One client: sends, waits for the whole answer, sends again until the window is over.

    Where an order is queued it asks what became of it; to the client that is all one answer.
    """

    def __init__(self, window: _Window) -> None:
        self.window = window
        self.buffer = b""
        self.request = b""
        self.sent_ns = 0
        self.queued: bytes | None = None  # the Server-Timing of the answer that said so

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)

    def send(self) -> None:
        """Send the next request."""
        self.request = next(self.window.requests)
        self.sent_ns = time.perf_counter_ns()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end]
        end = head_end + 4 + int(header(head, b"content-length") or 0)
        if len(self.buffer) < end:
            return
        body, self.buffer = self.buffer[head_end + 4 : end], b""
        if is_queued(head):
            self._inquire(head)
        else:
            self._answered(head, body)

    def _inquire(self, head: bytes) -> None:
        if self.queued is None:
            self.queued = header(head, b"server-timing")
        self.transport.write(inquiry(self.request, head))

    def _answered(self, head: bytes, body: bytes) -> None:
        window = self.window
        if window.measuring:
            self._record(head, body)
        self.queued = None
        if window.over:
            self._rest()
        else:
            self.send()

    def _record(self, head: bytes, body: bytes) -> None:
        latency_ns = time.perf_counter_ns() - self.sent_ns
        answer = code(head, body)
        if self.queued is None:
            self.window.record(answer, latency_ns, header(head, b"server-timing"))
        else:
            self.window.record("201" if answer == "200" else answer, latency_ns, self.queued)

    def _rest(self) -> None:
        self.window.busy -= 1
        self.window.settle()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.window.idle.is_set() and not self.window.failure.done():
            self.window.failure.set_exception(ConnectionError("the server closed a connection"))


async def run(load: Load) -> Result:
    """Send `load` from this process.

    Raises:
        ConnectionError: the server refused or closed a connection.
        TimeoutError: answers were still missing long after the window.
        ValueError: nothing was answered in the window.
    """
    address = urlsplit(load.url)
    loop = asyncio.get_running_loop()
    window = _Window(messages(load.requests, address.netloc), load.clients)
    host, port = str(address.hostname), address.port or 80
    opened = [
        await loop.create_connection(lambda: _Connection(window), host, port) for _ in range(load.clients)
    ]
    for _, connection in opened:
        connection.send()
    if load.warmup_s:
        await _unless_failed(window, load.warmup_s)
    used, switched = cpu.used_s(load.roles), cpu.switches(load.roles)
    window.measuring, began = True, time.perf_counter()
    await _unless_failed(window, load.duration_s)
    window.measuring, window.over = load.to_the_end, True
    window.settle()
    if load.to_the_end:
        await _drained(window)
    duration_s = time.perf_counter() - began
    used_after, switched_after = cpu.used_s(load.roles), cpu.switches(load.roles)
    await _drained(window)
    for transport, _ in opened:
        transport.close()
    if not window.latencies_ns:
        raise ValueError(f"no answer within {load.duration_s:g} s")
    return Result(
        duration_s=duration_s,
        answers=dict(window.answers),
        latency_ms=Quantiles.of(np.array(window.latencies_ns) / 1e6),
        spans_ms=spans(window.timings),
        cpu_s={role: used_after[role] - used[role] for role in used},
        switches={role: switched_after[role] - switched[role] for role in switched},
    )


async def _unless_failed(window: _Window, wait_s: float) -> None:
    """Wait `wait_s`, or raise at once what broke a connection."""
    await asyncio.wait([window.failure], timeout=wait_s)
    if window.failure.done():
        window.failure.result()


async def _drained(window: _Window) -> None:
    """Wait until all that was sent is answered."""
    async with asyncio.timeout(_DRAIN_S):
        await window.idle.wait()
