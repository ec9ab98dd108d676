"""junit.xml: a case for each judgement, and why its bound is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from reports import junit
from reports.summary import Summary
from tests.unit.run_folders import SOUND, UNGUARDED, judged, too_late

EXAMPLES: dict[str, Callable[[], Summary]] = {
    "pass": judged,
    "fail": lambda: judged({"max": 0}, {"max_ratio": 2, "to": "redis_hold"}, safe=UNGUARDED),
    "invalid": lambda: judged({"max": 0}, safe=too_late(SOUND)),
    "unknown": lambda: judged(control=None),
}


@pytest.mark.parametrize("verdict", EXAMPLES)
def test_junit_xml_has_a_case_for_each_judgement_and_counts_that_add_up(verdict: str, tmp_path: Path) -> None:
    summary = EXAMPLES[verdict]()
    junit.document(summary).write(tmp_path / "junit.xml", encoding="utf-8", xml_declaration=True)
    root = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 - our own
    (suite,) = root
    cases = suite.findall("testcase")
    assert (root.tag, suite.tag, suite.get("name")) == ("testsuites", "testsuite", "two_sizes")
    assert len(cases) == len(summary.thresholds) == int(suite.get("tests", ""))
    for plural, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert (
            int(suite.get(plural, ""))
            == len(suite.findall(f"testcase/{element}"))
            == int(root.get(plural, ""))
        )
    findings = suite.findall("testcase/failure") + suite.findall("testcase/error")
    assert bool(findings) == (verdict != "pass")
    assert all(finding.get("message") and finding.text for finding in findings)
    assert all(len(case) <= 1 and case.get("classname") and case.get("name") for case in cases)
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)


def test_junit_xml_can_be_read_whatever_a_reason_says(tmp_path: Path) -> None:
    reason = "The log said \u001b[31mslow\u001b[0m, \u0000, \ufffe and <b>&amp;</b> ]]>."
    junit.document(judged({"max": 0.5, "reason": reason})).write(tmp_path / "junit.xml", encoding="utf-8")

    (failure,) = ET.parse(tmp_path / "junit.xml").iter("failure")  # noqa: S314 - our own
    assert "The log said \ufffd[31mslow\ufffd[0m, \ufffd, \ufffd and <b>&amp;</b> ]]>." in (
        failure.text or ""
    )


def test_junit_xml_has_every_case_under_a_name_of_its_own() -> None:
    cases = list(junit.document(judged({"max": 0.5}, {"max": 0.5}, {"max": 0.5})).getroot().iter("testcase"))

    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)


def test_junit_xml_says_why_a_bound_is_there() -> None:
    summary = judged({"max": 0.5, "reason": "Because <we> said & so."})
    (failure,) = junit.document(summary).getroot().iter("failure")
    assert failure.get("type") == "measured.peak_in_system"
    assert "expected at most 0.5" in (failure.text or "")
    assert "Because <we> said & so." in (failure.text or "")
