from __future__ import annotations

import select
from contextlib import closing
from pathlib import Path

from harness.environment import Headers
from harness.load.plan import Begin, CommandReader, CommandWriter, End, Prepare, WorkerPlan
from harness.scenario import Arrivals, Load


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = WorkerPlan(
        load=Load(tmp_path / "l.py", "User", 12.5, Arrivals.UNIFORM, ((0.0, 1.0), (2.0, 3.0)), 8, 1.5),
        seed=3,
        headers=Headers(version="x-release"),
        writes=("transfer",),
        key_base=1 << 61,
        recording=tmp_path / "w.requests",
        commands=tmp_path / "w.commands",
        sessions=16,
        worker=1,
        workers=2,
    )
    plan.write(tmp_path / "plan.json")
    assert WorkerPlan.read(tmp_path / "plan.json") == plan


def test_commands_arrive_in_their_order_and_then_the_end(tmp_path: Path) -> None:
    with closing(CommandWriter(tmp_path / "commands")) as writer:
        reader = CommandReader(tmp_path / "commands")
        writer.send(Prepare("http://127.0.0.1:1"))
        writer.send(Begin(5))
        assert reader.new() == [Prepare("http://127.0.0.1:1"), Begin(5)]
        writer.send(End(7))
        assert reader.new() == [End(7)]
    assert select.select([reader.descriptor], [], [], 0)[0]
    assert reader.new() is None
    reader.close()
