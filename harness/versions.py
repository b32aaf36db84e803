"""What a version's name stands for: `2.0`, or `2.0+no-upcaster+slow`, which is 2.0 with two variants switched on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from harness.environment import Environment, Variant, Version
from harness.errors import InvalidInput


def resolve(environment: Environment, name: str) -> Version:
    """The version that `name` stands for, under that very name, with the variables of its variants merged in, and
    their overlays behind its own.

    A variant's variable replaces the version's own. Where two variants set the same one, the values are joined by a
    comma, in the order in which `name` gives the variants.

    Raises InvalidInput, naming the nearest that exists, if the version or a variant is unknown, and if a variant is
    given twice or is not one of that version.
    """
    base, *switched = name.split("+")
    versions = {version.name: version for version in environment.versions}
    if base not in versions:
        raise InvalidInput(_unknown("version", base, versions, environment))
    version = versions[base]
    overrides: dict[str, str] = {}
    variants = _variants(environment, base, switched)
    for variant in variants:
        for variable, value in variant.variables.items():
            overrides[variable] = f"{overrides[variable]},{value}" if variable in overrides else value
    return replace(
        version,
        name=name,
        variables={**version.variables, **overrides},
        overlays=(*version.overlays, *(overlay for variant in variants for overlay in variant.overlays)),
    )


def _variants(environment: Environment, base: str, names: list[str]) -> list[Variant]:
    known = {variant.name: variant for variant in environment.variants}
    chosen: list[Variant] = []
    for name in names:
        if name not in known:
            raise InvalidInput(_unknown("variant", name, known, environment))
        variant = known[name]
        if variant in chosen:
            raise InvalidInput(f"variant {name!r} is given twice")
        if variant.versions and base not in variant.versions:
            raise InvalidInput(
                f"variant {name!r} is not one of version {base!r}; it exists in {', '.join(variant.versions)}"
            )
        chosen.append(variant)
    return chosen


def _unknown(what: str, name: str, known: Iterable[str], environment: Environment) -> str:
    names = list(known)
    nearest = get_close_matches(name, names, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"it has {', '.join(names) or 'none'}"
    return f"environment {environment.name!r} has no {what} {name!r}; {hint}"
