"""Decisions for people, in a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import fill, indent

from harness.plain_text import printable, shortened
from harness.schemas.checking import Answer, Broken, Checked
from harness.schemas.decision import Compatibility, Decision
from harness.schemas.gate import GateAnswer, Reading
from harness.schemas.optional import Difference, RuleText
from harness.schemas.phases import Phase
from harness.schemas.report.place import place_of

WITNESS_LETTERS_MAX = 400
WIDTH = 100
_WORST = (Compatibility.INCOMPATIBLE, Compatibility.UNKNOWN, Compatibility.COMPATIBLE)


# ── one decision ─────────────────────────────────────────────────────────────────────────────────────────────────────


def pair_text(answer: Answer) -> str:
    """One pair of files at length."""
    reader, writer = answer.reader.file, answer.writer.file
    lines = [f"{answer.decision.compatibility.value}: {_claim(answer, str(reader), str(writer))}", *_details(answer)]
    return "\n".join(lines)


def _claim(answer: Answer, reader: str, writer: str) -> str:
    match answer.decision.compatibility:
        case Compatibility.COMPATIBLE:
            return f"{reader} reads what {writer} writes"
        case Compatibility.INCOMPATIBLE:
            return f"{reader} does not read all that {writer} writes"
        case Compatibility.UNKNOWN:
            return f"whether {reader} reads what {writer} writes"


def _details(answer: Answer) -> Iterator[str]:
    decision = answer.decision
    if decision.compatibility is not Compatibility.COMPATIBLE:
        at = f"  {decision.path}" if decision.path else ""
        yield _labelled("at", f"{place_of(answer.reader.file, decision.path)}{at}")
    if decision.rule:
        yield _labelled("rule", decision.rule)
    yield _labelled("because", decision.reason)
    yield from _witness(decision)
    yield _labelled("searched", _effort(decision))
    for note in decision.notes:
        yield _labelled("note", note)


def _witness(decision: Decision) -> Iterator[str]:
    if decision.witness is None:
        return
    event = json.dumps(decision.witness.event, ensure_ascii=False)
    yield _labelled("witness", shortened(event, WITNESS_LETTERS_MAX))
    if decision.witness.encoded_hex:
        yield _labelled("encoded", shortened(decision.witness.encoded_hex, WITNESS_LETTERS_MAX))
    yield _labelled("refused", decision.witness.refusal)


def _effort(decision: Decision) -> str:
    directed, generated = decision.effort.directed, decision.effort.generated
    if not directed and not generated:
        return "no event had to be tried"
    by_chance = f", {generated} by chance" if generated else ""
    return f"{directed} event{'s' if directed != 1 else ''} made for the differences{by_chance}"


def _tried(decisions: Sequence[Decision]) -> str:
    """How hard it was searched for all of them together, in few words."""
    events = sum(each.effort.directed + each.effort.generated for each in decisions)
    return f"{events} event{'s' if events != 1 else ''} tried" if events else "no event had to be tried"


def _labelled(label: str, text: str) -> str:
    return f"  {label:<9} {printable(text)}"


# ── a folder ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def folder_text(checked: Checked) -> str:
    """A block for each type of event: a line for each phase, then each pair that is not compatible, once."""
    blocks = [
        "\n".join(_type_block(name, list(answers)))
        for name, answers in groupby(checked.answers, key=lambda answer: answer.reader.type)
    ]
    if checked.broken:
        blocks.append("\n".join(_broken_block(checked.broken)))
    return "\n\n".join((*blocks, _summary(checked)))


def _type_block(name: str, answers: Sequence[Answer]) -> Iterator[str]:
    yield f"{name}: {_worst(answers).value}"
    yield from _phase_lines(answers)
    pairs = {(answer.reader.file, answer.writer.file): answer for answer in answers}
    for pair, answer in pairs.items():
        if answer.decision.compatibility is not Compatibility.COMPATIBLE:
            phases = [each.phase for each in answers if (each.reader.file, each.writer.file) == pair]
            yield ""
            yield f"  {_claim(answer, answer.reader.version, answer.writer.version)} ({_phases(phases)})"
            yield from (f"  {line}" for line in _details(answer))
        elif answer.decision.notes:
            yield ""
            yield f"  {_claim(answer, answer.reader.version, answer.writer.version)}"
            yield from (f"  {_labelled('note', note)}" for note in answer.decision.notes)


def _phase_lines(answers: Sequence[Answer]) -> Iterator[str]:
    """A line for each verdict that a reader has in a phase, with all versions that it has it of."""
    rows: list[tuple[str, str, str]] = []
    for (phase, reader, verdict), group in groupby(
        answers, key=lambda each: (each.phase, each.reader.version, each.decision.compatibility)
    ):
        label = phase.value if phase else ""
        found = list(group)
        writers = ", ".join(each.writer.version for each in found)
        proof = f" ({_tried([each.decision for each in found])})" if verdict is Compatibility.COMPATIBLE else ""
        rows.append((label, f"{reader} reads {writers}", f"{verdict.value}{proof}"))
    width = max(len(question) for _, question, _ in rows)
    before = ""
    for label, question, verdict in rows:
        yield f"  {label if label != before else '':<18} {question:<{width}}  {verdict}"
        before = label


def _phases(phases: Iterable[Phase | None]) -> str:
    return ", ".join(dict.fromkeys(phase.value for phase in phases if phase))


def _broken_block(broken: Sequence[Broken]) -> Iterator[str]:
    yield "No schemas; nothing is said of these files:"
    yield from (f"  {printable(str(each.error))}" for each in broken)


def _summary(checked: Checked) -> str:
    broken = f"; {len(checked.broken)} no schema" if checked.broken else ""
    if not checked.answers:
        return f"nothing was compared{broken}"
    worst = _worst(checked.answers)
    if worst is Compatibility.COMPATIBLE:
        pairs = {(answer.reader.file, answer.writer.file) for answer in checked.answers}
        return f"compatible: {len(pairs)} pair{'s' if len(pairs) != 1 else ''} of versions{broken}"
    phases: dict[str, list[Phase | None]] = {}
    for answer in checked.answers:
        if answer.decision.compatibility is worst:
            phases.setdefault(answer.reader.type, []).append(answer.phase)
    return f"{worst.value}: {'; '.join(f'{name} ({_phases(found)})' for name, found in phases.items())}{broken}"


def _worst(answers: Iterable[Answer]) -> Compatibility:
    return min((answer.decision.compatibility for answer in answers), key=_WORST.index)


# ── the gate ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def gate_text(answer: GateAnswer) -> str:
    return "\n".join(_gate_lines(answer))


def _gate_lines(answer: GateAnswer) -> Iterator[str]:
    yield {
        "yes": f"yes: {answer.writer} may write; all that is deployed reads it",
        "no": f"no: {answer.writer} may not write yet; {_who(answer, Compatibility.INCOMPATIBLE)} would not read it",
        "unknown": f"unknown: whether {_who(answer, Compatibility.UNKNOWN)} would read what {answer.writer} writes",
    }[answer.word]
    for reading in answer.readings:
        if reading.decision.compatibility is not Compatibility.COMPATIBLE:
            yield from _reading_lines(reading)
    ready: dict[str, list[str]] = {}
    for reading in answer.readings:
        if reading.decision.compatibility is Compatibility.COMPATIBLE:
            ready.setdefault(str(reading.reader), []).append(
                f"{reading.type} {reading.written} ({_tried([reading.decision])})"
            )
    yield from (f"  {reader} is ready for {', '.join(types)}" for reader, types in ready.items())
    yield from (f"  {type_} is read by nothing that is deployed" for type_ in answer.unread)


def _who(answer: GateAnswer, found: Compatibility) -> str:
    readers = (str(each.reader) for each in answer.readings if each.decision.compatibility is found)
    return " and ".join(dict.fromkeys(readers))


def _reading_lines(reading: Reading) -> Iterator[str]:
    decision = reading.decision
    known, verdict = " or ".join(reading.reads), decision.compatibility.value
    yield f"  {reading.type} {reading.written}: {reading.reader}, which reads by {known}, is {verdict}"
    rule = f"{decision.rule} at {decision.path or 'the root'}: " if decision.rule else ""
    yield f"  {_labelled('because', f'{rule}{decision.reason}')}"
    yield from (f"  {line}" for line in _witness(decision))


# ── differences and rules ────────────────────────────────────────────────────────────────────────────────────────────


def differences_text(found: Sequence[Difference] | None, backward: Decision, forward: Decision) -> str:
    """None for a format that does not tell differences."""
    lines: list[str] = []
    for difference in found or ():
        lines.append(f"{difference.path or '(root)'}: {difference.text}")
        lines.append(_labelled("backward", difference.backward or "safe"))
        lines.append(_labelled("forward", difference.forward or "safe"))
        lines.append("")
    if not found:
        lines += ["nothing differs" if found is not None else "this format does not tell single differences", ""]
    return "\n".join((*lines, _direction("backward", backward), _direction("forward", forward)))


def _direction(name: str, decision: Decision) -> str:
    rule = f" ({decision.rule} at {decision.path or 'the root'})" if decision.rule else ""
    return f"{name + ':':<10}{decision.compatibility.value}{rule}"


def rule_text(rule: RuleText, example: Decision) -> str:
    parts = [
        rule.name,
        _wrapped(rule.meaning),
        f"For example, this reader:\n{_indented(rule.reader)}\ndoes not read this writer:\n{_indented(rule.writer)}",
        "\n".join(_witness(example)),
        _wrapped(f"Instead: {rule.remedy}"),
    ]
    return "\n\n".join(parts)


def rule_of_pair_text(rule: RuleText) -> str:
    return f"{_wrapped(f'{rule.name}: {rule.meaning}')}\n\n{_wrapped(f'Instead: {rule.remedy}')}"


def rules_text(rules: Sequence[RuleText]) -> str:
    return "\n\n".join(f"{rule.name}\n{indent(_wrapped(rule.meaning), '    ')}" for rule in rules)


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_on_hyphens=False)


def _indented(text: str) -> str:
    return indent(text, "    ")
