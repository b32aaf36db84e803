"""Faults of files, on files of this test, of a server that is a flag."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.errors import HarnessError, InvalidInput, StartFailed
from harness.faults import files
from harness.faults.files import FileFlip, FileTruncate
from harness.faults.probes import Ask, Exchange
from harness.verdict import Status
from tests.unit.fakes import FakeSystem
from tests.unit.faults.judged import judged

CONTENT = bytes(range(200)) * 5


@dataclass
class Filing(FakeSystem):
    """`proud` servers do not start on what is not as it was."""

    folder: Path = field(default_factory=Path)
    runs: bool = True
    proud: bool = False

    def store_pid(self, store: str) -> int | None:
        return 7 if self.runs else None

    def crash_store(self, store: str) -> None:
        self.runs = self.deaf

    stop_store = crash_store

    def start_store(self, store: str) -> None:
        if self.proud and (self.folder / "a/2.blk").read_bytes() != CONTENT:
            raise StartFailed("checksum")
        self.runs = True

    def store_folder(self, store: str) -> Path:
        return self.folder


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filing:
    (tmp_path / "a").mkdir()
    for name, content in (("1.blk", b"older"), ("empty.blk", b""), ("2.blk", CONTENT)):
        (tmp_path / "a" / name).write_bytes(content)
    system = Filing(folder=tmp_path)
    monkeypatch.setattr(Ask, "__call__", lambda *_: Exchange(system.runs, 1.0))
    for name in ("HEAL_TIMEOUT_S", "POLL_S"):
        monkeypatch.setattr(files, name, 0.01)
    return system


FAULTS = [
    FileTruncate("postgres", "a/2.blk", 10),
    FileTruncate("postgres", "**/2.*", 5000),
    FileFlip("postgres", "a/2.blk", bits=3),
    FileFlip("postgres", "a/2.blk", bits=16, from_byte=7, to_byte=9),
]
each = pytest.mark.parametrize("fault", FAULTS, ids=repr)


@each
def test_it_bites_and_heals(system: Filing, fault: FileTruncate | FileFlip) -> None:
    with fault.inject(system) as effect:
        bit = effect.bites()
        assert bit.seen, bit.by
    assert effect.heals().seen
    assert (system.folder / "a/2.blk").read_bytes() != CONTENT
    assert sorted(file.name for file in (system.folder / "a").iterdir()) == ["1.blk", "2.blk", "empty.blk"]


def test_the_tail_alone_is_gone(system: Filing) -> None:
    with FAULTS[0].inject(system):
        assert (system.folder / "a/2.blk").read_bytes() == CONTENT[:-10]


def test_bits_outside_the_range_stay(system: Filing) -> None:
    with FAULTS[3].inject(system):
        assert (system.folder / "a/2.blk").read_bytes() == CONTENT[:7] + bytes([255 - 7, 255 - 8]) + CONTENT[9:]


def test_the_same_seed_flips_the_same_bits(system: Filing) -> None:
    damaged = []
    for _ in range(2):
        (system.folder / "a/2.blk").write_bytes(CONTENT)
        with FAULTS[2].inject(system):
            damaged.append((system.folder / "a/2.blk").read_bytes())
    assert damaged[0] == damaged[1]


@each
def test_a_server_that_does_not_go_down_makes_the_verdict_unknown(
    system: Filing, fault: FileTruncate | FileFlip
) -> None:
    system.deaf = True
    assert judged(fault, system).status is Status.UNKNOWN


@each
def test_a_file_that_is_what_it_was_makes_the_verdict_unknown(
    system: Filing, fault: FileTruncate | FileFlip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(fault), "damage", lambda *_: None)
    assert judged(fault, system).status is Status.UNKNOWN


def test_a_server_that_does_not_start_on_it_gets_its_file_back_and_the_verdict_is_unknown(system: Filing) -> None:
    system.proud = True
    assert judged(FAULTS[2], system).status is Status.UNKNOWN
    assert system.runs
    assert (system.folder / "a/2.blk").read_bytes() == CONTENT


def test_of_several_files_the_last_that_was_written_to_is_hit(system: Filing) -> None:
    os.utime(system.folder / "a/1.blk", (0, 0))
    with FileTruncate("postgres", "a/*.blk", 1).inject(system):
        assert (system.folder / "a/1.blk").read_bytes() == b"older"
        assert (system.folder / "a/2.blk").read_bytes() == CONTENT[:-1]


def test_a_file_that_is_not_there_is_an_error_and_the_server_runs_again(system: Filing) -> None:
    with pytest.raises(HarnessError, match=r"no file a/9\.blk"), FileTruncate("postgres", "a/9.blk").inject(system):
        pass
    assert system.runs
    many = FileFlip("postgres", "a/2.blk", bits=99, from_byte=999)
    with pytest.raises(HarnessError, match="has not 99 bits"), many.inject(system):
        pass


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: FileTruncate("postgres", "/etc/passwd"), "path must be relative"),
        (lambda: FileFlip("postgres", "../x"), "path must be relative"),
        (lambda: FileFlip("postgres", "x", from_byte=5, to_byte=5), "to_byte must be more than from_byte"),
        (lambda: FileFlip("postgres", "x", bits=0), "bits must be more than 0"),
        (lambda: FileTruncate("postgres", "x", 0), "size must be more than 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make: object, complaint: str) -> None:
    assert callable(make)
    with pytest.raises((InvalidInput, ValueError), match=complaint):
        make()
