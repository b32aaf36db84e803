"""Placeholders in what an environment hands to processes. The set is closed; environment.py lists it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from harness.errors import InvalidInput

_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.-]*)\}")
"""Only what could be a name, so that JSON in a variable needs no escapes."""


def expand(text: str, values: Mapping[str, str]) -> str:
    """`text` with each `{name}` replaced by its value. Raises InvalidInput for a name that `values` does not have."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            nearest = get_close_matches(name, values, n=1)
            hint = f"did you mean {{{nearest[0]}}}?" if nearest else f"there are {_listed(values)}"
            raise InvalidInput(f"unknown placeholder {{{name}}} in {text!r}; {hint}")
        return values[name]

    return _PLACEHOLDER.sub(value, text)


def expand_all(texts: Sequence[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """`expand` for each part of a command."""
    return tuple(expand(text, values) for text in texts)


def expand_values(variables: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """`expand` for each variable's value."""
    return {name: expand(text, values) for name, text in variables.items()}


def _listed(names: Mapping[str, str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
