from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.reporting import junit
from harness.verdict import Evidence, Status, Verdict
from tests.unit.reporting import runs


def _suite(*verdicts: Verdict) -> ET.Element:
    suite = ET.fromstring(junit.render(runs.FACTS, verdicts)).find("testsuite")
    assert suite is not None
    return suite


def test_a_failure_carries_reason_figures_evidence_and_how_to_repeat() -> None:
    evidence = Evidence("Failed requests", ("at_s", "error"), ((3.25, "timeout"),), 17)
    suite = _suite(Verdict("availability", Status.FAIL, "too few", {"availability": 0.5}, (evidence,), 3.25))
    failure = suite.find("testcase[@name='availability']/failure")
    assert failure is not None
    assert failure.get("message") == "too few"
    text = failure.text or ""
    for part in ("availability = 0.5", "Failed requests (1 of 17)", "3.25 | timeout", runs.FACTS.command):
        assert part in text


def test_unknown_is_an_error_so_that_no_ci_shows_it_green() -> None:
    suite = _suite(Verdict("faults", Status.UNKNOWN, "no proof"), Verdict("order", Status.PASS, "held"))
    assert suite.find("testcase[@name='faults']/error") is not None
    assert len(suite.findall("testcase[@name='order']/*")) == 0
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "2",
        "failures": "0",
        "errors": "1",
        "skipped": "0",
    }


def test_a_run_without_verdicts_is_an_error_too() -> None:
    suite = _suite()
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert suite.find("testcase/error") is not None


def test_properties_say_how_to_have_the_run_again() -> None:
    properties = {item.get("name"): item.get("value") for item in _suite().iter("property")}
    assert properties["seed"] == "42"
    assert properties["command"] == runs.FACTS.command


def test_characters_that_xml_forbids_are_replaced() -> None:
    suite = _suite(Verdict("c\x00", Status.FAIL, "bell \x07, half \ud800, tab \t & <tag>"))
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "bell \ufffd, half \ufffd, tab \t & <tag>"
