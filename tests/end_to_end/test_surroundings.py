"""What surrounds a command does not creep into it: modules and settings of others, encodings."""

from __future__ import annotations

from tests.end_to_end.command import Desk


def test_modules_of_the_users_own_in_the_folder_of_the_call_are_not_run(desk: Desk) -> None:
    for module in ("system", "redis", "numpy", "locust"):
        (desk.folder / f"{module}.py").write_text(f"raise SystemExit('this is the user\\'s own {module}')\n")

    command = desk.run("simulate", "--strategies", "nobodys")

    assert command.code() == 2, command.output
    assert command.output.startswith("error: no strategy 'nobodys'")


def test_a_terminal_that_knows_no_more_than_ascii_gets_a_question_mark_for_the_rest(desk: Desk) -> None:
    desk.environment["PYTHONIOENCODING"] = "ascii"

    command = desk.run("report", "k\u00e4se")

    assert command.code() == 2, command.output
    assert command.output.startswith("error: k?se is not the folder of a run")


def test_the_settings_of_another_locust_project_do_not_creep_into_a_run(desk: Desk) -> None:
    (desk.folder / "locust.conf").write_text("tags = smoke\nstop-timeout = 1\n")
    desk.environment |= {"LOCUST_TAGS": "smoke", "HOME": str(desk.folder)}
    (desk.folder / ".locust.conf").write_text("tags = smoke\n")

    test = desk.run("loadtest", "--scenario", desk.scenario(), "--profile", "smoke", "--time-scale", "1",
                    "--strategies", "no_lock", "--no-predict")  # fmt: skip

    assert test.code() == 0, test.output
