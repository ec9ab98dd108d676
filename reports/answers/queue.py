"""How long the queue lasts: attempts in the system over time, and when each queue begins and is gone."""

from __future__ import annotations

import numpy as np

from reports.answers.drawing import End, Shades, beside, height_of, in_thousands, label_ends, name_rows
from reports.answers.shapes import Queue
from reports.canvas import FAINT, Canvas
from reports.figures import Picture
from reports.wording import number


def pictures(queue: Queue, shade: Shades) -> list[Picture]:
    """Over time, then from when to when."""
    return [_over_time(queue, shade), _lengths(queue, shade)]


def _over_time(queue: Queue, shade: Shades) -> Picture:
    canvas = Canvas("queue-over-time", "Attempts in the system over time.", width=5.4, height=3.0)
    with canvas as axes:
        ends = []
        for one in queue.strategies:
            times = np.arange(len(one.median)) * queue.step_s
            colour = shade[one.strategy]
            axes.fill_between(times, one.low, one.high, color=colour, alpha=0.18, linewidth=0)
            axes.plot(times, one.median, color=colour, linewidth=1.3)
            highest = int(np.argmax(one.median))
            ends.append(End(times[highest], one.median[highest], one.strategy, colour))
        axes.set_xlim(0, _in_sight_s(queue))
        in_thousands(axes, "y")
        axes.set_ylim(0, None if any(max(one.high) for one in queue.strategies) else 1)
        axes.grid(axis="y")
        axes.set_xlabel("seconds since the run began")
        axes.set_ylabel("attempts in the system")
        label_ends(axes, ends)
    caption = (
        "The median of the replications, in the band in which one more would lie. "
        "The names have the order of the peaks."
    )
    return Picture("Attempts in the system", canvas.svg, caption)


def _in_sight_s(queue: Queue) -> float:
    """Until the last queue is gone, and a little longer; all of it where there is none."""
    gone = [one.empties_s.high for one in queue.strategies if one.empties_s]
    return 1.25 * max(gone) if gone else queue.last_arrival_s


def _lengths(queue: Queue, shade: Shades) -> Picture:
    canvas = Canvas(
        "queue-lengths",
        "From when to when there is a queue under each strategy.",
        width=5.4,
        height=height_of(len(queue.strategies)),
    )
    with canvas as axes:
        for row, one in enumerate(queue.strategies):
            if one.begins_s is None or one.empties_s is None:
                beside(axes, (0, row), "no queue", colour=FAINT)
                continue
            begins, empties = one.begins_s.mean, one.empties_s.mean
            colour = shade[one.strategy]
            axes.barh(row, empties - begins, left=begins, height=0.5, color=colour, alpha=0.85)
            axes.plot([one.empties_s.low, one.empties_s.high], [row, row], color=FAINT, linewidth=2)
            beside(axes, (one.empties_s.high, row), f"{number(empties - begins)} s")
        name_rows(axes, [one.strategy for one in queue.strategies])
        axes.set_xlim(0, _in_sight_s(queue))
        axes.set_xlabel("seconds since the run began")
    caption = (
        f"A queue is more attempts in the system than its {number(queue.connections)} connections. "
        "Grey: between which moments it would be gone in the next run."
    )
    return Picture("From when to when there is a queue", canvas.svg, caption)
