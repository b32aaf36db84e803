"""What an application imports: the registry, and how it raises events."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.upcasters import UnknownVersion, Upcasters
from harness.upcasters.registry import Data


def stepping(*steps: tuple[int, int]) -> Upcasters:
    upcasters = Upcasters()

    def step(source: int, target: int) -> None:
        @upcasters.register("Moved", source, target)
        def raised(data: Data) -> Data:
            return {"way": [*data["way"], target]}

    for source, target in steps:
        step(source, target)
    return upcasters


def test_an_event_goes_from_step_to_step() -> None:
    assert stepping((1, 2), (2, 3)).upcast("Moved", 1, {"way": []}) == {"way": [2, 3]}


def test_the_longest_steps_are_taken() -> None:
    assert stepping((1, 2), (2, 3), (1, 3)).upcast("Moved", 1, {"way": []}) == {"way": [3]}


def test_a_normaliser_is_applied_to_the_newest_version_once() -> None:
    upcasters = stepping((1, 2), (2, 2))
    assert upcasters.upcast("Moved", 1, {"way": []}) == {"way": [2, 2]}
    assert upcasters.upcast("Moved", 2, {"way": []}) == {"way": [2]}


@pytest.mark.parametrize("version", [0, 2, 4])
def test_a_version_from_which_nothing_leads_on_is_refused(version: int) -> None:
    with pytest.raises(UnknownVersion, match=f"Moved {version}: no upcaster leads from it to version 3"):
        stepping((1, 3)).upcast("Moved", version, {"way": []})


def test_a_cycle_does_not_make_it_go_round() -> None:
    with pytest.raises(UnknownVersion):
        stepping((1, 2), (2, 1), (3, 4)).upcast("Moved", 1, {"way": []})


def test_a_type_without_upcasters_has_version_1() -> None:
    assert Upcasters().upcast("Moved", 1, {"way": []}) == {"way": []}
    with pytest.raises(UnknownVersion):
        Upcasters().upcast("Moved", 2, {})


def test_two_functions_for_one_step_are_refused() -> None:
    upcasters = stepping((1, 2))
    with pytest.raises(ValueError, match="two functions are registered for 1 to 2"):
        upcasters.register("Moved", 1, 2)(lambda data: data)
    upcasters.register_downcaster("Moved", 2, 1)(lambda data: data)
    assert set(upcasters.downcasters) == {("Moved", 2, 1)}


def test_a_decorated_function_stays_what_it_is() -> None:
    def raised(data: Data) -> Data:
        return data

    assert Upcasters().register("Moved", 1, 2)(raised) is raised


def test_it_costs_an_application_nothing_to_import() -> None:
    program = "import sys; before = set(sys.modules); import harness.upcasters; print(*(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=30)
    standard = {name for name in loaded.stdout.split() if name.partition(".")[0] in sys.stdlib_module_names}
    assert set(loaded.stdout.split()) - standard == {"harness", "harness.upcasters", "harness.upcasters.registry"}
