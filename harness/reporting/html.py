"""report.html: one self-contained page for people, from the verdict down to the records that prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from harness.history import History, Kind
from harness.reporting.drawing import NARROW, WIDE, draw, legend_symbol, version_class
from harness.reporting.json_report import Options
from harness.reporting.judgement import judge, tally, worst_first
from harness.reporting.key_figures import key_figures, rollback_clock
from harness.reporting.narration import narrate
from harness.reporting.pages import environment, inline, policy
from harness.reporting.text import decimal
from harness.reporting.timeline_data import MarkKind, Timeline, stored_events, timeline
from harness.verdict import Verdict

LOG_LINES_MAX = 400
LIMIT_OPTION = "p99_ms_max"


@dataclass(frozen=True)
class FileLink:
    name: str
    link: str


def render(
    history: History, verdicts: Sequence[Verdict], plan: str, options: Options, files: Sequence[str] = ()
) -> str:
    """The page. `files` are paths relative to it, to be linked."""
    facts, drawn = history.facts, timeline(history, verdicts)
    judgement = judge(verdicts)
    css, script = inline("report.css"), inline("report.js")
    log = [(moment.at_ns / 1e9, line) for moment in history.timeline if (line := narrate(moment))]
    templates = environment()
    templates.filters.update(
        symbol=lambda kind: Markup(legend_symbol(kind)),
        version_class=lambda version: version_class(drawn.versions, version),
    )
    return templates.get_template("report.html.j2").render(
        policy=policy(css=css, script=script),
        css=css,
        script=script,
        facts=facts,
        judgement=judgement,
        status=judgement.status,
        tally=tally(verdicts),
        key_figures=key_figures(drawn, verdicts, stored_events(history)),
        timeline=drawn,
        mark_kinds=_mark_kinds(drawn),
        pictures=[Markup(draw(drawn, layout, _p99_limit_ms(options))) for layout in (WIDE, NARROW)],
        clock=rollback_clock(verdicts),
        verdicts=worst_first(verdicts),
        options=options,
        faults_missing=[name for name in facts.faults if name not in {fault.name for fault in drawn.faults}],
        plan=plan,
        log=log[:LOG_LINES_MAX],
        log_hidden=max(0, len(log) - LOG_LINES_MAX),
        run_facts=_run_facts(history),
        files=[FileLink(name, "./" + quote(name)) for name in files],
        bins=_bins(drawn),
    )


def _mark_kinds(drawn: Timeline) -> list[MarkKind]:
    present = {mark.kind for mark in drawn.marks}
    return [kind for kind in MarkKind if kind in present]


def _p99_limit_ms(options: Options) -> float | None:
    """The limit that some checker judged the 99th percentile by."""
    judged_by = [item for options_of_one in options.values() for item in options_of_one.items()]
    limits = [value for name, value in judged_by if name.rpartition(".")[2] == LIMIT_OPTION]
    return next((float(limit) for limit in limits if isinstance(limit, (int, float))), None)


def _run_facts(history: History) -> list[tuple[str, str]]:
    facts = history.facts
    named = [
        ("run", facts.run_id),
        ("started", facts.started_at),
        ("environment", facts.environment),
        ("driver", facts.driver),
        ("strategy", facts.strategy),
        ("change", f"{facts.old} → {facts.new}"),
        ("expected to end in", facts.ending),
        ("instances", ", ".join(f"{number} {service}" for service, number in facts.replicas.items())),
        ("load asked for", f"{decimal(facts.rate_per_s)} requests/s"),
        ("load sent by", _senders(history)),
        ("seed", str(facts.seed)),
        ("harness", facts.harness_version),
        ("machine", facts.machine),
    ]
    return [(name, value) for name, value in named if value]


def _senders(history: History) -> str:
    """Who on other machines, and how well their clocks are known."""
    if not history.facts.remote_workers:
        return ""
    clocks = [
        f"{moment.name} {offset_ns / 1e6:+.3f} ± {bound_ns / 1e6:.3f} ms"
        for moment in history.moments(Kind.WORKER)
        if isinstance(offset_ns := moment.detail.get("offset_ns"), int)
        and isinstance(bound_ns := moment.detail.get("bound_ns"), int)
    ]
    return f"{history.facts.remote_workers} workers in the cluster; clocks: {', '.join(clocks) or 'unknown'}"


def _bins(drawn: Timeline) -> dict[str, object]:
    """What the page's script tells of the bin under the pointer."""
    return {
        "bin_s": drawn.axis.bin_s,
        "bins": drawn.axis.bins,
        "end_s": drawn.axis.end_s,
        "versions": [
            {
                "name": series.version or "nobody",
                "served": series.served,
                "failed": series.failed,
                "p50_ms": _rounded(series.p50_ms),
                "p99_ms": _rounded(series.p99_ms),
            }
            for series in drawn.traffic
        ],
        "errors": [{"name": series.error, "failed": series.failed} for series in drawn.errors],
    }


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 2) for value in values]
