"""How a fit corrects parameters, step by step or by a search, inside their bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from scipy.optimize import brentq

from simulator.bounds import TIMES, Range
from simulator.decomposition import ratio
from simulator.profile import Role

ROUNDS = 10
"""Of correcting demands until the model uses the CPU that was measured, at most."""

_SETTLED = 0.001  # a round that corrects nothing by more of itself is the last
_CAUTION = 0.7  # the power of a correction that is made: batches are larger or smaller for it
_STEPS = 1 / 1000  # of a range: as finely as it is searched
_OWN = 0.1  # of a role's CPU in the model, that has to come from a demand for it to be corrected

Corrections = Mapping[Role, float]
"""How many times as much CPU of each role something takes."""

Used = dict[Role, tuple[float, float]]
"""CPU of each role in the model, in milliseconds an answer: that of the corrected demands, and the rest."""


def balanced(
    used: Callable[[Corrections], Used], measured_ms: Corrections, within: Range
) -> dict[Role, float]:
    """By how many times the demands of each role are corrected, so that the model uses the CPU as measured.

    What the model uses has to come from these demands, and to follow them. A consumer that looks for orders
    while none are queued, or a server that works while an order has no company, uses CPU that no correction
    changes: it would be corrected without end. Such a role is left as it is.

    Args:
        used: what the model uses with some corrections.
        measured_ms: what was used, in milliseconds an answer, of the roles that may be corrected.
        within: the corrections that there can be.
    """
    times = dict.fromkeys(measured_ms, 1.0)
    now = used(times)
    roles = [role for role in measured_ms if _follows(role, now, used(times | {role: 2.0}))]
    for _ in range(ROUNDS):
        before = tuple(times.values())
        for role in roles:
            own_ms, rest_ms = now[role]
            times[role] = within.nearest(times[role] * ratio(measured_ms[role] - rest_ms, own_ms))
        if is_settled(before, tuple(times.values())):
            break
        now = used(times)
    return times


def _follows(role: Role, once: Used, doubled: Used) -> bool:
    """Whether the model uses more CPU of a role where its demands are doubled, and more than a small part."""
    own_ms, rest_ms = once[role]
    return own_ms > _OWN * (own_ms + rest_ms) and doubled[role][0] > 1.5 * own_ms


def for_itself_and_once(
    few: tuple[float, float], few_ms: float, many: tuple[float, float], many_ms: float
) -> tuple[float, float]:
    """How many times more an order takes for itself, and a batch once, by the CPU that was measured.

    Two equations with two unknowns. Neither may be negative; what then does not fit, fits the busy runs.
    """
    determinant = few[0] * many[1] - many[0] * few[1]
    once = 1.0
    if abs(determinant) > 1e-12:
        once = (few[0] * many_ms - many[0] * few_ms) / determinant
    once = TIMES.nearest(once) ** _CAUTION if few[1] else 1.0
    each = ratio(many_ms - once * many[1], many[0])
    return TIMES.nearest(each) ** _CAUTION, once


def is_settled(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether one more round would change next to nothing."""
    return all(abs(new / old - 1) <= _SETTLED for old, new in zip(before, after, strict=True))


def ends_of(what: str, times: Corrections, within: Range) -> dict[str, float]:
    """The roles that ended on a bound, by their path."""
    return {
        path: end for role, at in times.items() for path, end in ends(f"{what}.{role}", at, within).items()
    }


def ends(path: str, value: float, within: Range) -> dict[str, float]:
    """The parameter by its path, if it ended on a bound."""
    return {path: value} if within.ends_at(value) else {}


def root_or_end(falling: Callable[[float], float], within: Range) -> float:
    """Where a falling function is 0, or the end of the range that comes nearest to it."""
    low, high = within
    if falling(low) <= 0:
        return low
    if falling(high) >= 0:
        return high
    return float(brentq(falling, low, high, xtol=(high - low) * _STEPS))
