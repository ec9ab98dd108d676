"""What the compiled engine knows: the tables, their records, and the functions that give one.

Numbers of processes, attempts, keys, locks, effects and spans begin at 1, so that 0 is none.
"""

from __future__ import annotations

import numpy as np

MOST_LINES = 5  # of a cart

EVENT = np.dtype([("at_s", "f8"), ("order", "i8"), ("what", "i8")], align=True)
SOON = np.dtype([("what", "i8")])


# A process is at one place in each of the routines that it is in: 0 before the first step of it.
_PLACES = (
    "routine",  # the one that it was started for
    *("admit", "exchange", "checkout", "deciding", "trying", "going", "step", "undoing"),
    *("inquiry", "page", "ask", "connect", "take_free", "sleep", "ask_redis", "lease", "lease_one"),
    *("statement", "place", "take_line", "acquire", "lock_all", "commit", "finish", "flush"),
    *("run", "enter", "leave", "work_off", "compute", "look", "batch", "deciding_all", "settle", "read"),
)


PROCESS = np.dtype(
    [
        *((name, "i1") for name in _PLACES),
        ("kind", "i1"),
        ("inside", "i1"),  # the thread of its worker
        ("has_connection", "i1"),
        ("closing", "i1"),
        ("alone", "i1"),  # places an order in a transaction of one statement
        ("knows", "i1"),  # the stock
        ("gave_up", "i1"),  # the turn that it waited for
        ("leased", "i1"),  # what it asked for
        ("may_lease", "i1"),  # something that is not given back yet
        ("awaits", "i1"),  # which of the three events:
        ("connected", "i1"),
        ("answered", "i1"),
        ("decided", "i1"),
        ("verdict", "i1"),
        ("success", "i1"),  # the verdict that counts as one
        ("refusal", "i1"),  # the verdict that stands, while something is undone or looked up
        ("answer", "i1"),
        ("server", "i1"),  # what is asked for
        ("script", "i1"),
        ("stage", "i1"),
        ("span", "i1"),
        ("line", "i4"),  # of the cart, or the SKU, that comes next
        ("tried", "i4"),
        ("asked", "i4"),  # for leases
        ("undo", "i4"),  # steps that are to be undone, three bits each, the last first
        ("work", "i4"),
        ("begin_work", "i4"),
        ("hold_work", "i4"),
        ("worker", "i4"),
        ("merger", "i4"),
        ("thread", "i4"),
        ("order", "i4"),  # an attempt
        ("row", "i4"),
        ("next", "i4"),  # in the line in which it waits
        ("previous", "i4"),
        ("waits_in", "i4"),  # turns that it may give up
        ("epoch", "i4"),  # counts what it has waited for with patience
        ("next_awaiting", "i4"),  # the decision of the same key
        ("first_lock", "i4"),  # of its transaction
        ("last_lock", "i4"),
        ("first_effect", "i4"),
        ("last_effect", "i4"),
        ("first_span", "i4"),
        ("last_span", "i4"),
        ("token", "i8"),
        ("since", "i8"),  # decisions that it has seen, who watches them, before the last look and after
        ("seen", "i8"),
        ("work_s", "f8"),  # to be done on a core
        ("whole_s", "f8"),
        ("rest_s", "f8"),
        ("flush_s", "f8"),
        ("thread_s", "f8"),
        ("began_s", "f8"),
        ("since_s", "f8"),
        ("until_s", "f8"),
    ],
    align=True,
)


ARRIVAL = np.dtype(
    [
        ("at_s", "f8"),  # when it comes, or means to send again
        ("shopper", "i4"),
        ("bot", "i1"),
        ("place", "i1"),  # in its journey's routine
        ("position", "i2"),
        ("attempt", "i2"),
        ("sizes_tried", "i2"),
        ("order_number", "i4"),
        ("key", "i4"),
        ("sent", "i4"),  # the attempt that is waited for
        ("cart_start", "i4"),
        ("cart_end", "i4"),
    ],
    align=True,
)


ATTEMPT = np.dtype(
    [
        ("arrival", "i4"),
        ("key", "i4"),  # 0: it reads a page
        ("order_number", "i4"),
        ("position", "i2"),
        ("attempt", "i2"),
        ("ended", "i1"),
        ("answer", "i1"),
        ("process", "i4"),  # that serves it
        ("noted", "i4"),  # how many attempts had ended when it did
        ("next_waiting", "i4"),  # for a batch
        ("next_queued", "i4"),  # in Redis
        ("first_span", "i4"),
        ("pace", "f8"),
        ("intended_s", "f8"),
        ("sent_s", "f8"),
        ("acknowledged_s", "f8"),
        ("done_s", "f8"),
    ],
    align=True,
)


KEY = np.dtype(
    [
        ("arrival", "i4"),
        ("order_number", "i4"),
        ("shopper", "i4"),
        ("cart_start", "i4"),
        ("cart_end", "i4"),
        ("claimed", "i1"),
        ("held", "i1"),  # units: held on the ledger, or held or sold in Redis
        ("decision", "i1"),  # a verdict; 0: none
        ("total_won", "i8"),
        ("placed", "i4"),  # how many were placed when it was; 0: it is not
        ("concluded", "i4"),  # how many were decided when it was
        ("queued", "i4"),  # the attempt that is in the intake
        ("previous_queued", "i4"),
        ("next_queued", "i4"),
        ("first_awaiting", "i4"),
        ("placed_s", "f8"),
    ],
    align=True,
)


SKU = np.dtype(
    [
        ("unsold", "i8"),
        ("held", "i8"),
        ("entries", "i8"),
        ("being_bought", "i8"),
        ("in_redis", "i8"),
        ("limit", "i8"),  # 0: none
        ("price_won", "i8"),
        ("left", "i8"),  # for the orders of the batch that is decided
        ("batch", "i8"),  # the one for which `left` holds
        ("popularity", "f8"),
        ("leased_until_s", "f8"),
        ("leased_to", "i4"),  # an attempt
        ("lane", "i4"),
        ("row", "i4"),  # the first
        ("name_lock", "i4"),
    ],
    align=True,
)


ROW = np.dtype(
    [("available", "i8"), ("version", "i8"), ("fence", "i8"), ("sku", "i4"), ("lock", "i4")], align=True
)


LOCK = np.dtype([("held_by", "i4"), ("waiters", "i4"), ("next", "i4"), ("row", "i4")])  # row: -1: a name's
TURNS = np.dtype([("free", "i4"), ("first", "i4"), ("last", "i4")])
THREAD = np.dtype(
    [("owed_s", "f8"), ("slice_ends_s", "f8"), ("has_core", "i1"), ("role", "i1"), ("turns", "i4")],
    align=True,
)


WORKER = np.dtype(
    [
        *((name, "i4") for name in ("thread", "pool", "watch", "to_redis", "door", "lines", "mergers")),
        ("awaited", "i4"),  # keys of which somebody waits for the decision
        ("first_watch", "i4"),
        ("last_watch", "i4"),
        ("is_watching", "i4"),
    ]
)


MERGER = np.dtype(
    [
        ("window_s", "f8"),
        ("most", "i4"),
        ("worker", "i4"),
        ("kind", "i4"),
        ("span", "i4"),
        ("first", "i4"),
        ("last", "i4"),
        ("count", "i4"),
        ("process", "i4"),  # 0: it is not at work
        ("in_batch", "i4"),
        ("round", "i4"),  # of waiting until it is full or the window is over
        ("is_full", "i4"),
        ("waits", "i4"),
    ],
    align=True,
)


MEMBER = np.dtype([("order", "i4"), ("verdict", "i4")])
EFFECT = np.dtype(
    [("at_s", "f8"), ("units", "i8"), ("target", "i4"), ("order", "i4"), ("next", "i4"), ("kind", "i4")],
    align=True,
)


SPAN = np.dtype([("ms", "f8"), ("next", "i4"), ("name", "i4")], align=True)
HOLDING = np.dtype(
    [(name, "i4") for name in ("sku", "next", "bought", "in_redis", "buyer")]  # buyer: since that number
)


SHOPPER = np.dtype([("balance_won", "i8"), ("first", "i4")], align=True)
WATCH = np.dtype([("due_s", "f8"), ("process", "i4"), ("epoch", "i4"), ("next", "i4")], align=True)
IDLE = np.dtype([("since_s", "f8"), ("worker", "i4")], align=True)
WORK = np.dtype(
    [(f"{what}_s", "f8") for what in ("worker", "consumer", "database", "redis", "flush", "entry")]
)


JOB = np.dtype([("at_s", "f8"), ("work_s", "f8"), ("role", "i8")])
GONE = np.dtype([("now", "i4"), ("next", "i4")])  # 0: not gone; otherwise buyers up to this number are known
