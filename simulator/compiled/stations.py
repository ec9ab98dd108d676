"""The stations of `simulator.stations`, compiled.

Here and below a routine is one that may have to wait (a protothread: Dunkels and others, SenSys 2006). It is
called with the process that goes through it, and again when the process has what it waited for; it goes on
where the process was, and gives back whether it came to its end. So `yield from routine()` becomes

    if my.place == 1:
        if not routine(world, me):
            return False
        my.place = 2
"""

from __future__ import annotations

from simulator.compiled.events import RESUME, event, free_or_new_watch, later, soon
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.world import (
    cold_at,
    core_at,
    job_at,
    new_job,
    process,
    speed_at,
    thread_of,
    turns_of,
    watch_of,
    worker_of,
)
from simulator.stations import COLD_PACE, HALF_COLD_S, ROLES, SLICE_S, SPEEDS_A_SECOND

CORES = 0  # the turns that are the cores
WORKER, CONSUMER, DATABASE, REDIS = 0, 1, 2, 3  # roles


@compiled
def take(world: Record, turns: int, me: int) -> bool:
    """Hold a place at once; or wait in line for it."""
    line = turns_of(world, turns)
    if line.free > 0:
        line.free -= 1
        if turns == CORES:
            rested_s = world.now_s - core_at(world, line.free).idle_since_s
            _grow_cold(world, rested_s / (rested_s + HALF_COLD_S))
        return True
    my = process(world, me)
    my.next = 0
    my.previous = line.last
    if line.last:
        process(world, line.last).next = me
    else:
        line.first = me
    line.last = me
    return False


@compiled
def _grow_cold(world: Record, colder: float) -> None:
    for role in range(len(ROLES)):
        cold = cold_at(world, role)
        cold.left_s += (world.cold_s - cold.left_s) * colder


@compiled
def give_back(world: Record, turns: int) -> None:
    """Leave the place to the first in line."""
    line = turns_of(world, turns)
    first = line.first
    if not first:
        if turns == CORES:
            core_at(world, line.free).idle_since_s = world.now_s
        line.free += 1
        return
    line.first = process(world, first).next
    if line.first:
        process(world, line.first).previous = 0
    else:
        line.last = 0
    process(world, first).waits_in = -1
    soon(world, event(RESUME, first))


@compiled
def give_up(world: Record, me: int) -> None:
    """Leave the line."""
    my = process(world, me)
    line = turns_of(world, my.waits_in)
    if my.previous:
        process(world, my.previous).next = my.next
    else:
        line.first = my.next
    if my.next:
        process(world, my.next).previous = my.previous
    else:
        line.last = my.previous
    my.gave_up = 1
    my.waits_in = -1
    soon(world, event(RESUME, me))


@compiled
def compute(world: Record, me: int, work_s: float, role: int) -> None:
    """Keep busy a core that is held, and wait for the end of it."""
    work_s = _stretched(world, work_s, role)
    colder_s = _colder_s(world, work_s, role)
    cold_at(world, role).left_s -= colder_s
    job = job_at(world, new_job(world))
    job.at_s = world.now_s
    job.work_s = (work_s + colder_s) / speed(world)
    job.role = role
    later(world, job.work_s / (1 - world.unused_share), event(RESUME, me))


@compiled
def takes_s(world: Record, work_s: float, role: int) -> float:
    """How long it would keep a core now."""
    work_s = _stretched(world, work_s, role)
    return float((work_s + _colder_s(world, work_s, role)) / speed(world) / (1 - world.unused_share))


@compiled
def _stretched(world: Record, work_s: float, role: int) -> float:
    """What it is in company."""
    return work_s * _in_company(world, role) if world.at_work > 1 else work_s


@compiled
def _colder_s(world: Record, work_s: float, role: int) -> float:
    """How much more it is where it is cold."""
    return min(float(cold_at(world, role).left_s), COLD_PACE * work_s)


@compiled
def _in_company(world: Record, role: int) -> float:
    """How many times longer the work of a role takes while more than one are at work."""
    if role == WORKER:
        return float(world.worker_in_company)
    if role == DATABASE:
        return float(world.database_in_company)
    if role == REDIS:
        return float(world.redis_in_company)
    return float(world.consumer_in_company)


@compiled
def speed(world: Record) -> float:
    """How fast the cores are now."""
    return float(speed_at(world, int(world.now_s * SPEEDS_A_SECOND) % world.speeds_used).speed)


@compiled
def work_off(world: Record, me: int, role: int) -> bool:
    """Do `work_s` on a core that is held; who waits for one is let in between two slices."""
    my = process(world, me)
    if my.work_off == 2:
        my.work_off = 0
        return True
    if my.work_off == 1:
        my.work_s -= SLICE_S
        my.work_off = 0
        if turns_of(world, CORES).first:
            give_back(world, CORES)
            if not take(world, CORES, me):
                return False
    if my.work_s > SLICE_S:
        my.work_off = 1
        compute(world, me, SLICE_S, role)
    else:
        my.work_off = 2
        compute(world, me, my.work_s, role)
    return False


@compiled
def run(world: Record, me: int, role: int) -> bool:
    """Wait for a core, do `work_s`, and leave it."""
    my = process(world, me)
    if my.run == 0:
        my.run = 1
        if not take(world, CORES, me):
            return False
    if my.run == 1:
        my.run = 2
        compute(world, me, my.work_s, role)
        return False
    my.run = 0
    give_back(world, CORES)
    return True


@compiled
def enter(world: Record, me: int, number: int) -> bool:
    """Wait until the thread is free, and has a core."""
    my, thread = process(world, me), thread_of(world, number)
    if my.enter == 0:
        my.enter = 1
        if not take(world, thread.turns, me):
            return False
    if my.enter == 1 and not thread.has_core:
        my.enter = 2
        if not take(world, CORES, me):
            return False
    if my.enter == 2:
        thread.has_core = 1
        thread.slice_ends_s = world.now_s + SLICE_S
    my.enter = 0
    return True


@compiled
def leave(world: Record, me: int, number: int) -> bool:
    """Run the work, then let the next in."""
    my, thread = process(world, me), thread_of(world, number)
    if my.leave == 0:
        my.leave = 1
        my.work_s = thread.owed_s
        thread.owed_s = 0.0
    if not work_off(world, me, thread.role):
        return False
    my.leave = 0
    if thread.has_core and (not turns_of(world, thread.turns).first or world.now_s >= thread.slice_ends_s):
        thread.has_core = 0
        give_back(world, CORES)
    give_back(world, thread.turns)
    return True


@compiled
def visit(world: Record, me: int, number: int) -> bool:
    """Enter, do `thread_s`, and leave."""
    my = process(world, me)
    if my.compute == 0:
        if not enter(world, me, number):
            return False
        my.compute = 1
        thread_of(world, number).owed_s += my.thread_s
    if not leave(world, me, number):
        return False
    my.compute = 0
    return True


@compiled
def watch(world: Record, me: int, number: int) -> bool:
    """Let a process give up its turn when its worker's patience ends; whether somebody must begin to look."""
    worker, mine = worker_of(world, number), free_or_new_watch(world)
    one = watch_of(world, mine)
    one.due_s = world.now_s + world.lock_timeout_s
    one.process = me
    one.epoch = process(world, me).epoch
    one.next = 0
    if worker.last_watch:
        watch_of(world, worker.last_watch).next = mine
    else:
        worker.first_watch = mine
    worker.last_watch = mine
    if worker.is_watching:
        return False
    worker.is_watching = 1
    return True


@compiled
def still_waits(world: Record, watched: int) -> bool:
    """Whether a watched process is still in the line in which it was then."""
    one = watch_of(world, watched)
    waiting = process(world, one.process)
    return bool(waiting.epoch == one.epoch and waiting.waits_in >= 0)
