"""Crowds at a running shop: their attempts, recorded as the load generator would, and the audit of it all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import time

from reports.audit import audit
from reports.violations import AuditReport
from scenarios import history
from scenarios.answers import Reply, code_of, decision_in, order_of, outcome_of, spans_of
from scenarios.history import Attempt, Outcome
from scenarios.record import Record
from scenarios.scenario import Scenario
from tests.shops.served import ServedShop
from tests.shops.shop import PRICE_WON
from tests.shops.wire import exchange, order_request, question_request
from tests.unit.shop_runs import conditions

_MOST_ATTEMPTS = 200  # while an earlier one of the same key is in progress


@dataclass(frozen=True)
class Visit:
    """A shopper who sends an order `after_s`, and hangs up after `patience_s` to ask again."""

    shopper: int
    key: str
    lines: tuple[tuple[str, int], ...]
    after_s: float = 0.0
    patience_s: float | None = None


@dataclass(frozen=True)
class Stock:
    """What a crowd finds: units of each size of the one product, shoppers with money, a limit to each."""

    units: dict[str, int]
    shoppers: int
    balance_won: int = 1_000_000
    limit: int | None = None

    @property
    def scenario(self) -> Scenario:
        sizes = [{"size": size, "units": units} for size, units in self.units.items()]
        product = {"id": "dunk", "name": "Dunk Low", "price_won": PRICE_WON, "sizes": sizes}
        limit = {} if self.limit is None else {"limit": self.limit}
        return Scenario.model_validate(
            {
                "name": "a_crowd",
                "summary": "A crowd of a test.",
                "arrivals": {"shape": "constant", "per_s": 1, "duration_s": 1},
                "products": [product | limit],
            }
        )


def audited(shop: ServedShop, stock: Stock, visits: Sequence[Visit]) -> AuditReport:
    """Let the visits happen in a shop with this stock; audit what the shoppers saw and what the books say."""
    return audit(recorded(shop, stock, visits), stock.scenario, exact=shop.strategy.exact)


def recorded(shop: ServedShop, stock: Stock, visits: Sequence[Visit]) -> Record:
    """What the visits leave behind in a shop with this stock."""
    shop.reset(stock.units, stock.shoppers, stock.balance_won, stock.limit)
    began = time()
    attempts = asyncio.run(_attempts(shop.system.port, visits, shop.tokens(stock.shoppers), began))
    books = shop.at_rest(began_unix_s=began)
    return Record(history.frame(attempts), books, conditions(offered=len(visits)))


async def _attempts(port: int, visits: Sequence[Visit], tokens: list[str], began: float) -> list[Attempt]:
    journeys = [
        _journey(port, arrival, visit, tokens[visit.shopper], began) for arrival, visit in enumerate(visits)
    ]
    return [attempt for attempts in await asyncio.gather(*journeys) for attempt in attempts]


async def _journey(port: int, arrival: int, visit: Visit, token: str, began: float) -> list[Attempt]:
    """One attempt, and more with the same key until there is an answer that says what became of the order."""
    await asyncio.sleep(visit.after_s)
    attempts: list[Attempt] = []
    while len(attempts) < _MOST_ATTEMPTS:
        patience_s = None if attempts else visit.patience_s
        attempt = await _attempt(port, (arrival, len(attempts)), visit, token, began, patience_s)
        attempts.append(attempt)
        if attempt.outcome is not Outcome.UNKNOWN and attempt.code != "key_in_progress":
            break
        await asyncio.sleep(0.02)
    return attempts


async def _attempt(
    port: int, number: tuple[int, int], visit: Visit, token: str, began: float, patience_s: float | None
) -> Attempt:
    sent_s = time() - began
    acknowledged_s = None
    try:
        async with asyncio.timeout(patience_s):
            reply = await exchange(port, order_request(token, visit.key, visit.lines))
            spans = spans_of(reply.server_timing)
            while reply.status == 202:
                acknowledged_s = acknowledged_s or time() - began
                decided = await exchange(port, question_request(token, reply.location))
                reply = decision_in(decided) or reply
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        reply, spans = Reply(0, failure="timeout"), []
    order_id, total_won = order_of(reply)
    arrival, attempt = number
    return Attempt(
        arrival=arrival,
        attempt=attempt,
        operation="order",
        shopper=visit.shopper,
        bot=False,
        key=visit.key,
        skus=[sku for sku, _ in visit.lines],
        quantities=[quantity for _, quantity in visit.lines],
        intended_s=sent_s,
        sent_s=sent_s,
        acknowledged_s=acknowledged_s,
        done_s=time() - began,
        outcome=outcome_of("order", reply),
        status=reply.status,
        code=code_of(reply),
        order_id=order_id,
        total_won=total_won,
        replayed=reply.replayed or acknowledged_s is not None,  # a decision is kept from the beginning
        spans=spans,
    )
