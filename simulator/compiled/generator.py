"""The load generator, compiled: `simulator.generator`."""

from __future__ import annotations

from simulator.compiled.events import later
from simulator.compiled.memory import Record
from simulator.compiled.parts import compiled
from simulator.stations import HALF_COLD_S


@compiled
def send(world: Record, what: int) -> None:
    """Let it happen when a request that is due now is on its way."""
    later(world, _takes(world, world.send_s, 0.0, 0.0), what)


@compiled
def receive(world: Record, after_s: float, what: int) -> None:
    """Let it happen when an answer that comes in a while has been read; only then is it noted."""
    later(world, _takes(world, world.receive_s, after_s, world.note_s), what)


@compiled
def _takes(world: Record, work_s: float, after_s: float, beside_s: float) -> float:
    """How long from now it is until work that comes in a while is done, behind what came before it."""
    comes_s = world.now_s + after_s
    begins_s = max(comes_s, float(world.generator_free_s))
    if world.generator_free_s < comes_s:
        rested_s = comes_s - world.generator_free_s
        work_s += world.generator_cold_s * rested_s / (rested_s + HALF_COLD_S)
    world.generator_free_s = begins_s + work_s + beside_s
    world.generator_used_s += work_s + beside_s
    return float(begins_s + work_s - world.now_s)
