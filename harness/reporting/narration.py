"""What happened, a line a moment: for terminals without a live display, and for the report's log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.history import Kind, Moment
from harness.reporting.text import cell
from harness.verdict import Cell

_CLOCK = {"offset": "offset_ns", "drift": "drift_ns", "error at most": "bound_ns"}


def narrate(moment: Moment) -> str:
    """One line for people, or "" for what is only of use in a chart (samples, fleets)."""
    detail = moment.detail
    match moment.kind:
        case Kind.STEP:
            return f"step {moment.name}"
        case Kind.ACTION | Kind.FAULT | Kind.MISSED | Kind.BASELINE | Kind.WORKER | Kind.MACHINE | Kind.REPLAY:
            return _TELLERS[moment.kind](moment)
        case Kind.GATE:
            return f"gate {'passed' if detail.get('passed') is True else 'FAILED'}: {detail.get('reason', moment.name)}"
        case Kind.SETBACK:
            return f"TURNS BACK: {detail.get('reason', moment.name)}"
        case Kind.ENDED:
            reason = detail.get("reason")
            return f"deployment {detail.get('outcome', 'ended')}" + (f": {reason}" if reason else "")
        case Kind.WEIGHTS:
            return f"weights {_listed(detail)}"
        case Kind.STALL:
            return f"the harness itself did not run for {_length(moment)}"
        case Kind.QUIET:
            return f"consumers and projections {'caught up' if detail.get('reached') is True else 'did NOT catch up'}"
        case Kind.CUT:
            return f"CUT SHORT by {moment.name}"
        case Kind.REMARK:
            return "" if detail.get("routine") is True else f"{moment.name} {detail.get('about')}: {detail.get('text')}"
        case Kind.NOTE:
            return str(detail.get("text", moment.name))
        case Kind.LAG | Kind.FLEET | Kind.DIRECT:
            return ""


def _action(moment: Moment) -> str:
    if moment.until_ns is None:
        return f"{moment.name} …"
    if moment.detail.get("ok") is False:
        return f"{moment.name} FAILED: {moment.detail.get('error', 'no reason given')}"
    left = moment.detail.get("exit_code")
    told = "" if left is None else f", exit code {left}"
    return f"{moment.name} ({_length(moment)}{told}{', killed' if moment.detail.get('killed') is True else ''})"


def _fault(moment: Moment) -> str:
    detail = moment.detail
    what = f"fault {moment.name}" + (f" on {detail['target']}" if detail.get("target") else "")
    if moment.until_ns is None:
        return f"{what} begins"
    bit = "took hold" if detail.get("bit") is True else "NOT PROVED to take hold"
    healed = "healed" if detail.get("healed") is True else "NOT PROVED to heal"
    return f"{what}: {bit} ({detail.get('bit_by', '')}); {healed} ({detail.get('healed_by', '')})"


def _missed(moment: Moment) -> str:
    return f"fault {moment.name} is NOT INJECTED: {moment.detail.get('reason', 'no reason given')}"


def _baseline(moment: Moment) -> str:
    return f"from here on compared with {', '.join(moment.detail)}"


def _worker(moment: Moment) -> str:
    detail = moment.detail
    if detail.get("whole") is not True:
        return f"records of {moment.name} are NOT WHOLE: {detail.get('trouble', 'no reason given')}"
    clock = ", ".join(f"{what} {_milliseconds(detail.get(key))}" for what, key in _CLOCK.items())
    return f"{moment.name} recorded {detail.get('requests')} requests; its clock: {clock}"


def _machine(moment: Moment) -> str:
    busy = moment.detail.get("busy_share")
    return f"the machine's {moment.name} were {f'{busy:.0%}' if isinstance(busy, float) else 'unknown how'} busy"


def _replay(moment: Moment) -> str:
    """Only what is wrong: there is a reading a second."""
    detail = moment.detail
    if not detail.get("failed"):
        return f"replay: {moment.name} is undecided: {detail['undecided']}" if detail.get("undecided") else ""
    event = f"{detail.get('type') or 'an event'} (stream {detail.get('stream')}, position {detail.get('position')})"
    return f"replay: {moment.name} FAILS at {event}: {detail.get('error')}"


def _milliseconds(ns: Cell | None) -> str:
    return f"{ns / 1e6:.3f} ms" if isinstance(ns, int) else "unknown"


def _length(moment: Moment) -> str:
    return f"{((moment.until_ns or moment.at_ns) - moment.at_ns) / 1e9:.2f} s"


def _listed(detail: Mapping[str, Cell]) -> str:
    return ", ".join(f"{name} {cell(value)}" for name, value in detail.items())


_TELLERS: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.ACTION: _action,
    Kind.FAULT: _fault,
    Kind.MISSED: _missed,
    Kind.BASELINE: _baseline,
    Kind.WORKER: _worker,
    Kind.MACHINE: _machine,
    Kind.REPLAY: _replay,
}
