from __future__ import annotations

import pytest

from harness.errors import InvalidInput
from harness.placeholders import expand, expand_all, expand_values

VALUES = {"python": "/usr/bin/python3", "port": "8080", "postgres.url": "postgresql://127.0.0.1:5432/app"}


def test_known_names_are_replaced_wherever_they_stand() -> None:
    assert expand("--dsn={postgres.url} --port {port}/{port}", VALUES) == (
        "--dsn=postgresql://127.0.0.1:5432/app --port 8080/8080"
    )


def test_commands_and_variables_are_expanded_part_by_part() -> None:
    assert expand_all(("{python}", "-m", "app"), VALUES) == ("/usr/bin/python3", "-m", "app")
    assert expand_values({"PORT": "{port}", "MODE": "plain"}, VALUES) == {"PORT": "8080", "MODE": "plain"}


def test_json_is_left_alone() -> None:
    assert expand('{"a": {"b": 1}}', VALUES) == '{"a": {"b": 1}}'


def test_a_value_is_not_expanded_again() -> None:
    assert expand("{port}", {"port": "{python}", "python": "x"}) == "{python}"


@pytest.mark.parametrize(("text", "hint"), [("{prt}", "did you mean {port}"), ("{}", "there are {python}, {port}")])
def test_an_unknown_name_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match=hint):
        expand(text, VALUES)
