"""Judges the thresholds of a run: finds each figure, or ratio, and holds it against its bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from reports import baseline, figure_paths
from reports.ranking import FEWEST_ORDERS, FEWEST_SECONDS, PACE, rests_on_enough
from reports.shapes import Number, leaves
from reports.summary import Bound, Judgement, StrategySummary
from reports.thresholds import Threshold, ThresholdsError
from reports.wording import number, two_numbers
from scenarios.complaints import nearest

GROUPS: Mapping[str, Callable[[StrategySummary], bool]] = {
    "all": lambda _: True,
    "safe": lambda strategy: strategy.safe,
    "controls": lambda strategy: not strategy.safe,
    "exact": lambda strategy: strategy.safe and strategy.exact,
    "redis": lambda strategy: strategy.redis != "none",
    "committed": lambda strategy: strategy.ack == "committed",
    "queued": lambda strategy: strategy.ack == "queued",
}
"""What thresholds may name instead of strategies."""

Figures = Mapping[str, Number]
Status = Literal["pass", "fail", "unknown", "skipped"]


class NoFigure(Exception):
    """There is nothing to hold against a bound, and why."""

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(why)
        self.status = status


class Judge:
    """Knows the figures of a run, and judges thresholds by them."""

    def __init__(self, strategies: Sequence[StrategySummary], scenario: str) -> None:
        self._strategies = {strategy.name: strategy for strategy in strategies}
        self._figures = {strategy.name: _figures(strategy) for strategy in strategies}
        self._scenario = scenario

    def judge(self, thresholds: Sequence[Threshold]) -> list[Judgement]:
        """One judgement for each threshold of this scenario and each of its strategies.

        Raises:
            ThresholdsError: a threshold names a metric that does not exist, or a baseline that does not fit.
        """
        judged = []
        for threshold in thresholds:
            if threshold.applies_to(self._scenario):
                _require_metric(threshold.metric)
                judged += [self._judge(threshold, name) for name in self._chosen(threshold)]
        return judged

    def _chosen(self, threshold: Threshold) -> list[str]:
        chosen = [name for wanted in threshold.strategies for name in self._meant(wanted)]
        return [name for name in dict.fromkeys(chosen) if name != threshold.to]

    def _meant(self, wanted: str) -> list[str]:
        if wanted not in GROUPS:
            return [wanted]
        return [name for name, strategy in self._strategies.items() if GROUPS[wanted](strategy)]

    def _judge(self, threshold: Threshold, name: str) -> Judgement:
        bound = threshold.bound
        found: tuple[Number | None, Status, str]
        try:
            value = self._value(threshold, name)
            found = (value, *_held_against(bound, value))
        except NoFigure as nothing:
            found = (None, nothing.status, str(nothing))
        value_found, status, message = found
        return Judgement(
            metric=threshold.metric,
            strategy=name,
            bound=bound,
            value=value_found,
            status=status,
            message=message,
            reason=threshold.reason,
            fixed=False,
        )

    def _value(self, threshold: Threshold, name: str) -> Number:
        figure = self._figure(threshold.metric, name)
        if threshold.to:
            return _ratio(figure, self._figure(threshold.metric, threshold.to))
        if threshold.baseline:
            known = baseline.load(threshold.baseline)
            usual = known.ratio(threshold.metric, name, self._scenario)
            return _ratio(_ratio(figure, self._figure(threshold.metric, known.reference)), usual)
        return figure

    def _figure(self, metric: str, name: str) -> Number:
        strategy = self._strategies.get(name)
        if strategy is None:
            raise NoFigure("skipped", f"{name} did not take part in this run")
        engine = metric.partition(".")[0]
        if engine in figure_paths.ENGINES and getattr(strategy, engine) is None:
            raise NoFigure("skipped", f"nothing was {engine} in this run")
        if strategy.validity.verdict == "invalid":
            raise NoFigure("unknown", f"the run of {name} is invalid")
        _require_enough(strategy, metric)
        if metric not in self._figures[name]:
            raise NoFigure("unknown", f"{name} has no {metric}: nothing of the kind happened in this run")
        return self._figures[name][metric]


def _require_enough(strategy: StrategySummary, metric: str) -> None:
    """Orders a second that may not be ranked are not held against a bound either."""
    if PACE not in metric.split("."):
        return
    for figures in filter(None, (strategy.measured, strategy.predicted)):
        if not rests_on_enough(figures):
            stretch = figures.busiest_stretch
            raise NoFigure(
                "skipped",
                f"{PACE} of {strategy.name} rests on {number(stretch.orders)} orders in "
                f"{number(stretch.length_s)} s; expected at least {number(FEWEST_ORDERS)} in "
                f"{number(FEWEST_SECONDS)} s, in every run; bound latency_ms.order.p99 instead",
            )


def require_known(
    thresholds: Sequence[Threshold], strategies: Sequence[str], scenario: str, scenarios: Sequence[str]
) -> None:
    """Do nothing where all that the thresholds name exists: asked before a run, not after it.

    Args:
        strategies: all that there are, whether they take part or not.
        scenario: the one that is run.
        scenarios: the others that there are.

    Raises:
        ThresholdsError: a metric, a strategy, a scenario or a baseline does not exist, or a baseline is of
            another scenario; the text names the nearest.
    """
    there = [scenario, *(name for name in scenarios if name != scenario)]
    for threshold in thresholds:
        _require_metric(threshold.metric)
        for wanted in (*threshold.strategies, *([threshold.to] if threshold.to else [])):
            named = [*GROUPS, *strategies] if wanted != threshold.to else strategies
            if wanted not in named:
                raise ThresholdsError(
                    f"{threshold.metric}: no strategy {wanted!r}{nearest(wanted, named) or ';'} expected one "
                    f"of {', '.join(named)}"
                )
        for wanted in threshold.scenarios:
            if wanted not in there:
                raise ThresholdsError(
                    f"{threshold.metric}: no scenario {wanted!r}{nearest(wanted, there) or ';'} expected one "
                    f"of {', '.join(there)}"
                )
        if threshold.baseline:
            known = baseline.load(threshold.baseline)
            if threshold.applies_to(scenario):
                known.require_of(scenario)


def _require_metric(metric: str) -> None:
    if not figure_paths.is_path(metric):
        hint = nearest(metric, figure_paths.paths())
        raise ThresholdsError(
            f"metric {metric!r} is not in summary.json{hint or ';'} expected a path of a number in a "
            "strategy's entry, such as 'measured.latency_ms.bought.p99'"
        )


def _figures(strategy: StrategySummary) -> Figures:
    entry = strategy.model_dump(include={*figure_paths.ENGINES, "prediction_error"})
    return {path: value for path, value in leaves(entry) if type(value) in (int, float)}


def _ratio(figure: Number, to: Number) -> Number:
    if to == 0:
        raise NoFigure("unknown", "there is no ratio to 0")
    return figure / to


def _held_against(bound: Bound, value: Number) -> tuple[Status, str]:
    limit = float(bound.limit)
    at_most = bound.kind.startswith("max")
    kept = value <= limit if at_most else value >= limit
    told, of_limit = two_numbers(value, limit)
    found = f"{told} times {bound.to}" if bound.to else told
    allowed = f"at most {of_limit}" if at_most else f"at least {of_limit}"
    return "pass" if kept else "fail", f"{found}; expected {allowed}"
