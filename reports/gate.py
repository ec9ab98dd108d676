"""The gate: the invariants, which nothing can loosen, and the verdict that all judgements come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from reports.judging import Judge
from reports.summary import Bound, Control, ExitCode, Judgement, StrategySummary
from reports.thresholds import Threshold
from reports.violations import Verdict as AuditVerdict
from reports.wording import number
from scenarios.scenario import Scenario

VALIDITY = "validity"
AUDIT = "audit"
CONTROL = "control"

_MUST_PASS = Bound(kind="equals", limit="pass", to=None)
_MUST_BE_VALID = Bound(kind="equals", limit="valid", to=None)
_NOTHING = Bound(kind="max", limit=0, to=None)
_STOCK = (1, 2)


class Verdict(NamedTuple):
    """What the judgements come to."""

    name: Literal["pass", "fail", "invalid", "unknown"]
    exit_code: ExitCode


def judge(
    strategies: Sequence[StrategySummary],
    control: Control,
    scenario: Scenario,
    thresholds: Sequence[Threshold],
) -> list[Judgement]:
    """The invariants, then the thresholds that apply to the scenario.

    Raises:
        ThresholdsError: a threshold names a metric that does not exist, or a baseline that does not fit.
    """
    return [*_invariants(strategies, control, scenario), *Judge(strategies, scenario.name).judge(thresholds)]


def verdict(judgements: Sequence[Judgement]) -> Verdict:
    """The verdict on a run.

    A broken invariant fails even an invalid run: units oversold are oversold, however late they were asked
    for. Anything else that an invalid run found says nothing. A failed threshold outweighs an unknown one.
    """
    if any(one.fixed and one.status == "fail" for one in judgements):
        return Verdict("fail", 1)
    if any(one.metric == VALIDITY and one.status == "unknown" for one in judgements):
        return Verdict("invalid", 3)
    if any(one.status == "fail" for one in judgements):
        return Verdict("fail", 1)
    if any(one.status == "unknown" for one in judgements):
        return Verdict("unknown", 3)
    return Verdict("pass", 0)


def findings(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Those that keep the verdict from `pass`, the gravest first."""
    found = [one for one in judgements if one.status in ("fail", "unknown")]
    return sorted(found, key=lambda one: (one.status == "unknown", not one.fixed))


def _invariants(
    strategies: Sequence[StrategySummary], control: Control, scenario: Scenario
) -> list[Judgement]:
    """The judgements that every run is held to."""
    judged = [_validity(strategy) for strategy in strategies if strategy.measured]
    for strategy in strategies:
        if strategy.safe:
            judged += [_audit(strategy, scenario), _oversold(strategy)]
        else:
            judged.append(_rest_of_audit(strategy))
    return [*judged, _danger(control, scenario)]


def _validity(strategy: StrategySummary) -> Judgement:
    valid = strategy.validity.verdict == "valid"
    kept = "the generator kept its schedule"
    return Judgement(
        metric=VALIDITY,
        strategy=strategy.name,
        bound=_MUST_BE_VALID,
        value=strategy.validity.verdict,
        status="pass" if valid else "unknown",
        message=kept if valid else "invalid: " + "; ".join(strategy.validity.reasons),
        reason="A generator that runs late or leaves shoppers out measures itself, not the system.",
        fixed=True,
    )


def _audit(strategy: StrategySummary, scenario: Scenario) -> Judgement:
    audit = strategy.audit
    deciding = [check for check in audit.checks if check.verdict == audit.verdict]
    about_stock = all(check.invariant in _STOCK for check in deciding)
    return Judgement(
        metric=AUDIT,
        strategy=strategy.name,
        bound=_MUST_PASS,
        value=audit.verdict,
        status=_unless_stock_lasts(audit.verdict, scenario) if about_stock else audit.verdict,
        message="every invariant holds"
        if audit.verdict == "pass"
        else "; ".join(f"{check.name}: {check.why}" for check in deciding),
        reason="A safe strategy breaks no invariant at any interleaving.",
        fixed=True,
    )


def _unless_stock_lasts(verdict: AuditVerdict, scenario: Scenario) -> AuditVerdict | Literal["skipped"]:
    """Where stock is meant to last, a run that came near no oversell is no reason for doubt."""
    return "skipped" if verdict == "unknown" and not scenario.sells_out else verdict


def _oversold(strategy: StrategySummary) -> Judgement:
    figures = strategy.figures
    worst = figures.intervals["units.oversold"].high
    return Judgement(
        metric=f"{strategy.engine}.units.oversold",
        strategy=strategy.name,
        bound=_NOTHING,
        value=figures.units.oversold,
        status="fail" if worst else "pass",
        message=f"{number(figures.units.oversold)} units oversold, of {number(figures.units.stock)}",
        reason="A safe strategy never sells a unit twice.",
        fixed=True,
    )


def _rest_of_audit(strategy: StrategySummary) -> Judgement:
    broken = [
        check for check in strategy.audit.checks if check.invariant not in _STOCK and check.verdict == "fail"
    ]
    return Judgement(
        metric=f"{AUDIT} of orders, money and keys",
        strategy=strategy.name,
        bound=_MUST_PASS,
        value="fail" if broken else "pass",
        status="fail" if broken else "pass",
        message="; ".join(f"{check.name}: {check.why}" for check in broken) or "these invariants hold",
        reason="A control is wrong about stock and about nothing else.",
        fixed=True,
    )


def _danger(control: Control, scenario: Scenario) -> Judgement:
    return Judgement(
        metric=CONTROL,
        strategy=None,
        bound=_MUST_PASS,
        value=control.verdict,
        status=_unless_stock_lasts(control.verdict, scenario),
        message=control.why,
        reason="A run in which not even a control oversells proves nothing about the others.",
        fixed=True,
    )
