"""May this reader read whatever this writer may have written? The rules find where to look, fastavro has the word.

- The rules see a difference: an event is aimed at it. If fastavro refuses it, or makes of it what the reader's schema
  does not admit, the pair is incompatible and the event is the witness. If it reads all of them, the pair is unknown.
- The rules see none: events are made for whatever differs without harm, and by chance. If fastavro reads them all as
  the specification says, the pair is compatible. If it does not, the pair is unknown, and the event is shown.

What fastavro does is what a system does that uses it; what the specification says is what others can be expected to do.
Where the two part, neither word is good for the other's users.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from harness.schemas.avro.chance import Chance
from harness.schemas.avro.comparison import Comparison, Meeting, Mismatch, compare
from harness.schemas.avro.costs import Costs
from harness.schemas.avro.events import Events
from harness.schemas.avro.json_encoding import shown
from harness.schemas.avro.matching import Matching
from harness.schemas.avro.model import AvroSchema, Datum, Fixed, Primitive, Record, Union
from harness.schemas.avro.notes import notes_on
from harness.schemas.avro.rules import Rule
from harness.schemas.avro.trial import Outcome, Trial, Tried
from harness.schemas.decision import Compatibility, Decision, Effort

GENERATED = 200
"""Events by chance for a pair that the rules let pass."""
DIRECTED_MAX = 1000
PARTS_TRIED_MAX = 40_000
"""Values in all events of one search; what bounds its time where events are large."""
BYTES_TRIED_A_PART = 4
MISMATCHES_TRIED = 30
AIMS_TRIED = 20
ALSO_NAMED = 8
SEED = 1


def decide(reader: AvroSchema, writer: AvroSchema) -> Decision:
    costs = Costs(writer)
    if not costs.possible(writer.root):
        return Decision(Compatibility.COMPATIBLE, "", "", "there is no event that the writer's schema admits")
    least = costs.of(writer.root)
    if not least.affordable:
        size = f"{least.parts:,.0f} values, {least.depth:,.0f} deep"
        return Decision(Compatibility.UNKNOWN, "", "", f"the smallest event has {size}: too large to be tried")
    matching = Matching(reader, writer)
    compared = compare(matching, costs)
    notes = notes_on(matching, compared)
    search = _Search(matching, costs)
    return search.for_witness(compared, notes) if compared.mismatches else search.for_exception(compared, notes)


@dataclass(frozen=True)
class _Run:
    """How many events were tried, the first that was not read as it should be, and whether there were more."""

    count: int
    broken: Tried | None = None
    cut: bool = False


class _Search:
    def __init__(self, matching: Matching, costs: Costs) -> None:
        self._writer = matching.writer
        self._costs = costs
        self._events = Events(matching.writer, costs)
        self._trial = Trial(matching)

    # ── the rules see a difference ───────────────────────────────────────────────────────────────────────────────────

    def for_witness(self, compared: Comparison, notes: tuple[str, ...]) -> Decision:
        effort = 0
        read: Tried | None = None
        for mismatch in compared.mismatches[:MISMATCHES_TRIED]:
            for event in islice(self._aimed_at(mismatch), AIMS_TRIED):
                tried = self._trial.of(event)
                effort += 1
                if tried.outcome in (Outcome.REFUSED, Outcome.BROKEN):
                    return Decision(
                        Compatibility.INCOMPATIBLE,
                        mismatch.rule.value,
                        mismatch.path,
                        mismatch.reason,
                        tried.witness(),
                        Effort(directed=effort),
                        (*_others(mismatch, compared), *notes),
                        mismatch.writer_path,
                    )
                read = read or tried
        return _unproved(compared.mismatches[0], read, Effort(directed=effort), notes)

    def _aimed_at(self, mismatch: Mismatch) -> Iterator[Datum]:
        if not self._events.affordable_along(mismatch.trail):
            return
        aims = mismatch.aims or (self._events.telling(self._events.at(mismatch.trail)),)
        yield from (self._events.along(mismatch.trail, aim) for aim in aims)

    # ── the rules see none ───────────────────────────────────────────────────────────────────────────────────────────

    def for_exception(self, compared: Comparison, notes: tuple[str, ...]) -> Decision:
        directed = self._run(islice(self._directed(compared), DIRECTED_MAX))
        generated = self._run(self._by_chance()) if directed.broken is None else _Run(0)
        effort = Effort(directed.count, generated.count)
        if broken := directed.broken or generated.broken:
            reason = f"by the specification the reader reads {shown(broken.event)}, but {broken.said}"
            return Decision(Compatibility.UNKNOWN, Rule.DECODER.value, "", reason, broken.witness(), effort, notes)
        if untried := next((each for each in compared.meetings if not self._can_reach(each)), None):
            reason = f"what is read at {untried.reader.path or 'the root'} is too large or too deep to be tried"
            return Decision(Compatibility.UNKNOWN, "", untried.reader.path, reason, None, effort, notes)
        if directed.cut or directed.count == DIRECTED_MAX:
            notes = (*notes, "the directed search ended before every branch and symbol was tried")
        reason = "whatever the writer's schema admits is read"
        return Decision(Compatibility.COMPATIBLE, "", "", reason, None, effort, notes)

    def _run(self, events: Iterable[Datum]) -> _Run:
        parts_an_event = int(self._costs.of(self._writer.root).parts)
        parts_left = PARTS_TRIED_MAX
        count = 0
        for event in events:
            tried = self._trial.of(event)
            count += 1
            if tried.outcome not in (Outcome.READ, Outcome.NOT_TEXT):
                return _Run(count, broken=tried)
            parts_left -= parts_an_event + len(tried.encoded) // BYTES_TRIED_A_PART
            if parts_left < 0:
                return _Run(count, cut=True)
        return _Run(count)

    def _directed(self, compared: Comparison) -> Iterator[Datum]:
        yield self._events.plain(self._writer.root)
        for meeting in compared.meetings:
            if _has_boundaries(meeting) and self._can_reach(meeting):
                for value in self._events.boundaries(meeting.writer):
                    yield self._events.along(meeting.trail, value)

    def _can_reach(self, meeting: Meeting) -> bool:
        return self._events.affordable_along(meeting.trail)

    def _by_chance(self) -> Iterator[Datum]:
        chance = Chance(self._writer, self._costs, self._events, SEED)
        return (chance.event() for _ in range(GENERATED))


def _has_boundaries(meeting: Meeting) -> bool:
    """A primitive has where it is read as another; branches, symbols and elements always have."""
    match meeting.reader, meeting.writer:
        case Primitive(kind=read_kind), Primitive(kind=written_kind):
            return read_kind != written_kind
        case Union(), other if not isinstance(other, Union):
            return False  # the branch that reads it is met on its own
        case _, other:
            return not isinstance(other, (Primitive, Fixed, Record))


def _others(mismatch: Mismatch, compared: Comparison) -> Iterator[str]:
    others = [other for other in compared.mismatches if other is not mismatch]
    for other in others[:ALSO_NAMED]:
        yield f"also {other.rule} at {other.path or 'the root'}: {other.reason}"
    if len(others) > ALSO_NAMED:
        yield f"and {len(others) - ALSO_NAMED} more differences"


def _unproved(mismatch: Mismatch, tried: Tried | None, effort: Effort, notes: tuple[str, ...]) -> Decision:
    if tried is None:
        cause = "the event that would show it is too large to be tried"
    else:
        cause = f"yet of {shown(tried.event)} {tried.said}, so only other libraries refuse it"
    return Decision(
        Compatibility.UNKNOWN,
        mismatch.rule.value,
        mismatch.path,
        f"by the specification {mismatch.reason}; {cause}",
        None,
        effort,
        notes,
        mismatch.writer_path,
    )
