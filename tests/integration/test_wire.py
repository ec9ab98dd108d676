"""The generator's HTTP client, on real connections: what it makes of every kind of answer, and of none."""

from __future__ import annotations

import gc

import gevent
import gevent.socket
import pytest
from gevent.event import Event
from gevent.pool import Group

from scenarios.answers import Reply
from scenarios.collector import uncollected
from scenarios.connection import Connection
from scenarios.wire import Wire
from tests.integration.odd_servers import (
    Answer,
    OddServer,
    drips,
    odd_server,
    resets,
    says,
    sends,
    stays_silent,
)

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
PATIENT_S = 30.0
IMPATIENT_S = 0.1


def ask(answer: Answer, within_s: float = PATIENT_S) -> Reply:
    with odd_server(answer) as server:
        return Wire(server.url).exchange(GET, within_s)


def test_an_answer_comes_with_all_that_the_history_needs() -> None:
    headers = "Server-Timing: pool;dur=0.1, place_order;dur=2\r\nIdempotency-Replayed: true\r\n"
    assert ask(says(201, b'{"order_id": "abc"}', headers)) == Reply(
        201, b'{"order_id": "abc"}', "pool;dur=0.1, place_order;dur=2", True
    )


def test_two_server_timing_headers_are_joined() -> None:
    answer = ask(says(200, headers="Server-Timing: pool;dur=1\r\nServer-Timing: commit;dur=2\r\n"))
    assert answer.server_timing == "pool;dur=1, commit;dur=2"


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    assert ask(sends(b"HTTP/1.1 200 OK\r\n\r\nhello")).body == b"hello"


def test_a_chunked_answer_is_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    assert ask(sends(chunked)).body == b"hello"


@pytest.mark.parametrize(
    ("answer", "within_s", "failure"),
    [
        pytest.param(stays_silent, IMPATIENT_S, "timeout", id="silent"),
        pytest.param(drips, IMPATIENT_S, "timeout", id="drips"),
        pytest.param(resets, PATIENT_S, "econnreset", id="resets"),
        pytest.param(sends(b""), PATIENT_S, "closed", id="hangs up"),
        pytest.param(sends(b"HTTP/1.1 200 OK\r\nContent-Le"), PATIENT_S, "closed", id="half a head"),
        pytest.param(
            sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234"), PATIENT_S, "closed", id="half a body"
        ),
        pytest.param(sends(b"SSH-2.0-OpenSSH\r\n"), PATIENT_S, "not_http", id="not HTTP"),
    ],
)
def test_no_whole_answer_is_a_reply_that_says_why(answer: Answer, within_s: float, failure: str) -> None:
    assert ask(answer, within_s) == Reply(0, failure=failure)


def test_nobody_there_is_a_reply_too() -> None:
    with odd_server(says(200)) as server:
        wire = Wire(server.url)
    assert wire.exchange(GET, PATIENT_S) == Reply(0, failure="econnrefused")


def test_a_connection_is_used_again_and_again() -> None:
    with odd_server(says(200)) as server:
        wire = Wire(server.url)
        assert [wire.exchange(GET, PATIENT_S).status for _ in range(5)] == [200] * 5
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer", [says(200, headers="Connection: close\r\n"), sends(b"HTTP/1.1 200 OK\r\n\r\n")]
)
def test_a_connection_that_the_server_ends_is_not_used_again(answer: Answer) -> None:
    with odd_server(answer) as server:
        wire = Wire(server.url)
        assert [wire.exchange(GET, PATIENT_S).status for _ in range(3)] == [200] * 3
        assert server.connections == 3


def test_connections_that_were_idle_for_long_are_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_server(says(200)) as server:
        wire = Wire(server.url)
        wire.exchange(GET, PATIENT_S)
        monkeypatch.setattr("scenarios.wire._IDLE_S", 0.0)
        wire.exchange(GET, PATIENT_S)
        assert server.connections == 2


def test_a_request_whose_connection_breaks_is_not_sent_again_unseen() -> None:
    with odd_server(resets) as server:
        Wire(server.url).exchange(GET, PATIENT_S)
        assert server.requests == [GET]


def test_requests_do_not_wait_for_one_another() -> None:
    """The server answers nobody before all have asked; their file descriptors go beyond 1024."""
    crowd = 1200
    everybody_asked = Event()

    def answer(server: OddServer, connection: gevent.socket.socket, request: bytes) -> None:
        if len(server.requests) == crowd:
            everybody_asked.set()
        everybody_asked.wait()
        says(200)(server, connection, request)

    with odd_server(answer) as server:
        wire = Wire(server.url)
        for _ in range(2):
            replies = Group().map(lambda _: wire.exchange(GET, PATIENT_S), range(crowd))
            assert {reply.status for reply in replies} == {200}
        assert server.connections == crowd


def test_a_request_that_fills_every_buffer_is_sent_whole() -> None:
    body = bytes(range(256)) * 65_536
    request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with odd_server(says(200)) as server:
        assert Wire(server.url).exchange(request, PATIENT_S).status == 200
        assert server.requests == [request]


def test_a_connection_that_was_closed_leaves_nothing_for_the_collector() -> None:
    def connections() -> set[Connection]:
        return {one for one in gc.get_objects() if isinstance(one, Connection)}

    of_other_tests = connections()
    with odd_server(says(200, headers="Connection: close\r\n")) as server, uncollected():
        wire = Wire(server.url)
        assert {wire.exchange(GET, PATIENT_S).status for _ in range(3)} == {200}
        assert connections() == of_other_tests


def test_an_interrupted_exchange_closes_its_connection() -> None:
    hung_up = Event()

    def answer(_: OddServer, connection: gevent.socket.socket, __: bytes) -> None:
        if connection.recv(1) == b"":
            hung_up.set()

    with odd_server(answer) as server:
        asking = gevent.spawn(Wire(server.url).exchange, GET, PATIENT_S)
        while not server.requests:
            gevent.sleep(0)
        asking.kill()
        assert hung_up.wait(PATIENT_S)


@pytest.mark.parametrize("url", ["https://127.0.0.1", "ftp://127.0.0.1", "127.0.0.1:8000", ""])
def test_only_plain_http_is_spoken(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected a URL such as http://127\.0\.0\.1:8000"):
        Wire(url)
