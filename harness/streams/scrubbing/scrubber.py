"""Applying the rules to an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import msgspec

from harness.streams.event import RecordedEvent, event_of
from harness.streams.scrubbing.actions import REMOVED, act
from harness.streams.scrubbing.rules import ANY, Rule, Rules, Steps, Unknown, pointer


class Uncovered(ValueError):
    """Parts of an event that no rule speaks of; the event may not be written. Says where they are, never what."""

    def __init__(self, event_type: str, paths: Sequence[str]) -> None:
        super().__init__(f"{event_type}: no rule for {', '.join(paths)}")
        self.event_type = event_type
        self.paths = tuple(paths)


@dataclass
class Scrubber:
    """Scrubs events by `rules`. What the rules come to for a type of events is worked out once."""

    rules: Rules
    key: bytes
    _by_type: dict[str, tuple[tuple[Steps, Rule], ...]] = field(default_factory=dict)

    def scrub(self, event: RecordedEvent) -> RecordedEvent:
        """The event as it may be written.

        Its data are the very bytes only where all of them are kept, by one rule or by none: within JSON that is written
        anew nothing can hide, such as the first of two fields of one name.
        Raises Uncovered if the rules deny a part of it, ValueError if one cannot be carried out; neither message
        holds any of the data.
        """
        walk = _Walk(self._rules_for(event.type), self.rules.unknown, self.key)
        data = _parsed(event.data)
        stream = walk.value(event.stream, ("stream",), None)
        new_data = walk.value(data, ("data",), None)
        metadata = {
            name: value
            for name, before in event.metadata.items()
            if (value := walk.value(before, ("metadata", name), walk.rule_at(("metadata",)))) is not REMOVED
        }
        if walk.uncovered:
            raise Uncovered(event.type, sorted(set(walk.uncovered)))
        if not isinstance(stream, str):
            raise ValueError(  # noqa: TRY004 (the rules are wrong, not the program)
                "rules must leave an event the name of its stream: hash it, or put a constant in place"
            )
        return event_of(
            {
                "stream": stream,
                "position": event.position,
                "type": event.type,
                "version": event.version,
                "data": event.data if new_data is data else _rendered(new_data),
                "metadata": metadata,
            }
        )

    def _rules_for(self, event_type: str) -> tuple[tuple[Steps, Rule], ...]:
        if event_type not in self._by_type:
            longest_first = sorted(self.rules.rules, key=lambda rule: -len(rule.steps))
            self._by_type[event_type] = tuple((rule.steps, rule) for rule in longest_first if rule.is_for(event_type))
        return self._by_type[event_type]


@dataclass
class _Walk:
    """Goes through one event, from the root to where no longer path speaks of what is within."""

    rules: tuple[tuple[Steps, Rule], ...]
    unknown: Unknown
    key: bytes
    uncovered: list[str] = field(default_factory=list)

    def value(self, value: object, steps: Steps, inherited: Rule | None) -> object:
        """`inherited` is the rule of what the value is part of."""
        rule = self.rule_at(steps) or inherited
        by_parts = self._speaks_of_parts(steps) or (rule is None and self.unknown is not Unknown.KEEP)
        if isinstance(value, dict | list) and value and by_parts:
            return self._parts(value, steps, rule)
        if rule is not None:
            return act(rule, value, self.key)
        match self.unknown:
            case Unknown.DENY:
                self.uncovered.append(pointer(steps))
                return REMOVED
            case Unknown.REMOVE:
                return REMOVED
            case Unknown.KEEP:
                return value

    def rule_at(self, steps: Steps) -> Rule | None:
        return next((rule for pattern, rule in self.rules if _matches(pattern, steps)), None)

    def _speaks_of_parts(self, steps: Steps) -> bool:
        return any(len(pattern) > len(steps) and _matches(pattern[: len(steps)], steps) for pattern, _ in self.rules)

    def _parts(self, value: dict[str, object] | list[object], steps: Steps, rule: Rule | None) -> object:
        if isinstance(value, list):
            elements = (self.value(inner, (*steps, ANY), rule) for inner in value)
            return [element for element in elements if element is not REMOVED]
        fields = ((name, self.value(inner, (*steps, name), rule)) for name, inner in value.items())
        return {name: inner for name, inner in fields if inner is not REMOVED}


def _matches(pattern: Steps, steps: Steps) -> bool:
    return len(pattern) == len(steps) and all(
        wanted in (ANY, step) for wanted, step in zip(pattern, steps, strict=True)
    )


def _parsed(data: bytes) -> object:
    """As JSON if they are, else as they are."""
    try:
        return cast(object, msgspec.json.decode(data))
    except ValueError:
        return data


def _rendered(data: object) -> bytes:
    if data is REMOVED:
        return b"null"
    return data if isinstance(data, bytes) else msgspec.json.encode(data)
