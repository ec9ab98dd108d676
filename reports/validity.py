"""Whether the generator kept its schedule: where it did not, the run is invalid, the system not to blame."""

from __future__ import annotations

from collections.abc import Sequence

from reports.summary import Validity
from scenarios.record import Record
from scenarios.scenario import Scenario


def reasons_against(record: Record, scenario: Scenario) -> list[str]:
    """Why what was measured in this run says nothing about the system; nothing when it does."""
    generator = record.conditions.generator
    found = []
    if generator.dropped:
        found.append(f"{generator.dropped:,} of {generator.offered:,} journeys that were due were not begun")
    if generator.lateness_p99_ms > scenario.max_lateness_p99_ms:
        found.append(
            f"the generator was late: p99 {generator.lateness_p99_ms:,.0f} ms, "
            f"at most {scenario.max_lateness_p99_ms:,.0f} ms are allowed "
            f"(it used {generator.cpu_share:.0%} of a core)"
        )
    recorded = record.history["arrival"].n_unique()
    if recorded != generator.sent:
        found.append(f"the history has {recorded:,} journeys, but {generator.sent:,} were begun")
    return found


def judge(reasons_of_runs: Sequence[Sequence[str]], instead_of: Sequence[Sequence[str]]) -> Validity:
    """The validity of the repeats of one strategy: one run without its schedule spoils the comparison.

    Args:
        instead_of: of each run, what was wrong with the one in whose place it was measured.
    """
    reasons = _by_repeat(reasons_of_runs)
    return Validity(
        verdict="invalid" if reasons else "valid", reasons=reasons, measured_again=_by_repeat(instead_of)
    )


def _by_repeat(reasons_of_runs: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(
        f"repeat {run}: {reason}" for run, reasons in enumerate(reasons_of_runs) for reason in reasons
    )
