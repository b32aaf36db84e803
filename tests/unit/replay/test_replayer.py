"""Replaying through processes: each test starts real ones, under a real supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import InvalidInput, StartFailed
from harness.replay.ordered import Ordered
from harness.replay.outcome import Outcome
from harness.replay.process import Limits
from harness.replay.replayer import CRASHES_MAX, Replayer
from harness.replay.versions import Version
from harness.supervisor import Supervisor
from tests.unit.replay.running import CODE, LIMITS, ordered, paid, version

POISON = ',"poison":1'


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor("test", tmp_path / "rollproof-test") as supervisor:
        yield supervisor


def outcomes(
    supervisor: Supervisor, tmp_path: Path, tried: Version, part: Ordered, limits: Limits = LIMITS
) -> list[Outcome]:
    with Replayer(tried, supervisor, tmp_path / "rollproof-test", limits) as replayer:
        return list(replayer.replay(part.units()))


def test_each_stream_is_folded_in_the_order_of_its_positions(supervisor: Supervisor, tmp_path: Path) -> None:
    part = ordered(tmp_path, [paid("b", 2, 1), paid("a", 1, 10), paid("b", 1, 2), paid("a", 2, 20)])
    seen = outcomes(supervisor, tmp_path, version("shop:ordered"), part)
    assert [(each.unit, each.state) for each in seen] == [("a", b"[10,20]"), ("b", b"[2,1]")]


def test_code_may_use_the_harness_that_its_own_environment_has(supervisor: Supervisor, tmp_path: Path) -> None:
    """The helper stands in for the harness's package only until the code is loaded."""
    part = ordered(tmp_path, [paid("a", 1, 10), paid("a", 2, 20, version=2, more=',"currency":"USD"')])
    [seen] = outcomes(supervisor, tmp_path, version("upcasting_shop:fold"), part)
    assert seen.state == b'{"EUR":10,"USD":20}'


def test_streams_larger_than_pipes_and_batches_come_through_whole(supervisor: Supervisor, tmp_path: Path) -> None:
    filler = ',"filler":"' + "x" * 3_000_000 + '"'
    part = ordered(tmp_path, [paid("a", 1, more=filler), paid("a", 2), *(paid("b", number) for number in range(3_000))])
    seen = outcomes(supervisor, tmp_path, version("shop:healthy"), part)
    assert [each.state for each in seen] == [b'{"balance":10,"events":2}', b'{"balance":15000,"events":3000}']


def test_an_error_that_quotes_a_large_event_is_cut_short(supervisor: Supervisor, tmp_path: Path) -> None:
    part = ordered(tmp_path, [paid("a", 1, more=',"note":"' + "x" * 3_000_000 + '"')])
    (failure,) = outcomes(supervisor, tmp_path, version("shop:quotes"), part)[0].failures
    assert failure.error.startswith("ValueError: cannot read {'amount': 5, 'note': 'xxx")
    assert len(failure.error) + len(failure.stderr) + len(failure.event) < 3_000


@pytest.mark.parametrize(
    ("target", "limits", "how"),
    [
        ("shop:crashes", LIMITS, "ended with exit code 3"),
        ("shop:hangs", Limits(start_s=120, answer_s=3), "neither read nor answered for 3 s"),
    ],
)
def test_an_event_that_ends_the_process_is_named_and_the_rest_is_replayed(
    target: str, limits: Limits, how: str, supervisor: Supervisor, tmp_path: Path
) -> None:
    part = ordered(tmp_path, [paid("a", 1), paid("b", 1), paid("b", 2, 7, more=POISON), paid("b", 3), paid("c", 1)])
    a, b, c = outcomes(supervisor, tmp_path, version(target), part, limits)
    assert (a.comparable, b.comparable, c.comparable) == (True, False, True)
    assert b.state == b'{"balance":10,"events":2}'
    [failure] = b.failures
    assert (failure.stream, failure.position, failure.type, failure.version) == ("b", 2, "paid", 1)
    assert failure.event == '{"amount":7,"poison":1}'
    assert failure.error == how
    assert failure.crashed
    assert failure.stderr == ("about to die" if target == "shop:crashes" else "")


def test_an_event_that_the_code_refuses_is_named_and_the_rest_is_replayed(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    part = ordered(tmp_path, [paid("a", 1), paid("a", 2, '{"cents":1}', type="paid", version=3), paid("a", 3)])
    [outcome] = outcomes(supervisor, tmp_path, version("shop:old_fold"), part)
    [failure] = outcome.failures
    assert (failure.position, failure.version, failure.crashed) == (2, 3, False)
    assert failure.error.startswith("TypeError: unsupported operand")
    assert "old_fold" in failure.stderr
    assert not outcome.comparable


def test_of_many_failures_some_are_kept_and_all_are_counted(supervisor: Supervisor, tmp_path: Path) -> None:
    part = ordered(tmp_path, [paid("a", number, "null") for number in range(500)])
    [outcome] = outcomes(supervisor, tmp_path, version("shop:old_fold"), part)
    assert (len(outcome.failures), outcome.failures_total) == (10, 500)


def test_a_version_that_dies_again_and_again_is_given_up_and_nothing_is_lost_of_the_count(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    part = ordered(tmp_path, [paid(f"s{number:02}", 1, more=POISON) for number in range(CRASHES_MAX + 3)])
    seen = outcomes(supervisor, tmp_path, version("shop:crashes"), part)
    assert len(seen) == CRASHES_MAX + 3
    assert not seen[-1].judged
    assert seen[0].failures_total == 1


def test_what_the_user_s_code_prints_is_no_answer(supervisor: Supervisor, tmp_path: Path) -> None:
    [outcome] = outcomes(supervisor, tmp_path, version("shop:prints"), ordered(tmp_path, [paid("a", 1)]))
    assert outcome.comparable


def test_a_state_that_cannot_be_shown_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    [outcome] = outcomes(supervisor, tmp_path, version("shop:unshowable"), ordered(tmp_path, [paid("a", 1)]))
    assert outcome.state is None
    assert "has no form as JSON" in outcome.unstated


@pytest.mark.parametrize(
    ("target", "effect"),
    [
        ("shop:writes_a_file", "open"),
        ("shop:connects", "socket.connect"),
        ("shop:starts_a_process", "subprocess.Popen"),
    ],
)
def test_what_is_done_beside_is_told_with_its_event(
    target: str, effect: str, supervisor: Supervisor, tmp_path: Path
) -> None:
    tried = version(target, TARGET=str(tmp_path / "written"))
    [outcome] = outcomes(supervisor, tmp_path, tried, ordered(tmp_path, [paid("a", 4)]))
    assert (effect, 4) in [(each.effect, each.position) for each in outcome.effects]


@pytest.mark.parametrize("target", ["shop:healthy", "shop:reads_a_file", "typed_shop:Accounts"])
def test_what_only_makes_states_does_nothing_beside(target: str, supervisor: Supervisor, tmp_path: Path) -> None:
    [outcome] = outcomes(supervisor, tmp_path, version(target), ordered(tmp_path, [paid("a", 1)]))
    assert outcome.effects == ()
    assert outcome.comparable


def test_snapshots_are_given_and_taken(supervisor: Supervisor, tmp_path: Path) -> None:
    part = ordered(tmp_path, [paid("a", 1), paid("a", 2)])
    [unit] = part.units()
    first, second = unit.lines()
    with Replayer(version("shop:Resumable"), supervisor, tmp_path / "rollproof-test", LIMITS) as replayer:
        assert replayer.resumes
        snapshot = replayer.replay_events("a", [first]).snapshot
        assert replayer.replay_events("a", [second], snapshot).state == b'{"balance":10,"events":2}'


def test_a_version_in_any_language_needs_no_helper(supervisor: Supervisor, tmp_path: Path) -> None:
    tried = Version("plain", ("/bin/sh", str(CODE / "counts.sh")))
    seen = outcomes(supervisor, tmp_path, tried, ordered(tmp_path, [paid("a", 1), paid("a", 2), paid("b", 1)]))
    assert [(each.unit, each.state) for each in seen] == [("a", b"2"), ("b", b"1")]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("/bin/sh", "-c", "echo trouble >&2; exit 5"), "it ended with exit code 5\ntrouble"),
        (("/bin/sh", "-c", "kill -9 $$"), "it was ended by SIGKILL"),
        (("/bin/sh", "-c", "echo hello; read line"), "it said something that is no answer: 'hello'"),
        (("/bin/sh", "-c", """echo '{"protocol":9}'; read line"""), "it speaks protocol 9, not 1"),
    ],
)
def test_a_version_that_does_not_come_up_is_told_with_its_last_words(
    argv: tuple[str, ...], message: str, supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as refused:
        outcomes(supervisor, tmp_path, Version("new", argv), ordered(tmp_path, [paid("a", 1)]))
    assert f"version new did not come up: {message}" in str(refused.value)


def test_a_program_that_is_not_there_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="version new cannot be started: No such file"):
        outcomes(supervisor, tmp_path, Version("new", ("/absent",)), ordered(tmp_path, [paid("a", 1)]))


def test_a_version_that_took_fewer_events_than_it_was_given_has_no_state(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    answer = '{"unit":"a","events":1,"state":7}'
    script = (
        f"""echo '{{"protocol":1}}'; while read line; do case $line in *replay.state*) echo '{answer}';; esac; done"""
    )
    part = ordered(tmp_path, [paid("a", 1), paid("a", 2)])
    [outcome] = outcomes(supervisor, tmp_path, Version("new", ("/bin/sh", "-c", script)), part)
    assert outcome.state is None
    assert outcome.unstated == "it says that it took 1 events of 'a', and was given 2 of 'a'"
