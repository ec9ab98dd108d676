"""A closed-loop HTTP client: N connections, each sends its next request when the last one is answered.

`drive(load)` runs it as a process of its own, pinned, and returns what it measured; calibration and the bench
both use that one function. A raw protocol on uvloop with as little Python per request as will do, because the
client has to outrun the server it measures: more than 10,000 requests a second on one core.

For the load of a rehearsal this is the wrong client: a slow server slows it down. Shoppers do not wait for
one another, see `scenarios/dispatcher.py`.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

import numpy as np
import uvloop
from pydantic import BaseModel, ConfigDict, Field

from harness import cpu
from harness.processes import running
from scenarios.limits import room_for_connections

_DRAIN_S = 20.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gets(_Part):
    """The same GET over and over."""

    kind: Literal["gets"] = "gets"
    path: str


class Orders(_Part):
    """Orders of one SKU: number k by the shopper of `tokens[k]`, of `skus[k]`, both taken round and round.

    Every order has a key of its own, that begins with `label`: one used before would replay old answers.
    """

    kind: Literal["orders"] = "orders"
    skus: tuple[str, ...] = Field(min_length=1)
    tokens: tuple[str, ...] = Field(min_length=1)
    label: str = Field(min_length=1, max_length=200)
    quantity: int = Field(default=1, ge=1)


class Load(_Part):
    """What to send, and how. Answers of the first `warmup_s` seconds are not measured.

    `roles` names the root processes whose CPU is read at both ends of the measured window. With `reconnect`
    every request has a new connection; those that are done with stay open, as a crowd's do.
    """

    url: str
    requests: Annotated[Gets | Orders, Field(discriminator="kind")]
    clients: int = Field(ge=1)
    duration_s: float = Field(gt=0)
    warmup_s: float = Field(default=0.0, ge=0)
    reconnect: bool = False
    roles: dict[str, tuple[int, ...]] = {}


class Quantiles(_Part):
    """Milliseconds."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, values_ms: np.ndarray) -> Quantiles:
        """The quantiles of at least one value."""
        p50, p95, p99 = np.quantile(values_ms, [0.5, 0.95, 0.99]).tolist()
        return cls(
            count=values_ms.size,
            mean=float(values_ms.mean()),
            p50=p50,
            p95=p95,
            p99=p99,
            max=float(values_ms.max()),
        )


class Result(_Part):
    """The measured window. `answers` counts by problem code, or by status where the answer has none.

    `spans` are those of Server-Timing; a span that occurs n times in an answer counts n times. `cpu_s` is by
    the roles of the load.
    """

    duration_s: float
    answers: dict[str, int]
    latency_ms: Quantiles
    spans_ms: dict[str, Quantiles]
    cpu_s: dict[str, float]

    @property
    def completed(self) -> int:
        return sum(self.answers.values())

    @property
    def per_s(self) -> float:
        return self.completed / self.duration_s


def drive(load: Load, *, cores: Sequence[int], log: Path) -> Result:
    """Run `load` from a process of its own on `cores` and return what it measured.

    Raises:
        RunError: the server refused or closed a connection, answered nothing in the window, or hung.
    """
    with tempfile.TemporaryDirectory(prefix="dropday-load-") as folder:
        order, result = Path(folder) / "load.json", Path(folder) / "result.json"
        order.write_text(load.model_dump_json())
        command = [sys.executable, "-m", "harness.closed_loop", str(order), str(result)]
        with running("the closed-loop client", command, log=log, cores=cores) as client:
            client.await_end(within_s=load.warmup_s + load.duration_s + _DRAIN_S + 10)
        return Result.model_validate_json(result.read_text())


def messages(requests: Gets | Orders, host: str) -> Iterator[bytes]:
    """The requests as they go over the wire, without end."""
    if isinstance(requests, Gets):
        return itertools.repeat(f"GET {requests.path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return _orders(requests, host)


def _orders(orders: Orders, host: str) -> Iterator[bytes]:
    quantity = orders.quantity
    bodies = [json.dumps({"lines": [{"sku": sku, "quantity": quantity}]}) for sku in orders.skus]
    tails = [f"Content-Length: {len(body)}\r\n\r\n{body}".encode() for body in bodies]
    heads = [
        f"POST /orders HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {orders.label}-".encode()
        for token in orders.tokens
    ]
    for number, head, tail in zip(
        itertools.count(), itertools.cycle(heads), itertools.cycle(tails), strict=False
    ):
        yield b"%b%d\r\n%b" % (head, number, tail)


class _Window:
    """What the connections saw between the end of the warm-up and the end of the run."""

    def __init__(self, requests: Iterator[bytes], clients: int, reconnect: Callable[[], None] | None) -> None:
        self.requests = requests
        self.reconnect = reconnect
        self.measuring = False
        self.over = False
        self.busy = clients
        self.idle = asyncio.Event()
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers: Counter[str] = Counter()
        self.latencies_ns: list[int] = []
        self.timings: list[bytes] = []

    def record(self, head: bytes, body: bytes, latency_ns: int) -> None:
        self.latencies_ns.append(latency_ns)
        self.answers[_code(head, body)] += 1
        timing = header(head, b"server-timing")
        if timing:
            self.timings.append(timing)


class _Connection(asyncio.Protocol):
    """One client: sends, waits for the whole answer, sends again until the window is over."""

    def __init__(self, window: _Window) -> None:
        self.window = window
        self.buffer = b""
        self.sent_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def _send(self) -> None:
        self.sent_ns = time.perf_counter_ns()
        self.transport.write(next(self.window.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end].lower()
        end = head_end + 4 + int(header(head, b"content-length") or 0)
        if len(self.buffer) < end:
            return
        window = self.window
        if window.measuring:
            window.record(head, self.buffer[head_end + 4 : end], time.perf_counter_ns() - self.sent_ns)
        self.buffer = b""
        if window.over:
            self._rest()
        elif window.reconnect:
            window.reconnect()
        else:
            self._send()

    def _rest(self) -> None:
        self.window.busy -= 1
        if not self.window.busy:
            self.window.idle.set()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.window.idle.is_set() and not self.window.failure.done():
            self.window.failure.set_exception(ConnectionError("the server closed a connection"))


def header(head: bytes, name: bytes) -> bytes:
    """The value of the header `name` in `head`, both in lower case; empty if it is not there."""
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


def _code(head: bytes, body: bytes) -> str:
    """The problem code of an answer, or its status where it is no problem."""
    status = head[9:12].decode()
    return str(json.loads(body).get("code", status)) if b"problem+json" in head else status


def spans(timings: list[bytes]) -> dict[str, Quantiles]:
    """The quantiles of every span in Server-Timing values such as `pool;dur=0.1, place_order;dur=1.6`."""
    durations: dict[str, list[float]] = {}
    for timing in timings:
        for span in timing.decode().split(","):
            name, _, duration_ms = span.strip().partition(";dur=")
            durations.setdefault(name, []).append(float(duration_ms))
    return {name: Quantiles.of(np.array(values)) for name, values in durations.items()}


async def run(load: Load) -> Result:
    """Send `load` from this process.

    Raises:
        ConnectionError: the server refused or closed a connection.
        TimeoutError: answers were still missing long after the window.
        ValueError: nothing was answered in the window.
    """
    address = urlsplit(load.url)
    loop = asyncio.get_running_loop()
    transports: list[asyncio.BaseTransport] = []
    connecting: set[asyncio.Task[None]] = set()

    async def connect() -> None:
        host, port = str(address.hostname), address.port or 80
        transports.append((await loop.create_connection(lambda: _Connection(window), host, port))[0])

    def reconnect() -> None:
        task = loop.create_task(connect())
        connecting.add(task)
        task.add_done_callback(connecting.discard)

    window = _Window(
        messages(load.requests, address.netloc), load.clients, reconnect if load.reconnect else None
    )
    for _ in range(load.clients):
        await connect()
    await _unless_failed(window, load.warmup_s)
    window.measuring, began, used = True, time.perf_counter(), cpu.used_s(load.roles)
    await _unless_failed(window, load.duration_s)
    window.measuring, window.over = False, True
    duration_s, used_after = time.perf_counter() - began, cpu.used_s(load.roles)
    async with asyncio.timeout(_DRAIN_S):
        await window.idle.wait()
    for transport in transports:
        transport.close()
    if not window.latencies_ns:
        raise ValueError(f"no answer within {load.duration_s:g} s")
    return Result(
        duration_s=duration_s,
        answers=dict(window.answers),
        latency_ms=Quantiles.of(np.array(window.latencies_ns) / 1e6),
        spans_ms=spans(window.timings),
        cpu_s={role: used_after[role] - used[role] for role in used},
    )


async def _unless_failed(window: _Window, wait_s: float) -> None:
    """Wait `wait_s`, or raise at once what broke a connection."""
    await asyncio.wait([window.failure], timeout=wait_s)
    if window.failure.done():
        window.failure.result()


def main(order: Path, result: Path) -> None:
    """The process behind `drive`: read a load, run it, write its result."""
    load = Load.model_validate_json(order.read_text())
    room_for_connections()
    gc.disable()
    try:
        outcome = uvloop.run(run(load))
    except (OSError, TimeoutError, ValueError) as error:
        sys.exit(f"{load.url}: {str(error) or 'answers were still missing long after the end'}")
    result.write_text(outcome.model_dump_json())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
