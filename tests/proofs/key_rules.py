"""Requests at once under a few keys, by random; and the rules that the answers and the books are held to."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Literal

from scenarios.answers import Reply, code_of, decision_in
from tests.shops import ServedShop
from tests.shops.wire import exchange, question_request

UNITS = {"270": 2, "280": 3}
SHOPPERS = 4
OPENING_WON = 300_000
CHARGE_WON = 100_000

_WITHIN_S = 0.05
_BAD = (  # none of them can be stored, or means anything
    b'{"lines":[{"sku":"dunk-\\u0000270","quantity":1}]}',
    b'{"lines":[{"sku":"dunk-270","quantity":99999999999999999999999}]}',
    b'{"lines":[{"sku":"\\ud800","quantity":1}]}',
    b'{"lines":[',
)
Kind = Literal["order", "charge", "restock", "bad"]
_KINDS: Sequence[Kind] = ("order", "charge", "restock", "bad")
_WEIGHTS = (60, 20, 8, 12)
_PATHS = {"charge": "/wallet/charges", "restock": "/admin/restock"}


@dataclass(frozen=True)
class Sent:
    """A request of a plan: `shopper` is -1 for the operator."""

    kind: Kind
    shopper: int
    key: str
    body: bytes
    after_s: float

    def request(self, shop: ServedShop, token: str) -> bytes:
        who = f"X-Admin-Key: {shop.admin_key}" if self.shopper < 0 else f"Authorization: Bearer {token}"
        return (
            f"POST {_PATHS.get(self.kind, '/orders')} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\n{who}\r\nIdempotency-Key: {self.key}\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        ).encode() + self.body


@dataclass(frozen=True)
class Answered:
    """A request, and what was answered in the end; times in seconds since the plan began.

    `queued`: it was told first that its order is accepted.
    """

    sent: Sent
    queued: bool
    sent_s: float
    done_s: float
    reply: Reply

    @property
    def succeeded(self) -> bool:
        """Whether what was sent was done.

        A queued order that was refused frees its key. Who asks by the key afterwards hears of the order that
        took it: that is no success of what was sent.
        """
        if self.reply.status not in (200, 201):
            return False
        return not self.queued or _lines(self.reply.body) == _lines(self.sent.body)


def _lines(document: bytes) -> list[tuple[str, int]]:
    return [(line["sku"], line["quantity"]) for line in json.loads(document)["lines"]]


def plan(random: Random, requests: int) -> list[Sent]:
    """Requests of a few shoppers and the operator, under a few keys each."""
    return [_request(random) for _ in range(requests)]


def _request(random: Random) -> Sent:
    [kind] = random.choices(_KINDS, _WEIGHTS)
    sku, units = random.choice([("dunk-270", 1), ("dunk-280", 1), ("dunk-280", 2)])
    body = {
        "order": json.dumps({"lines": [{"sku": sku, "quantity": units}]}).encode(),
        "charge": json.dumps({"amount_won": CHARGE_WON}).encode(),
        "restock": json.dumps({"sku": sku, "units": units}).encode(),
        "bad": random.choice(_BAD),
    }[kind]
    shopper = -1 if kind == "restock" else random.randrange(SHOPPERS)
    return Sent(kind, shopper, random.choice("abcdef"), body, random.uniform(0, _WITHIN_S))


def play(shop: ServedShop, requests: Sequence[Sent]) -> list[Answered]:
    """Send all, each by a connection of its own, and wait for what becomes of queued orders."""
    tokens = shop.tokens(SHOPPERS)
    began_s = monotonic()

    async def send(one: Sent) -> Answered:
        await asyncio.sleep(one.after_s)
        token = tokens[one.shopper]
        sent_s = monotonic() - began_s
        reply = await exchange(shop.system.port, one.request(shop, token))
        queued = reply.status == 202
        while reply.status == 202:
            decided = await exchange(shop.system.port, question_request(token, reply.location))
            reply = decision_in(decided) or reply
        return Answered(one, queued, sent_s, monotonic() - began_s, reply)

    async def send_all() -> list[Answered]:
        return await asyncio.gather(*(send(one) for one in requests))

    return asyncio.run(send_all())


def broken_rules(shop: ServedShop, answers: Sequence[Answered]) -> Iterator[str]:
    """What contradicts a rule: one sentence each."""
    of_key = defaultdict(list)
    for answer in answers:
        if answer.reply.status >= 500:
            yield f"{answer.sent} was answered {answer.reply}"
        if answer.sent.kind == "bad" and answer.reply.status not in (400, 422):
            yield f"what means nothing was answered {answer.reply}"
        if answer.queued and code_of(answer.reply) in ("idempotency_key_reused", "key_in_progress"):
            yield f"an order that was accepted was refused for its key: {answer}"
        of_key[answer.sent.shopper, answer.sent.key].append(answer)
    for of_one in of_key.values():
        yield from _broken_by_a_key(of_one)
    yield from _broken_in_the_books(shop, answers)


def _broken_by_a_key(answers: Sequence[Answered]) -> Iterator[str]:
    successes = sorted((one for one in answers if one.succeeded), key=lambda one: one.done_s)
    effects = {(one.sent.kind, one.sent.body, one.reply.body) for one in successes}
    if len(effects) > 1:
        yield f"one key has {len(effects)} effects: {effects}"
    if not successes:
        return
    first = successes[0]
    for one in answers:
        if one.sent_s > first.done_s and one.sent.body == first.sent.body and not one.succeeded:
            yield f"a copy of what was done is answered {one.reply}"


def _broken_in_the_books(shop: ServedShop, answers: Sequence[Answered]) -> Iterator[str]:
    done = {(one.sent.shopper, one.sent.key): one.sent for one in answers if one.succeeded}
    books = shop.at_rest()
    keys = [(order.shopper, order.key) for order in books.orders]
    bought = {key for key, sent in done.items() if sent.kind == "order"}
    if len(set(keys)) < len(keys) or set(keys) != bought:
        yield f"the books have orders {sorted(keys)}, acknowledged are {sorted(bought)}"
    for shopper in range(SHOPPERS):
        charges = sum(sent.kind == "charge" for (who, _), sent in done.items() if who == shopper)
        spent = sum(order.total_won for order in books.orders if order.shopper == shopper)
        balance = books.wallets.balance_won[books.wallets.shopper.index(shopper)]
        if balance != OPENING_WON + charges * CHARGE_WON - spent:
            yield f"shopper {shopper} has {balance} won after {charges} charges and {spent} won spent"
    for row in books.stock:
        restocks = [json.loads(sent.body) for sent in done.values() if sent.kind == "restock"]
        added = sum(one["units"] for one in restocks if one["sku"] == row.sku)
        if added != row.restocked:
            yield f"{row.sku}: {row.restocked} restocked, {added} acknowledged"
