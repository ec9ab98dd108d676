"""An order that is done together with others, compiled; as in `simulator.checkout`."""

from __future__ import annotations

from simulator.compiled.events import ANSWERED, CONNECTED, HAPPENED
from simulator.compiled.memory import Record
from simulator.compiled.merging import LANES, submit
from simulator.compiled.parts import compiled
from simulator.compiled.requests import enter_worker, leave_worker
from simulator.compiled.stock import DONE, QUEUED, REPLAYED
from simulator.compiled.world import attempt_of, key_of, line_of, process, sku_of, worker_of
from simulator.strategies import Step

LINE_UP, SEND = Step.LINE_UP.value, Step.SEND.value
BATCH, JOURNAL = Step.BATCH.value, Step.JOURNAL.value


@compiled
def succeed(world: Record, me: int) -> None:
    """Go on with what counts as a success."""
    my = process(world, me)
    if my.verdict == REPLAYED or my.verdict == QUEUED:
        my.success = my.verdict
        my.verdict = DONE


@compiled
def line_up(world: Record, me: int) -> bool:
    """Wait in the lane of the first SKU."""
    my = process(world, me)
    first = line_of(world, key_of(world, attempt_of(world, my.order).key).cart_start)
    if not _wait_in(world, me, worker_of(world, my.worker).mergers + LANES + sku_of(world, first.sku).lane):
        return False
    my.verdict = DONE
    return True


@compiled
def be_batched(world: Record, me: int, which: int) -> bool:
    """Wait for a batch, or an entry of the journal, and for what it comes to."""
    my = process(world, me)
    if my.step < 3:
        if not _wait_in(world, me, worker_of(world, my.worker).mergers + which):
            return False
        my.step = 3
    return be_answered(world, me)


@compiled
def _wait_in(world: Record, me: int, merger: int) -> bool:
    """Wait with others until they have a connection."""
    my = process(world, me)
    if my.step == 0:
        my.step = 1
        submit(world, merger, my.order)
    if my.step == 1:
        if not leave_worker(world, me):
            return False
        my.step = 2
    if my.connected != HAPPENED:
        my.awaits = CONNECTED
        return False
    return True


@compiled
def be_answered(world: Record, me: int) -> bool:
    """Wait for what the batch comes to."""
    my = process(world, me)
    if my.answered != HAPPENED:
        my.awaits = ANSWERED
        return False
    if not enter_worker(world, me):
        return False
    succeed(world, me)
    return True
