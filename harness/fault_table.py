"""The table of faults in docs/faults.md, made from what they are: `python -m harness.fault_table` writes it there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness import registry
from harness.faults.network import LinkFault
from harness.protocols import Account, Fault
from harness.toml_values import options
from harness.toxics.toxic import KINDS

BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"
HEAD = ("fault", "what it does", "parameters", "drivers", "how its effect is proven", "how it is undone")
NOT_PARAMETERS = ("kind", "name")


def table() -> str:
    """Every kind that ships, in Markdown."""
    rows = [HEAD, ("---",) * len(HEAD), *(_row(kind) for kind in registry.FAULTS.built_in)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def placed(document: str) -> str:
    """The document, with the table between its marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def account(kind: str) -> Account | None:
    """What a kind of fault says of itself; None if that is nothing."""
    told: Account | Mapping[str, Account] | None = getattr(registry.FAULTS.find(kind), "account", None)
    return told.get(kind) if isinstance(told, Mapping) else told


def _row(kind: str) -> tuple[str, ...]:
    fault = registry.FAULTS.find(kind)
    told = account(kind) or Account("", "", "")
    return (
        f"`{kind}`",
        told.does,
        ", ".join(f"`{parameter}`" for parameter in _parameters(kind, fault)),
        ", ".join(_drivers(fault)),
        told.proof,
        told.undo,
    )


def _parameters(kind: str, fault: type[Fault]) -> Iterator[str]:
    of_toxic = ("attributes", "stream", "toxicity") if issubclass(fault, LinkFault) else ()
    for option in options(fault):
        if option.name in NOT_PARAMETERS or (option.name in of_toxic and kind not in KINDS):
            continue
        if option.name == "attributes":
            yield f"attributes = {{ {', '.join(f'{name} = 0' for name in KINDS[kind])} }}"
        else:
            yield str(option)


def _drivers(fault: type[Fault]) -> Iterator[str]:
    """Those that may offer it, whatever this machine has; with a star those that do not in every cluster."""
    for name in registry.DRIVERS.built_in:
        driver = registry.DRIVERS.find(name)
        if fault.needs <= getattr(driver, "offers_at_least", driver.offers):
            yield name
        elif fault.needs <= getattr(driver, "offers_at_most", driver.offers):
            yield f"{name}*"


def main(document: Path) -> None:
    document.write_text(placed(document.read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/faults.md"))
