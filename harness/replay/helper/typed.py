"""The fast way: lines decoded many at once into the user's own msgspec Structs, each handed to the function for it.

The object has `events`, the Structs of whole lines, told apart by their tag_field `type`; and `fold`, from each Struct
to a function `(state, event) -> state`. It may have `start`, a function that makes the state to begin with, and `dump`.

    class Opened(Struct, tag_field="type", tag="opened", gc=False):
        position: int
        data: Amount
        version: int = 1

What makes it fast: fields that the fold does not need are passed over, not made; no event outlives its chunk, so the
garbage collector has nothing to find and is off, but for once in a while; between the decoder's list and the fold there
is no call.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Union

from harness.replay.helper.shown import as_json

if TYPE_CHECKING:
    from harness.replay.helper.effects import Watch
    from harness.replay.helper.serve import Answers

CHUNK_BYTES: Final = 1 << 16
"""A few hundred events: their objects stay in the processor's cache, and the calls for each do not matter."""
_CHUNKS_A_COLLECTION: Final = 1024

Handlers = Mapping[type, Callable[[Any, Any], Any]]


def is_typed(target: Any) -> bool:
    return isinstance(getattr(target, "fold", None), Mapping) and hasattr(target, "events")


def decoder_of(events: Sequence[type]) -> Any:
    """A decoder of lines. Raises TypeError, from msgspec, for Structs that cannot be told apart by `type`."""
    import msgspec  # noqa: PLC0415 (only who brings Structs has it)

    return msgspec.json.Decoder(Union[tuple(events)])  # noqa: UP007 (how many there are is known only now)


def fold_lines(chunks: Iterable[bytes], decoder: Any, fold: Handlers, state: Any) -> Any:
    """Fold whole lines, all of one unit, into a state. Raises what the decoder or the fold raises."""
    with _WithoutCollector():
        for chunk in chunks:
            for event in decoder.decode_lines(chunk):
                state = fold[event.__class__](state, event)
    return state


class _Unreadable:
    """Stands for a line that the decoder refused."""

    def __init__(self, line: bytes, error: ValueError) -> None:
        self.error = error
        try:
            self.position = int(json.loads(line)["position"])
        except (ValueError, KeyError, TypeError):
            self.position = 0


class Session:
    """What the harness asks for between events."""

    def __init__(self, target: Any, answers: Answers) -> None:
        import msgspec  # noqa: PLC0415

        class Begin(msgspec.Struct, tag_field="type", tag="$replay.begin", gc=False):
            unit: str

        class Sync(msgspec.Struct, tag_field="type", tag="$replay.sync", gc=False):
            pass

        class State(msgspec.Struct, tag_field="type", tag="$replay.state", gc=False):
            pass

        self._start: Callable[[], Any] = getattr(target, "start", lambda: None)
        self._dump: Callable[[Any], Any] = getattr(target, "dump", as_json)
        self._answers = answers
        self._unit = ""
        self._first = 0
        self.decoder = decoder_of((*target.events, Begin, Sync, State))
        self.handlers: dict[type, Callable[[Any, Any], Any] | None] = {
            **target.fold,
            Begin: None,
            Sync: None,
            State: None,
            _Unreadable: None,
        }

    def take(self, chunk: bytes, state: Any, number: int) -> tuple[Any, int]:
        """Whole lines. `number` counts all lines before them; returns the state, and what it counts then."""
        for event in self._decoded(chunk):
            handler = self.handlers[event.__class__]
            if handler is None:
                state, number = self._obey(event, state, number)
                continue
            number += 1
            try:
                state = handler(state, event)
            except Exception as error:  # noqa: BLE001 (whatever the user's code raises is what is asked for)
                self._answers.failed(self._unit, getattr(event, "position", 0), error)
        return state, number

    def _decoded(self, chunk: bytes) -> Iterable[Any]:
        try:
            decoded: list[Any] = self.decoder.decode_lines(chunk)
        except ValueError:
            return self._one_by_one(chunk)
        return decoded

    def _one_by_one(self, chunk: bytes) -> Iterator[Any]:
        for line in chunk.splitlines():
            try:
                yield self.decoder.decode(line)
            except ValueError as error:
                yield _Unreadable(line, error)

    def _obey(self, order: Any, state: Any, events: int) -> tuple[Any, int]:
        """`events` of the unit so far; returns the state and number to go on with."""
        match type(order).__name__:
            case "_Unreadable":
                self._answers.failed(self._unit, order.position, order.error)
                return state, events + 1
            case "Begin":
                self._unit = order.unit
                return self._begun(), 0
            case "Sync":
                self._answers.synced(events)
            case _:
                self._say_state(state, events)
        return state, events

    def _begun(self) -> Any:
        try:
            return self._start()
        except Exception as error:  # noqa: BLE001
            self._answers.failed(self._unit, 0, error)
            return None

    def _say_state(self, state: Any, events: int) -> None:
        try:
            shown = as_json(self._dump(state))
        except Exception as error:  # noqa: BLE001
            self._answers.stateless(self._unit, events, error)
        else:
            self._answers.state(self._unit, events, shown, None)


def serve(target: Any, source: int, answers: Answers, watch: Watch) -> None:
    """Answer the harness from such an object; its lines come from the descriptor `source`."""
    session = Session(target, answers)
    answers.hello(snapshots=False)
    watch.begin()
    state, number = None, 0
    with _WithoutCollector():
        for count, chunk in enumerate(_whole_lines(source)):
            state, number = session.take(chunk, state, number)
            if count % _CHUNKS_A_COLLECTION == 0:
                gc.collect()


def _whole_lines(source: int) -> Iterator[bytes]:
    """What has arrived, up to the last end of a line."""
    begun: list[bytes] = []
    while chunk := os.read(source, CHUNK_BYTES):
        lines, end, rest = chunk.rpartition(b"\n")
        if not end:
            begun.append(chunk)
            continue
        yield b"".join((*begun, lines, end))
        begun = [rest] if rest else []


class _WithoutCollector:
    """What is there already is not looked at again; what comes goes by its reference counts."""

    def __enter__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.collect()
        gc.freeze()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()
