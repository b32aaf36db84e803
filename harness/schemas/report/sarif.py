"""SARIF 2.1.0, so that a review shows on the line what a schema's change breaks.

What GitHub's code scanning asks of it: relative addresses of files, a rule and a message for each result, and a
fingerprint by which a result is known again in the next run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from harness import __version__
from harness.schemas.checking import Answer, Broken, Checked
from harness.schemas.decision import Compatibility, Json
from harness.schemas.optional import RuleText
from harness.schemas.report.place import Place, place_of
from harness.schemas.version_order import version_key

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
INVALID, UNDECIDED = "invalid-schema", "undecided"
RESULTS_MAX = 5000
"""Code scanning takes no more of one run."""


def sarif(checked: Checked, rules: Sequence[RuleText], base: Path) -> str:
    """A result for each pair that is not compatible and each file that is no schema. `base` is the checkout's root."""
    results = [*_results(checked, base), *(_invalid(broken, base) for broken in checked.broken)][:RESULTS_MAX]
    known = {rule.name: rule for rule in rules}
    named = sorted({str(result["ruleId"]) for result in results})
    run: dict[str, Json] = {
        "tool": {
            "driver": {
                "name": "rollproof",
                "semanticVersion": __version__,
                "rules": [_rule(name, known, checked.format) for name in named],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": list(results),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _results(checked: Checked, base: Path) -> Iterator[dict[str, Json]]:
    """One for each pair of files, though several phases have it."""

    def pair(answer: Answer) -> tuple[Path, Path]:
        return answer.reader.file, answer.writer.file

    for _, group in groupby(sorted(checked.answers, key=pair), key=pair):
        answers = list(group)
        if answers[0].decision.compatibility is not Compatibility.COMPATIBLE:
            yield _result(answers, checked.format, base)


def _result(answers: Sequence[Answer], format_name: str, base: Path) -> dict[str, Json]:
    """It points at the newer of the two versions, which a change brings in; the other is related."""
    answer = answers[0]
    decision = answer.decision
    reader, writer = place_of(answer.reader.file, decision.path), place_of(answer.writer.file, decision.writer_path)
    newer = _reader_is_newer(answer)
    at, other = (reader, writer) if newer else (writer, reader)
    older = answer.writer.version if newer else answer.reader.version
    proved = decision.compatibility is Compatibility.INCOMPATIBLE
    rule = f"{format_name}/{decision.rule or UNDECIDED}"
    return {
        "ruleId": rule,
        "level": "error" if proved else "warning",
        "message": {"text": _message(answers)},
        "locations": [_location(at, base)],
        "relatedLocations": [
            {"id": 1, **_location(other, base), "message": {"text": f"version {older}" if older else "the writer"}}
        ],
        "partialFingerprints": {
            "rollproof/v1": _fingerprint(rule, _address(at.file, base), _address(other.file, base), decision.path)
        },
    }


def _reader_is_newer(answer: Answer) -> bool:
    """Of a pair on its own the reader is taken for the newer, as in the mode BACKWARD."""
    return version_key(answer.reader.version) >= version_key(answer.writer.version)


def _message(answers: Sequence[Answer]) -> str:
    answer, decision = answers[0], answers[0].decision
    phases = ", ".join(dict.fromkeys(each.phase.value for each in answers if each.phase))
    who = f"{answer.reader.type} {answer.reader.version}" if answer.reader.type else answer.reader.file.name
    what = answer.writer.version or answer.writer.file.name
    verb = "does not read all that" if decision.compatibility is Compatibility.INCOMPATIBLE else "may not read what"
    text = f"{f'{phases}: ' if phases else ''}{who} {verb} {what} writes: {decision.reason}."
    if decision.witness is None:
        return text
    event = json.dumps(decision.witness.event, ensure_ascii=False)
    return f"{text} Witness: {event:.1000} ({decision.witness.refusal})"


def _invalid(broken: Broken, base: Path) -> dict[str, Json]:
    place = Place(broken.schema.file, broken.error.line or 1)
    return {
        "ruleId": INVALID,
        "level": "error",
        "message": {"text": str(broken.error)},
        "locations": [_location(place, base)],
        "partialFingerprints": {"rollproof/v1": _fingerprint(INVALID, _address(place.file, base))},
    }


def _rule(name: str, known: dict[str, RuleText], format_name: str) -> dict[str, Json]:
    text = known.get(name.removeprefix(f"{format_name}/"))
    short = {
        INVALID: "A file is no schema",
        f"{format_name}/{UNDECIDED}": "Whether one version reads another could not be decided",
    }.get(name, f"A version of a schema does not read another ({name})")
    full = text.meaning if text else short
    return {
        "id": name,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": f"{full}\n\n{text.remedy}" if text else full},
        "defaultConfiguration": {"level": "error"},
    }


def _location(place: Place, base: Path) -> dict[str, Json]:
    artifact: dict[str, Json] = {"uri": _address(place.file, base)}
    if place.file.resolve().is_relative_to(base):
        artifact["uriBaseId"] = "%SRCROOT%"
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": place.line}}}


def _address(file: Path, base: Path) -> str:
    full = file.resolve()
    return quote(full.relative_to(base).as_posix()) if full.is_relative_to(base) else full.as_uri()


def _fingerprint(*parts: str) -> str:
    """Of what stays the same while lines move."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
