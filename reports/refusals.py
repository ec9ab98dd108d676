"""The sixth invariant: refusals are true. None is believed: each is held against history and books.

Sold out is the second invariant's. A refusal is untrue only where nothing that can have been so by its answer
explains it. All that this shopper's other keys can have counted for counts: the orders in the books whose key
had been sent by then, and attempts that were under way meanwhile. Attempts of the refused key itself do not:
a shopper's own earlier try is no reason for a refusal. An attempt that was answered has let go.
"""

from __future__ import annotations

import polars as pl

from reports.evidence import KEY, Evidence, contents
from reports.tallies import released_s, under_way, until
from reports.violations import Violation, violation
from scenarios.history import Outcome
from scenarios.scenario import Scenario

LIMIT_REACHED = "limit_reached"
INSUFFICIENT_FUNDS = "insufficient_funds"
UNKNOWN_SKU = "unknown_sku"
KEY_IN_PROGRESS = "key_in_progress"
KEY_REUSED = "idempotency_key_reused"
CONFLICT = "conflict"
CODES = (LIMIT_REACHED, INSUFFICIENT_FUNDS, UNKNOWN_SKU, KEY_IN_PROGRESS, KEY_REUSED, CONFLICT)

_TOO_MANY_REQUESTS = 429
_OF_THE_ORDER = pl.col("outcome").is_in([Outcome.SOLD_OUT, Outcome.CONFLICT, Outcome.REFUSED])
_IS_REFUSED = (_OF_THE_ORDER & (pl.col("status") != _TOO_MANY_REQUESTS)) | (
    pl.col("code").is_in(CODES) & (pl.col("outcome") != Outcome.UNKNOWN)
)


def no_false_limit(evidence: Evidence, scenario: Scenario) -> list[Violation]:
    """Limit reached is only said where a line asked for can have been too much for this shopper."""
    limits = pl.DataFrame(
        {"sku": [sku.sku for sku in scenario.skus], "limit": [sku.limit for sku in scenario.skus]},
        schema={"sku": pl.String(), "limit": pl.Int64()},
    )
    told = _told(evidence.asked, LIMIT_REACHED)
    has = _of_other_keys(evidence, told, "quantity", evidence.lines, evidence.asked, by=["shopper", "sku"])
    lines = told.with_columns(has=has).join(limits, on="sku", how="left", maintain_order="left")
    within = pl.col("limit").is_null() | (pl.col("has") + pl.col("quantity") <= pl.col("limit"))
    untrue = lines.filter(within.all().over("row")).unique("row", keep="first", maintain_order=True)
    cases = untrue.with_columns(may_have=pl.col("limit").cast(pl.String()).fill_null("any number"))
    text = (
        "shopper {shopper} asked for {quantity} of {sku} (key {key}), had at most {has}, may have {may_have}"
    )
    return violation(6, "limits were said to be reached and were not", cases, text, at="done_s")


def no_false_want_of_money(evidence: Evidence, scenario: Scenario) -> list[Violation]:
    """Insufficient funds are only said where the wallet can have held less than the order costs.

    When a charge came is not known, so no charge counts as in the wallet.
    """
    told = _told(evidence.attempts, INSUFFICIENT_FUNDS)
    attempts = _with_cost(evidence, evidence.attempts.join(told, on="shopper", how="semi"), scenario)
    told = _told(attempts, INSUFFICIENT_FUNDS).drop_nulls("cost_won")
    orders = evidence.orders.with_columns(cost_won="total_won")
    spent = _of_other_keys(evidence, told, "cost_won", orders, attempts, by=["shopper"])
    opening = evidence.wallets.select("shopper", "opening_won")
    held = told.with_columns(spent_won=spent).join(opening, on="shopper", maintain_order="left")
    least = held.with_columns(least_won=pl.col("opening_won") - pl.col("spent_won"))
    untrue = least.filter(pl.col("least_won") >= pl.col("cost_won"))
    text = "shopper {shopper} held at least {least_won} won for an order of {cost_won} won (key {key})"
    return violation(
        6, "funds were said to be insufficient and were not", untrue, text, at="done_s", worst="least_won"
    )


def no_false_unknown_sku(evidence: Evidence) -> list[Violation]:
    """An unknown SKU is only said of a cart with a SKU that is not in the books."""
    strange = evidence.asked.join(evidence.stock, on="sku", how="anti")
    told = _told(evidence.attempts, UNKNOWN_SKU).join(strange, on="row", how="anti")
    untrue = _with_contents(evidence, told)
    text = "shopper {shopper} was told so of {contents} (key {key})"
    return violation(6, "SKUs were said to be unknown and are not", untrue, text, at="done_s")


def no_key_in_progress_alone(evidence: Evidence) -> list[Violation]:
    """A key is only said to be in progress while another attempt with it can have been.

    A hold can outlive the answer that its order is bought, so such an attempt may go on for ever. A charge,
    which is in no history, may have had the key.
    """
    told = _told(evidence.attempts, KEY_IN_PROGRESS)
    goes_on = pl.when(pl.col("outcome") == Outcome.BOUGHT).then(float("inf")).otherwise(released_s())
    attempts = evidence.attempts.join(told, on=KEY, how="semi").with_columns(released_s=goes_on, times=1)
    others = under_way(attempts, "times", told, by=KEY) - 1
    alone = _without_charges(evidence, told.filter(others == 0))
    text = "shopper {shopper} was told so of key {key}, which no other attempt had under way"
    return violation(6, "keys were said to be in progress and were not", alone, text, at="done_s")


def no_key_reused_alone(evidence: Evidence) -> list[Violation]:
    """A key is only said to be another request's where another cart, or a charge, had been sent with it."""
    told = _told(evidence.attempts, KEY_REUSED)
    attempts = evidence.attempts.join(told, on=KEY, how="semi", maintain_order="left").with_columns(times=1)
    attempts = _with_contents(evidence, attempts)
    told = _told(attempts, KEY_REUSED)
    all_carts, this_cart = (
        until(attempts, "times", "sent_s", told, "done_s", by=by) for by in (KEY, [*KEY, "contents"])
    )
    untrue = _without_charges(evidence, told.filter(all_carts == this_cart))
    text = "shopper {shopper} was told so of key {key}, which was only sent with {contents}"
    return violation(6, "keys were said to be used and were not", untrue, text, at="done_s")


def no_refusal_after_purchase(evidence: Evidence) -> list[Violation]:
    """A key that was answered with an order has no other answer for the same cart sent after that.

    No answer at all, a server's error, and what is not about the order, such as an expired token, are not
    answers of the key. Neither is "in progress". A purchase after a refusal is no second answer: a refusal
    uses up no key.
    """
    refused = evidence.attempts.filter(_IS_REFUSED, pl.col("code") != KEY_IN_PROGRESS)
    bought = evidence.attempts.filter(pl.col("outcome") == Outcome.BOUGHT).join(refused, on=KEY, how="semi")
    first = bought.sort("done_s", maintain_order=True).unique(KEY, keep="first", maintain_order=True)
    order = _with_contents(evidence, first).select(*KEY, "contents", bought="order_id", bought_s="done_s")
    again = _with_contents(evidence, refused.join(order, on=KEY, how="semi", maintain_order="left"))
    late = again.join(order, on=[*KEY, "contents"], maintain_order="left").filter(
        pl.col("sent_s") > pl.col("bought_s")
    )
    text = (
        "key {key} of shopper {shopper} was answered with order {bought}, then with {status} {outcome} {code}"
    )
    return violation(5, "keys were refused after they had bought", late, text, at="done_s")


def conflicts_alone(evidence: Evidence) -> int:
    """Attempts told of a conflict while nobody else was after one of their SKUs, nor the shopper elsewhere.

    This is a figure and no violation, since others than shoppers can be in between, whom no history knows: a
    restock, Redis being set right from the database, or the slow order itself, whose hold has expired. And
    a batch waits for the SKUs and wallets of all its orders, a serializable transaction fails by pages.
    """
    told = evidence.asked.filter(pl.col("outcome") == Outcome.CONFLICT, pl.col("code") != KEY_IN_PROGRESS)
    counted = {"times": pl.lit(1), "released_s": released_s()}
    after_it = under_way(evidence.asked.with_columns(**counted), "times", told, by=["sku"])
    own = under_way(evidence.attempts.with_columns(**counted), "times", told, by=["shopper"])
    alone = ((after_it == 1) & (own == 1)).rename("alone")
    return told.with_columns(alone).filter(pl.col("alone").all().over("row"))["row"].n_unique()


def _told(attempts: pl.DataFrame, code: str) -> pl.DataFrame:
    """Those that were answered with a code."""
    return attempts.filter(pl.col("code") == code, pl.col("outcome") != Outcome.UNKNOWN)


def _of_other_keys(
    evidence: Evidence,
    told: pl.DataFrame,
    of: str,
    orders: pl.DataFrame,
    attempts: pl.DataFrame,
    *,
    by: list[str],
) -> pl.Series:
    """For each refusal, the most that can have counted of the shopper's other keys by its answer.

    Args:
        of: what counts of `orders` and of `attempts`, which may be those of the told shoppers alone.
        by: what they must have in common with the refusal.
    """
    booked = orders.join(told, on="shopper", how="semi").with_columns(
        pl.col("sent_s").fill_null(pl.col("placed_s"))
    )
    of_shoppers = attempts.join(told, on="shopper", how="semi")
    passing = of_shoppers.join(_that_made_orders(evidence), on="row", how="anti").with_columns(
        released_s=released_s()
    )

    def most(alike: list[str]) -> pl.Series:
        return until(booked, of, "sent_s", told, "done_s", by=alike) + under_way(passing, of, told, by=alike)

    return most(by) - most([*by, "key"])


def _that_made_orders(evidence: Evidence) -> pl.DataFrame:
    """One attempt for each order in the books: that which was told so, or else the first with its key."""
    ordered = evidence.attempts.join(evidence.orders, on=KEY, how="semi", maintain_order="left")
    made = (pl.col("outcome") == Outcome.BOUGHT) & ~pl.col("replayed")
    return ordered.sort(~made, maintain_order=True).unique(KEY, keep="first", maintain_order=True)


def _with_cost(evidence: Evidence, attempts: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """The attempts with the price of their carts, null where a SKU has none."""
    prices = pl.DataFrame(
        {"sku": [sku.sku for sku in scenario.skus], "price_won": [sku.price_won for sku in scenario.skus]}
    )
    lines = evidence.asked.select("row", "sku", "quantity").join(attempts, on="row", how="semi")
    priced = (
        lines.join(prices, on="sku", how="left")
        .group_by("row")
        .agg(
            known=pl.col("price_won").is_not_null().all(),
            won=(pl.col("quantity") * pl.col("price_won")).sum(),
        )
    )
    cost = priced.select("row", cost_won=pl.when("known").then("won"))
    return attempts.join(cost, on="row", how="left", maintain_order="left")


def _with_contents(evidence: Evidence, attempts: pl.DataFrame) -> pl.DataFrame:
    """The attempts with their carts as texts."""
    lines = evidence.asked.join(attempts, on="row", how="semi")
    return attempts.join(contents(lines, ["row"]), on="row", how="left", maintain_order="left")


def _without_charges(evidence: Evidence, attempts: pl.DataFrame) -> pl.DataFrame:
    """Those of shoppers who charged nothing."""
    charged = evidence.wallets.filter(pl.col("charged_won") != 0)
    return attempts.join(charged, on="shopper", how="anti", maintain_order="left")
