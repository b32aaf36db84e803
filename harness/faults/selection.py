"""One fault on several instances, chosen when it strikes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from random import Random
from typing import Any, cast

from harness.environment import Environment
from harness.errors import HarnessError
from harness.protocols import Effect, Fault, Instance, Proof, System
from harness.windows import Role, Selection


def may_be_chosen(cls: type[Any]) -> bool:
    """Whether faults of this class strike one instance that their field `target` names."""
    return is_dataclass(cls) and "target" in (field.name for field in fields(cls) if field.init)


@dataclass(frozen=True)
class _All(Effect):
    """Of one fault on each of several."""

    effects: Sequence[Effect]

    def bites(self) -> Proof:
        return _all(effect.bites() for effect in self.effects)

    def heals(self) -> Proof:
        return _all(effect.heals() for effect in self.effects)


def _all(proofs: Iterator[Proof]) -> Proof:
    """Each asked, one after the other; what is not seen is told first."""
    asked = sorted(proofs, key=lambda proof: proof.seen)
    return Proof(all(proof.seen for proof in asked), "; ".join(proof.by for proof in asked))


@dataclass(frozen=True)
class Selected:
    """The fault on those that the selection chooses, by a number that the seed gave."""

    fault: Fault
    selection: Selection
    seed: str

    @property
    def target(self) -> str:
        return str(self.selection)

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        """Raises HarnessError where nobody is chosen; the faults that are in by then are taken out."""
        names = chosen(self.selection, system.environment, system.instances(), self.seed)
        with ExitStack() as stack:
            faults = [cast(Fault, replace(cast(Any, self.fault), target=name)) for name in names]
            yield _All([stack.enter_context(fault.inject(system)) for fault in faults])


def chosen(selection: Selection, environment: Environment, instances: Sequence[Instance], seed: str) -> tuple[str, ...]:
    """Their names, in the order of their names. Raises HarnessError if that is nobody."""
    roles = {service.name: Role.ROUTED if service.routed else Role.WORKER for service in environment.services}
    fitting = sorted(
        instance.name
        for instance in instances
        if selection.service in ("", instance.service)
        and selection.version in ("", instance.version)
        and selection.role in (None, roles[instance.service])
    )
    count = selection.count(len(fitting))
    if not count:
        raise HarnessError(f"{selection} is nobody: of {len(instances)} instances {len(fitting)} fit")
    return tuple(sorted(Random(seed).sample(fitting, count)))
