"""A load test that is interrupted leaves nothing behind."""

from __future__ import annotations

from tests.end_to_end.command import LONG, Desk


def test_ctrl_c_leaves_nothing_behind(desk: Desk) -> None:
    test = desk.start("loadtest", "--scenario", desk.scenario(LONG), "--strategies", "redis_queue",
                      "--no-predict")  # fmt: skip
    test.await_shoppers()
    test.member("-m system consume")
    test.interrupt()
    test.interrupt()

    assert test.code() == 130, test.output
    assert test.survivors() == []
    assert desk.left() == []
    assert list((desk.folder / "runs").iterdir()) == []
