"""The closed-loop client against small servers of known behaviour, and the CPU it meters meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.closed_loop import Gets, Load, Orders, drive, drive_in_turn
from harness.errors import RunError

CREATED = (
    b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nServer-Timing: pool;dur=0.5, place_order;dur=1.5\r\n\r\n{}"
)
PROBLEM = b'{"status":409,"code":"sold_out"}'
SOLD_OUT = (
    b"HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(PROBLEM), PROBLEM)
)

CORES = tuple(os.sched_getaffinity(0))

Answer = Callable[[bytes, asyncio.StreamWriter], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server that does `answer` for each request; yields its URL."""
    loop = asyncio.new_event_loop()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionResetError):  # until the client hangs up
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                _, found, length = head.lower().partition(b"content-length: ")
                await reader.readexactly(int(length.split()[0]) if found else 0)
                answer(head, writer)

    listening = loop.run_until_complete(asyncio.start_server(converse, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.close()


def orders(*tokens: str) -> Orders:
    return Orders(skus=("dunk-270",), tokens=tokens or ("token",), label="test")


def load(url: str, requests: Gets | Orders, clients: int = 4) -> Load:
    return Load(url=url, requests=requests, clients=clients, duration_s=0.3, roles={"worker": (os.getpid(),)})


def test_every_order_of_a_run_has_a_key_of_its_own_and_the_next_shoppers_token(tmp_path: Path) -> None:
    heads: list[bytes] = []

    def take(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(CREATED)

    with server(take) as url:
        result = drive(load(url, orders("a", "b")), cores=CORES, log=tmp_path / "log")

    keys = [head.partition(b"Idempotency-Key: ")[2].partition(b"\r\n")[0] for head in heads]
    tokens = [head.partition(b"Bearer ")[2].partition(b"\r\n")[0] for head in heads]
    assert len(set(keys)) == len(keys) >= result.completed > 0
    assert {tokens.count(b"a") - tokens.count(b"b")} <= {0, 1}


def test_answers_spans_and_cpu_are_those_of_the_window(tmp_path: Path) -> None:
    with server(lambda _, writer: writer.write(CREATED)) as url:
        result = drive(load(url, orders()), cores=CORES, log=tmp_path / "log")

    assert result.answers == {"201": result.completed}
    assert result.latency_ms.count == result.completed
    assert result.per_s == pytest.approx(result.completed / result.duration_s)
    assert {name: (span.count, span.mean) for name, span in result.spans_ms.items()} == {
        "pool": (result.completed, 0.5),
        "place_order": (result.completed, 1.5),
    }
    assert 0 < result.cpu_s["worker"] < 2 * result.duration_s


def test_a_window_to_the_end_holds_all_that_was_sent(tmp_path: Path) -> None:
    heads: list[bytes] = []

    def take(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        asyncio.get_running_loop().call_later(0.2, writer.write, CREATED)

    with server(take) as url:
        whole = load(url, orders()).model_copy(update={"to_the_end": True})
        result = drive(whole, cores=CORES, log=tmp_path / "log")

    assert result.completed == len(heads)
    assert result.duration_s > whole.duration_s


def test_loads_in_turn_are_measured_one_by_one(tmp_path: Path) -> None:
    with (
        server(lambda _, writer: writer.write(CREATED)) as one,
        server(lambda _, writer: writer.write(SOLD_OUT)) as other,
    ):
        loads = [load(one, orders()), load(other, orders())]
        results = drive_in_turn(loads, cores=CORES, log=tmp_path / "log")

    assert [set(result.answers) for result in results] == [{"201"}, {"sold_out"}]


def test_problems_are_counted_by_their_code(tmp_path: Path) -> None:
    with server(lambda _, writer: writer.write(SOLD_OUT)) as url:
        result = drive(load(url, orders()), cores=CORES, log=tmp_path / "log")

    assert set(result.answers) == {"sold_out"}


QUEUED = (
    b"HTTP/1.1 202 Accepted\r\nLocation: /orders/queued/Test-Key\r\nContent-Length: 2\r\n"
    b"Server-Timing: redis_queue;dur=0.25\r\n\r\n{}"
)
DECIDED = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(("decision", "answer"), [(DECIDED, "201"), (SOLD_OUT, "sold_out")])
def test_a_queued_order_is_answered_once_it_is_decided(decision: bytes, answer: str, tmp_path: Path) -> None:
    heads: list[bytes] = []
    answers = itertools.cycle([QUEUED, QUEUED, decision])

    def decide_later(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(next(answers))

    with server(decide_later) as url:
        result = drive(load(url, orders("Token"), clients=1), cores=CORES, log=tmp_path / "log")

    order, first, second = heads[:3]
    assert order.startswith(b"POST /orders HTTP/1.1")
    assert first == second
    assert first.startswith(b"GET /orders/queued/Test-Key HTTP/1.1")
    assert b"\r\nAuthorization: Bearer Token\r\n" in first
    assert b"\r\nPrefer: wait=30\r\n" in first
    assert result.answers == {answer: result.completed}
    placed = sum(head.startswith(b"POST") for head in heads)
    assert len(heads) == 3 * placed
    assert 0 < placed - 1 <= result.completed <= placed  # the last may be decided after the window
    assert {name: span.mean for name, span in result.spans_ms.items()} == {"redis_queue": 0.25}


def test_an_answer_may_come_in_pieces(tmp_path: Path) -> None:
    def dribble(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(SOLD_OUT[:60])
        asyncio.get_running_loop().call_later(0.001, writer.write, SOLD_OUT[60:])

    with server(dribble) as url:
        result = drive(load(url, Gets(path="/")), cores=CORES, log=tmp_path / "log")

    assert set(result.answers) == {"sold_out"}


def test_a_server_that_hangs_up_ends_the_run(tmp_path: Path) -> None:
    with (
        server(lambda _, writer: writer.close()) as url,
        pytest.raises(RunError, match="the server closed a connection"),
    ):
        drive(load(url, Gets(path="/")), cores=CORES, log=tmp_path / "log")


def test_a_server_that_is_not_there_ends_the_run(tmp_path: Path) -> None:
    with server(lambda _, writer: writer.write(CREATED)) as url:
        pass
    with pytest.raises(RunError, match="the closed-loop client ended with exit code 1"):
        drive(load(url, Gets(path="/")), cores=CORES, log=tmp_path / "log")


def test_a_server_that_answers_nothing_ends_the_run(tmp_path: Path) -> None:
    held: list[asyncio.StreamWriter] = []

    def answer_late(_: bytes, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        asyncio.get_running_loop().call_later(1.0, writer.write, CREATED)

    with server(answer_late) as url, pytest.raises(RunError, match=r"no answer within 0\.3 s"):
        drive(load(url, Gets(path="/")), cores=CORES, log=tmp_path / "log")
