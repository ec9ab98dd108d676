"""The invariants of a shop, each a pure function of the evidence that returns what broke it.

The numbers are those of the audit: 1 no oversell, 2 no undersell, 4 money is conserved, 5 one key, one
effect, one answer, 9 nobody above the limit. The third, orders as acknowledged, is in `acknowledgements`;
the sixth, refusals are true, in `refusals`.
"""

from __future__ import annotations

import polars as pl

from reports.evidence import KEY, Evidence, contents, counted
from reports.scenes import scene
from reports.tallies import released_s, under_way, until
from reports.violations import Violation, violation
from scenarios.history import Outcome
from scenarios.scenario import Scenario


def no_oversell(evidence: Evidence) -> list[Violation]:
    """Units in the orders of a SKU never exceed its stock, at any prefix of the order log."""
    beyond = (
        evidence.log.join(evidence.stock.select("sku", "stock"), on="sku", how="left", maintain_order="left")
        .with_columns(beyond=pl.col("so_far") - pl.col("stock"))
        .filter(pl.col("beyond") > 0)
    )
    text = "order {order_id} of shopper {shopper} made it {so_far} of {sku} sold, of {stock} there were"
    return violation(
        1,
        "more units were sold than there were",
        beyond,
        text,
        at="placed_s",
        worst="beyond",
        scene=lambda case: scene(evidence, case["sku"], case["order_id"], case["placed_s"]),
    )


def counters_agree(evidence: Evidence) -> list[Violation]:
    """At rest, stock less sold is what the database and Redis say is left, and nothing is reserved."""
    stock = evidence.stock.with_columns(left=pl.col("stock") - pl.col("sold"))
    found = []
    for counter, name in (("available", "the database"), ("redis_available", "Redis")):
        off = stock.with_columns(off=(pl.col(counter) - pl.col("left")).abs()).filter(pl.col("off") > 0)
        text = f"{{sku}}: {{stock}} less {{sold}} sold leaves {{left}}, {name} says {{{counter}}}"
        found += violation(2, f"what {name} says is left is not what is left", off, text, worst="off")
    reserved = stock.filter(pl.col("reserved") != 0)
    text = "{sku}: {reserved} still reserved"
    return found + violation(2, "units are reserved for nobody", reserved, text, worst="reserved")


def no_early_sold_out(evidence: Evidence) -> list[Violation]:
    """Sold out is only said while what is left of a wanted SKU can be less than was asked for.

    All that can have been gone by the answer counts as gone: the units of orders whose key had been sent by
    then, and those that other attempts under way may have held for a while. Restocks do not count: when they
    came is not known.
    """
    refusals = evidence.asked.filter(pl.col("outcome") == Outcome.SOLD_OUT)
    orders = evidence.lines.with_columns(pl.col("sent_s").fill_null(pl.col("placed_s")))
    booked = until(orders, "quantity", "sent_s", refusals, "done_s", by=["sku"])
    gone = booked + under_way(_passing_holds(evidence), "quantity", refusals, by=["sku"])
    early = (
        refusals.with_columns(gone=gone)
        .join(evidence.stock.select("sku", "initial"), on="sku", maintain_order="left")
        .with_columns(left=pl.col("initial") - pl.col("gone"))
        .filter((pl.col("left") >= pl.col("quantity")).all().over("row"))
    )
    text = "shopper {shopper} asked for {quantity} of {sku} (key {key}) when at least {left} were left"
    return violation(2, "sold out was said too early", early, text, at="done_s", worst="left")


def _passing_holds(evidence: Evidence) -> pl.DataFrame:
    """Lines of attempts without an order that may have held units."""
    attempts = evidence.asked.filter(~pl.col("outcome").is_in([Outcome.SOLD_OUT, Outcome.BOUGHT]))
    return attempts.join(evidence.orders, on=KEY, how="anti").with_columns(released_s=released_s())


def money_is_conserved(evidence: Evidence, scenario: Scenario) -> list[Violation]:
    """A wallet holds what it opened with and its ledger, which is what its orders cost; none is short."""
    wallets = evidence.wallets
    strangers = wallets.filter(pl.col("opening_won").is_null())
    found = violation(
        4, "shoppers without a wallet have orders", strangers, "shopper {shopper}: {spent_won} won"
    )

    kept = wallets.with_columns(expected=pl.col("opening_won") + pl.col("ledger_won"))
    off = kept.with_columns(off=(pl.col("balance_won") - pl.col("expected")).abs()).filter(pl.col("off") > 0)
    text = (
        "shopper {shopper}: opened with {opening_won} won, ledger {ledger_won} won, balance {balance_won} won"
    )
    found += violation(4, "wallets differ from their ledgers", off, text, worst="off")

    paid_won = pl.col("charged_won") - pl.col("ledger_won")
    off = wallets.with_columns(off=(paid_won - pl.col("spent_won")).abs()).filter(pl.col("off") > 0)
    text = (
        "shopper {shopper}: orders of {spent_won} won, but a ledger of {ledger_won} won, of which "
        "{charged_won} won were charged"
    )
    found += violation(4, "ledgers differ from the orders", off, text, worst="off")

    short = wallets.with_columns(debt=-pl.col("balance_won")).filter(pl.col("debt") > 0)
    found += violation(4, "wallets are negative", short, "shopper {shopper}: {balance_won} won", worst="debt")
    return found + _totals_add_up(evidence) + _prices_are_those_of(scenario, evidence)


def _totals_add_up(evidence: Evidence) -> list[Violation]:
    cost = evidence.lines.group_by("order_id").agg(cost_won=(pl.col("quantity") * pl.col("price_won")).sum())
    orders = evidence.orders.join(cost, on="order_id", how="left").with_columns(
        pl.col("cost_won").fill_null(0)
    )
    off = orders.with_columns(off=(pl.col("total_won") - pl.col("cost_won")).abs()).filter(pl.col("off") > 0)
    text = "order {order_id}: lines of {cost_won} won, but a total of {total_won} won"
    return violation(4, "orders do not add up", off, text, at="placed_s", worst="off")


def _prices_are_those_of(scenario: Scenario, evidence: Evidence) -> list[Violation]:
    prices = pl.DataFrame(
        {"sku": [sku.sku for sku in scenario.skus], "right_won": [sku.price_won for sku in scenario.skus]}
    )
    lines = evidence.lines.join(prices, on="sku", how="left", maintain_order="left")
    wrong = lines.filter(pl.col("price_won").ne_missing(pl.col("right_won")))
    text = "order {order_id}: {sku} for {price_won} won, its price is {right_won}"
    return violation(4, "units were sold at a wrong price", wrong, text, at="placed_s")


def one_key_one_effect(evidence: Evidence) -> list[Violation]:
    """A key stands for one order, with one kept answer, and every acknowledgement of it is that answer."""
    often = counted(evidence.orders, KEY).filter(pl.col("times") > 1)
    text = "key {key} of shopper {shopper} made {times} orders"
    found = violation(5, "keys made more than one order", often, text, at="placed_s", worst="times")

    kept = evidence.keys.join(evidence.orders, on=KEY, how="full", coalesce=True, suffix="_booked").sort(KEY)
    off = kept.filter(pl.col("order_id").ne_missing(pl.col("order_id_booked")))
    text = (
        "key {key} of shopper {shopper}: order {order_id} is the kept answer, {order_id_booked} in the books"
    )
    found += violation(5, "kept answers are not those of the orders", off, text)

    bought = evidence.attempts.filter(pl.col("outcome") == Outcome.BOUGHT)
    carts = contents(evidence.asked.filter(pl.col("outcome") == Outcome.BOUGHT), ["row"])
    answers = bought.join(carts, on="row").group_by(KEY, maintain_order=True)
    seen = answers.agg(
        pl.struct("order_id", "total_won", "contents").n_unique().alias("answers"),
        (~pl.col("replayed")).sum().alias("effects"),
        pl.col("done_s").max(),
    )
    text = "key {key} of shopper {shopper} got {answers} different answers"
    found += violation(
        5,
        "keys got more than one answer",
        seen.filter(pl.col("answers") > 1),
        text,
        at="done_s",
        worst="answers",
    )
    text = "key {key} of shopper {shopper} was answered {effects} times as if for the first time"
    return found + violation(
        5,
        "kept answers were not given as kept",
        seen.filter(pl.col("effects") > 1),
        text,
        at="done_s",
        worst="effects",
    )


def nobody_above_the_limit(evidence: Evidence, scenario: Scenario) -> list[Violation]:
    """Units of a SKU in all orders of one shopper never exceed the limit of its product."""
    limits = pl.DataFrame(
        {"sku": [sku.sku for sku in scenario.skus], "limit": [sku.limit for sku in scenario.skus]},
        schema_overrides={"limit": pl.Int64()},
    ).drop_nulls("limit")
    has = pl.col("quantity").cum_sum().over("sku", "shopper")
    above = (
        evidence.log.join(limits, on="sku", maintain_order="left")
        .with_columns(has=has)
        .filter(pl.col("has") > pl.col("limit"))
    )
    text = "order {order_id} made it {has} of {sku} for shopper {shopper}, who may have {limit}"
    return violation(9, "shoppers have more than the limit", above, text, at="placed_s", worst="has")
