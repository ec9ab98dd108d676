"""A batch of orders that is decided in one transaction, compiled; as in `simulator.together`."""

from __future__ import annotations

from simulator.compiled.database import begin_commit, commit_all
from simulator.compiled.holdings import know_buyer
from simulator.compiled.intake import judge, record
from simulator.compiled.locks import acquire
from simulator.compiled.memory import Record
from simulator.compiled.merging import member
from simulator.compiled.parts import compiled
from simulator.compiled.requests import once, work_for
from simulator.compiled.stations import CORES, DATABASE, give_back, take, visit, work_off
from simulator.compiled.stock import DONE, SOLD_OUT, available
from simulator.compiled.transactions import WRITE, effect
from simulator.compiled.world import (
    attempt_of,
    key_of,
    line_of,
    merger_of,
    process,
    row_of,
    sku_of,
    together_at,
    work_of,
)
from simulator.together import COMMIT_SHARE, OPEN_SHARE, WRITE_SHARE

OF_WORKER, OF_CONSUMER, OF_DATABASE, OF_REDIS = 0, 1, 2, 3  # whose work


@compiled
def sum_s(world: Record, number: int, span: int, of: int, own_pace: bool) -> float:
    """The work that the orders of a batch are each, of a worker, the consumer, the database, or Redis."""
    each_s = 0.0
    for place_ in range(merger_of(world, number).in_batch):
        order = member(world, number, place_).order
        work = work_of(world, work_for(world, order, span))
        if of == OF_WORKER:
            work_s = work.worker_s
        elif of == OF_CONSUMER:
            work_s = work.consumer_s
        elif of == OF_DATABASE:
            work_s = work.database_s
        else:
            work_s = work.redis_s
        each_s += work_s * attempt_of(world, order).pace if own_pace else work_s
    return each_s


@compiled
def worker_s_of(world: Record, number: int) -> float:
    """The work of the worker for the batch of a merger: what is done once, and what for each order."""
    span = merger_of(world, number).span
    return float(once(world, span).worker_s + sum_s(world, number, span, OF_WORKER, True))


@compiled
def decide(world: Record, me: int, span: int) -> bool:  # noqa: C901 - a line for each wait
    """Lock and read for all orders, decide them in turn, write what can be had, and commit once.

    It takes `whole_s` on the `thread`.
    """
    my = process(world, me)
    number = my.merger
    if my.deciding_all == 0:
        my.deciding_all = 1
        together_at(world, span).times += 1
        my.until_s = once(world, span).database_s + sum_s(world, number, span, OF_DATABASE, True)
        my.thread_s = my.whole_s * 0.25
    if my.deciding_all == 1:
        if not visit(world, me, my.thread):
            return False
        my.deciding_all = 2
        my.work_s = my.until_s * OPEN_SHARE
        if not take(world, CORES, me):
            return False
    if my.deciding_all == 2:
        if not work_off(world, me, DATABASE):
            return False
        my.deciding_all = 3
        my.line = _next_sku(world, number, -1)
    if my.deciding_all == 3:
        while my.line >= 0:
            if not acquire(world, me, row_of(world, sku_of(world, my.line).row).lock):
                return False
            my.line = _next_sku(world, number, my.line)
        give_back(world, CORES)
        my.deciding_all = 4
        my.thread_s = my.whole_s * 0.5
    if my.deciding_all == 4:
        if not visit(world, me, my.thread):
            return False
        my.deciding_all = 5
        _decide_all(world, me)
        my.work_s = my.until_s * WRITE_SHARE
        if not take(world, CORES, me):
            return False
    if my.deciding_all == 5:
        if not work_off(world, me, DATABASE):
            return False
        give_back(world, CORES)
        my.deciding_all = 6
        begin_commit(world, me, my.until_s * COMMIT_SHARE, once(world, span).flush_s)
    if my.deciding_all == 6:
        if not commit_all(world, me):
            return False
        my.deciding_all = 7
        my.thread_s = my.whole_s * 0.25
    if not visit(world, me, my.thread):
        return False
    my.deciding_all = 0
    return True


@compiled
def _next_sku(world: Record, number: int, after: int) -> int:
    """The next SKU that an order of the batch has in its cart; -1 for none."""
    following = -1
    for place_ in range(merger_of(world, number).in_batch):
        key = key_of(world, attempt_of(world, member(world, number, place_).order).key)
        for line in range(key.cart_start, key.cart_end):
            sku = line_of(world, line).sku
            if sku > after and (following < 0 or sku < following):
                following = sku
    return following


@compiled
def _decide_all(world: Record, me: int) -> None:
    """What becomes of the orders, the earlier ones first served; their stock is locked."""
    number = process(world, me).merger
    in_batch = merger_of(world, number).in_batch
    world.batches += 1
    for place_ in range(in_batch):
        key = key_of(world, attempt_of(world, member(world, number, place_).order).key)
        for line in range(key.cart_start, key.cart_end):
            sku = sku_of(world, line_of(world, line).sku)
            if sku.batch != world.batches:
                sku.batch = world.batches
                sku.left = available(sku)
    for place_ in range(in_batch):
        one = member(world, number, place_)
        one.verdict = _decide_one(world, me, one.order)
    sku_number = _next_sku(world, number, -1)
    while sku_number >= 0:
        sku = sku_of(world, sku_number)
        if sku.left != available(sku):
            effect(world, me, WRITE, sku.row, sku.left, 0)
        sku_number = _next_sku(world, number, sku_number)


@compiled
def _decide_one(world: Record, me: int, order: int) -> int:
    verdict = judge(world, order)
    if verdict != DONE:
        return verdict
    key = key_of(world, attempt_of(world, order).key)
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        if sku_of(world, line.sku).left < line.quantity:
            return SOLD_OUT
    record(world, me, order)
    for number in range(key.cart_start, key.cart_end):
        line = line_of(world, number)
        sku_of(world, line.sku).left -= line.quantity
        know_buyer(world, line.sku, key.shopper)
    return DONE
