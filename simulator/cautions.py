"""Where a prediction goes beyond what was calibrated, and how good the fit is: sentences for its page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import median

from scenarios.scenario import Scenario
from simulator.profile import Fit, Profile

_OF_THE_MACHINE = ("cpu", "cores")
MOST_SENT_PER_S = 5_000.0  # by one load generator in time: more has never been held against a live run


def cautions(
    profile: Profile,
    scenario: Scenario,
    *,
    workers: int,
    pool_size: int,
    machine: Mapping[str, object],
    versions: Mapping[str, str],
) -> tuple[str, ...]:
    """Why the profile may not hold for this scenario, with these settings, here; nothing where it should.

    Args:
        machine: this one, by the names of the profile's.
        versions: of the packages that are installed.
    """
    return (
        *_other_machine(profile, machine),
        *_other_versions(profile, versions),
        *_other_settings(profile, workers=workers, pool_size=pool_size),
        *_other_orders(scenario),
        *_larger_crowds(scenario),
        *_ends_of_fits(profile),
    )


def pace_in_closed_loop(fits: Mapping[str, Mapping[str, Fit]]) -> dict[str, float]:
    """By strategy: how many times as many orders a second the model takes of clients in a closed loop.

    The model was fitted to shoppers who come in an open loop. This is a check on the same calibration, not
    what a prediction is wrong by.

    Args:
        fits: by strategy and kind of run.
    """
    saturated = {name: of["saturated"] for name, of in fits.items() if "saturated" in of}
    return {name: one.modelled.per_s / one.observed.per_s for name, one in saturated.items()}


def fit_check(fits: Mapping[str, Mapping[str, Fit]]) -> str | None:
    """The same in a sentence; None where there was no closed loop."""
    ratios = sorted(pace_in_closed_loop(fits).values())
    if not ratios:
        return None
    times = f"{ratios[0]:.2f}"
    if len(ratios) > 1:
        times = f"{times} to {ratios[-1]:.2f} times (median {median(ratios):.2f})"
    else:
        times = f"{times} times"
    return (
        f"In the closed loop, to which it was not fitted, the model takes {times} as many orders a second as "
        "were measured."
    )


def _other_machine(profile: Profile, machine: Mapping[str, object]) -> Iterator[str]:
    for name in _OF_THE_MACHINE:
        if profile.machine.get(name) != machine.get(name):
            there, here = profile.machine.get(name), machine.get(name)
            yield f"calibrated on a machine with {name} = {there}; this one has {here}"


def _other_versions(profile: Profile, versions: Mapping[str, str]) -> Iterator[str]:
    differ = [
        f"{package} {profile.versions.get(package, 'none')} (here {version})"
        for package, version in versions.items()
        if profile.versions.get(package) != version
    ]
    if differ:
        yield f"calibrated with {', '.join(differ)}"


def _other_settings(profile: Profile, *, workers: int, pool_size: int) -> Iterator[str]:
    for name, calibrated, asked in (
        ("workers", profile.workers, workers),
        ("pool_size", profile.pool_size, pool_size),
    ):
        if calibrated != asked:
            yield f"calibrated with {name} = {calibrated}; this is foreseen for {asked}"


def _larger_crowds(scenario: Scenario) -> Iterator[str]:
    per_s = scenario.arrivals.expected / scenario.duration_s
    if per_s > MOST_SENT_PER_S:
        yield (
            f"{per_s:,.0f} shoppers a second on average; the model has been held to runs of up to "
            f"{MOST_SENT_PER_S:,.0f}"
        )


def _other_orders(scenario: Scenario) -> Iterator[str]:
    most = max(lines for lines, chance in enumerate(scenario.cart.lines, start=1) if chance)
    if most > 1:
        yield f"calibrated with orders of one line; carts here have up to {most}"


def _ends_of_fits(profile: Profile) -> Iterator[str]:
    """The parameters by where they ended, with the strategies of which that is so."""
    ended: defaultdict[str, list[str]] = defaultdict(list)
    for strategy, parameters in profile.on_bounds.items():
        for path, bound in parameters.items():
            ended[f"{path} = {bound:g}"].append(strategy)
    if ended:
        told = "; ".join(f"{end} ({', '.join(strategies)})" for end, strategies in ended.items())
        yield f"fits that ended on a bound of what a parameter can be: {told}"
