"""The answers that the compiled engine has by number: verdicts on orders, and a few more."""

from __future__ import annotations

import numpy as np

from scenarios.history import Outcome
from simulator.requests import FROM_THE_BOARD, GAVE_UP, PAGE, QUEUED, REFUSALS, Answer
from simulator.stock import Verdict

SOLD_OUT_ON_THE_BOARD, PAGE_SHOWN, NONE_IN_TIME = 20, 21, 22

ANSWERS: dict[int, Answer] = {
    **{verdict.value: answer for verdict, answer in REFUSALS.items()},
    Verdict.DONE.value: Answer(Outcome.BOUGHT, 201),
    Verdict.REPLAYED.value: Answer(Outcome.BOUGHT, 201, replayed=True),
    Verdict.QUEUED.value: QUEUED,
    SOLD_OUT_ON_THE_BOARD: FROM_THE_BOARD,
    PAGE_SHOWN: PAGE,
    NONE_IN_TIME: GAVE_UP,
}
"""Orders that were bought have an id and a total besides, and all have the spans that were measured."""

# What a shopper does after an answer, as `scenarios.journey` has it:
GOES_ON, ASKS_AGAIN, TRIES_ANOTHER_SIZE, LEAVES = 0, 1, 2, 3
_AFTER = {
    Outcome.BROWSED: GOES_ON,
    Outcome.BOUGHT: GOES_ON,
    Outcome.QUEUED: GOES_ON,
    Outcome.UNKNOWN: ASKS_AGAIN,
    Outcome.CONFLICT: ASKS_AGAIN,
    Outcome.SOLD_OUT: TRIES_ANOTHER_SIZE,
    Outcome.REFUSED: LEAVES,
    Outcome.REJECTED: LEAVES,
}
AFTER = np.array([_AFTER[ANSWERS[code].outcome] if code in ANSWERS else LEAVES for code in range(23)])
