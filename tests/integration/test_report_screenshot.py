"""The report as a browser shows it: Chromium, headless, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from harness.reporting import write_report
from harness.reporting.summary import NotShown, RunRow, Summary, VariantRow, write_summary
from harness.verdict import Status
from tests.unit.reporting import runs

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Scheme = Literal["light", "dark"]
RUNS: dict[str, tuple[Callable[[], runs.Run], str]] = {
    "healthy": (runs.healthy_canary, "PASS"),
    "rolled-back": (runs.rolled_back_canary, "FAIL"),
    "unknown": (runs.unknown_blue_green, "UNKNOWN"),
}
VIEWS: list[tuple[int, Scheme]] = [(1280, "light"), (1280, "dark"), (390, "light")]

# Contrast by WCAG 2.2 of every visible text against what lies behind it; the lowest, with its text.
CONTRAST = """
() => {
  const channels = (css) => css.match(/[\\d.]+/g).map(Number);
  const linear = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (node) => {
    for (let up = node; up; up = up.parentElement) {
      const colour = channels(getComputedStyle(up).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let worst = [99, ""];
  for (const node of document.querySelectorAll("main *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest("svg .weights, svg .instances")) continue;
    const style = getComputedStyle(node);
    const front = luminance(channels(node.closest("svg") ? style.fill : style.color));
    const back = luminance(behind(node));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < worst[0]) worst = [ratio, node.textContent.trim().slice(0, 60)];
  }
  return worst;
}
"""

# Pairs of texts in the visible timeline whose boxes overlap by more than a hair.
OVERLAPS = """
() => {
  const texts = [...document.querySelectorAll("svg.timeline text")].filter((node) => node.checkVisibility());
  const boxes = texts.map((node) => [node.textContent, node.getBoundingClientRect()]);
  const found = [];
  boxes.forEach(([one, a], index) => boxes.slice(index + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 3) found.push([one, other]);
  }));
  return found;
}
"""

CLIPPED = """
() => [...document.querySelectorAll("svg.timeline")].filter((svg) => svg.checkVisibility()).flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((node) => {
    const box = node.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
  }).map((node) => node.textContent);
})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


class Opened:
    """A page, with whatever it asked for and complained about."""

    def __init__(self, browser: Browser, file: Path, width: int, scheme: Scheme) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page: Page = self.context.new_page()
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())
        self.width = width

    def assert_sound(self, file: Path) -> None:
        assert self.requested == [file.as_uri()], "the page loads nothing but itself"
        assert self.complaints == []
        assert self.page.evaluate("document.documentElement.scrollWidth") == self.width, "no sideways scrolling"
        ratio, text = self.page.evaluate(CONTRAST)
        assert ratio >= 4.5, f"{text!r} has a contrast of {ratio:.2f}"


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", RUNS)
def test_a_report_in_a_browser(browser: Browser, tmp_path: Path, name: str, width: int, scheme: Scheme) -> None:
    make, word = RUNS[name]
    run = make()
    file = write_report(tmp_path, run.history, run.verdicts, run.plan, run.options).report
    opened = Opened(browser, file, width, scheme)
    with opened.context:
        page = opened.page
        opened.assert_sound(file)
        assert page.title() == f"{word}: {run.history.facts.scenario}"
        heading = page.locator("h1")
        assert heading.inner_text() == word
        box = heading.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 300, "the verdict is seen at once"
        _assert_drawn(page)
        picture = page.screenshot(path=tmp_path / f"{name}-{width}-{scheme}.png", full_page=True)
        assert len(picture) > 20_000


def _assert_drawn(page: Page) -> None:
    visible = page.locator("svg.timeline:visible")
    assert visible.count() == 1, "one of the two sizes is shown"
    for panel in ("weights", "instances", "throughput", "latency", "lag"):
        marks = visible.locator(f".panel.{panel} :is(.area, .life, .line)")
        sizes = marks.evaluate_all("nodes => nodes.map(node => node.getBBox()).map(box => [box.width, box.height])")
        assert sizes, f"{panel} shows nothing"
        assert max(width for width, _ in sizes) > 20
        assert max(height for _, height in sizes) > 1
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(CLIPPED) == []


def test_the_pointer_is_told_the_numbers(browser: Browser, tmp_path: Path) -> None:
    run = runs.rolled_back_canary()
    file = write_report(tmp_path, run.history, run.verdicts, run.plan, run.options).report
    opened = Opened(browser, file, 1280, "light")
    with opened.context:
        tip = opened.page.locator(".tip")
        assert tip.is_hidden()
        opened.page.locator("svg.timeline:visible").hover(position={"x": 500, "y": 300})
        assert tip.is_visible()
        assert "2.0" in tip.inner_text()
        assert "served" in tip.inner_text()
        opened.page.locator("h1").hover()
        assert tip.is_hidden()
        opened.assert_sound(file)


def test_it_is_complete_without_scripts(browser: Browser, tmp_path: Path) -> None:
    run = runs.healthy_canary()
    file = write_report(tmp_path, run.history, run.verdicts, run.plan, run.options).report
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.locator("svg.timeline:visible .panel").count() == 6
        assert page.locator(".tip").is_hidden()


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_the_summary_in_a_browser(browser: Browser, tmp_path: Path, width: int, scheme: Scheme) -> None:
    rows = tuple(
        RunRow(f"scenario {number}", "canary", "local", status, Status.PASS, checker, "why it is so", after, "r.html")
        for number, (status, checker, after) in enumerate(
            [(Status.PASS, "", None), (Status.UNKNOWN, "faults", None), (Status.FAIL, "lost events", 3.2)]
        )
    )
    variants = tuple(
        VariantRow(name, strategy, driver, Status.FAIL, Status.FAIL, "lost events", 1.5, "r.html")
        for driver in ("local", "containers")
        for name in ("acknowledges early", "no upcaster")
        for strategy in ("rolling", "blue-green", "canary", "recreate")
    )
    not_shown = (NotShown("no upcaster", "rolling", "kind", "it cannot be, for a reason that takes a line to tell"),)
    summary = Summary("Nightly", "2026-03-14T02:00:00Z", "2 cores, 8 GiB", rows, variants, not_shown)
    file = write_summary(tmp_path, summary).page
    opened = Opened(browser, file, width, scheme)
    with opened.context:
        opened.assert_sound(file)
        assert opened.page.title() == "FAIL: Nightly"
        assert opened.page.locator(".matrix tr").count() == 9
        opened.page.screenshot(path=tmp_path / f"summary-{width}-{scheme}.png", full_page=True)
