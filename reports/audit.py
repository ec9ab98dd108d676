"""The audit: the invariants of a shop, checked on the history and the books of a run.

A check fails with violations, each with witnesses; passes; or is unknown, where the run never came near
enough to the danger for a pass to mean anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl

from reports import acknowledgements, invariants, refusals
from reports.evidence import KEY, Evidence
from reports.violations import AuditReport, Check, Verdict, Violation
from scenarios.history import Outcome
from scenarios.record import Record
from scenarios.scenario import Scenario


class Danger(NamedTuple):
    """Whether a run came near what an invariant forbids, and what shows it."""

    near: bool
    why: str


class Checker(NamedTuple):
    """An invariant: what must hold, how breaches are found, and when their absence means something."""

    invariant: int
    name: str
    find: Callable[[Evidence, Scenario], list[Violation]]
    danger: Callable[[Evidence], Danger]


def audit(record: Record, scenario: Scenario, *, exact: bool = True) -> AuditReport:
    """The verdict on one run, measured or predicted.

    Args:
        exact: whether the strategy promises not to say "sold out" while units may still be had. If it does
            not, how often it did is a figure (`units.false_sold_out`) and no violation.
    """
    evidence = Evidence(record)
    checkers = _checkers(evidence, scenario, exact=exact)
    found = [_check(checker, evidence, scenario) for checker in checkers]
    return _report([check for check, _ in found], [one for _, violations in found for one in violations])


def merge(reports: Sequence[AuditReport]) -> AuditReport:
    """The verdict on several runs of one strategy: one breach is a breach, one dangerous run is dangerous."""
    by_invariant: defaultdict[int, list[Check]] = defaultdict(list)
    for report in reports:
        for check in report.checks:
            by_invariant[check.invariant].append(check)
    checks = [_gravest(checks) for _, checks in sorted(by_invariant.items())]
    violations = [
        one.model_copy(update={"run": run}) for run, report in enumerate(reports) for one in report.violations
    ]
    return _report(checks, violations)


def _check(checker: Checker, evidence: Evidence, scenario: Scenario) -> tuple[Check, list[Violation]]:
    violations = checker.find(evidence, scenario)
    danger = checker.danger(evidence)
    if violations:
        verdict, why = "fail", "; ".join(f"{one.what} ({one.count:,} times)" for one in violations)
    else:
        verdict, why = "pass" if danger.near else "unknown", danger.why
    check = {"invariant": checker.invariant, "name": checker.name, "verdict": verdict, "why": why}
    return Check.model_validate(check), violations


def _gravest(checks: Sequence[Check]) -> Check:
    order: list[Verdict] = ["fail", "pass", "unknown"]
    return min(checks, key=lambda check: order.index(check.verdict))


def _report(checks: Sequence[Check], violations: Sequence[Violation]) -> AuditReport:
    verdicts = {check.verdict for check in checks}
    verdict: Verdict = "fail" if "fail" in verdicts else "unknown" if "unknown" in verdicts else "pass"
    return AuditReport(verdict=verdict, checks=tuple(checks), violations=tuple(violations))


def _last_units(evidence: Evidence) -> Danger:
    """Near an oversell: a SKU ran out while shoppers were after it at the same time."""
    left = evidence.stock.select("sku", left=pl.col("stock") - pl.col("sold"))
    wanted = evidence.asked.join(left, on="sku").sort("sku", "sent_s")
    return _fought_for(wanted.filter(pl.col("quantity") > pl.col("left")))


def _last_units_in_sight(evidence: Evidence) -> Danger:
    """The same where units may be left that nobody found: a SKU ran out for those who were told so."""
    told = evidence.asked.filter(pl.col("outcome") == Outcome.SOLD_OUT)
    return _fought_for(told.sort("sku", "sent_s"))


def _fought_for(ran_out: pl.DataFrame) -> Danger:
    """Whether some of these lines of one SKU, sorted by it and by time, were under way at the same time."""
    if ran_out.is_empty():
        return Danger(False, "no SKU ran out, so its last unit was never fought for")
    under_way_until = pl.col("done_s").cum_max().shift(1).over("sku")
    contended = ran_out.filter(pl.col("sent_s") < under_way_until)["sku"].n_unique()
    if not contended:
        return Danger(False, "no two attempts for a SKU that ran out were under way at the same time")
    return Danger(True, f"SKUs that ran out while several attempts for them were under way: {contended}")


def _refusals(evidence: Evidence) -> Danger:
    refused = evidence.attempts.filter(pl.col("outcome") == Outcome.SOLD_OUT).height
    if not refused:
        return Danger(False, "nobody was told sold out")
    return Danger(True, f"{refused:,} answers of sold out, none before what was left fell short")


def _refusals_of_any_kind(evidence: Evidence) -> Danger:
    """The same where being right about "sold out" is not promised."""
    danger = _refusals(evidence)
    return (
        Danger(True, "the counters agree; to say sold out too early is a figure") if danger.near else danger
    )


def _acknowledgements(evidence: Evidence) -> Danger:
    orders = evidence.attempts.filter(pl.col("outcome") == Outcome.BOUGHT)["order_id"].n_unique()
    queued = evidence.attempts["acknowledged_s"].count()
    first = f"; {queued:,} attempts were queued first" if queued else ""
    return Danger(orders > 0, f"{orders:,} orders were acknowledged{first}")


def _money(evidence: Evidence) -> Danger:
    spent = evidence.wallets["spent_won"].sum()
    return Danger(spent > 0, f"{spent:,} won moved out of {evidence.wallets.height:,} wallets")


def _keys(evidence: Evidence) -> Danger:
    orders = evidence.orders.height
    repeated = evidence.attempts.height - evidence.attempts.select(KEY).unique().height
    return Danger(orders > 0, f"{orders:,} orders; {repeated:,} attempts sent a key again")


def _refusals_by_code(evidence: Evidence) -> Danger:
    told = _refused(evidence)["code"].value_counts().sort("code").iter_rows()
    alone = refusals.conflicts_alone(evidence)
    figure = f"; conflicts with nobody else there: {alone:,}" if alone else ""
    return Danger(True, "told: " + ", ".join(f"{code} {times:,}" for code, times in told) + figure)


def _refused(evidence: Evidence) -> pl.DataFrame:
    return evidence.attempts.filter(pl.col("code").is_in(refusals.CODES))


def _limits(evidence: Evidence) -> Danger:
    """Near the limit: shoppers asked again for a SKU of which they had bought some."""
    bought = evidence.lines.group_by("shopper", "sku").agg(pl.col("key").first(), pl.col("placed_s").min())
    asked = evidence.asked.join(bought, on=["shopper", "sku"], suffix="_bought")
    again = asked.filter(pl.col("key") != pl.col("key_bought"))["shopper"].n_unique()
    if not again:
        return Danger(False, "nobody who had bought a SKU asked for it again")
    return Danger(True, f"{again:,} shoppers asked for a SKU more than once and had bought it")


def _checkers(evidence: Evidence, scenario: Scenario, *, exact: bool) -> list[Checker]:
    """Those of the invariants that the run can have broken, in their order."""
    checkers = [
        Checker(
            1,
            "no oversell",
            lambda evidence, _: invariants.no_oversell(evidence),
            _last_units if exact else _last_units_in_sight,
        ),
        Checker(2, "no undersell", _no_undersell, _refusals)
        if exact
        else Checker(2, "no undersell", _no_drift, _refusals_of_any_kind),
        Checker(3, "orders exist as acknowledged", _as_acknowledged, _acknowledgements),
        Checker(4, "money is conserved", invariants.money_is_conserved, _money),
        Checker(5, "one key, one effect, one answer", _one_key, _keys),
    ]
    if not _refused(evidence).is_empty():
        checkers.append(Checker(6, "refusals are true", _refusals_are_true, _refusals_by_code))
    if any(sku.limit for sku in scenario.skus):
        checkers.append(
            Checker(9, "nobody above the limit", invariants.nobody_above_the_limit, _limits),
        )
    return checkers


def _no_undersell(evidence: Evidence, _: Scenario) -> list[Violation]:
    return [*invariants.counters_agree(evidence), *invariants.no_early_sold_out(evidence)]


def _no_drift(evidence: Evidence, _: Scenario) -> list[Violation]:
    return invariants.counters_agree(evidence)


def _one_key(evidence: Evidence, _: Scenario) -> list[Violation]:
    return [*invariants.one_key_one_effect(evidence), *refusals.no_refusal_after_purchase(evidence)]


def _refusals_are_true(evidence: Evidence, scenario: Scenario) -> list[Violation]:
    return [
        *refusals.no_false_limit(evidence, scenario),
        *refusals.no_false_want_of_money(evidence, scenario),
        *refusals.no_false_unknown_sku(evidence),
        *refusals.no_key_in_progress_alone(evidence),
        *refusals.no_key_reused_alone(evidence),
    ]


def _as_acknowledged(evidence: Evidence, _: Scenario) -> list[Violation]:
    return [
        *acknowledgements.acknowledged_orders_exist(evidence),
        *acknowledgements.no_order_unasked(evidence),
        *acknowledgements.queued_orders_are_decided(evidence),
    ]
