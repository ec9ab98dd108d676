"""The shop's SQL in a few words: which span a statement is, what it essentially does, and what it saw."""

# ruff: noqa: S608 - what is made here is told, and never sent

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from system.races.actor import Step
from system.stock.statements import Take

Arguments = Sequence[Any]
Rows = Sequence[asyncpg.Record]

RESERVED = "UPDATE reservations SET state = 'sold' WHERE hold = mine AND expires_at > now()"
_ORDER = "INSERT order, pay"
_SHORT = {"40001": "cannot serialize", "40P01": "deadlock"}


@dataclass(frozen=True, slots=True)
class Words:
    """How a statement is told. `writes`: outside a transaction it has a commit that is worth a pause."""

    step: Step
    seen: Callable[[Rows], str]
    writes: bool = False


@dataclass(frozen=True, slots=True)
class _Phrase:
    """How the statements that contain `sign` are told."""

    sign: str
    name: str
    text: Callable[[Arguments], str]
    seen: Callable[[Rows], str]
    looks: bool = False
    writes: bool = False


def words_of(statement: str, arguments: Arguments, *, versions: bool = False) -> Words | None:
    """How `statement` is told; None if it is not worth telling.

    Args:
        versions: whether it matters which version of a row was read.
    """
    for take in Take:
        if take.value in statement and "claim_order" in statement:
            return _words_of_placing(statement, take, arguments)
    for phrase in _PHRASES:
        if phrase.sign in statement:
            text, seen = phrase.text(arguments), phrase.seen
            if versions and phrase.name == "read_stock":
                text, seen = text.replace("available", "available, version", 1), _levels_and_versions
            return Words(Step(phrase.name, text, phrase.looks), seen, phrase.writes)
    return None


def literal(statement: str, arguments: Arguments) -> str:
    """A statement with its arguments put in, as one would type it."""

    def value(match: re.Match[str]) -> str:
        argument = arguments[int(match[1]) - 1]
        return f"'{argument}'" if isinstance(argument, str) else str(argument)

    return re.sub(r"\$(\d+)", value, " ".join(statement.split()))


def words_of_error(error: asyncpg.PostgresError) -> str:
    """What a statement that failed saw."""
    meanings = {
        "DD001": "0 rows: sold out",
        "DD002": "refused: the wallet holds too little",
        "DD004": "refused: the key is in use",
        "DD006": "0 rows: changed since",
        "DD008": "0 rows: the hold has expired",
    }
    if isinstance(error, asyncpg.CheckViolationError):
        return f"{error.sqlstate}: CHECK {error.constraint_name}"
    return meanings.get(error.sqlstate, f"{error.sqlstate}: {_SHORT.get(error.sqlstate, error)}")


def rows_in_words(rows: Rows) -> str:
    """What rows of any statement say: the values of the first, or that there are none."""
    if not rows:
        return "no row"
    return ", ".join(str(value) for value in rows[0].values())


_TAKING: dict[Take, Callable[[str, int, Any], str]] = {
    Take.IF_ENOUGH: lambda sku, n, _: _update(sku, f"available - {n}", f"available >= {n}"),
    Take.IF_UNCHANGED: lambda sku, n, version: _update(sku, f"available - {n}", f"version = {version}"),
    Take.IF_FENCED: lambda sku, n, token: _update(sku, f"available - {n}", f"fence = {token}"),
    Take.UNCHECKED: lambda sku, n, _: _update(sku, f"available - {n}"),
    Take.OVERWRITE: lambda sku, _, left: _update(sku, str(left)),
    Take.UNIT_ROWS: lambda *_: "UPDATE units SET order_id = mine WHERE id IN (those that I locked)",
    Take.FROM_BUCKETS: lambda sku, n, _: (
        f"UPDATE stock_buckets SET available = available - {n} WHERE sku = '{sku}' AND bucket = mine, or the "
        f"next with available >= {n}"
    ),
    Take.RESERVED: lambda *_: RESERVED,
}
_LOOKING = {Take.IF_ENOUGH, Take.FROM_BUCKETS}


def _words_of_placing(statement: str, take: Take, arguments: Arguments) -> Words:
    skus, quantities = arguments[3], arguments[4]
    known = arguments[5] if len(arguments) > 5 else None
    each = known if isinstance(known, list) else [known] * len(skus)
    lines = zip(skus, quantities, each, strict=True)
    taking = "; ".join(dict.fromkeys(_TAKING[take](sku, n, knows) for sku, n, knows in lines))
    first = statement.index(take.value) < statement.index("book_order")
    text = f"{taking}; {_ORDER}" if first else f"{_ORDER}; {taking}"
    return Words(Step("place_order", text, take in _LOOKING), _placed, writes=True)


def _update(sku: str, available: str, condition: str = "") -> str:
    guard = f" AND {condition}" if condition else ""
    return f"UPDATE stock SET available = {available} WHERE sku = '{sku}'{guard}"


def _placed(rows: Rows) -> str:
    return "the key is known: its answer again" if rows[0]["replayed"] else "done"


def _named(skus: Sequence[str]) -> str:
    return f"sku = '{skus[0]}'" if len(skus) == 1 else f"sku IN ({', '.join(map(repr, skus))})"


def _levels(rows: Rows) -> str:
    if len(rows) == 1:
        return f"{rows[0]['available']}"
    return ", ".join(
        f"{row['sku']}: {row['available']}" for row in sorted(rows, key=lambda row: str(row["sku"]))
    )


def _levels_and_versions(rows: Rows) -> str:
    return ", ".join(f"{row['available']}, version {row['version']}" for row in rows)


def _cart(skus: Sequence[str], quantities: Sequence[int]) -> str:
    return ", ".join(f"{n} {sku}" for sku, n in zip(skus, quantities, strict=True))


def _fixed(text: str) -> Callable[[Any], str]:
    return lambda _: text


def _s(items: Sequence[Any]) -> str:
    return "" if len(items) == 1 else "s"


_DONE = _fixed("done")

_PHRASES = (
    _Phrase(
        "array_position($1, sku) FOR UPDATE",
        "lock_row",
        lambda a: f"SELECT available FROM stock WHERE {_named(a[0])} FOR UPDATE",
        _levels,
        looks=True,
    ),
    _Phrase(
        "lock_units",
        "lock_row",
        lambda a: (
            f"SELECT id FROM units WHERE {_named(a[2])} AND order_id IS NULL LIMIT {a[3][0]} "
            "FOR UPDATE SKIP LOCKED"
        ),
        lambda rows: f"{len(rows[0][0])} row{_s(rows[0][0])}",
        looks=True,
    ),
    _Phrase(
        "FROM stock WHERE sku = ANY($1)",
        "read_stock",
        lambda a: f"SELECT available FROM stock WHERE {_named(a[0])}",
        _levels,
        looks=True,
    ),
    _Phrase(
        "FROM read_behind_fence",
        "read_stock",
        lambda a: (
            f"UPDATE stock SET fence = {a[1]} WHERE {_named(a[0])} AND fence < {a[1]} RETURNING available"
        ),
        _levels,
        looks=True,
    ),
    _Phrase(
        "pg_advisory_xact_lock(hashtextextended('sku ' || sku",
        "advisory_lock",
        lambda a: f"SELECT pg_advisory_xact_lock({', '.join(map(repr, a[0]))})",
        _fixed("locked"),
    ),
    _Phrase(
        "SELECT reserve(",
        "reserve",
        lambda a: f"SELECT stock - sum(sold or held); INSERT a hold of {_cart(a[2], a[3])}",
        _fixed("held"),
        looks=True,
        writes=True,
    ),
    _Phrase(
        "DELETE FROM reservations",
        "release",
        _fixed("DELETE FROM reservations WHERE hold = mine AND state = 'held'"),
        _DONE,
        writes=True,
    ),
    _Phrase("FROM enqueue(", "journal", _fixed("INSERT INTO intake"), _DONE, writes=True),
    _Phrase(
        "FROM open_batch(",
        "batch_open",
        lambda a: f"lock and read wallets, stock and keys of {len(a[0])} order{_s(a[0])} at once",
        _DONE,
        looks=True,
    ),
    _Phrase(
        "SELECT write_batch(",
        "batch_write",
        lambda a: f"write the {len(a[0])} that can be had",
        _DONE,
        writes=True,
    ),
    _Phrase(
        "LEFT JOIN decisions d USING",
        "known",
        _fixed("which of them were decided before?"),
        lambda rows: f"{sum(row['status'] is not None for row in rows)} of them",
    ),
    _Phrase("INSERT INTO decisions", "decide", _fixed("INSERT INTO decisions; DELETE FROM intake"), _DONE),
    _Phrase(
        "FROM intake ORDER BY id LIMIT",
        "read_log",
        _fixed("SELECT FROM intake ORDER BY id"),
        lambda rows: f"{len(rows)} order{_s(rows)}",
    ),
    _Phrase(
        'SELECT FROM stock ORDER BY sku COLLATE "C" FOR UPDATE',
        "reconcile",
        _fixed("lock every row of stock FOR UPDATE"),
        _fixed("locked"),
    ),
    _Phrase(
        "SELECT sku, available, most_each",
        "reconcile_read",
        _fixed("SELECT available FROM stock, and what is sold, and what is queued"),
        _levels,
        looks=True,
    ),
)
