"""The third invariant: what shoppers were told about their orders is what the books say.

Refusals without effect (`sold_out`, `conflict`, `refused`, `rejected`) do not use up an idempotency key: it
may still buy later. An `unknown` attempt may have had its effect, once, and so may one that stayed `queued`.
"""

from __future__ import annotations

import polars as pl

from reports.evidence import KEY, Evidence, contents, counted
from reports.violations import Violation, violation
from scenarios.history import Outcome

_SETTLED = "paid"
_MAY_HAVE_HAPPENED = [Outcome.BOUGHT, Outcome.QUEUED, Outcome.UNKNOWN]
_BOUGHT = 201
_NOT_FINAL = [Outcome.QUEUED, Outcome.UNKNOWN]


def acknowledged_orders_exist(evidence: Evidence) -> list[Violation]:
    """An acknowledged order is in the books once, as it was acknowledged, and settled."""
    bought = evidence.attempts.filter(pl.col("outcome") == Outcome.BOUGHT)
    missing = bought.join(evidence.orders, on="order_id", how="anti")
    text = "order {order_id} was acknowledged to shopper {shopper} (key {key}) and is not in the books"
    found = violation(3, "acknowledged orders are lost", missing, text, at="done_s")

    twice = counted(evidence.orders, ["order_id"]).filter(pl.col("times") > 1)
    text = "order {order_id} is there {times} times"
    found += violation(3, "orders are in the books twice", twice, text, at="placed_s", worst="times")

    booked = evidence.orders.join(contents(evidence.lines, ["order_id"]), on="order_id", how="left")
    asked = contents(evidence.asked.filter(pl.col("outcome") == Outcome.BOUGHT), ["row"])
    said = bought.join(asked, on="row", how="left").join(booked, on="order_id", suffix="_booked")
    facts = ["shopper", "key", "contents", "total_won"]
    differs = pl.any_horizontal(pl.col(fact).ne_missing(pl.col(f"{fact}_booked")) for fact in facts)
    text = (
        "order {order_id}: acknowledged shopper {shopper}, key {key}, {contents} for {total_won} won; in the "
        "books shopper {shopper_booked}, key {key_booked}, {contents_booked} for {total_won_booked} won"
    )
    found += violation(3, "orders are not as acknowledged", said.filter(differs), text, at="done_s")

    passing = said.filter(pl.col("state") != _SETTLED)
    text = "order {order_id} of shopper {shopper} was acknowledged and rests as {state}"
    return found + violation(3, "acknowledged orders are not settled", passing, text, at="done_s")


def no_order_unasked(evidence: Evidence) -> list[Violation]:
    """An order was asked for, by an attempt that did not fail; an unknown attempt makes at most one."""
    never = evidence.orders.filter(pl.col("sent_s").is_null())
    text = "order {order_id} of shopper {shopper} has key {key}, which nobody sent"
    found = violation(3, "orders are in the books that nobody asked for", never, text, at="placed_s")

    may_have = evidence.attempts.filter(pl.col("outcome").is_in(_MAY_HAVE_HAPPENED))
    failed = evidence.attempts.join(may_have, on=KEY, how="anti").group_by(KEY).agg(pl.col("outcome").last())
    kept = evidence.orders.join(failed, on=KEY)
    text = "shopper {shopper} was told {outcome} for key {key}, yet order {order_id} is in the books"
    found += violation(3, "failed attempts made orders", kept, text, at="placed_s")

    unknown = evidence.attempts.filter(pl.col("outcome") == Outcome.UNKNOWN)
    often = counted(evidence.orders, KEY).filter(pl.col("times") > 1).join(unknown, on=KEY, how="semi")
    text = "key {key} of shopper {shopper}, whose fate was unknown, made {times} orders"
    return found + violation(
        3, "unknown attempts had more than one effect", often, text, at="placed_s", worst="times"
    )


def queued_orders_are_decided(evidence: Evidence) -> list[Violation]:
    """An order that was accepted into the queue is decided, once, as its shopper was told in the end."""
    accepted = evidence.attempts.drop_nulls("acknowledged_s")
    decided = pl.concat([evidence.decisions.select(KEY), evidence.orders.select(KEY)])
    forgotten = accepted.join(decided, on=KEY, how="anti")
    text = "shopper {shopper} was told that key {key} is queued, and nothing became of it"
    found = violation(3, "queued orders were never decided", forgotten, text, at="acknowledged_s")

    text = "key {key} of shopper {shopper} is still in the queue"
    found += violation(3, "orders are still queued at rest", evidence.intake.sort(KEY), text)
    return found + _decisions_agree_with_orders(evidence) + _decisions_are_as_told(evidence)


def _decisions_agree_with_orders(evidence: Evidence) -> list[Violation]:
    decisions = evidence.decisions.sort(KEY)
    bought = pl.col("status") == _BOUGHT
    lost = decisions.filter(bought).join(evidence.orders, on=KEY, how="anti")
    text = "key {key} of shopper {shopper} was decided to be an order, and none is in the books"
    found = violation(3, "orders were decided and are not in the books", lost, text)

    kept = decisions.filter(~bought).join(evidence.orders, on=KEY, maintain_order="left")
    text = "key {key} of shopper {shopper} was decided {status} {code}, yet order {order_id} is in the books"
    return found + violation(3, "orders were refused and are in the books", kept, text, at="placed_s")


def _decisions_are_as_told(evidence: Evidence) -> list[Violation]:
    """Each key's last answer, where it was a final one to a queued order: later ones may decide anew."""
    last = evidence.attempts.unique(KEY, keep="last", maintain_order=True)
    told = last.drop_nulls("acknowledged_s").filter(~pl.col("outcome").is_in(_NOT_FINAL))
    both = told.join(evidence.decisions, on=KEY, suffix="_decided", maintain_order="left")
    differs = pl.any_horizontal(pl.col(fact) != pl.col(f"{fact}_decided") for fact in ("status", "code"))
    text = (
        "shopper {shopper} was told {status} {code} for key {key}, and it was decided {status_decided} "
        "{code_decided}"
    )
    return violation(3, "decisions are not as told", both.filter(differs), text, at="done_s")
