"""The races by name. Adding one is a script in a module here and its line in that module's list."""

from __future__ import annotations

from system.races.library import holds, leases, orders, queues, stock, waiting
from system.races.race import Race

RACES: dict[str, Race] = {
    race.name: race for module in (stock, waiting, leases, holds, queues, orders) for race in module.RACES
}
