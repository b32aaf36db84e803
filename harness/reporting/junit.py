"""junit.xml: one test suite a run, one test case a checker, for the CI's own display.

JUnit has no word for unknown, and CIs show a skipped test as green: what could not be judged is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from harness.history import RunFacts
from harness.plain_text import printable
from harness.reporting.text import cell
from harness.verdict import Evidence, Status, Verdict

_TAGS = {Status.FAIL: "failure", Status.UNKNOWN: "error"}


def render(facts: RunFacts, verdicts: Sequence[Verdict]) -> bytes:
    """The XML document. A run without verdicts is one error: an empty suite would be shown as passed."""
    judged = tuple(verdicts) or (Verdict("verdict", Status.UNKNOWN, "No checker judged this run."),)
    counts = {
        "tests": str(len(judged)),
        "failures": str(sum(verdict.status is Status.FAIL for verdict in judged)),
        "errors": str(sum(verdict.status is Status.UNKNOWN for verdict in judged)),
        "skipped": "0",
        "time": f"{facts.load_ends_ns / 1e9:.3f}",
    }
    root = ET.Element("testsuites", {"name": "rollproof", **counts})
    suite = ET.SubElement(
        root, "testsuite", {"name": printable(facts.scenario), **counts, "timestamp": printable(facts.started_at)}
    )
    _add_properties(suite, facts)
    for verdict in judged:
        _add_case(suite, facts, verdict)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _add_properties(suite: ET.Element, facts: RunFacts) -> None:
    properties = ET.SubElement(suite, "properties")
    named = {
        "run_id": facts.run_id,
        "seed": str(facts.seed),
        "command": facts.command,
        "strategy": facts.strategy,
        "driver": facts.driver,
        "change": f"{facts.old} to {facts.new}",
        "harness_version": facts.harness_version,
        "machine": facts.machine,
    }
    for name, value in named.items():
        ET.SubElement(properties, "property", {"name": name, "value": printable(value)})


def _add_case(suite: ET.Element, facts: RunFacts, verdict: Verdict) -> None:
    case = ET.SubElement(
        suite, "testcase", {"classname": printable(facts.scenario), "name": printable(verdict.checker), "time": "0"}
    )
    if verdict.status is not Status.PASS:
        tag = _TAGS[verdict.status]
        problem = ET.SubElement(case, tag, {"message": printable(verdict.reason), "type": verdict.status.word})
        problem.text = printable(_account(verdict, facts))


def _account(verdict: Verdict, facts: RunFacts) -> str:
    figures = [f"{name} = {cell(value)}" for name, value in verdict.figures.items()]
    tables = [line for evidence in verdict.evidence for line in ("", *_table(evidence))]
    return "\n".join([verdict.reason, *figures, *tables, "", f"repeat: {facts.command}"])


def _table(evidence: Evidence) -> list[str]:
    shown = f"{evidence.title} ({len(evidence.records)} of {evidence.total})"
    return [shown, " | ".join(evidence.columns), *(" | ".join(map(cell, record)) for record in evidence.records)]
