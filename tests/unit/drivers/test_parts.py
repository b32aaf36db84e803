from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.drivers.parts import await_up, stop, stopping, tail
from harness.errors import HarnessError, StartFailed


@dataclass
class FakeProcess:
    """Ends at the signals in `ends_at`, unless it has ended already."""

    exit_code: int | None = None
    ends_at: tuple[int, ...] = ()
    signals: list[int] = field(default_factory=list)
    name: str = "part"
    pid: int = 1

    def signal(self, number: int) -> None:
        self.signals.append(number)
        if number in self.ends_at:
            self.exit_code = -number

    def wait(self, timeout_s: float) -> int | None:
        return self.exit_code


def test_a_part_that_ends_while_it_starts_is_named_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("first\naddress in use\n")
    with pytest.raises(StartFailed, match=r"part ended with code 1 while it started\n  first\n  address in use$"):
        await_up(FakeProcess(exit_code=1), lambda: False, 5, log)


def test_a_part_that_is_not_up_in_time_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"part was not ready within 0.01 s$"):
        await_up(FakeProcess(), lambda: False, 0.01, tmp_path / "no.log")


def test_a_part_that_is_up_is_not_waited_for(tmp_path: Path) -> None:
    process = FakeProcess()
    await_up(process, lambda: True, 0, tmp_path / "no.log")
    assert process.signals == []


def test_stop_asks_first() -> None:
    process = FakeProcess(ends_at=(15,))
    stop(process, 1)
    assert process.signals == [15]


def test_stop_kills_what_does_not_listen() -> None:
    process = FakeProcess(ends_at=(9,))
    stop(process, 0)
    assert process.signals == [15, 9]


def test_stop_says_if_even_that_does_not_help() -> None:
    with pytest.raises(HarnessError, match=r"part .*outlived SIGKILL"):
        stop(FakeProcess(), 0)


def refuse() -> None:
    raise HarnessError("cannot stop")


def test_stopping_never_hides_the_first_error() -> None:
    with pytest.raises(ValueError, match="first") as caught, stopping(refuse):
        raise ValueError("first")
    assert caught.value.__notes__ == ["And then, while stopping: cannot stop"]


def test_stopping_tells_its_own_error_where_there_is_no_other() -> None:
    with pytest.raises(HarnessError, match="cannot stop"), stopping(refuse):
        pass


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("\n".join(map(str, range(100))))
    assert tail(log, 2) == "\n  98\n  99"
    assert tail(tmp_path / "no.log") == ""
