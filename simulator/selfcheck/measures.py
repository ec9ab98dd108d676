"""What is measured on the paths of a queue: each a function of one or more independent runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simulator.selfcheck.systems import Flags, Floats, Path

Measure = Callable[[Sequence[Path]], float]


def _looked_at(path: Path) -> Flags:
    """Who came while it was looked at."""
    at_s = path.customers.at_s
    return (path.from_s <= at_s) & (at_s <= path.until_s)


def _waits_s(path: Path) -> Floats:
    """In line, of those who were served."""
    chosen = _looked_at(path) & path.served.served
    return (path.served.left_s - path.customers.at_s - path.customers.work_s)[chosen]


def _stays_s(path: Path) -> Floats:
    """In the system, of those who were served."""
    chosen = _looked_at(path) & path.served.served
    return (path.served.left_s - path.customers.at_s)[chosen]


def _all(parts: Callable[[Path], Floats], paths: Sequence[Path]) -> Floats:
    together: Floats = np.concatenate([parts(path) for path in paths])
    return together


def mean_wait(paths: Sequence[Path]) -> float:
    """The mean time in line."""
    return float(_all(_waits_s, paths).mean())


def mean_square_wait(paths: Sequence[Path]) -> float:
    """The mean of the squared time in line."""
    return float(np.square(_all(_waits_s, paths)).mean())


def mean_stay(paths: Sequence[Path]) -> float:
    """The mean time in the system."""
    return float(_all(_stays_s, paths).mean())


def wait_quantile(share: float) -> Measure:
    """What the wait of so large a share does not exceed."""
    return lambda paths: float(np.quantile(_all(_waits_s, paths), share))


def stay_quantile(share: float) -> Measure:
    """What the time in the system of so large a share does not exceed."""
    return lambda paths: float(np.quantile(_all(_stays_s, paths), share))


def waits_no_longer(than_s: float) -> Measure:
    """The share of those who wait no longer."""
    return lambda paths: float((_all(_waits_s, paths) <= than_s).mean())


def share_waiting(paths: Sequence[Path]) -> float:
    """The share of those who wait at all; a wait that is only rounding is none."""
    return float((_all(_waits_s, paths) > 1e-9).mean())


def mean_wait_of(rank: int) -> Measure:
    """The mean time in line of one class."""

    def waits_s(path: Path) -> Floats:
        chosen: Flags = _looked_at(path) & (path.customers.rank == rank)
        return (path.served.left_s - path.customers.at_s - path.customers.work_s)[chosen]

    return lambda paths: float(_all(waits_s, paths).mean())


def share_lost(paths: Sequence[Path]) -> float:
    """The share of those who are not served: turned away, or gone before it was their turn."""
    lost = [~path.served.served[_looked_at(path)] for path in paths]
    return float(np.concatenate(lost).mean())


def mean_number(paths: Sequence[Path]) -> float:
    """The number in the system, over time."""
    return _over_time([(path, path.served.left_s) for path in paths])


def mean_line(paths: Sequence[Path]) -> float:
    """The number in line, over time."""
    return _over_time(
        [
            (path, path.served.left_s - np.where(path.served.served, path.customers.work_s, 0.0))
            for path in paths
        ]
    )


def _over_time(ended: Sequence[tuple[Path, Floats]]) -> float:
    """How many there are on average, each from when they come to when that has ended."""
    present_s = sum(
        np.clip(
            np.minimum(until_s, path.until_s) - np.maximum(path.customers.at_s, path.from_s), 0, None
        ).sum()
        for path, until_s in ended
    )
    return float(present_s / sum(path.until_s - path.from_s for path, _ in ended))


def number_at(moment_s: float) -> Measure:
    """The number in the system at one moment, over all runs."""

    def there(path: Path) -> int:
        return int(((path.customers.at_s <= moment_s) & (moment_s < path.served.left_s)).sum())

    return lambda paths: float(np.mean([there(path) for path in paths]))


def per_s(paths: Sequence[Path]) -> float:
    """Those who leave in a second."""
    left = sum(int(_left_in_time(path).sum()) for path in paths)
    return left / sum(path.until_s - path.from_s for path in paths)


def response_s(paths: Sequence[Path]) -> float:
    """The mean time in the system of those who leave while it is looked at."""
    return float(
        np.concatenate(
            [(path.served.left_s - path.customers.at_s)[_left_in_time(path)] for path in paths]
        ).mean()
    )


def _left_in_time(path: Path) -> Flags:
    left_s = path.served.left_s
    return (path.from_s < left_s) & (left_s <= path.until_s)


def mean_last_wait(paths: Sequence[Path]) -> float:
    """The wait of the last who came, over all runs."""
    return float(np.mean(_last_waits_s(paths)))


def spread_of_last_wait(around_s: float) -> Measure:
    """Its standard deviation, around a mean that is known: so there is one even of a single run."""
    return lambda paths: float(np.sqrt(np.mean(np.square(np.subtract(_last_waits_s(paths), around_s)))))


def _last_waits_s(paths: Sequence[Path]) -> list[float]:
    return [
        float(path.served.left_s[-1] - path.customers.at_s[-1] - path.customers.work_s[-1]) for path in paths
    ]


def little_gap(path: Path) -> float:
    """Little's law, which every path obeys: the numbers there, over time, are the stays, summed up."""
    stays_s = float((path.served.left_s - path.customers.at_s).sum())
    return abs(path.served.present_s - stays_s) / stays_s


def busy_gap(path: Path) -> float:
    """The utilisation law, which every path obeys: servers are busy for the work of those who are served."""
    work_s = float(path.customers.work_s[path.served.served].sum())
    return abs(path.served.busy_s - work_s) / work_s
