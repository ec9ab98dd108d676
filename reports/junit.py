"""junit.xml: the judgements of a run as test cases, so that CI shows which bound failed and why."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from reports.summary import Judgement, Summary

_ELEMENTS = {"fail": "failure", "unknown": "error", "skipped": "skipped"}


def document(summary: Summary) -> ElementTree[Element]:
    """A failure is a bound that was broken; an error is one that could not be judged."""
    name = summary.scenario.name
    figures = {"tests": str(len(summary.thresholds)), "time": "0"}
    for status, plural in (("fail", "failures"), ("unknown", "errors"), ("skipped", "skipped")):
        figures[plural] = str(sum(one.status == status for one in summary.thresholds))
    root = Element("testsuites", {"name": "dropday", **figures})
    suite = SubElement(root, "testsuite", {"name": name, "timestamp": summary.run.started_at, **figures})
    properties = SubElement(suite, "properties")
    facts = {"verdict": summary.verdict, "seed": str(summary.seed), "command": summary.run.command}
    for key, value in facts.items():
        SubElement(properties, "property", name=key, value=value)
    for judgement in summary.thresholds:
        _case(suite, name, judgement)
    indent(root)
    return ElementTree(root)


def _case(suite: Element, scenario: str, judgement: Judgement) -> None:
    where = f"{scenario}.{judgement.strategy or 'run'}"
    case = SubElement(suite, "testcase", classname=where, name=judgement.title, time="0")
    if judgement.status in _ELEMENTS:
        finding = SubElement(case, _ELEMENTS[judgement.status], message=judgement.message)
        if judgement.status != "skipped":
            finding.set("type", judgement.metric)
            finding.text = f"{judgement.message}\n{judgement.reason}"
