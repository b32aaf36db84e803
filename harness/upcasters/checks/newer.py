"""An event of a version that is newer than all it knows is refused, or is read right; never loaded in silence."""

from __future__ import annotations

from collections.abc import Iterator

from harness.upcasters.checks.findings import evidence, failed
from harness.upcasters.observations import Loading, Newness, Observations
from harness.verdict import Cell, Status, Verdict

NAME = "newer"


def newer(seen: Observations) -> Verdict:
    """Fails for an event that is loaded without an error and lacks what its class or schema says it has.

    Loaded without an error, and nothing to say whether it was read right: unknown.
    """
    tried = [each for each in seen.loadings if each.newness is not Newness.NEWEST]
    silent = [each for each in tried if not each.refusal]
    figures: dict[str, Cell] = {"events": len(tried), "loaded_silently": len(silent)}
    harmed = [record for each in silent for record in _harm(seen, each)]
    if harmed:
        position, what, harm = harmed[0]
        reason = f"The event at {position} ({what}) is loaded without an error, but {harm}."
        return failed(NAME, reason, evidence("loaded in silence", ("event", "what", "harm"), harmed), figures)
    open_ones = [each for each in silent if not _is_admitted(seen, each)]
    if open_ones:
        first = open_ones[0].event
        reason = (
            f"Nothing refuses an event of {first.event_type} {first.version}: it is loaded as version "
            f"{_newest(seen, open_ones[0])} without an error, and nothing says whether that reads it right."
        )
        return Verdict(NAME, Status.UNKNOWN, reason, figures)
    if not tried:
        return Verdict(NAME, Status.UNKNOWN, "There was no event type to try it with.", figures)
    return Verdict(NAME, Status.PASS, f"{len(tried)} events of a newer version were refused, or read right.", figures)


def _harm(seen: Observations, loading: Loading) -> Iterator[tuple[Cell, ...]]:
    event = loading.event
    if loading.newness is not Newness.NEWER:
        return
    newest = _newest(seen, loading)
    what = f"{event.event_type} {event.version}, loaded as {newest}"
    if loading.missing:
        yield event.position, what, f"lacks {', '.join(loading.missing)}, which its class declares"
        return
    schema = seen.schemas.of(event.event_type, newest)
    if schema is not None and (complaint := schema.complaint(event.data)):
        yield event.position, what, f"does not satisfy the schema of version {newest}: {complaint}"


def _is_admitted(seen: Observations, loading: Loading) -> bool:
    """By the schema of the version as which it is loaded."""
    schema = seen.schemas.of(loading.event.event_type, _newest(seen, loading))
    return schema is not None and loading.newness is Newness.NEWER and not schema.complaint(loading.event.data)


def _newest(seen: Observations, loading: Loading) -> int:
    return next(each.newest for each in seen.versions if each.event_type == loading.event.event_type)
