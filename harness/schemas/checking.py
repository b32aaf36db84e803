"""Schemas read from files and decided, each file once and each pair once; what is broken does not stop the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InvalidInput
from harness.schemas import formats
from harness.schemas.decision import Compatibility, Decision, Schema, SchemaFormat
from harness.schemas.folder import SchemaFile, SchemaFolder
from harness.schemas.phases import Mode, Phase, Question, questions, questions_of_mode


@dataclass(frozen=True)
class Answer:
    """What came of one question; `phase` is None where a pair was asked for on its own."""

    phase: Phase | None
    reader: SchemaFile
    writer: SchemaFile
    decision: Decision


@dataclass(frozen=True)
class Broken:
    """A file that is no schema. Nothing is said of pairs that it belongs to."""

    schema: SchemaFile
    error: InvalidInput


@dataclass(frozen=True)
class Checked:
    """All that was asked and could be answered, in the order of the questions."""

    format: str
    answers: tuple[Answer, ...]
    broken: tuple[Broken, ...] = ()

    @property
    def exit_code(self) -> int:
        return exit_code((answer.decision.compatibility for answer in self.answers), broken=bool(self.broken))

    @property
    def word(self) -> str:
        """The exit code's meaning."""
        return {0: "compatible", 1: "incompatible", 2: "unknown"}.get(self.exit_code, "invalid")


def exit_code(found: Iterable[Compatibility], *, broken: bool) -> int:
    """1 for a proved incompatibility; else 4 if something is no schema, 2 if something is unknown, and 0."""
    all_found = set(found)
    if Compatibility.INCOMPATIBLE in all_found:
        return 1
    if broken:
        return InvalidInput.exit_code
    return 2 if Compatibility.UNKNOWN in all_found else 0


class Judge:
    """Reads and decides for one format, and remembers."""

    def __init__(self, format_: SchemaFormat) -> None:
        self.format = format_
        self._schemas: dict[Path, Schema | InvalidInput] = {}
        self._decisions: dict[tuple[Path, Path], Decision] = {}

    def read(self, file: Path) -> Schema:
        """Raises InvalidInput, each time."""
        if file not in self._schemas:
            try:
                self._schemas[file] = formats.read_schema(self.format, file)
            except InvalidInput as error:
                self._schemas[file] = error
        known = self._schemas[file]
        if isinstance(known, InvalidInput):
            raise known
        return known

    def decide(self, reader: Path, writer: Path) -> Decision:
        """Raises InvalidInput if either is no schema."""
        pair = (reader, writer)
        if pair not in self._decisions:
            self._decisions[pair] = self.format.decide(self.read(reader), self.read(writer))
        return self._decisions[pair]


def check_pair(format_: SchemaFormat, reader: Path, writer: Path) -> Checked:
    """Raises InvalidInput if either is no schema."""
    decision = Judge(format_).decide(reader, writer)
    return Checked(format_.name, (Answer(None, SchemaFile("", "", reader), SchemaFile("", "", writer), decision),))


def check_folder(
    format_: SchemaFormat, folder: SchemaFolder, mode: Mode | None = None, lag_max: int | None = None
) -> Checked:
    """By phases, or by a registry's mode."""
    judge = Judge(format_)
    answers: list[Answer] = []
    broken: list[Broken] = []
    for type_ in folder.types:
        for version in type_.versions:
            try:
                judge.read(version.file)
            except InvalidInput as error:
                broken.append(Broken(version, error))
        unreadable = {each.schema for each in broken}
        asked = questions(type_.versions, lag_max) if mode is None else questions_of_mode(type_.versions, mode)
        answers += [
            _answer(judge, question) for question in asked if unreadable.isdisjoint((question.reader, question.writer))
        ]
    return Checked(format_.name, tuple(answers), tuple(broken))


def _answer(judge: Judge, question: Question) -> Answer:
    decision = judge.decide(question.reader.file, question.writer.file)
    return Answer(question.phase, question.reader, question.writer, decision)
