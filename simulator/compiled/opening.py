"""What a run of the compiled engine begins with: its tables, from the same parts as a shop in SimPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scenarios.arrivals import Arrivals, fold
from scenarios.scenario import Scenario, Sku
from simulator.clients import Clients
from simulator.compiled.events import OPEN
from simulator.compiled.memory import MARGIN, Memory
from simulator.compiled.merging import BATCHES, JOURNALS, LANES
from simulator.compiled.stations import CONSUMER, REDIS, WORKER
from simulator.defaults import BATCH_MOST, REDIS_CONNECTIONS
from simulator.generator import GeneratorWork
from simulator.order import OrderWork, Work
from simulator.shop import Shop
from simulator.stations import ROLES
from simulator.strategies import KeptIn, Step, Strategy

_OUTSIDE = ("kept_answer", "inquiry", "accept", "respond")  # what an order asks for beside its stages


def open_shop(
    memory: Memory,
    shop: Shop,
    scenario: Scenario,
    arrivals: Arrivals,
    *,
    sending: GeneratorWork,
    replication: int,
    unevenness: float,
    clients: Clients | None = None,
) -> None:
    """Put into an empty memory what there is in a run in which nothing has happened yet.

    Args:
        shop: one in SimPy, just opened; its processes are not used.
        sending: what it takes the load generator.
        unevenness: the standard deviation of the logarithm of the work that each request makes.
        clients: who send the orders in a closed loop; without them arrivals come when they are due.
    """
    _put_servers(memory, shop, scenario.skus)
    _put_work(memory, shop)
    _put_crowd(memory, shop, scenario, arrivals)
    _put_clients(memory, len(arrivals), clients)
    _put_settings(memory, shop)
    world = memory.world
    world["tick_s"], world["generator_cold_s"] = sending.tick_s, sending.cold_s
    world["send_s"], world["receive_s"], world["note_s"] = sending.send_s, sending.receive_s, sending.note_s
    world["crowd"] = fold(0, arrivals.seed)
    world["draws"] = fold(fold(0, arrivals.seed), replication)
    world["unevenness"] = unevenness
    for table in ("processes", "effects", "spans", "holdings", "watches", "attempts", "keys"):
        world[f"{table}_used"] = 1  # 0 is none
    world["next_due"] = 1
    memory.put("starting", 2 * MARGIN)["what"][0] = OPEN
    world["starting_used"] = 1


def spans_of(strategy: Strategy) -> list[str]:
    """The names of spans, by number."""
    names = dict.fromkeys(stage.span for stage in strategy.all_stages)
    return [*names, *_OUTSIDE]


def _put_servers(memory: Memory, shop: Shop, skus: Sequence[Sku]) -> None:
    settings, strategy, world = shop.settings, shop.strategy, memory.world
    buckets = settings.buckets if strategy.kept_in is KeptIn.BUCKETS else 0
    world["buckets"] = buckets
    rows = memory.put("rows", len(skus) * (1 + buckets))
    rows["lock"] = np.arange(len(rows)) + 1
    rows["sku"] = np.repeat(np.arange(len(skus)), 1 + buckets)
    locks = memory.put("locks", 1 + len(rows) + len(skus))
    locks["row"] = -1
    locks["row"][rows["lock"]] = np.arange(len(rows))
    world["lock_room"] = settings.workers * settings.pool_size + 1  # each waiter has a connection
    memory.put("waiters", len(locks) * int(world["lock_room"]))
    table = memory.put("skus", len(skus))
    for field, values in {
        "unsold": [sku.units for sku in skus],
        "in_redis": [sku.units for sku in skus],
        "limit": [sku.limit or 0 for sku in skus],
        "price_won": [sku.price_won for sku in skus],
        "popularity": [sku.popularity for sku in skus],
        "entries": [stock.entries for stock in shop.database.stock],
        "lane": shop.lanes,
        "row": np.arange(len(skus)) * (1 + buckets),
        "name_lock": 1 + len(rows) + np.arange(len(skus)),
    }.items():
        table[field] = values
    units = rows["available"].reshape(len(skus), 1 + buckets)
    units[:, 0] = table["unsold"]
    if buckets:
        each, more = np.divmod(table["unsold"], buckets)
        units[:, 1:] = each[:, None] + (np.arange(buckets) < more[:, None])
    _put_workers(memory, shop, len(skus))


def _put_workers(memory: Memory, shop: Shop, skus: int) -> None:
    settings, world = shop.settings, memory.world
    count, lanes = settings.workers, settings.pool_size
    threads = memory.put("threads", count + 2)  # those of the workers, of Redis, and of the consumer
    threads["role"] = [WORKER] * count + [REDIS, CONSUMER]
    threads["turns"] = 1 + np.arange(len(threads))
    places = [shop.cores.count, *([1] * len(threads))]
    workers = memory.put("workers", count)
    mergers = memory.put("mergers", count * (LANES + lanes) + 1)  # the last is the consumer's
    steps = {stage.step: stage.span for stage in shop.strategy.stages}
    names = spans_of(shop.strategy)
    for number, worker in enumerate(workers):
        worker["thread"] = number
        for what, room in (
            ("pool", settings.pool_size),
            ("watch", 1),
            ("to_redis", REDIS_CONNECTIONS),
            ("door", 1),
        ):
            worker[what] = len(places)
            places.append(room)
        worker["lines"] = len(places)
        places += [1] * skus
        worker["mergers"] = first = number * (LANES + lanes)
        mine = mergers[first : first + LANES + lanes]
        mine["worker"] = number
        mine["kind"] = np.minimum(np.arange(len(mine)), LANES)
        mine["most"] = BATCH_MOST
        mine["most"][LANES:] = settings.pipeline
        mine["window_s"][[BATCHES, JOURNALS]] = settings.batch_window_s
        for kind, step in ((BATCHES, Step.BATCH), (JOURNALS, Step.JOURNAL), (LANES, Step.SEND)):
            mine["span"][mine["kind"] == kind] = names.index(steps.get(step, "kept_answer"))
    memory.put("turns", len(places))["free"] = places
    memory.put("cores", shop.cores.count)
    memory.put("cold", len(ROLES))
    memory.put("speeds", len(shop.cores.speeds))["speed"] = shop.cores.speeds
    world["speeds_used"] = len(shop.cores.speeds)
    memory.put("gone", count * skus)
    world["batch_most"] = max(BATCH_MOST, settings.pipeline)
    memory.put("members", len(mergers) * int(world["batch_most"]))
    world["worker_count"], world["sku_count"] = count, skus
    world["mergers_used"], world["threads_used"] = len(mergers), len(threads)


def _put_work(memory: Memory, shop: Shop) -> None:
    strategy, world = shop.strategy, memory.world
    names = spans_of(strategy)
    once = [shop.once.get(span, Work()) for span in names]
    works = [*_works(shop.order_work, names), *_works(shop.refusal_work, names), *once, shop.page]
    table = memory.put("works", len(works))
    for number, work in enumerate(works):
        table[number] = work
    world["works_used"] = len(works)
    world["works_of_order"] = len(names)
    for span in _OUTSIDE:
        world[f"{span}_span"] = names.index(span)
    memory.put("together", len(names))
    stages = [*strategy.stages, *strategy.consumer]
    table = memory.put("stages", len(stages))
    table["step"] = [stage.step.value for stage in stages]
    table["span"] = [names.index(stage.span) for stage in stages]
    world["stages_used"], world["stage_count"] = len(stages), len(strategy.stages)
    world["has_consumer"] = bool(strategy.consumer)
    world["take"], world["kept_in"] = strategy.take.value, strategy.kept_in.value
    world["tries"] = shop.settings.tries if strategy.retries else 1
    unlease = [stage.span for stage in strategy.stages if stage.step is Step.UNLEASE]
    world["unlease_span"] = names.index(unlease[0]) if unlease else -1


def _works(of: OrderWork, names: list[str]) -> list[Work]:
    stages = [of.stages.get(span, Work()) for span in names[: -len(_OUTSIDE)]]
    return [*stages, of.kept_answer, of.inquiry, Work(of.accept_s), Work(of.respond_s)]


def _put_crowd(memory: Memory, shop: Shop, scenario: Scenario, arrivals: Arrivals) -> None:
    world, shoppers = memory.world, scenario.shoppers
    table = memory.put("arrivals", len(arrivals))
    table["at_s"], table["shopper"], table["bot"] = arrivals.at_s, arrivals.shopper, arrivals.bot
    table["cart_start"], table["cart_end"] = arrivals.cart_start[:-1], arrivals.cart_start[1:]
    _put_lines(memory, scenario, arrivals)
    memory.put("shoppers", arrivals.number_of_shoppers)["balance_won"] = shoppers.balance_won
    acquainted = memory.put("acquainted", arrivals.number_of_shoppers * int(world["worker_count"]))
    tokens = acquainted["token"].reshape(arrivals.number_of_shoppers, len(shop.workers))
    for number, worker in enumerate(shop.workers):
        tokens[list(worker.acquainted), number] = True
    memory.put("operations", len(scenario.journey))["is_order"] = [
        operation == "order" for operation in scenario.journey
    ]
    world["operations_used"] = len(scenario.journey)
    world["patience_s"] = shoppers.patience_s
    world["retries"], world["jitter"] = shoppers.retry.attempts, shoppers.retry.jitter
    world["backoff_s"], world["max_backoff_s"] = shoppers.retry.backoff_s, shoppers.retry.max_backoff_s
    world["sizes_tried"] = shoppers.bots.sizes_tried
    for name in ("attempts", "keys"):
        memory.reserve(name, int(1.3 * len(arrivals)) + 2 * MARGIN)


def _put_clients(memory: Memory, arrivals: int, clients: Clients | None) -> None:
    world, first = memory.world, min(clients.count, arrivals) if clients else arrivals
    world["crowd_size"] = world["to_come_or_leave"] = world["following"] = first
    world["clients_until_s"] = clients.until_s if clients else 0.0


def _put_lines(memory: Memory, scenario: Scenario, arrivals: Arrivals) -> None:
    """The lines of all carts, in the order in which rows are locked; and a cart of each SKU alone."""
    names = [sku.sku for sku in scenario.skus]
    rank: NDArray[np.int64] = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    cart = np.repeat(np.arange(len(arrivals)), np.diff(arrivals.cart_start))
    order = np.argsort(cart * len(names) + rank[arrivals.line_sku], kind="stable")  # most carts have one line
    lines = memory.put("lines", len(order) + len(names))
    lines["sku"] = np.concatenate([arrivals.line_sku[order], np.arange(len(names))])
    lines["quantity"][: len(order)] = arrivals.line_quantity[order]
    lines["quantity"][len(order) :] = scenario.cart.quantity
    memory.world["single_lines"] = len(order)


def _put_settings(memory: Memory, shop: Shop) -> None:
    world, settings = memory.world, shop.settings
    for name in ("pool_timeout_s", "lock_timeout_s", "lease_s", "batch_window_s", "board_interval_s"):
        world[name] = getattr(settings, name)
    world["try_backoff_s"] = settings.backoff_s
    world["board_s"], world["wire_s"] = shop.board_s, shop.wire_s
    world["identify_s"], world["cold_s"] = shop.identify_s, shop.cores.cold_s
    world["unused_share"] = shop.cores.unused_share
    for role, times in shop.cores.in_company.items():
        world[f"{role}_in_company"] = times
    world["wake_s"] = shop.database.wake_s
