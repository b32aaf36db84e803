"""Faults of a store's files, done while its server is down: a tail that is missing, bits that are other ones."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.bounds import not_negative, positive
from harness.errors import HarnessError, InvalidInput, StartFailed
from harness.faults.store import StoreFault, answers, restartable
from harness.protocols import Account, Effect, Proof, Restartable, System
from harness.waiting import until

HEAL_TIMEOUT_S = 15.0
POLL_S = 0.1
ORIGINAL = ".rollproof-original"
UNDO = "started on what is left, with its own recovery; it answers. If it does not start, it gets its file back"


@dataclass(frozen=True)
class _Damaged(Effect):
    system: System
    store: str
    file: Path
    original: Path
    differs: Callable[[bytes, bytes], str]
    """How the file differs from what it was, in words; "" if it does not in the way that it should."""

    def bites(self) -> Proof:
        down = restartable(self.system).store_pid(self.store) is None
        difference = self.differs(self.original.read_bytes(), self.file.read_bytes())
        words = difference or "is what it was"
        return Proof(down and bool(difference), f"{self.file.name} {words}; {self.store} {_word(down)}")

    def heals(self) -> Proof:
        answering = until(lambda: answers(self.system, self.store), HEAL_TIMEOUT_S, POLL_S)
        return Proof(answering, f"{self.store} {'answers' if answering else 'does not answer'}")


@dataclass(frozen=True)
class _FileFault(StoreFault):
    """`path` is a pattern, relative to the store's folder; of several files the one that was written to last is hit."""

    path: str

    needs: ClassVar[frozenset[type]] = frozenset({Restartable})

    def __post_init__(self) -> None:
        if not self.path or Path(self.path).is_absolute() or ".." in Path(self.path).parts:
            raise InvalidInput(f"path must be relative to the store's folder, and is {self.path!r}")

    def damage(self, file: Path) -> None:
        raise NotImplementedError

    def differs(self, before: bytes, after: bytes) -> str:
        raise NotImplementedError

    @contextmanager
    def inject(self, system: System) -> Iterator[Effect]:
        stores = restartable(system)
        try:
            stores.crash_store(self.store)
            file = self._find(stores.store_folder(self.store))
            original = file.with_name(file.name + ORIGINAL)
            shutil.copy2(file, original)
            try:
                self.damage(file)
                yield _Damaged(system, self.store, file, original, self.differs)
            finally:
                self._start(stores, file, original)
        finally:
            stores.start_store(self.store)

    def _find(self, folder: Path) -> Path:
        files = [file for file in folder.glob(self.path) if file.is_file() and file.stat().st_size]
        if not files:
            raise HarnessError(f"the store {self.store} has no file {self.path} with anything in it")
        return max(files, key=lambda file: file.stat().st_mtime_ns)

    def _start(self, stores: Restartable, file: Path, original: Path) -> None:
        """On the damaged file. Raises HarnessError if it does not start; then it runs on the original."""
        try:
            stores.start_store(self.store)
        except StartFailed as error:
            stores.crash_store(self.store)
            with open(original, "rb") as source, open(file, "wb") as target:  # the file's owner stays
                shutil.copyfileobj(source, target)
            stores.start_store(self.store)
            raise HarnessError(f"{self.store} did not start on its damaged file: {error}") from error
        finally:
            original.unlink(missing_ok=True)


@dataclass(frozen=True)
class FileTruncate(_FileFault):
    """The last `size` bytes of a file are gone, as after a write that was cut short."""

    size: int = 512

    account: ClassVar[Account] = Account(
        "the tail of a store's file is cut off, while its server is down (SIGKILL)",
        "the file is so much shorter than it was, and all that is left is as it was",
        UNDO,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(size=self.size)

    def damage(self, file: Path) -> None:
        os.truncate(file, max(0, file.stat().st_size - self.size))

    def differs(self, before: bytes, after: bytes) -> str:
        cut = len(before) - len(after)
        return f"is {cut} bytes shorter" if cut > 0 and before.startswith(after) else ""


@dataclass(frozen=True)
class FileFlip(_FileFault):
    """`bits` bits of a file are other ones, between two bytes of it, as a disk returns them that rots."""

    bits: int = 1
    from_byte: int = 0
    to_byte: int | None = None
    """Not itself among them; None: the end."""
    seed: int = 1
    """Chooses the bits."""

    account: ClassVar[Account] = Account(
        "bits of a store's file are flipped, while its server is down (SIGKILL)",
        "the file differs from what it was in so many bits",
        UNDO,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(bits=self.bits)
        not_negative(from_byte=self.from_byte)
        if self.to_byte is not None and self.to_byte <= self.from_byte:
            raise InvalidInput(f"to_byte must be more than from_byte, {self.from_byte}, and is {self.to_byte}")

    def damage(self, file: Path) -> None:
        end = file.stat().st_size if self.to_byte is None else min(self.to_byte, file.stat().st_size)
        places = range(self.from_byte * 8, end * 8)
        if len(places) < self.bits:
            raise HarnessError(f"{file.name} has not {self.bits} bits between the bytes {self.from_byte} and {end}")
        with open(file, "r+b") as content:
            for place in random.Random(self.seed).sample(places, self.bits):
                content.seek(place // 8)
                [byte] = content.read(1)
                content.seek(place // 8)
                content.write(bytes([byte ^ (1 << place % 8)]))

    def differs(self, before: bytes, after: bytes) -> str:
        if len(before) != len(after):
            return ""
        flipped = (int.from_bytes(before) ^ int.from_bytes(after)).bit_count()
        return f"differs in {flipped} bits" if flipped == self.bits else ""


def _word(down: bool) -> str:
    return "is down" if down else "still runs"
