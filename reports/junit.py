"""junit.xml: the judgements of a run as test cases, so that CI shows which bound failed and why."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from reports.summary import Judgement, Summary

_ELEMENTS = {"fail": "failure", "unknown": "error", "skipped": "skipped"}


# XML 1.0 has no place for these characters, not even escaped (W3C, 2.2 "Characters").
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(summary: Summary) -> ElementTree[Element]:
    """A failure is a bound that was broken; an error is one that could not be judged.

    CI tells cases apart by their class and name: one that is there again gets a number.
    """
    name = summary.scenario.name
    figures = {"tests": str(len(summary.thresholds)), "time": "0"}
    for status, plural in (("fail", "failures"), ("unknown", "errors"), ("skipped", "skipped")):
        figures[plural] = str(sum(one.status == status for one in summary.thresholds))
    root = Element("testsuites", {"name": "dropday", **figures})
    suite = SubElement(root, "testsuite", {"name": name, "timestamp": summary.run.started_at, **figures})
    properties = SubElement(suite, "properties")
    facts = {"verdict": summary.verdict, "seed": str(summary.seed), "command": summary.run.command}
    for key, value in facts.items():
        SubElement(properties, "property", name=key, value=_text(value))
    named: Counter[tuple[str | None, str]] = Counter()
    for judgement in summary.thresholds:
        named[judgement.strategy, judgement.title] += 1
        times = named[judgement.strategy, judgement.title]
        _case(suite, name, judgement, judgement.title if times == 1 else f"{judgement.title} ({times})")
    indent(root)
    return ElementTree(root)


def _case(suite: Element, scenario: str, judgement: Judgement, title: str) -> None:
    where = f"{scenario}.{judgement.strategy or 'run'}"
    case = SubElement(suite, "testcase", classname=where, name=_text(title), time="0")
    if judgement.status in _ELEMENTS:
        finding = SubElement(case, _ELEMENTS[judgement.status], message=_text(judgement.message))
        if judgement.status != "skipped":
            finding.set("type", judgement.metric)
            finding.text = _text(f"{judgement.message}\n{judgement.reason}")


def _text(text: str) -> str:
    """The text as XML can hold it: a replacement character for each that it cannot."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
