"""Request merging: every caller is answered, whatever becomes of the batch or of the others in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import pytest

from system.platform.merging import Merger


class Work:
    """Doubles every number. Waits at `gate`, fails as a whole with `error`, refuses numbers below 0."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.batches: list[list[int]] = []

    async def __call__(self, items: list[int]) -> Sequence[int | Exception]:
        self.batches.append(items)
        self.begun.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        return [item * 2 if item >= 0 else ValueError(f"{item} is below 0") for item in items]


def merger(
    work: Callable[[list[int]], Awaitable[Sequence[int | Exception]]], **changes: float
) -> Merger[int, int]:
    most = int(changes.get("most", 100))
    return Merger(work, window_s=changes.get("window_s", 0), most=most)


async def test_all_that_come_in_the_window_are_one_batch_in_their_order() -> None:
    work = Work()
    merging = merger(work, window_s=0.01)

    results = await asyncio.gather(*(merging.submit(n) for n in range(10)))

    assert work.batches == [list(range(10))]
    assert results == [n * 2 for n in range(10)]


async def test_a_full_batch_does_not_wait_for_the_window() -> None:
    work = Work()
    merging = merger(work, window_s=3_600, most=3)

    results = await asyncio.gather(*(merging.submit(n) for n in range(6)))

    assert work.batches == [[0, 1, 2], [3, 4, 5]]
    assert results == [0, 2, 4, 6, 8, 10]


async def test_who_comes_while_a_batch_is_under_way_is_in_the_next() -> None:
    work = Work()
    work.gate.clear()
    merging = merger(work)
    first = asyncio.create_task(merging.submit(0))
    await work.begun.wait()

    others = [asyncio.create_task(merging.submit(n)) for n in (1, 2)]
    await asyncio.sleep(0)
    assert work.batches == [[0]]
    work.gate.set()

    assert await asyncio.gather(first, *others) == [0, 2, 4]
    assert work.batches == [[0], [1, 2]]


async def test_no_batch_is_larger_than_allowed() -> None:
    work = Work()
    merging = merger(work, most=4)

    results = await asyncio.gather(*(merging.submit(n) for n in range(11)))

    assert [len(batch) for batch in work.batches] == [4, 4, 3]
    assert results == [n * 2 for n in range(11)]


async def test_a_refusal_is_for_its_own_caller_alone() -> None:
    merging = merger(Work(), window_s=0.01)

    results = await asyncio.gather(*(merging.submit(n) for n in (1, -1, 2)), return_exceptions=True)

    assert results[0::2] == [2, 4]
    assert isinstance(results[1], ValueError)


async def test_an_error_of_the_whole_batch_is_told_to_everybody_in_it_and_to_nobody_else() -> None:
    work = Work()
    work.error = ConnectionError("the database is gone")
    merging = merger(work, window_s=0.01)

    failed = await asyncio.gather(*(merging.submit(n) for n in range(3)), return_exceptions=True)
    work.error = None

    assert [type(error) for error in failed] == [ConnectionError] * 3
    assert await merging.submit(5) == 10


async def test_a_caller_who_is_cancelled_does_not_hurt_the_others() -> None:
    work = Work()
    work.gate.clear()
    merging = merger(work)
    callers = [asyncio.create_task(merging.submit(n)) for n in range(3)]
    await work.begun.wait()

    callers[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await callers[1]
    work.gate.set()

    assert [await callers[0], await callers[2]] == [0, 4]
    assert work.batches == [[0, 1, 2]]
    assert await merging.submit(7) == 14


async def test_a_caller_cancelled_before_its_batch_began_is_worked_on_all_the_same() -> None:
    work = Work()
    merging = merger(work, window_s=0.01)
    first, second = (asyncio.create_task(merging.submit(n)) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()

    assert await second == 4
    assert work.batches == [[1, 2]]


async def test_an_item_that_cannot_be_stored_is_refused_alone() -> None:
    batches = []

    async def store(items: list[int]) -> Sequence[int]:
        batches.append(items)
        if 2 in items:
            raise asyncpg.DataError("2 is out of range")
        return items

    merged = merger(store)
    answers = await asyncio.gather(*(merged.submit(item) for item in (1, 2, 3)), return_exceptions=True)

    assert (answers[0], answers[2]) == (1, 3)
    assert isinstance(answers[1], asyncpg.DataError)
    assert batches == [[1, 2, 3], [1], [2], [3]]
