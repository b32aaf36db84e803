"""Disks of stores' own: ext4 in an image of the run's scratch folder, on a loop device.

A power cut loses what had not been written. A process that is killed shows nothing of that, as the kernel still holds
what it wrote; so the image is copied as it stands, without what the kernel holds for it, and the copy takes its place.
Mounting it replays its journal, as after a power cut. Needs root and loop devices.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.drivers.parts import run_to_end
from harness.errors import HarnessError
from harness.protocols import Remains, Workspace
from harness.supervisor.undo import Detach, UndoLog, Unmount

SIZE_MB = 1024
"""The image is sparse: what is not written takes no room."""
MAKE = ("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard")
MOUNT = ("mount", "-o", "loop,noinit_itable")
"""Without the kernel's own initialising in the background, so that all writes are the store's."""
COPIES_MAX = 20
SYNCED, UNSYNCED, FILLER, TRIAL = (f".rollproof-{name}" for name in ("synced", "unsynced", "filler", "trial"))
WITNESS = b"rollproof"
PIECES = (1 << 26, 1 << 22, 1 << 18, 1 << 14, 1 << 12)
TRIED = bytes(1 << 16)


def why_none() -> str:
    """Why this machine has no such disks; "" if it has."""
    if os.geteuid() != 0:
        return "a disk of a store's own needs root, to mount it"
    if not Path("/dev/loop-control").exists():
        return "a disk of a store's own needs loop devices, and there is no /dev/loop-control"
    return ""


@contextmanager
def disk(store: str, workspace: Workspace) -> Iterator[Disk]:
    """A new one, mounted where the store keeps its data. Leaving unmounts it. Raises HarnessError."""
    image, folder = workspace.scratch / f"{store}.disk", workspace.scratch / store
    with open(image, "wb") as file:
        file.truncate(SIZE_MB << 20)
    run_to_end(workspace, *MAKE, str(image))
    folder.mkdir(exist_ok=True)
    with UndoLog(workspace.scratch).promise(f"the disk at {folder}", Unmount(str(folder)), Detach(str(image))):
        made = Disk(image, folder, workspace)
        made.mount()
        _write_synced(folder / SYNCED)
        yield made


@dataclass(frozen=True)
class Disk:
    image: Path
    folder: Path
    workspace: Workspace

    def mount(self) -> None:
        run_to_end(self.workspace, *MOUNT, str(self.image), str(self.folder))

    def device(self) -> Path:
        """Its loop device, in /sys/block."""
        for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
            with suppress(OSError):  # one that has just been detached
                if backing.read_text().strip() == str(self.image):
                    return backing.parents[1]
        raise HarnessError(f"{self.image} is on no loop device")

    @property
    def number(self) -> str:
        """Of the device, as `7:0`."""
        return (self.device() / "dev").read_text().strip()

    def settle(self) -> None:
        """All that is on it has been there for long."""
        run_to_end(self.workspace, "sync", "--file-system", str(self.folder))

    # ── power ────────────────────────────────────────────────────────────────────────────────────────────────────

    def leave_witness(self) -> None:
        """What is not synced, and will be gone."""
        (self.folder / UNSYNCED).write_bytes(WITNESS)

    def cut(self) -> Remains:
        """Nobody may use it any more. Raises HarnessError."""
        copy = self.image.with_suffix(".cut")
        self._copy_at_rest(copy)
        run_to_end(self.workspace, "umount", str(self.folder))
        copy.replace(self.image)
        self.mount()
        remains = Remains(_holds_witness(self.folder / SYNCED), _holds_witness(self.folder / UNSYNCED))
        (self.folder / UNSYNCED).unlink(missing_ok=True)
        return remains

    def _copy_at_rest(self, copy: Path) -> None:
        """As it was at one moment: a copy into which the kernel wrote is none, and another is made."""
        for _ in range(COPIES_MAX):
            before = self._writes()
            run_to_end(self.workspace, "cp", "--sparse=always", "--reflink=auto", str(self.image), str(copy))
            if self._writes() == before:
                return
        raise HarnessError(f"{self.image} was written to during each of {COPIES_MAX} copies")

    def _writes(self) -> tuple[int, int]:
        """How many its device has done, and how many requests are under way (Documentation/block/stat)."""
        fields = (self.device() / "stat").read_text().split()
        return int(fields[4]), int(fields[8])

    # ── room ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def fill(self) -> None:
        filler = os.open(self.folder / FILLER, os.O_WRONLY | os.O_CREAT)
        try:
            end = 0
            for piece in PIECES:
                while _allocated(filler, end, piece):
                    end += piece
        finally:
            os.close(filler)

    def free(self) -> None:
        (self.folder / FILLER).unlink(missing_ok=True)

    def is_full(self) -> bool:
        trial = self.folder / TRIAL
        try:
            with open(trial, "wb") as file:
                file.write(TRIED)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return True
            raise HarnessError(f"{self.folder}: {error}") from error
        finally:
            trial.unlink(missing_ok=True)
        return False


def _allocated(file: int, start: int, size: int) -> bool:
    try:
        os.posix_fallocate(file, start, size)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return False
        raise HarnessError(f"the disk cannot be filled: {error}") from error
    return True


def _holds_witness(file: Path) -> bool:
    try:
        return file.read_bytes() == WITNESS
    except FileNotFoundError:
        return False


def _write_synced(file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    try:
        os.write(descriptor, WITNESS)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
