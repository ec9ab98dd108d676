"""Which model speaks, of what: as the documents that are made by it alone state it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import machine
from harness.axes import Axes
from harness.calibrations.fingerprint import versions_to_compare
from reports.experiment import StrategyUnderTest
from reports.foretold import Asked
from reports.wording import counted
from scenarios.scenario import Scenario
from simulator.cautions import cautions, fit_check
from simulator.profile import Profile


@dataclass(frozen=True)
class Origin:
    """What is the same in all that one command lets the model say. `command` repeats it."""

    command: str
    scenario: Scenario
    seed: int
    profile_name: str
    profile: Profile
    axes: Axes
    strategies: Sequence[StrategyUnderTest]

    def stated(self, started_at: str) -> dict[str, object]:
        """The fields of `reports.foretold.Foretold`."""
        here = machine.machine(None)
        return {
            "command": self.command,
            "started_at": started_at,
            "scenario": self.scenario,
            "seed": self.seed,
            "machine": here,
            "git": machine.git(),
            "profile": self.profile_name,
            "calibrated_at": self.profile.made_at,
            "workers": self.axes.workers,
            "pool_size": self.axes.pool_size,
            "system_cores": self.profile.system_cores,
            "misfits": self.profile.misfits,
            "unmeasured": tuple(self._unmeasured()),
            "cautions": cautions(
                self.profile,
                self.scenario,
                workers=self.axes.workers,
                pool_size=self.axes.pool_size,
                machine=here.model_dump(),
                versions=versions_to_compare(self.profile),
            ),
            "fit_check": fit_check(self.profile.fits),
            "strategies": tuple(Asked(name=one.name, safe=one.safe, ack=one.ack) for one in self.strategies),
        }

    def _unmeasured(self) -> Iterator[str]:
        if self.axes.workers != self.profile.workers:
            yield counted(self.axes.workers, "worker")
        if self.axes.pool_size != self.profile.pool_size:
            yield f"{counted(self.axes.pool_size, 'connection')} for each"
        most = max(lines for lines, chance in enumerate(self.scenario.cart.lines, start=1) if chance)
        if most > 1:
            yield f"carts of up to {most} lines"
