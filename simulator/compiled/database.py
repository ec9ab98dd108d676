"""The statements of `simulator.database`, compiled. A process asks with its `work`, for its `order`."""

from __future__ import annotations

from simulator.compiled.intake import judge, record
from simulator.compiled.locks import acquire, flush
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.compiled.records import MOST_LINES
from simulator.compiled.stations import CORES, DATABASE, compute, give_back, run, take, work_off
from simulator.compiled.stock import DONE, STOCK_CHANGED, available, hold, lock_units, take_line
from simulator.compiled.transactions import FENCE, commit, effect, roll_back
from simulator.compiled.world import attempt_of, key_of, known_at, line_of, process, row_of, sku_of, work_of
from simulator.database import AFTER_THE_FLUSH, BEFORE_THE_FLUSH, BEFORE_THE_LOCK

# What can be asked of the database:
SELECT = 0
READ = 1
READ_FENCED = 2
KEPT_ANSWER = 3
LOCK = 4
LOCK_UNITS = 5
LOCK_NAMES = 6
RESERVE = 7
RELEASE = 8
PLACE = 9
COMMIT = 10
ROLL_BACK = 11


@compiled
def statement(world: Record, me: int) -> bool:  # noqa: C901 - one line for each
    """Do what `server` says."""
    my = process(world, me)
    server = my.server
    if server == PLACE:
        return place(world, me)
    if server == READ_FENCED:
        return _read_fenced(world, me)
    if server in (LOCK, LOCK_NAMES):
        return _lock(world, me)
    if server == COMMIT:
        return _commit(world, me)
    if my.statement == 0:
        my.statement = 1
        my.work_s = work_of(world, my.work).database_s * attempt_of(world, my.order).pace
        if server == RESERVE:
            my.work_s += work_of(world, my.work).entry_s * _entries(world, my.order)
    if not run(world, me, DATABASE):
        return False
    my.statement = 0
    if server == READ:
        read_levels(world, me)
    elif server == KEPT_ANSWER:
        my.knows = key_of(world, attempt_of(world, my.order).key).placed != 0
    elif server == LOCK_UNITS:
        my.verdict = lock_units(world, me)
    elif server == RESERVE:
        my.verdict = hold(world, me)
    elif server == RELEASE:
        _release(world, my.order)
    elif server == ROLL_BACK:
        roll_back(world, me)
    return True


@compiled
def read_levels(world: Record, me: int) -> None:
    """Know the stock of the order's SKUs."""
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    for place in range(key.cart_end - key.cart_start):
        sku = sku_of(world, line_of(world, key.cart_start + place).sku)
        known = known_at(world, me * MOST_LINES + place)
        known.available = available(sku)
        known.version = row_of(world, sku.row).version
    my.knows = 1


@compiled
def _entries(world: Record, order: int) -> int:
    key = key_of(world, attempt_of(world, order).key)
    entries = 0
    for number in range(key.cart_start, key.cart_end):
        entries += sku_of(world, line_of(world, number).sku).entries
    return entries


@compiled
def _release(world: Record, order: int) -> None:
    """Take the order's holds off the ledger."""
    key = key_of(world, attempt_of(world, order).key)
    key.held = 0
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        sku_of(world, line.sku).held -= line.quantity
        sku_of(world, line.sku).entries -= 1


@compiled
def _read_fenced(world: Record, me: int) -> bool:
    """Read the stock, and shut out older tokens from now on; a transaction of its own."""
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    if my.statement == 0:
        my.statement = 1
        my.whole_s = work_of(world, my.work).database_s * attempt_of(world, my.order).pace
        my.line = key.cart_start
        if not take(world, CORES, me):
            return False
    if my.statement == 1:
        my.statement = 2
        compute(world, me, my.whole_s * (1 - AFTER_THE_FLUSH), DATABASE)
        return False
    if my.statement == 2:
        while my.line < key.cart_end:
            row = row_of(world, sku_of(world, line_of(world, my.line).sku).row)
            if (my.acquire or row.fence < my.token) and not acquire(world, me, row.lock):
                return False
            if row.fence >= my.token:
                give_back(world, CORES)
                roll_back(world, me)
                my.statement = 0
                my.verdict = STOCK_CHANGED
                return True
            effect(world, me, FENCE, sku_of(world, line_of(world, my.line).sku).row, my.token, my.order)
            my.line += 1
        read_levels(world, me)
        give_back(world, CORES)
        my.rest_s = my.whole_s * AFTER_THE_FLUSH
        my.flush_s = work_of(world, my.work).flush_s
        my.statement = 3
    if not _finish(world, me):
        return False
    my.statement = 0
    my.verdict = DONE
    return True


@compiled
def _lock(world: Record, me: int) -> bool:
    """Lock the rows or the names of the order's SKUs, to the end of the transaction."""
    my = process(world, me)
    key = key_of(world, attempt_of(world, my.order).key)
    if my.lock_all == 0:
        my.lock_all = 1
        my.work_s = work_of(world, my.work).database_s * attempt_of(world, my.order).pace
        my.line = key.cart_start
        if not take(world, CORES, me):
            return False
    if my.lock_all == 1:
        if not work_off(world, me, DATABASE):
            return False
        my.lock_all = 2
    while my.line < key.cart_end:
        sku = sku_of(world, line_of(world, my.line).sku)
        if not acquire(world, me, row_of(world, sku.row).lock if my.server == LOCK else sku.name_lock):
            return False
        my.line += 1
    my.lock_all = 0
    give_back(world, CORES)
    if my.server == LOCK:
        read_levels(world, me)
    return True


@compiled
def place(world: Record, me: int) -> bool:  # noqa: C901 - a line for each wait
    """Record the order, then take its stock; `alone`: in a transaction of this one statement."""
    my = process(world, me)
    if my.place == 0:
        my.place = 1
        my.whole_s = work_of(world, my.work).database_s * attempt_of(world, my.order).pace
        if not take(world, CORES, me):
            return False
    if my.place == 1:
        my.place = 2
        compute(world, me, my.whole_s * BEFORE_THE_LOCK, DATABASE)
        return False
    if my.place == 2:
        my.verdict = judge(world, my.order)
        if my.verdict == DONE:
            record(world, me, my.order)
            my.line = key_of(world, attempt_of(world, my.order).key).cart_start
            my.place = 3
        else:
            my.place = 4
    if my.place == 3:
        if not _take_all(world, me):
            return False
        my.place = 4
    commits = my.alone and my.verdict == DONE
    if my.place == 4:
        my.place = 5
        share = BEFORE_THE_FLUSH if commits else BEFORE_THE_FLUSH + AFTER_THE_FLUSH
        compute(world, me, my.whole_s * share, DATABASE)
        return False
    if my.place == 5:
        my.place = 6
        give_back(world, CORES)
        my.rest_s = my.whole_s * AFTER_THE_FLUSH
        my.flush_s = work_of(world, my.work).flush_s
    if commits:
        if not _finish(world, me):
            return False
    elif my.alone:
        roll_back(world, me)
    my.place = 0
    return True


@compiled
def _take_all(world: Record, me: int) -> bool:
    my = process(world, me)
    end = key_of(world, attempt_of(world, my.order).key).cart_end
    while my.line < end:
        if not take_line(world, me):
            return False
        if my.verdict != DONE:
            return True
        my.line += 1
    return True


@compiled
def _commit(world: Record, me: int) -> bool:
    """Flush what was written, then let everybody see it."""
    my = process(world, me)
    if my.commit == 0:
        work = work_of(world, my.work)
        begin_commit(world, me, work.database_s * attempt_of(world, my.order).pace, work.flush_s)
    return commit_all(world, me)


@compiled
def begin_commit(world: Record, me: int, database_s: float, flush_s: float) -> None:
    """What a commit takes, half of it before the flush."""
    my = process(world, me)
    my.work_s = my.rest_s = database_s / 2
    my.flush_s = flush_s
    my.commit = 1


@compiled
def commit_all(world: Record, me: int) -> bool:
    """A commit that was begun."""
    my = process(world, me)
    if my.commit == 1:
        if not run(world, me, DATABASE):
            return False
        my.commit = 2
    if not _finish(world, me):
        return False
    my.commit = 0
    return True


@compiled
def _finish(world: Record, me: int) -> bool:
    """What follows the record of a commit. Who waits for a row is woken before the answer is sent."""
    my = process(world, me)
    if my.finish == 0:
        if not flush(world, me):
            return False
        my.finish = 1
        compute(world, me, my.rest_s / 2, DATABASE)
        return False
    if my.finish == 1:
        my.finish = 2
        commit(world, me)
        compute(world, me, my.rest_s / 2, DATABASE)
        return False
    my.finish = 0
    give_back(world, CORES)
    return True
