from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from harness.history import History, Kind
from harness.reporting.html import render
from harness.verdict import Evidence, Status, Verdict
from tests.histories.build import Story
from tests.unit.reporting import runs

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\x00"


class Page(HTMLParser):
    """Checks nesting; collects texts and the attributes that load things."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset", "xlink:href", "data")]
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def _render(run: runs.Run) -> str:
    return render(run.history, run.verdicts, run.plan, run.options, ["logs/envoy.log", "a b#c.txt"])


@pytest.mark.parametrize("make", [runs.healthy_canary, runs.rolled_back_canary, runs.unknown_blue_green])
def test_the_page_is_well_formed_small_and_loads_nothing(make: Callable[[], runs.Run]) -> None:
    html = _render(make())
    page = Page(html)
    assert page.loads == page.inline == []
    assert "@import" not in html
    assert "url(" not in re.sub(r"url\(#(fault|stall)-(wide|narrow)\)", "", html)
    assert len(html.encode()) < 500_000


def test_the_policy_allows_exactly_the_style_and_script_of_the_page() -> None:
    html = _render(runs.healthy_canary())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1]


def test_the_verdict_comes_first_and_says_who_decides() -> None:
    text = Page(_render(runs.rolled_back_canary())).text
    assert re.search(r"FAIL availability decides: 2\.0 served 80\.1 %", text)
    assert text.index("availability decides") < text.index("Timeline")
    assert "first violation at" in text


def test_evidence_faults_clock_plan_and_command_are_there() -> None:
    rolled_back = Page(_render(runs.rolled_back_canary())).text
    for part in (
        "Rollback clock",
        "decided to turn back",
        "Failed requests (10 of",
        "harness run scenarios/canary-bad.toml",
    ):
        assert part in rolled_back
    blue_green = Page(_render(runs.unknown_blue_green())).text
    for part in ("6 connections were refused by the proxy", "not proved", "never ran never began", "└── faults"):
        assert part in blue_green


def test_files_are_linked_relative_to_the_page() -> None:
    html = _render(runs.healthy_canary())
    assert 'href="./logs/envoy.log"' in html
    assert 'href="./a%20b%23c.txt"' in html


def test_whatever_is_shown_is_escaped() -> None:
    evidence = Evidence(HOSTILE, (HOSTILE,), ((HOSTILE,),), 1)
    verdict = Verdict(HOSTILE, Status.FAIL, HOSTILE, {HOSTILE: HOSTILE}, (evidence,), 1.0)
    facts = replace(
        runs.FACTS, scenario=HOSTILE, summary=HOSTILE, old=HOSTILE, command=HOSTILE, machine=HOSTILE, faults=(HOSTILE,)
    )
    moments = [
        runs.moment(1, Kind.STEP, HOSTILE, 2),
        runs.moment(1, Kind.SETBACK, HOSTILE, reason=HOSTILE),
        runs.moment(1, Kind.FAULT, HOSTILE, 2, kind=HOSTILE, target=HOSTILE, bit=True, bit_by=HOSTILE),
    ]
    with History.of(facts, moments, {}) as history:
        html = render(history, (verdict,), HOSTILE, {HOSTILE: {HOSTILE: HOSTILE}}, [HOSTILE])
    page = Page(html)
    assert page.tags.count("script") == 2
    assert "img" not in page.tags
    assert page.inline == []
    assert "\x00" not in html


def test_nothing_recorded_and_nothing_judged_is_unknown() -> None:
    with History.of(runs.FACTS, [], {}) as history:
        text = Page(render(history, (), "", {})).text
    assert text.startswith("UNKNOWN: canary healthy")
    assert "No checker judged this run" in text
    assert "no request was recorded" in text


def test_workers_on_other_machines_are_told_with_their_clocks() -> None:
    story = Story(remote_workers=2).request(1.0).worker("load-0", bound_ms=0.25)
    story.worker("load-1", trouble="it was lost")
    page = Page(render(story.history(), (), "", {}))
    assert "2 workers in the cluster; clocks: load-0 +5000.000 ± 0.250 ms" in page.text
    assert (
        "load-0 recorded 10 requests; its clock: offset 5000.000 ms, drift 0.000 ms, error at most 0.250 ms"
        in page.text
    )
    assert "records of load-1 are NOT WHOLE: it was lost" in page.text
