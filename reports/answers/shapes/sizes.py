"""How large a crowd may be, and how large a system has to be."""

from __future__ import annotations

from reports.answers.shapes.common import Objective
from reports.shapes import Part


class CrowdPoint(Part):
    """What a crowd of one size would see."""

    arrivals: float
    """The expected number of journeys."""
    wait_ms: float | None
    """The objective's latency, the geometric mean over replications; null where there was none."""
    orders_per_s: float
    """In the busiest stretch, the mean over replications."""
    unknown_share: float
    """Of all attempts, the mean over replications."""
    bound_by: str
    """What bound most of the replications."""
    kept: bool
    """The objective was kept."""


class StrategyCapacity(Part):
    """How large a crowd may become."""

    strategy: str
    points: tuple[CrowdPoint, ...]
    """By the size of the crowd."""
    breaks_at: float | None
    """Arrivals at which the objective breaks, between two points that are 2 % apart; null where none of them
    tells."""
    headroom: float | None
    """How much larger than the rehearsed crowd that is, relative to it; negative where it is smaller."""
    knee_at: float | None
    """Arrivals at which orders stop coming faster with a larger crowd; null where they do not."""
    binds_now: str
    """What binds at the rehearsed crowd."""
    binds_beyond: str
    """What binds at the first crowd that breaks the objective, or the largest that was tried."""

    @property
    def always_kept(self) -> bool:
        """No crowd that was tried broke the objective."""
        return all(point.kept for point in self.points)


class Capacity(Part):
    """How many shoppers until the objective breaks?"""

    objective: Objective
    rehearsed: float
    """Arrivals of the scenario as it is."""
    replications: int
    """Of each crowd that was tried first."""
    searched: int
    """Replications of each crowd of the search for where the objective breaks."""
    strategies: tuple[StrategyCapacity, ...]


class System(Part):
    """A system of one size."""

    cores: int
    workers: int
    pool_size: int
    """Connections of each worker."""


class Cell(System):
    """A system of one size under the crowd."""

    wait_ms: float | None
    """The objective's latency, the geometric mean over replications."""
    unknown_share: float
    """Of all attempts, the mean over replications."""
    kept: bool
    """The objective was kept."""


class StrategySizing(Part):
    """All sizes that were tried."""

    strategy: str
    cells: tuple[Cell, ...]
    smallest: Cell | None
    """That keeps the objective: the fewest cores, then workers, then connections."""


class Sizing(Part):
    """How many cores, workers and connections for so many arrivals?"""

    objective: Objective
    arrivals: float
    replications: int
    calibrated: System
    """The size of the system that was calibrated; no other was measured."""
    left_out: tuple[str, ...]
    """Strategies that oversell: nobody sizes a shop for them."""
    strategies: tuple[StrategySizing, ...]
