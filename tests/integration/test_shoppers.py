"""A crowd sent over HTTP to servers that misbehave: what it does, and what is recorded of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
import gevent.socket
import polars as pl
import pytest

from scenarios import history
from scenarios.arrivals import generate
from scenarios.conditions import GeneratorLog
from scenarios.endings import Ending
from scenarios.rehearsal import Part, Rehearsal
from scenarios.scenario import Scenario
from tests.integration.odd_servers import Answer, OddServer, odd_server, resets, says, stays_silent

CROWD = 60
SOLD_OUT = says(409, b'{"code": "sold_out"}', "Server-Timing: board;dur=0.1\r\n")
IMPATIENT = {"patience_s": 0.2, "retry": {"attempts": 3, "backoff_s": 0.01, "max_backoff_s": 0.02}}


def scenario(**more: Any) -> Scenario:
    """Sixty shoppers within a third of a second."""
    sizes = [{"size": size, "units": 1} for size in ("260", "270", "280", "290")]
    return Scenario.model_validate(
        {
            "name": "test",
            "summary": "A test.",
            "arrivals": {"shape": "replay", "file": "x.csv", "counts": [CROWD], "row_s": 0.3},
            "products": [{"id": "shoe", "name": "Shoe", "price_won": 1000, "sizes": sizes}],
        }
        | more
    )


@dataclass
class Sending:
    """A crowd on its way to a server."""

    run: gevent.Greenlet[..., Ending]
    told: list[dict[str, Any]]
    folder: Path

    def history(self) -> pl.DataFrame:
        return history.read(self.folder / "history.parquet")

    def log(self) -> GeneratorLog:
        return GeneratorLog.model_validate_json((self.folder / "generator.json").read_text())

    def progress(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "progress.jsonl").read_text().splitlines()]


def sending(server: OddServer, drop: Scenario, folder: Path, part: Part | None = None) -> Sending:
    part = part or Part()
    arrivals = generate(drop, 1)
    tokens = [f"token-{shopper}" for shopper in range(arrivals.number_of_shoppers)]
    told: list[dict[str, Any]] = []
    rehearsal = Rehearsal(drop, arrivals, part, record=folder, progress=folder / "progress.jsonl")
    run = gevent.spawn(
        rehearsal.run, server.url, tokens, time.time() + 0.1, lambda **request: told.append(request)
    )
    return Sending(run, told, part.folder(folder))


def sent(server: OddServer, drop: Scenario, folder: Path) -> Sending:
    crowd = sending(server, drop, folder)
    crowd.run.get()
    return crowd


def test_everybody_is_sent_although_nobody_is_answered(tmp_path: Path) -> None:
    patient = scenario(shoppers={"patience_s": 3600})
    with odd_server(stays_silent) as server:
        crowd = sending(server, patient, tmp_path)
        while len(server.requests) < CROWD:
            gevent.sleep(0.01)
        crowd.run.kill()
    rows = crowd.history()
    assert rows["arrival"].sort().to_list() == list(range(CROWD))
    assert set(rows["outcome"]) == {"unknown"}
    assert set(rows["code"]) == {"interrupted"}
    assert (crowd.log().completed, crowd.log().generator.sent) == (False, CROWD)


def test_a_shopper_whose_patience_ends_asks_again_with_the_same_key(tmp_path: Path) -> None:
    with odd_server(stays_silent) as server:
        crowd = sent(server, scenario(shoppers=IMPATIENT), tmp_path)
    rows = crowd.history()
    assert set(rows["code"]) == {"timeout"}
    assert ((rows["done_s"] - rows["sent_s"]) > 0.19).all()
    journeys = rows.sort("attempt").group_by("arrival").agg("attempt", "key")
    assert journeys["attempt"].to_list() == [[0, 1, 2]] * CROWD
    assert journeys["key"].list.n_unique().to_list() == [1] * CROWD
    assert crowd.log().completed


def test_a_retry_is_due_a_backoff_after_the_answer_before_it(tmp_path: Path) -> None:
    with odd_server(says(500)) as server:
        rows = sent(server, scenario(shoppers=IMPATIENT), tmp_path).history()
    journeys = rows.sort("arrival", "attempt").with_columns(
        waited_s=pl.col("intended_s") - pl.col("done_s").shift().over("arrival")
    )
    again = journeys.filter(pl.col("attempt") > 0)
    assert len(again) == 2 * CROWD
    assert again["waited_s"].is_between(0.005, 0.03).all()
    assert (again["sent_s"] >= again["intended_s"] - 0.005).all()


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [(says(500, b'{"code": "broken"}'), 500, "broken"), (resets, 0, "econnreset")],
)
def test_every_request_that_the_server_saw_is_in_the_history(
    answer: Any, status: int, code: str, tmp_path: Path
) -> None:
    with odd_server(answer) as server:
        rows = sent(server, scenario(shoppers=IMPATIENT), tmp_path).history()
        assert Counter(server.keys()) == Counter(rows["key"].to_list())
    assert set(rows["outcome"]) == {"unknown"}
    assert set(rows["status"]) == {status}
    assert set(rows["code"]) == {code}


def test_a_conflict_that_is_settled_ends_in_an_order(tmp_path: Path) -> None:
    def conflicts_once(server: OddServer, connection: gevent.socket.socket, request: bytes) -> None:
        new = server.keys().count(server.keys()[-1]) == 1
        answer = (
            says(409, b'{"code": "conflict"}') if new else says(201, b'{"order_id": "a", "total_won": 7}')
        )
        answer(server, connection, request)

    with odd_server(conflicts_once) as server:
        rows = sent(server, scenario(shoppers=IMPATIENT), tmp_path).history()
    outcomes = rows.sort("attempt").group_by("arrival").agg("outcome", "total_won")
    assert outcomes["outcome"].to_list() == [["conflict", "bought"]] * CROWD
    assert outcomes["total_won"].to_list() == [[0, 7]] * CROWD


def queueing(decision: Answer) -> Answer:
    """A shop that queues every order, and answers who looks for what became of it with `decision`."""

    def shop(server: OddServer, connection: gevent.socket.socket, request: bytes) -> None:
        if request.startswith(b"POST /orders "):
            key = server.keys()[-1]
            headers = f"Location: /orders/queued/{key}\r\nServer-Timing: journal;dur=3\r\n"
            says(202, b'{"state": "queued"}', headers)(server, connection, request)
        else:
            decision(server, connection, request)

    return shop


def test_a_queued_order_is_looked_for_until_it_is_decided_and_has_both_times(tmp_path: Path) -> None:
    looked: Counter[bytes] = Counter()

    def decides_at_the_third_look(
        server: OddServer, connection: gevent.socket.socket, request: bytes
    ) -> None:
        where = request.split(b" ")[1]
        looked[where] += 1
        early = [says(202), says(503)]
        answer = [*early, says(200, b'{"order_id": "a", "total_won": 7}')][looked[where] - 1]
        answer(server, connection, request)

    with odd_server(queueing(decides_at_the_third_look)) as server:
        crowd = sent(server, scenario(), tmp_path)
        looks = [request.decode() for request in server.requests if request.startswith(b"GET ")]
    rows = crowd.history()
    assert Counter(rows["outcome"]) == {"bought": CROWD}
    assert set(rows["status"]) == {201}
    assert set(rows["order_id"]) == {"a"}
    assert rows["spans"].to_list() == [[{"name": "journal", "ms": 3.0}]] * CROWD
    assert rows.select((pl.col("sent_s") < pl.col("acknowledged_s")).all()).item()
    assert rows.select((pl.col("acknowledged_s") < pl.col("done_s")).all()).item()
    assert looked == {f"/orders/queued/{key}".encode(): 3 for key in rows["key"]}
    assert all("Authorization: Bearer token-" in look and "Prefer: wait=10\r\n" in look for look in looks)


def test_a_refusal_that_comes_later_is_a_refusal_and_bots_go_on_from_it(tmp_path: Path) -> None:
    drop = scenario(shoppers={"bots": {"share": 0.5, "sizes_tried": 2}})
    with odd_server(queueing(SOLD_OUT)) as server:
        rows = sent(server, drop, tmp_path).history()
    assert Counter(rows["outcome"]) == {"sold_out": len(rows)}
    assert rows["acknowledged_s"].null_count() == 0
    assert dict(rows.group_by("bot").agg(pl.len() / pl.col("arrival").n_unique()).iter_rows()) == {
        False: 1,
        True: 2,
    }


def test_an_order_that_nobody_decides_is_queued_when_patience_ends_and_not_sent_again(tmp_path: Path) -> None:
    with odd_server(queueing(stays_silent)) as server:
        crowd = sent(server, scenario(shoppers=IMPATIENT), tmp_path)
    rows = crowd.history()
    assert rows.height == CROWD
    assert set(rows["outcome"]) == {"queued"}
    assert set(rows["status"]) == {202}
    assert ((rows["done_s"] - rows["sent_s"]) > 0.19).all()
    assert rows["acknowledged_s"].null_count() == 0


def test_an_order_that_is_waited_for_when_the_run_is_interrupted_is_queued(tmp_path: Path) -> None:
    with odd_server(queueing(stays_silent)) as server:
        crowd = sending(server, scenario(shoppers={"patience_s": 3600}), tmp_path)
        while len(server.requests) < 2 * CROWD:
            gevent.sleep(0.01)
        crowd.run.kill()
    assert Counter(crowd.history()["outcome"]) == {"queued": CROWD}


def test_bots_try_other_sizes_and_shoppers_leave(tmp_path: Path) -> None:
    drop = scenario(shoppers={"bots": {"share": 0.5, "sizes_tried": 3}})
    with odd_server(SOLD_OUT) as server:
        rows = sent(server, drop, tmp_path).history()
    tries = rows.group_by("bot").agg(pl.len(), pl.col("arrival").n_unique())
    for bot, requests, journeys in tries.iter_rows():
        assert requests == (3 if bot else 1) * journeys
    of_one_bot = rows.filter("bot").group_by("arrival").agg("skus", "key")
    assert {len(set(map(tuple, skus))) for skus in of_one_bot["skus"]} == {3}
    assert {len(set(keys)) for keys in of_one_bot["key"]} == {3}
    assert rows["spans"].to_list() == [[{"name": "board", "ms": 0.1}]] * len(rows)


def test_a_journey_is_a_page_and_an_order_of_the_same_product(tmp_path: Path) -> None:
    def shop(server: OddServer, connection: gevent.socket.socket, request: bytes) -> None:
        says(200 if request.startswith(b"GET /products/shoe ") else 201)(server, connection, request)

    with odd_server(shop) as server:
        crowd = sent(server, scenario(journey=["browse", "order"], cart={"quantity": 2}), tmp_path)
        orders = [request for request in server.requests if request.startswith(b"POST /orders ")]
    assert len(orders) == CROWD
    rows = crowd.history()
    assert Counter(rows["outcome"]) == {"browsed": CROWD, "bought": CROWD}
    for order in orders:
        head, _, body = order.decode().partition("\r\n\r\n")
        shopper = head.partition("Authorization: Bearer token-")[2].partition("\r\n")[0]
        [line] = json.loads(body)["lines"]
        row = rows.row(
            by_predicate=(pl.col("shopper") == int(shopper)) & (pl.col("operation") == "order"), named=True
        )
        assert row["skus"] == [line["sku"]]
        assert row["quantities"] == [line["quantity"]] == [2]
        assert head.endswith(f"Idempotency-Key: {row['key']}")


def test_locust_hears_of_every_attempt_and_only_of_failures_as_such(tmp_path: Path) -> None:
    with odd_server(SOLD_OUT) as server:
        crowd = sent(server, scenario(), tmp_path)
    assert Counter((told["request_type"], told["name"], told["exception"]) for told in crowd.told) == {
        ("order", "sold_out", None): CROWD
    }
    with odd_server(says(402, b'{"code": "insufficient_funds"}')) as server:
        crowd = sent(server, scenario(), tmp_path)
    assert {told["exception"] for told in crowd.told} == {"402 insufficient_funds"}


def test_the_last_line_of_the_progress_has_everybody(tmp_path: Path) -> None:
    with odd_server(SOLD_OUT) as server:
        crowd = sent(server, scenario(), tmp_path)
    last = crowd.progress()[-1]
    assert (last["sent"], last["sold_out"], last["bought"]) == (CROWD, CROWD, 0)
    assert (last["in_flight"], last["dropped"], last["until"]) == (0, 0, 0.3)


def test_workers_share_the_arrivals_and_keep_records_of_their_own(tmp_path: Path) -> None:
    with odd_server(SOLD_OUT) as server:
        crowds = [sending(server, scenario(), tmp_path, Part(index, 3)) for index in range(3)]
        gevent.joinall([crowd.run for crowd in crowds], raise_error=True)
    shares = [set(crowd.history()["arrival"]) for crowd in crowds]
    assert [len(share) for share in shares] == [CROWD / 3] * 3
    assert set.union(*shares) == set(range(CROWD))


def test_arrivals_without_a_connection_are_dropped_in_the_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("scenarios.rehearsal.room_for_connections", lambda: 5)
    monkeypatch.setattr("scenarios.dispatcher.GIVE_UP_S", 0.5)
    with odd_server(stays_silent) as server:
        crowd = sending(server, scenario(shoppers={"patience_s": 3600}), tmp_path)
        while (
            not crowd.folder.joinpath("progress.jsonl").exists()
            or crowd.progress()[-1]["dropped"] < CROWD - 5
        ):
            gevent.sleep(0.05)
        crowd.run.kill()
    log = crowd.log().generator
    assert (log.offered, log.sent, log.dropped) == (CROWD, 5, CROWD - 5)
    assert "60 shoppers wait at once, and this process has room for 5 connections" in caplog.text


def test_a_schedule_is_kept_and_its_lateness_told(tmp_path: Path) -> None:
    with odd_server(SOLD_OUT) as server:
        crowd = sent(server, scenario(), tmp_path)
    log = crowd.log().generator
    assert (log.offered, log.sent, log.dropped) == (CROWD, CROWD, 0)
    assert 0 <= log.lateness_p50_ms <= log.lateness_p99_ms <= log.lateness_max_ms
    assert log.cpu_share > 0
    rows = crowd.history()
    assert rows["intended_s"].to_list() == generate(scenario(), 1).at_s.tolist()
    assert (rows["sent_s"] >= rows["intended_s"]).all()
