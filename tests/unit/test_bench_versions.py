"""Two versions that are compared: where they come from, in which order they are measured, what is shown."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from harness.axes import Axes
from harness.bench import versions
from harness.bench.versions import order
from harness.bench.versions.comparison import FIGURES, Comparison
from harness.bench.versions.environment import python_for
from harness.bench.versions.repository import Repository, Version
from harness.bench.versions.screen import show, verdict
from harness.bench.versions.shapes import Pair, Trial
from harness.bench.versions.slices import Slice, slices, trial
from harness.closed_loop import Quantiles, Result
from harness.errors import RunError, UsageError
from harness.machine import machine
from harness.servers import Endpoints
from reports.experiment import StrategyUnderTest

NONE = Quantiles(count=0, mean=0, p50=0, p95=0, p99=0, max=0)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A checkout with one commit."""
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "app.py").write_text("first\n")
    (tmp_path / "requirements.lock").write_text("fastapi==1\n")
    (tmp_path / "notes.md").write_text("not compared\n")
    repository = Repository(tmp_path)
    repository.ask("init", "--quiet")
    commit(repository)
    return Repository.at(tmp_path)


def commit(repository: Repository) -> None:
    repository.ask("add", ".")
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    repository.ask(*who, "commit", "--quiet", "--message", "a commit")


def test_a_commit_is_unpacked_as_it_was_and_the_working_tree_copied_as_it_is(
    repository: Repository, tmp_path: Path
) -> None:
    (repository.root / "system" / "app.py").write_text("second\n")

    repository.unpack(repository.base("HEAD"), tmp_path / "base")
    repository.copy(tmp_path / "ours")

    assert (tmp_path / "base" / "system" / "app.py").read_text() == "first\n"
    assert (tmp_path / "ours" / "system" / "app.py").read_text() == "second\n"
    for side in ("base", "ours"):
        assert sorted(path.name for path in (tmp_path / side).iterdir()) == ["requirements.lock", "system"]


def test_the_working_tree_has_changed_when_the_system_has(repository: Repository) -> None:
    (repository.root / "notes.md").write_text("changed\n")
    before = repository.ours()
    (repository.root / "system" / "new.py").touch()

    assert before == repository.base("HEAD")
    assert repository.ours() == Version(commit=before.commit, changed=True)
    assert str(repository.ours()) == f"{before.commit}, with uncommitted changes"
    assert len(before.commit) == 40


@pytest.mark.parametrize("ref", ["no-such-branch", "HEAD~1", "--all", "HEAD:system"])
def test_a_ref_that_is_no_commit_is_named(ref: str, repository: Repository) -> None:
    with pytest.raises(UsageError, match=f"--base {ref}: no such commit in .*; expected a branch, a tag or"):
        repository.base(ref)


def test_a_folder_that_is_no_checkout_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"{tmp_path}: fatal: not a git repository.*expected a git checkout"):
        Repository.at(tmp_path)


def test_a_folder_of_another_checkout_is_not_taken_for_one(repository: Repository) -> None:
    with pytest.raises(UsageError, match="system is only a folder of the git checkout"):
        Repository.at(repository.root / "system")


def test_git_that_is_not_installed_is_asked_for(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UsageError, match="--base needs git"):
        repository.ours()


def test_a_commit_without_a_system_is_named(repository: Repository, tmp_path: Path) -> None:
    repository.ask("rm", "-r", "--quiet", "system")
    commit(repository)

    with pytest.raises(UsageError, match=r"there is no system and requirements\.lock in that commit"):
        repository.unpack(repository.base("HEAD"), tmp_path / "base")


def test_each_side_is_first_in_half_of_the_pairs_in_an_order_that_is_the_same_again() -> None:
    sides = order(10, "no_lock")

    assert sorted(sides) == ["base"] * 5 + ["ours"] * 5
    assert sides == order(10, "no_lock")
    assert sides != order(10, "redis_hold")


@pytest.mark.parametrize(("kind", "turns", "power"), [("orders", 8, 2), ("sold out", 4, 1)])
def test_a_drift_meets_both_sides_alike(kind: str, turns: int, power: int) -> None:
    """Of turns that are as long as each other: a drift that grows with this power of time."""
    sides = [part.side for part in slices("base") if part.kind == kind]
    drift = {
        side: sum(turn**power for turn, whose in enumerate(sides) if whose == side)
        for side in ("base", "ours")
    }

    assert (len(sides), sides[0]) == (turns, "base")
    assert drift["base"] == drift["ours"]


def result(answers: dict[str, int], duration_s: float = 1.0, **cpu_s: float) -> Result:
    return Result(
        duration_s=duration_s, answers=answers, latency_ms=NONE, spans_ms={}, cpu_s=cpu_s, switches={}
    )


def test_a_trial_is_all_slices_of_its_side_together() -> None:
    ours, theirs = Slice("ours", "orders"), Slice("base", "orders")

    found = trial(
        "ours",
        [
            (Slice("ours", "warm up"), result({"201": 5}, worker=9)),
            (ours, result({"201": 100}, worker=0.2, database=0.1)),
            (theirs, result({"201": 7}, worker=9, database=9)),
            (ours, result({"201": 300, "conflict": 9}, 3.0, worker=0.2, database=0.3)),
            (Slice("ours", "sold out"), result({"sold_out": 600}, 2.0)),
        ],
    )

    assert found.cpu_us == pytest.approx({"worker": 1000, "database": 1000})
    assert (found.orders_per_s, found.sold_out_per_s) == (100, 300)


@pytest.mark.parametrize(
    ("part", "answers"),
    [
        (Slice("ours", "orders"), {"201": 5, "sold_out": 1}),
        (Slice("ours", "orders"), {"conflict": 5}),
        (Slice("ours", "sold out"), {"sold_out": 5, "503": 1}),
    ],
)
def test_an_answer_that_nobody_expects_is_told_with_the_end_of_the_log(
    part: Slice, answers: dict[str, int], tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("the reason\n")

    with pytest.raises(RunError, match=f"{part.kind}: expected .*, got .*\n(.*\n)*.*the reason"):
        part.check(result(answers), tmp_path / "log")


def compared(**ratios: float) -> Comparison:
    """Ours / base of each figure of a trial, in ten pairs with a little noise."""
    pairs = [
        Pair(
            first="ours",
            base=Trial(cpu_us={"worker": 100, "database": 300}, orders_per_s=2000, sold_out_per_s=9000),
            ours=Trial(
                cpu_us={
                    "worker": 100 * ratios.get("worker", 1) * noise,
                    "database": 300 * ratios.get("database", 1) * noise,
                },
                orders_per_s=2000 * ratios.get("orders", 1) / noise,
                sold_out_per_s=9000 * ratios.get("sold_out", 1) / noise,
            ),
        )
        for noise in (0.98, 0.99, 1.0, 1.01, 1.02, 1.0, 0.99, 1.01, 0.995, 1.005)
    ]
    comparison = Comparison(
        base=Version(commit="a" * 40),
        ours=Version(commit="b" * 40, changed=True),
        seed=1,
        pairs=10,
        strategies=("no_lock", "redis_hold"),
        system_cores=(0,),
        generator_cores=(1,),
        machine=machine(None),
        measured={},
        rows=(),
    )
    return comparison.with_strategy("no_lock", pairs)


def test_the_rows_share_the_confidence() -> None:
    rows = 2 * len(FIGURES)

    assert compared().confidence_of_a_row == pytest.approx(1 - 0.05 / rows)


def test_the_same_twice_cannot_be_told_apart() -> None:
    assert verdict(compared()) == "None of 5 rows differs: ours and base cannot be told apart."


def test_rows_that_differ_are_named_in_a_sentence_and_marked_in_the_table() -> None:
    comparison = compared(worker=1.2, sold_out=1.1)

    assert verdict(comparison) == (
        "3 of 5 rows differ: no_lock cpu us (worse, 1.05), no_lock worker us (worse, 1.20), "
        "no_lock sold out per s (better, 1.10); the other 2 cannot be told apart."
    )
    console = Console(width=110, record=True, file=StringIO())
    show(comparison, console)
    text = console.export_text()
    lines = [line.split() for line in text.splitlines()]
    found = {" ".join(line[:-6]): line[-1] for line in lines if line[-1:] in (["worse"], ["better"])}
    assert found == {"no_lock cpu us": "worse", "worker us": "worse", "sold out per s": "better"}
    assert f"ours: {'b' * 40}, with uncommitted changes\nbase: {'a' * 40}\n" in text
    assert "a bootstrap interval of 99.50% in each row, so that all rows together have 95%" in text


def test_a_comparison_on_disk_has_every_pair_and_can_be_read_again(tmp_path: Path) -> None:
    comparison = compared(orders=0.9)
    file = tmp_path / "runs" / "bench-base.json"

    comparison.save(file)

    assert Comparison.model_validate_json(file.read_text()) == comparison
    assert len(comparison.measured["no_lock"]) == 10
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")

    with pytest.raises(UsageError, match=r"bench-base\.json cannot be written .*; choose a folder"):
        compared().save(tmp_path / "runs" / "bench-base.json")


def test_a_version_with_the_same_lock_runs_in_this_python(tmp_path: Path) -> None:
    for side in ("ours", "base"):
        (tmp_path / side).write_text("fastapi==1\n")

    assert python_for(tmp_path / "base", tmp_path / "ours", tmp_path / "made") == Path(sys.executable)
    assert not (tmp_path / "made").exists()


def test_what_is_done_before_an_interrupt_is_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [pairs] = compared().measured.values()
    left = iter(pairs[:3])

    def measured(*_: object) -> Pair:
        for pair in left:
            return pair
        raise KeyboardInterrupt

    endpoints = Endpoints("postgresql://nowhere", "redis://nowhere", None, None, {})
    stage = SimpleNamespace(endpoints=endpoints, system_cores=(0,), generator_cores=(1,))
    monkeypatch.setattr(versions, "on_bare_stage", lambda *_: nullcontext(stage))
    monkeypatch.setattr(versions, "places", lambda *_: {})
    monkeypatch.setattr(versions, "measure", measured)
    file = tmp_path / "bench-base.json"
    strategies = [
        StrategyUnderTest(name=name, safe=True, ack="committed") for name in ("no_lock", "redis_hold")
    ]
    said = StringIO()

    with pytest.raises(KeyboardInterrupt):
        versions.Versions("HEAD", strategies, Axes(), pairs=3, effort=versions.Effort()).compare(
            file, Console(file=said, width=200)
        )

    kept = Comparison.model_validate_json(file.read_text())
    assert kept.strategies == ("no_lock", "redis_hold")
    assert kept.measured == {"no_lock": pairs[:3]}
    assert said.getvalue().endswith(f"done before that: no_lock; see {file}\n")
