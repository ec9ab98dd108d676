"""The load test, run by Locust: `locust -f locustfile.py --scenario sneaker_drop --strategy redis_hold`.

Without --host it starts a system of its own with that strategy, and stops it at the end. One greenlet sends
the whole crowd (`scenarios/rehearsal.py`); with --master and --worker, one in each worker its share. The exit
code of a test is a `scenarios/endings.py` ExitCode.
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
from locust.runners import STATE_INIT, STATE_RUNNING, MasterRunner, WorkerRunner

from scenarios.admin import Admin, AdminError
from scenarios.arrivals import generate
from scenarios.endings import Ending, ExitCode, Shares
from scenarios.rehearsal import Part, Rehearsal
from scenarios.scenario import Scenario, ScenarioError, load, names
from scenarios.serving import serve

_DEFAULT_STRATEGY = "conditional_update"
_START_WITHIN_S = 0.2
_LOOK_AGAIN_S = 0.01
_WORKERS_START_WITHIN_S = 5.0  # they fetch the tokens first, and then all begin at the same moment

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
        sys.exit(ExitCode.WRONG_USAGE)


def _scenario(options: Namespace) -> Scenario:
    return load(options.scenario).scaled(options.time_scale).crowded(options.crowd)


class UntilAllHaveLeft(LoadTestShape):
    """One Locust user in every process that sends, for as long as it takes the shares of the crowd to end.

    Attributes:
        shares: those of the test; of a worker its own.
        crowd: what sends the share of this process. It is not its Locust user: Locust stops users when a
            worker has come or is lost, to move them to others.
        is_judged: whether the exit code is that of the test; also while there is none.
    """

    runner: Any

    def __init__(self) -> None:
        super().__init__()
        self.shares = Shares({})
        self.crowd: gevent.Greenlet[..., None] | None = None
        self.is_judged = True

    def tick(self) -> tuple[int, float] | None:
        """How many users there should be, or None to end the test."""
        out = self.shares.out()
        if self.runner.state == STATE_RUNNING and not (out and out <= _present(self.runner)):
            return None
        users = len(self.shares) or self.runner.worker_count
        return users, users


def _present(runner: Any) -> set[str]:
    """The processes that can send: of workers those that Locust has heard from within seconds."""
    if not isinstance(runner, MasterRunner):
        return {runner.client_id}
    there = (*runner.clients.ready, *runner.clients.spawning, *runner.clients.running)
    return {worker.id for worker in there}


class Shoppers(FastHttpUser):
    """The user that Locust counts for the crowd of its process.

    A FastHttpUser so that a task of your own has its client. The crowd goes over `scenarios/wire.py`, whose
    docstring says why.
    """

    @task
    def come(self) -> None:
        """Return when everybody has left."""
        environment: Any = self.environment
        if environment.shape_class.crowd:
            environment.shape_class.crowd.join()
        raise StopUser


@events.test_start.add_listener
def _begin(environment: Any, **_: Any) -> None:
    """Stock the shop and share out the arrivals. A process with a share begins to send it."""
    while environment.runner is None:  # a worker may hear of a test while Locust still makes its runner
        gevent.sleep(_LOOK_AGAIN_S)
    runner, options, shape = environment.runner, environment.parsed_options, environment.shape_class
    shape.shares, shape.crowd = Shares({}), None
    if not isinstance(runner, WorkerRunner):
        _expect_verdict(environment)
        options.shares = _shared_out(environment)
    if isinstance(runner, MasterRunner):
        options.begins_unix_s = time.time() + _WORKERS_START_WITHIN_S
        shape.shares = Shares(options.shares)
    elif runner.client_id in options.shares:
        _expect_verdict(environment)
        shape.shares = Shares({runner.client_id: options.shares[runner.client_id]})
        shape.crowd = gevent.spawn(_send_share, environment)
    else:
        _log.info("this worker came after the arrivals were shared out: it sends nobody in this test")


def _expect_verdict(environment: Any) -> None:
    environment.process_exit_code, environment.shape_class.is_judged = ExitCode.UNKNOWN, False


def _shared_out(environment: Any) -> dict[str, int]:
    """How many arrivals each process sends that is there once the shop is stocked."""
    options = environment.parsed_options
    try:
        scenario = _scenario(options)
        arrivals = generate(scenario, options.seed)
        if not options.no_reset:
            Admin(environment.host, options.admin_key).reset(scenario, arrivals.number_of_shoppers)
    except (ValueError, AdminError) as error:
        environment.process_exit_code, environment.shape_class.is_judged = ExitCode.WRONG_USAGE, True
        raise StopTest(error) from error
    senders = sorted(_present(environment.runner))
    parts = [Part(index, len(senders)) for index in range(len(senders))]
    return {sender: len(part.own(len(arrivals))) for sender, part in zip(senders, parts, strict=True)}


def _send_share(environment: Any) -> None:
    runner, options = environment.runner, environment.parsed_options
    ending = _sent(environment)
    _note(environment, runner.client_id, ending)
    if isinstance(runner, WorkerRunner):
        share = {"begins_unix_s": options.begins_unix_s, "ending": ending.model_dump(mode="json")}
        runner.send_message("share_ended", share)


def _sent(environment: Any) -> Ending:
    """How the share of this process ended, once everybody in it has left."""
    options = environment.parsed_options
    try:
        rehearsal = _rehearsal(environment)
        tokens = Admin(environment.host, options.admin_key).tokens(rehearsal.arrivals.number_of_shoppers)
        begins_unix_s = getattr(options, "begins_unix_s", time.time() + _START_WITHIN_S)
        ending = rehearsal.run(environment.host, tokens, begins_unix_s, environment.events.request.fire)
    except (AdminError, ScenarioError) as error:
        return Ending(failure=str(error))
    except Exception as error:
        _log.exception("the crowd could not be sent")
        return Ending(failure=repr(error))
    _tell(ending)
    return ending


def _tell(ending: Ending) -> None:
    if kept := ending.generator:
        _log.info(
            "%d of %d arrivals sent, %d dropped; late by p50 %.1f, p99 %.1f, max %.1f ms; "
            "%.0f %% of a core used",
            *(kept.sent, kept.offered, kept.dropped),
            *(kept.lateness_p50_ms, kept.lateness_p99_ms, kept.lateness_max_ms, kept.cpu_share * 100),
        )


def _rehearsal(environment: Any) -> Rehearsal:
    options = environment.parsed_options
    scenario, senders = _scenario(options), list(options.shares)
    return Rehearsal(
        scenario=scenario,
        arrivals=generate(scenario, options.seed),
        part=Part(senders.index(environment.runner.client_id), len(senders)),
        record=Path(options.record) if options.record else None,
        progress=Path(options.progress) if options.progress else None,
    )


def _note(environment: Any, sender: str, ending: Ending) -> None:
    """Keep how a share ended. The last of them decides the exit code."""
    shares = environment.shape_class.shares
    shares.note(sender, ending)
    if shares and not shares.out():
        _judge(environment, _present(environment.runner))


@events.test_stopping.add_listener
def _stop_crowd(environment: Any, **_: Any) -> None:
    """Stop what is still being sent; with that the exit code is decided."""
    shape, present = environment.shape_class, _present(environment.runner)
    if shape.crowd:
        shape.crowd.kill()
    _judge(environment, present)
    shape.shares = Shares({})


def _judge(environment: Any, present: set[str]) -> None:
    """Decide the exit code of a test, and say what was wrong with it."""
    shape = environment.shape_class
    if not shape.is_judged:
        shape.is_judged = True
        environment.process_exit_code, wrong = shape.shares.verdict(present)
        for sentence in wrong:
            _log.error("%s", sentence)


@events.init.add_listener
def _end_headless(environment: Any, **_: Any) -> None:
    """End a headless run on SIGTERM, the record written. Locust hears it only once the shape has ended."""
    runner = environment.runner

    def end() -> None:
        waits_for_workers = runner.state == STATE_INIT and runner.shape_greenlet is None
        runner.quit()
        if waits_for_workers:
            _log.error("the test ended before anybody came")
            sys.exit(ExitCode.UNKNOWN)

    if environment.parsed_options.headless:
        environment.process_exit_code = ExitCode.UNKNOWN  # until a test has ended
        gevent.signal_handler(signal.SIGTERM, end)


@events.init.add_listener
def _listen_to_workers(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("share_ended", _hear)


def _hear(environment: Any, msg: Any) -> None:
    """A worker's share has ended. That of an earlier test, which was stopped, is not counted."""
    if msg.data["begins_unix_s"] == environment.parsed_options.begins_unix_s:
        _note(environment, msg.node_id, Ending.model_validate(msg.data["ending"]))
