"""The load test, run by Locust: `locust -f locustfile.py --scenario sneaker_drop --strategy redis_hold`.

Without --host it starts a system of its own with that strategy, and stops it at the end. One Locust user
sends the whole crowd (`scenarios/rehearsal.py`); with --master and --worker, each worker's user its share.
"""

# Locust's hooks and its environment are not typed tightly enough to be told apart
# mypy: allow-untyped-calls, allow-untyped-decorators

from __future__ import annotations

import logging
import signal
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, LoadTestShape, events, task
from locust.argument_parser import LocustArgumentParser
from locust.exception import StopTest, StopUser
from locust.runners import MasterRunner, WorkerRunner

from scenarios.admin import Admin, AdminError
from scenarios.arrivals import generate
from scenarios.conditions import Generator
from scenarios.rehearsal import Part, Rehearsal
from scenarios.scenario import Scenario, load, names
from scenarios.serving import serve

_DEFAULT_STRATEGY = "conditional_update"
_START_WITHIN_S = 0.2
_WORKERS_START_WITHIN_S = 5.0  # they fetch the tokens first, and then all begin at the same moment

_PASSED, _WRONG_USAGE, _UNKNOWN = 0, 2, 3  # exit codes

_log = logging.getLogger("dropday")


@events.init_command_line_parser.add_listener
def _arguments(parser: LocustArgumentParser) -> None:
    ours = parser.add_argument_group("Dropday", "What happens, to which system, and where it is recorded.")
    ours.add_argument(
        "--scenario",
        default="sneaker_drop",
        metavar="NAME|FILE",
        help=f"{', '.join(names())}, or the path of a .toml file (default: sneaker_drop)",
    )
    ours.add_argument("--seed", type=int, default=1, help="the same seed, the same crowd (default: 1)")
    ours.add_argument(
        "--time-scale", type=float, default=1.0, metavar="FACTOR", help="0.1 is a tenth of the scenario"
    )
    ours.add_argument(
        "--crowd", type=float, default=1.0, metavar="FACTOR", help="0.3 is three tenths of the shoppers"
    )
    ours.add_argument(
        "--strategy",
        help=f"locking strategy to start a system with (default: {_DEFAULT_STRATEGY}); "
        "with --host, the one that the system there must have",
    )
    ours.add_argument("--admin-key", env_var="DROPDAY_ADMIN_KEY", default="", help="of the system at --host")
    ours.add_argument("--no-reset", action="store_true", help="take the shop as it is; it has been stocked")
    ours.add_argument("--record", metavar="FOLDER", help="write history.parquet and generator.json there")
    ours.add_argument("--progress", metavar="FILE", help="append a line of JSON four times a second")


@events.init.add_listener
def _find_shop(environment: Any, **_: Any) -> None:
    """Start a system, or look at the one at --host. Workers leave that to the master."""
    if isinstance(environment.runner, WorkerRunner):
        return
    options = environment.parsed_options
    try:
        generate(_scenario(options), options.seed)
        if environment.host is None:
            environment.host, options.admin_key = serve(options.strategy or _DEFAULT_STRATEGY)
        found = Admin(environment.host, options.admin_key).strategy()
        if options.strategy not in (None, found):
            raise AdminError(f"the system at {environment.host} has {found}; expected {options.strategy}")
        if options.record:
            Path(options.record).mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError, AdminError) as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(_WRONG_USAGE)


def _scenario(options: Namespace) -> Scenario:
    return load(options.scenario).scaled(options.time_scale).crowded(options.crowd)


class UntilAllHaveLeft(LoadTestShape):
    """One Locust user in every process that sends, for as long as it takes their crowds to leave."""

    runner: Any

    def __init__(self) -> None:
        super().__init__()
        self.expect(0)

    def expect(self, crowds: int) -> None:
        """A test begins with as many crowds as there are processes that send; with 0 it has ended."""
        self.crowds = crowds
        self.begun = False  # the one of this process
        self.left = 0
        self.through = 0  # of those that have left: everybody was sent

    def tick(self) -> tuple[int, float] | None:
        """How many users there should be, or None to end the test."""
        processes = self.runner.worker_count
        if processes < self.crowds:
            _log.error("%d workers are lost, and their shoppers with them", self.crowds - processes)
            return None
        return None if self.crowds and self.left == self.crowds else (processes, processes)


class Shoppers(FastHttpUser):
    """The whole crowd, or a worker's share of it: one task, done once.

    A FastHttpUser so that a task of your own has its client. The crowd goes over `scenarios/wire.py`, whose
    docstring says why.
    """

    @task
    def come(self) -> None:
        """Send the crowd, and return when everybody has left."""
        environment: Any = self.environment
        if not environment.shape_class.begun:
            environment.shape_class.begun = True
            _note_left(environment, through=_send_crowd(environment))
        raise StopUser


def _send_crowd(environment: Any) -> bool:
    """Whether everybody was sent, and left."""
    options = environment.parsed_options
    try:
        rehearsal = _rehearsal(environment)
        tokens = Admin(environment.host, options.admin_key).tokens(rehearsal.arrivals.number_of_shoppers)
        begins_unix_s = getattr(options, "begins_unix_s", time.time() + _START_WITHIN_S)
        log = rehearsal.run(environment.host, tokens, begins_unix_s, environment.events.request.fire)
    except AdminError as error:
        _log.error("%s", error)
        return False
    except Exception:
        _log.exception("the crowd could not be sent")
        return False
    _tell(log.generator, rehearsal.scenario)
    return True


def _tell(kept: Generator, scenario: Scenario) -> None:
    _log.info(
        "%d of %d arrivals sent, %d dropped; late by p50 %.1f, p99 %.1f, max %.1f ms; %.0f %% of a core used",
        *(kept.sent, kept.offered, kept.dropped),
        *(kept.lateness_p50_ms, kept.lateness_p99_ms, kept.lateness_max_ms, kept.cpu_share * 100),
    )
    if kept.dropped or kept.lateness_p99_ms > scenario.max_lateness_p99_ms:
        _log.warning(
            "the schedule was not kept (nobody dropped, p99 at most %g ms): these figures say nothing about "
            "the shop. Give Locust more CPU, or more workers, or send fewer (--crowd 0.5)",
            scenario.max_lateness_p99_ms,
        )


def _rehearsal(environment: Any) -> Rehearsal:
    runner, options = environment.runner, environment.parsed_options
    scenario = _scenario(options)
    return Rehearsal(
        scenario=scenario,
        arrivals=generate(scenario, options.seed),
        part=Part(options.parts[runner.client_id], len(options.parts)) if _is_worker(runner) else Part(0, 1),
        record=Path(options.record) if options.record else None,
        progress=Path(options.progress) if options.progress else None,
    )


@events.test_start.add_listener
def _stock_shop(environment: Any, **_: Any) -> None:
    """Stock the shop and share out the arrivals. The exit code is `unknown` until everybody has left."""
    environment.process_exit_code = _UNKNOWN
    runner, options = environment.runner, environment.parsed_options
    environment.shape_class.expect(runner.worker_count if isinstance(runner, MasterRunner) else 1)
    if _is_worker(runner):
        return
    if not options.no_reset:
        scenario = _scenario(options)
        shoppers = generate(scenario, options.seed).number_of_shoppers
        try:
            Admin(environment.host, options.admin_key).reset(scenario, shoppers)
        except AdminError as error:
            environment.process_exit_code = _WRONG_USAGE
            raise StopTest(error) from error
    if isinstance(runner, MasterRunner):
        options.parts = {worker: index for index, worker in enumerate(runner.clients)}
        options.begins_unix_s = time.time() + _WORKERS_START_WITHIN_S


@events.test_stop.add_listener
def _expect_nobody(environment: Any, **_: Any) -> None:
    environment.shape_class.expect(0)


@events.init.add_listener
def _stop_when_told(environment: Any, **_: Any) -> None:
    """End a headless run on SIGTERM, the record written. Locust hears it only once the shape has ended."""
    if environment.parsed_options.headless:
        gevent.signal_handler(signal.SIGTERM, environment.runner.quit)


@events.init.add_listener
def _listen_to_workers(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message(
            "crowd_left", lambda environment, msg: _note_left(environment, through=msg.data)
        )


def _note_left(environment: Any, *, through: bool) -> None:
    """A crowd has left, here or on a worker."""
    shape = environment.shape_class
    shape.left += 1
    shape.through += through
    if shape.through == shape.crowds > 0:
        environment.process_exit_code = _PASSED
    if _is_worker(environment.runner):
        environment.runner.send_message("crowd_left", through)


def _is_worker(runner: Any) -> bool:
    return isinstance(runner, WorkerRunner)
