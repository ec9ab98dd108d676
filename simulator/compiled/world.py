"""The tables of a run, what else it knows, and the functions that give a record of each table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simulator.compiled import records
from simulator.compiled.memory import MARGIN, Memory, Record, world_type
from simulator.compiled.pointers import Pointer, new_record_of, pointer_at, records_of

TABLES: dict[str, np.dtype[Any]] = {
    "heap": records.EVENT,
    "starting": records.SOON,
    "soon": records.SOON,
    "processes": records.PROCESS,
    "arrivals": records.ARRIVAL,
    "attempts": records.ATTEMPT,
    "keys": records.KEY,
    "lines": np.dtype([("sku", "i4"), ("quantity", "i4")]),
    "skus": records.SKU,
    "rows": records.ROW,
    "locks": records.LOCK,
    "waiters": np.dtype([("process", "i4")]),
    "turns": records.TURNS,
    "threads": records.THREAD,
    "workers": records.WORKER,
    "cores": np.dtype([("idle_since_s", "f8")]),
    "cold": np.dtype([("left_s", "f8")]),  # that is still to be worked off, by role
    "speeds": np.dtype([("speed", "f8")]),  # one for every 100 ms
    "acquainted": np.dtype([("token", "i1")]),  # of each shopper, by each worker
    "mergers": records.MERGER,
    "members": records.MEMBER,
    "effects": records.EFFECT,
    "spans": records.SPAN,
    "holdings": records.HOLDING,
    "shoppers": records.SHOPPER,
    "watches": records.WATCH,
    "idle": records.IDLE,
    "known": np.dtype([("available", "i4"), ("version", "i4")]),
    "decided": np.dtype([("key", "i4")]),
    "works": records.WORK,
    "stages": np.dtype([("step", "i4"), ("span", "i4")]),
    "operations": np.dtype([("is_order", "i4")]),
    "together": np.dtype([("times", "i8")]),  # how often a span was done for many, by span
    "jobs": records.JOB,
    "gone": records.GONE,
    "paces": np.dtype([("pace", "f8")]),
}


FIELDS: list[tuple[Any, ...]] = [
    ("now_s", "f8"),
    ("events", "i8"),
    ("starting_next", "i8"),
    ("soon_next", "i8"),
    ("is_open", "i8"),
    ("free_process", "i8"),
    ("free_effect", "i8"),
    ("free_span", "i8"),
    ("free_watch", "i8"),
    ("draws", "u8"),  # the random numbers of this run: the state after its key
    ("crowd", "u8"),  # and those of its crowd
    # the crowd
    ("crowd_size", "i8"),
    ("to_come_or_leave", "i8"),
    ("visit", "i8"),  # the process, when it waits for the last to leave
    ("next_arrival", "i8"),
    ("clients_until_s", "f8"),  # they send the next order as soon as they have an answer; 0: nobody does
    ("following", "i8"),  # the arrival that comes when one leaves
    ("patience_s", "f8"),
    ("is_watching", "i8"),
    ("next_due", "i8"),  # attempt whose patience ends next
    ("ended", "i8"),  # attempts
    ("unevenness", "f8"),
    ("retries", "i8"),
    ("backoff_s", "f8"),
    ("max_backoff_s", "f8"),
    ("jitter", "f8"),
    ("sizes_tried", "i8"),
    ("quantity", "i8"),
    ("single_lines", "i8"),  # the first of the lines that are a cart of one SKU each
    # the load generator
    ("tick_s", "f8"),
    ("send_s", "f8"),
    ("receive_s", "f8"),
    ("note_s", "f8"),
    ("generator_cold_s", "f8"),
    ("generator_free_s", "f8"),  # from when on
    ("generator_used_s", "f8"),
    # the shop
    ("worker_count", "i8"),
    ("has_consumer", "i8"),
    ("sku_count", "i8"),
    ("take", "i8"),
    ("kept_in", "i8"),
    ("buckets", "i8"),
    ("unlease_span", "i8"),
    ("stage_count", "i8"),
    ("tries", "i8"),
    ("pool_timeout_s", "f8"),
    ("lock_timeout_s", "f8"),
    ("try_backoff_s", "f8"),
    ("lease_s", "f8"),
    ("batch_window_s", "f8"),
    ("board_interval_s", "f8"),
    ("board_s", "f8"),
    ("identify_s", "f8"),
    ("cold_s", "f8"),
    ("unused_share", "f8"),
    ("at_work", "i8"),  # connections to the database that are in use
    *((f"{role}_in_company", "f8") for role in ("worker", "consumer", "database", "redis")),
    ("wire_s", "f8"),
    ("wake_s", "f8"),
    ("works_of_order", "i8"),  # works: those of an order, as many of a refusal, then `once`
    *((f"{span}_span", "i8") for span in ("kept_answer", "inquiry", "accept", "respond")),
    # servers
    ("lock_room", "i8"),  # waiters of one lock
    ("served", "i8"),  # waiters of row locks
    ("flush_under_way", "i8"),
    ("flush_next", "i8"),
    ("first_under_way", "i8"),
    ("last_under_way", "i8"),
    ("first_next", "i8"),
    ("last_next", "i8"),
    ("placed", "i8"),
    ("concluded", "i8"),
    ("first_queued", "i8"),
    ("last_queued", "i8"),
    ("buyers", "i8"),
    ("token", "i8"),
    ("first_in_stream", "i8"),
    ("last_in_stream", "i8"),
    ("in_stream", "i8"),
    ("batches", "i8"),  # that were decided
    ("batch_most", "i8"),  # orders of any batch
]


WORLD = world_type(TABLES, FIELDS)


def new_memory() -> Memory:
    """Empty tables for one run."""
    return Memory(TABLES, WORLD)


_POINTER = Pointer("world", WORLD)

world_at = pointer_at(_POINTER)


def _records(table: str) -> Callable[[Record, int], Record]:
    return records_of(_POINTER, Pointer(table, TABLES[table]))


def _new(table: str) -> Callable[[Record], int]:
    return new_record_of(_POINTER, Pointer(table, TABLES[table]), MARGIN)


heap_at = _records("heap")


starting_at = _records("starting")


soon_at = _records("soon")


process = _records("processes")


arrival_of = _records("arrivals")


attempt_of = _records("attempts")


key_of = _records("keys")


line_of = _records("lines")


sku_of = _records("skus")


row_of = _records("rows")


lock_of = _records("locks")


waiter_at = _records("waiters")


turns_of = _records("turns")


thread_of = _records("threads")


worker_of = _records("workers")


core_at = _records("cores")


cold_at = _records("cold")


speed_at = _records("speeds")


acquainted_at = _records("acquainted")


merger_of = _records("mergers")


member_at = _records("members")


effect_of = _records("effects")


span_of = _records("spans")


holding_of = _records("holdings")


shopper_of = _records("shoppers")


watch_of = _records("watches")


idle_at = _records("idle")


known_at = _records("known")
decided_at = _records("decided")


work_of = _records("works")


stage_of = _records("stages")


operation_at = _records("operations")


together_at = _records("together")


job_at = _records("jobs")


gone_at = _records("gone")


pace_at = _records("paces")


new_process = _new("processes")


new_attempt = _new("attempts")


new_key = _new("keys")


new_effect = _new("effects")


new_span = _new("spans")


new_holding = _new("holdings")


new_watch = _new("watches")


new_idle = _new("idle")


new_decided = _new("decided")


new_job = _new("jobs")
