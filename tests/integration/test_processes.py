"""Child processes: their cores, their logs, their end; and what they used of the CPU."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness import cpu
from harness.errors import RunError
from harness.generator import Generator
from harness.processes import Child, ProcessDiedError, running
from scenarios.endings import SENT_TO_THE_LAST, ExitCode
from tests.waiting import eventually

WITHIN_S = 30


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def says(child: Child, word: str) -> Callable[[], bool]:
    return lambda: word in child.log.read_text()


def test_a_child_is_gone_when_its_block_ends(tmp_path: Path) -> None:
    with running("sleeper", ["sleep", "1000"], log=tmp_path / "log") as child:
        assert psutil.pid_exists(child.pid)

    assert not psutil.pid_exists(child.pid)


def test_a_child_that_will_not_end_is_killed_with_all_it_started(tmp_path: Path) -> None:
    stubborn = (
        "import signal, subprocess; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print(subprocess.Popen(['sleep', '1000']).pid, 'ready', flush=True); signal.pause()"
    )
    with running("mule", python(stubborn), log=tmp_path / "log") as child:
        child.await_ready(says(child, "ready"), within_s=WITHIN_S)
        grandchild = int(child.log.read_text().split()[0])

        assert not child.stop(grace_s=0.1)

    assert child.popen.returncode == -signal.SIGKILL
    assert eventually(lambda: not psutil.pid_exists(grandchild) or is_zombie(grandchild))


def is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = (
        "import signal; from pathlib import Path; from harness.processes import running\n"
        f"with running('sleeper', ['sleep', '1000'], log=Path({str(tmp_path / 'log')!r})) as child:\n"
        "    print(child.pid, flush=True); signal.pause()"
    )
    with subprocess.Popen(python(parent), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()

    assert eventually(lambda: is_zombie(child))


def test_a_child_runs_on_the_cores_that_it_was_given(tmp_path: Path) -> None:
    core = max(os.sched_getaffinity(0))

    with running("sleeper", ["sleep", "1000"], log=tmp_path / "log", cores=[core]) as child:
        assert psutil.Process(child.pid).cpu_affinity() == [core]


def test_a_child_has_no_setting_of_the_system_or_of_locust_but_those_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DROPDAY_ISOLATION", "serializable")
    monkeypatch.setenv("LOCUST_TAGS", "smoke")
    monkeypatch.setenv("OF_THE_SHELL", "kept")
    code = "import os; print(*(f'{name}={os.environ[name]}' for name in sorted(os.environ)), sep='\\n')"
    given = {"DROPDAY_POOL_SIZE": "5"}

    with running("the system", python(code), log=tmp_path / "log", environment=given) as child:
        child.await_end(within_s=WITHIN_S)

    lines = child.log.read_text().splitlines()
    assert [line for line in lines if line.startswith(("DROPDAY_", "LOCUST_"))] == ["DROPDAY_POOL_SIZE=5"]
    assert "OF_THE_SHELL=kept" in lines


def test_a_child_that_died_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    code = "print('line 1'); print('no memory left', flush=True); raise SystemExit(7)"

    with (
        running("the system", python(code), log=tmp_path / "log") as child,
        pytest.raises(ProcessDiedError) as death,
    ):
        child.await_ready(lambda: False, within_s=WITHIN_S)

    assert "the system ended with exit code 7" in str(death.value)
    assert "no memory left" in str(death.value)
    assert str(tmp_path / "log") in str(death.value)


def test_a_child_that_was_killed_is_told_with_the_signal(tmp_path: Path) -> None:
    with running("the system", ["sleep", "1000"], log=tmp_path / "log") as child:
        child.check()
        child.popen.kill()
        child.popen.wait()
        with pytest.raises(ProcessDiedError, match=r"the system was killed by SIGKILL\.\nIts log is empty"):
            child.check()


def test_a_child_that_is_never_ready_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with (
        running("the system", ["sleep", "1000"], log=tmp_path / "log") as child,
        pytest.raises(RunError, match=r"the system was not ready within 0\.1 s"),
    ):
        child.await_ready(lambda: False, within_s=0.1)


def test_a_child_that_should_end_by_itself_and_does_not_is_told(tmp_path: Path) -> None:
    with (
        running("the client", ["sleep", "1000"], log=tmp_path / "log") as child,
        pytest.raises(RunError, match=r"the client did not end within 0\.1 s"),
    ):
        child.await_end(within_s=0.1)


@pytest.mark.parametrize("code", SENT_TO_THE_LAST)
def test_a_generator_that_has_sent_everybody_leaves_a_record_to_be_judged(
    code: ExitCode, tmp_path: Path
) -> None:
    with running("the load generator", python(f"raise SystemExit({code})"), log=tmp_path / "log") as child:
        Generator(child, tmp_path).await_record(within_s=WITHIN_S)


@pytest.mark.parametrize("code", [1, ExitCode.WRONG_USAGE, ExitCode.UNKNOWN])
def test_a_generator_that_has_not_sent_everybody_died(code: int, tmp_path: Path) -> None:
    with (
        running("the load generator", python(f"raise SystemExit({code})"), log=tmp_path / "log") as child,
        pytest.raises(ProcessDiedError, match=f"the load generator ended with exit code {code}"),
    ):
        Generator(child, tmp_path).await_record(within_s=WITHIN_S)


BURN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('burnt', flush=True)\n"


def test_the_cpu_of_a_role_is_that_of_its_processes_and_their_children(tmp_path: Path) -> None:
    burn_child = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN.format(seconds=0.3)!r}])\n"
    )
    code = BURN.format(seconds=0.2) + burn_child + "print('done', flush=True); import signal; signal.pause()"

    with running("worker", python(code), log=tmp_path / "log") as child:
        child.await_ready(says(child, "done"), within_s=WITHIN_S)
        used = cpu.used_s({"worker": [child.pid], "idle": []})

    assert used["worker"] >= 0.49  # the child's part is kept in ticks of 10 ms
    assert used["idle"] == 0


def test_a_process_that_has_gone_has_used_nothing() -> None:
    gone = subprocess.Popen(["true"])  # noqa: S607 - on any PATH
    gone.wait()

    assert cpu.used_s({"worker": [gone.pid]}) == {"worker": 0}


def test_readings_are_taken_in_the_background_while_a_block_runs(tmp_path: Path) -> None:
    with running("burner", python("while True: pass"), log=tmp_path / "log") as child:
        with cpu.sampling({"worker": [child.pid]}) as readings:
            assert eventually(lambda: len(readings) >= 3)
        taken = len(readings)

    used = [reading.used_s["worker"] for reading in readings]
    assert used == sorted(used)
    assert used[-1] > used[0]
    assert len(readings) == taken


def test_the_speed_of_cores_is_probed_in_the_background_while_a_block_runs() -> None:
    before = os.sched_getaffinity(0)

    with cpu.probing(sorted(before)[:1]) as speeds:
        assert eventually(lambda: len(speeds) >= 3)
    taken = len(speeds)

    assert min(speeds) > 0
    assert len(speeds) == taken
    assert os.sched_getaffinity(0) == before


def test_a_block_that_is_confined_to_cores_leaves_the_others_alone() -> None:
    before = os.sched_getaffinity(0)
    last = max(before)

    with cpu.confined_to([last]):
        assert os.sched_getaffinity(0) == {last}
    assert os.sched_getaffinity(0) == before


def test_a_running_process_is_confined_to_cores_with_all_that_it_started(tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    parent = "import subprocess; p = subprocess.Popen(['sleep', '1000']); print(p.pid, flush=True); p.wait()"

    with running("parent", python(parent), log=tmp_path / "log") as child:
        child.await_ready(says(child, "\n"), within_s=WITHIN_S)
        cpu.confine([child.pid], [core])

        for pid in (child.pid, int(child.log.read_text())):
            assert psutil.Process(pid).cpu_affinity() == [core]


def test_the_generator_has_a_core_of_its_own_where_there_are_two() -> None:
    system, generator = cpu.split_cores()

    every = os.sched_getaffinity(0)
    assert set(system) | set(generator) == every
    assert bool(set(system) & set(generator)) == (len(every) == 1)
