"""The last lines on the screen: what each answer comes to, and the page's path."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from reports.answers.findings import findings
from reports.answers.page import FILE
from reports.answers.shapes import Answers


def show(answers: Answers, run: Path, console: Console) -> None:
    """Print what was answered, a line for each question."""
    for _, sentence in findings(answers):
        console.print(Text(f"- {sentence}"))
    for caution in answers.cautions:
        console.print(Text(f"- beyond the calibration: {caution}", style="yellow"))
    if answers.fit_check:
        console.print(Text(f"- {answers.fit_check}", style="dim"))
    console.print(Text(f"answers: {run / FILE}"), soft_wrap=True)
