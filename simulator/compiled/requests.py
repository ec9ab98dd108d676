"""What all requests to a worker do, compiled: the words of `simulator.requests`."""

from __future__ import annotations

from simulator import stations
from simulator.compiled.database import statement
from simulator.compiled.events import RESUME, event, later
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.redis import run_script
from simulator.compiled.stations import WORKER, enter, give_back, leave, take, takes_s
from simulator.compiled.stock import DONE, OVERLOADED, has
from simulator.compiled.world import attempt_of, process, thread_of, turns_of, work_of, worker_of

REDIS_SERVER = 12  # what is asked for, beside the statements of the database

timer_s = compiled(stations.timer_s)


# On the worker's thread.


@compiled
def enter_worker(world: Record, me: int) -> bool:
    """Wait until the worker's thread is free for this request."""
    my = process(world, me)
    if not enter(world, me, worker_of(world, my.worker).thread):
        return False
    my.inside = 1
    return True


@compiled
def leave_worker(world: Record, me: int) -> bool:
    """Do what was spent, and let the next request in."""
    my = process(world, me)
    my.inside = 0
    return leave(world, me, worker_of(world, my.worker).thread)


@compiled
def spend(world: Record, me: int, worker_s: float) -> None:
    """Compute on the thread."""
    my = process(world, me)
    thread = thread_of(world, worker_of(world, my.worker).thread)
    thread.owed_s += worker_s * attempt_of(world, my.order).pace


@compiled
def clock(world: Record, me: int) -> float:
    """What a clock shows to this request."""
    my = process(world, me)
    if my.inside:
        thread = thread_of(world, worker_of(world, my.worker).thread)
        return float(world.now_s + takes_s(world, thread.owed_s, WORKER))
    return float(world.now_s)


@compiled
def sleep(world: Record, me: int, for_s: float) -> bool:
    """Wait for a timer of the event loop."""
    my = process(world, me)
    if my.sleep == 0:
        if not leave_worker(world, me):
            return False
        my.sleep = 1
        later(world, timer_s(for_s), event(RESUME, me))
        return False
    if not enter_worker(world, me):
        return False
    my.sleep = 0
    return True


@compiled
def ask(world: Record, me: int) -> bool:
    """Send `work` to `server` and read its answer: one visit to the loop ends, another begins."""
    my = process(world, me)
    if my.ask == 0:
        my.ask = 1
        spend(world, me, work_of(world, my.work).worker_s / 2)
    if my.ask == 1:
        if not leave_worker(world, me):
            return False
        my.ask = 2
    if my.ask == 2:
        if my.server == REDIS_SERVER:
            if not run_script(world, me):
                return False
        elif not statement(world, me):
            return False
        my.ask = 3
    if not enter_worker(world, me):
        return False
    my.ask = 0
    spend(world, me, work_of(world, my.work).worker_s / 2)
    return True


@compiled
def ask_redis(world: Record, me: int, script: int) -> bool:
    """Run a script over one of the worker's connections to Redis."""
    my = process(world, me)
    connections = worker_of(world, my.worker).to_redis
    if my.ask_redis == 0:
        if not take_free(world, me, connections):
            return False
        my.ask_redis = 1
        my.server = REDIS_SERVER
        my.script = script
    if not ask(world, me):
        return False
    my.ask_redis = 0
    give_back(world, connections)
    return True


# Connections.


@compiled
def connect(world: Record, me: int) -> bool:
    """Take a connection; one that came too late is left to the next in line. `verdict` says how it went."""
    my = process(world, me)
    pool = worker_of(world, my.worker).pool
    if my.connect == 0:
        my.connect = 1
        my.since_s = world.now_s
    if not take_free(world, me, pool):
        return False
    my.connect = 0
    if world.now_s - my.since_s > world.pool_timeout_s:
        give_back(world, pool)
        my.verdict = OVERLOADED
    else:
        my.has_connection = 1
        world.at_work += 1
        my.verdict = DONE
    return True


@compiled
def take_free(world: Record, me: int, connections: int) -> bool:
    """Take one that is free, or leave the thread until one is."""
    my = process(world, me)
    if my.take_free == 0:
        if turns_of(world, connections).free > 0:
            return take(world, connections, me)
        my.take_free = 1
    if my.take_free == 1:
        if not leave_worker(world, me):
            return False
        my.take_free = 2
        if not take(world, connections, me):
            return False
    if not enter_worker(world, me):
        return False
    my.take_free = 0
    return True


@compiled
def disconnect(world: Record, me: int) -> None:
    """Give the connection back, if there is one."""
    my = process(world, me)
    if my.has_connection:
        my.has_connection = 0
        world.at_work -= 1
        give_back(world, worker_of(world, my.worker).pool)


# What an order asks for: less when its units are gone.


@compiled
def work_for(world: Record, order: int, span: int) -> int:
    """The work of a span for an order, as things stand."""
    return span if has(world, order) else world.works_of_order + span


@compiled
def once(world: Record, span: int) -> Record:
    """The work of a span that is done once for all."""
    return work_of(world, 2 * world.works_of_order + span)
