"""What an object may do, as a state and a step: the sequential specifications that histories are held against.

A model of your own is a class of a few lines, named on the command line as `my_package.my_module:Lock`:

    class Lock(Model[str | None]):
        names = frozenset({"acquire", "release"})
        initial = None
        sees_callers = True

        def step(self, state, operation):
            if operation.name == "acquire":
                return operation.process if state is None else REFUSED
            return None if state == operation.process else REFUSED

States must be hashable and compare by value; `step` must be a pure function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from enum import Enum, auto
from importlib import import_module
from math import inf
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from harness.consistency.operations import Operation, Value, shown
from harness.errors import InvalidInput


class Refusal(Enum):
    REFUSED = auto()


REFUSED: Literal[Refusal.REFUSED] = Refusal.REFUSED
"""What `step` returns for an operation that cannot have happened in that state, or not with that result."""
Refused: TypeAlias = Literal[Refusal.REFUSED]


class Effect(Enum):
    """What is known of an operation whatever the state; it spares the search orders that cannot matter.

    To say UPDATE of everything is always right. To say more than is true makes verdicts wrong.
    """

    READ = auto()
    """Never changes the state."""
    OVERWRITE = auto()
    """Possible in every state, and leaves the same one whichever it was."""
    ADD = auto()
    """Possible in every state, and any two of these give the same state in either order."""
    UPDATE = auto()


S = TypeVar("S", bound=Hashable)


class Model(ABC, Generic[S]):
    """An object that does one operation at a time."""

    names: ClassVar[frozenset[str]]
    """The operations it knows. A history with others is refused."""
    initial: S
    sees_callers: ClassVar[bool] = False
    """Whether `step` looks at the process of an operation: if not, one is as good as another."""

    @abstractmethod
    def step(self, state: S, operation: Operation) -> S | Refused:
        """The state after the operation, or REFUSED. The result of one that is not `determinate` is not known."""

    def effect(self, operation: Operation) -> Effect:
        return Effect.UPDATE

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        """Without those that are indeterminate and of which, had they taken effect, nobody could have told."""
        return operations

    def narrowed(self, operations: Iterable[Operation]) -> Model[S]:
        """A model that also refuses what cannot be part of any order of just these operations, or this one."""
        return self

    def show(self, state: S) -> str:
        """The state for people."""
        return shown(state)


class Register(Model[Value]):
    """write v · read → v"""

    names = frozenset({"read", "write"})
    initial: Value = None

    def step(self, state: Value, operation: Operation) -> Value | Refused:
        if operation.name == "write":
            return operation.argument
        return state if not operation.determinate or operation.result == state else REFUSED

    def effect(self, operation: Operation) -> Effect:
        return Effect.OVERWRITE if operation.name == "write" else Effect.READ

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        seen = {each.result for each in operations if each.name == "read" and each.determinate}
        return _without(operations, lambda each: each.name == "write" and each.argument not in seen)


class CasRegister(Register):
    """write v · read → v · cas [old new], which fails if the value is not old"""

    names = frozenset({"read", "write", "cas"})

    def step(self, state: Value, operation: Operation) -> Value | Refused:
        if operation.name != "cas":
            return super().step(state, operation)
        old, new = _pair(operation)
        return new if state == old else REFUSED

    def effect(self, operation: Operation) -> Effect:
        return Effect.UPDATE if operation.name == "cas" else super().effect(operation)

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        seen = {each.result for each in operations if each.name == "read" and each.determinate}
        seen.update(_pair(each)[0] for each in operations if each.name == "cas")

        def leaves_no_trace(each: Operation) -> bool:
            written = _pair(each)[1] if each.name == "cas" else each.argument
            return each.name != "read" and written not in seen

        return _without(operations, leaves_no_trace)


def _pair(operation: Operation) -> tuple[Value, Value]:
    match operation.argument:
        case (old, new):
            return old, new
    raise InvalidInput(f"cas needs a pair [old new], not {shown(operation.argument)}", line=operation.line)


def _without(operations: Sequence[Operation], unwanted: Callable[[Operation], bool]) -> Sequence[Operation]:
    """Those that are determinate, and those that are wanted."""
    return [each for each in operations if each.determinate or not unwanted(each)]


class Counter(Model[int]):
    """add n · read → the sum"""

    names = frozenset({"add", "read"})
    initial = 0

    def step(self, state: int, operation: Operation) -> int | Refused:
        if operation.name == "add":
            if not isinstance(operation.argument, int):
                raise InvalidInput(f"add needs a number, not {shown(operation.argument)}", line=operation.line)
            return state + operation.argument
        return state if not operation.determinate or operation.result == state else REFUSED

    def effect(self, operation: Operation) -> Effect:
        return Effect.ADD if operation.name == "add" else Effect.READ


class Set(Model[int]):
    """add e · remove e · contains e → true or false · read → all elements"""

    names = frozenset({"add", "remove", "contains", "read"})
    initial = 0

    def __init__(self) -> None:
        # A state is a number with a bit for each element, so that it takes little room and is quickly compared.
        self._bits: dict[Value, int] = {}
        self._read: dict[Value, int] = {}

    def step(self, state: int, operation: Operation) -> int | Refused:
        match operation.name:
            case "add":
                return state | self._bit(operation.argument)
            case "remove":
                return state & ~self._bit(operation.argument)
        if not operation.determinate:
            return state
        if operation.name == "contains":
            return state if bool(state & self._bit(operation.argument)) == operation.result else REFUSED
        return state if self._elements(operation) == state else REFUSED

    def effect(self, operation: Operation) -> Effect:
        return {"add": Effect.ADD, "remove": Effect.UPDATE}.get(operation.name, Effect.READ)

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        seen = 0
        for each in operations:
            if each.determinate and each.name == "read":
                seen |= self._elements(each)
            elif each.determinate and each.name == "contains" and each.result:
                seen |= self._bit(each.argument)
        return _without(operations, lambda each: each.name == "add" and not seen & self._bit(each.argument))

    def show(self, state: int) -> str:
        return shown(frozenset(element for element, bit in self._bits.items() if state & bit))

    def _bit(self, element: Value) -> int:
        return self._bits.setdefault(element, 1 << len(self._bits))

    def _elements(self, operation: Operation) -> int:
        seen = operation.result
        if seen not in self._read:
            if not isinstance(seen, (tuple, frozenset)):
                raise InvalidInput(f"read of a set gives its elements, not {shown(seen)}", line=operation.line)
            self._read[seen] = sum({self._bit(element) for element in seen})
        return self._read[seen]


class Queue(Model[tuple[Value, ...]]):
    """enqueue v · dequeue → the oldest, or nil if there is none"""

    names = frozenset({"enqueue", "dequeue"})
    initial: tuple[Value, ...] = ()

    def step(self, state: tuple[Value, ...], operation: Operation) -> tuple[Value, ...] | Refused:
        if operation.name == "enqueue":
            return (*state, operation.argument)
        oldest = state[0] if state else None
        return state[1:] if not operation.determinate or operation.result == oldest else REFUSED

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        taken = {each.result for each in operations if each.name == "dequeue" and each.determinate}
        return _without(operations, lambda each: each.name == "enqueue" and each.argument not in taken)

    def narrowed(self, operations: Iterable[Operation]) -> Queue:
        """Where no value is put in twice, each knows when it was taken out, and none can overtake another."""
        every = list(operations)
        values = [each.argument for each in every if each.name == "enqueue"]
        if len(set(values)) < len(values):
            return self
        taken = [each for each in every if each.name == "dequeue"]
        unknown = min((each.invoked for each in taken if not each.determinate), default=inf)
        return _UniqueQueue(
            {each.result: (each.invoked, each.returned or 0) for each in taken if each.determinate}, unknown
        )


class _Nameless(Enum):
    NAMELESS = "(never taken)"

    def __str__(self) -> str:
        return self.value


class _UniqueQueue(Queue):
    """A queue of which it is known when each value was taken out: from the first event at which it may have been to the
    last. Those that never were are all alike; only what is indeterminate may have taken them, from `unknown` on."""

    def __init__(self, taken: Mapping[Value, tuple[int, int]], unknown: float) -> None:
        self._taken = taken
        self._unknown = unknown

    def step(self, state: tuple[Value, ...], operation: Operation) -> tuple[Value, ...] | Refused:
        if operation.name != "enqueue":
            return super().step(state, operation)
        if operation.argument not in self._taken:
            return (*state, _Nameless.NAMELESS)
        last = self._taken[operation.argument][1]
        if any(self._first(before) > last for before in state):
            return REFUSED
        return (*state, operation.argument)

    def _first(self, value: Value) -> float:
        return self._taken[value][0] if value in self._taken else self._unknown


class Log(Model[int]):
    """append v · read → all values, in order"""

    names = frozenset({"append", "read"})
    initial = 0

    def __init__(self, read: tuple[Value, ...] = ()) -> None:
        """`read`: what the log certainly is at some time, so that it must come to that before anything else."""
        # A state is the number of a node, and a node a value and the node before it: each append takes the same room.
        self._nodes: list[tuple[int, Value, int]] = [(0, None, 0)]
        self._numbers: dict[tuple[int, Value], int] = {}
        self._certain = read

    def step(self, state: int, operation: Operation) -> int | Refused:
        if operation.name == "append":
            return self._append(state, operation.argument)
        if not operation.determinate:
            return state
        if not isinstance(operation.result, tuple):
            raise InvalidInput(f"read of a log gives its values, not {shown(operation.result)}", line=operation.line)
        same_length = self._nodes[state][2] == len(operation.result)
        return state if same_length and self._values(state) == operation.result else REFUSED

    def effect(self, operation: Operation) -> Effect:
        return Effect.UPDATE if operation.name == "append" else Effect.READ

    def relevant(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        read = {value for each in operations if isinstance(each.result, tuple) for value in each.result}
        return _without(operations, lambda each: each.name == "append" and each.argument not in read)

    def narrowed(self, operations: Iterable[Operation]) -> Log:
        """What was read at its longest is what the log held then, and nothing in it ever changes."""
        read = [each.result for each in operations if each.determinate and isinstance(each.result, tuple)]
        return Log(max(read, key=len, default=()))

    def show(self, state: int) -> str:
        return shown(self._values(state))

    def _append(self, state: int, value: Value) -> int | Refused:
        length = self._nodes[state][2]
        if length < len(self._certain) and self._certain[length] != value:
            return REFUSED
        number = self._numbers.setdefault((state, value), len(self._nodes))
        if number == len(self._nodes):
            self._nodes.append((state, value, length + 1))
        return number

    def _values(self, state: int) -> tuple[Value, ...]:
        values = []
        while state:
            state, value, _ = self._nodes[state]
            values.append(value)
        return tuple(reversed(values))


class Positions(Model[int]):
    """append → position · read → position: a stream of which each answer shows how far it had come

    Others may append too, so positions may be left out; they never go back, and no two appends have the same.
    """

    names = frozenset({"append", "read"})
    initial = 0

    def step(self, state: int, operation: Operation) -> int | Refused:
        if not operation.determinate:
            return state
        position = position_of(operation)
        return position if position > state or (position == state and operation.name == "read") else REFUSED

    def narrowed(self, operations: Iterable[Operation]) -> Model[int]:
        return _InOrder(operation for operation in operations if operation.determinate)


class _InOrder(Model[int]):
    """Operations whose positions say in which order they happened. A state is how many have."""

    names = Positions.names
    initial = 0

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._places = sorted(map(self._place, operations))

    def step(self, state: int, operation: Operation) -> int | Refused:
        if not operation.determinate:
            return state
        place = self._place(operation)
        first = bisect_left(self._places, place)
        last = first + 1 if operation.name == "append" else bisect_right(self._places, place)
        return state + 1 if first <= state < last else REFUSED

    def show(self, state: int) -> str:
        return shown(self._places[state - 1][0] if state else 0)

    @staticmethod
    def _place(operation: Operation) -> tuple[int, bool]:
        return position_of(operation), operation.name == "read"


def position_of(operation: Operation) -> int:
    if not isinstance(operation.result, int):
        raise InvalidInput(f"a position is a number, not {shown(operation.result)}", line=operation.line)
    return operation.result


MODELS: Mapping[str, Callable[[], Model[Any]]] = {
    "register": Register,
    "cas-register": CasRegister,
    "counter": Counter,
    "set": Set,
    "queue": Queue,
    "log": Log,
    "positions": Positions,
}


def find_model(name: str) -> Model[Any]:
    """One of MODELS, or a class of the user's own as `module:Class`. Raises InvalidInput if there is none."""
    if name in MODELS:
        return MODELS[name]()
    module, colon, cls = name.partition(":")
    if not colon:
        raise InvalidInput(f"no model {name!r}; known: {', '.join(MODELS)}, or one of yours as module:Class")
    try:
        model = getattr(import_module(module), cls)()
    except (ImportError, AttributeError, TypeError) as error:
        raise InvalidInput(f"the model {name!r} cannot be loaded: {error}") from error
    if not isinstance(model, Model):
        raise InvalidInput(f"the model {name!r} does not derive from {Model.__module__}.Model")
    return model
