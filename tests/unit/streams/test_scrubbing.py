from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.errors import InvalidInput
from harness.streams.event import RecordedEvent
from harness.streams.scrubbing.rules import Action, Rule, Rules, Unknown
from harness.streams.scrubbing.scrubber import Scrubber, Uncovered
from tests.unit.streams.events import event

KEY = b"0123456789abcdef"
STREAM = Rule("/stream", Action.KEEP)
CUSTOMER = {"name": "Ada", "age": 36, "tags": ["a1", "b2"], "address": {"street": "Row 1", "zip": "10115"}}


def scrub(
    *rules: Rule, data: object = CUSTOMER, unknown: Unknown = Unknown.DENY, key: bytes = KEY, **others: Any
) -> RecordedEvent:
    raw = data if isinstance(data, bytes) else msgspec.json.encode(data)
    return Scrubber(Rules((STREAM, *rules), unknown), key).scrub(event(data=raw, **others))


def data_of(scrubbed: RecordedEvent) -> object:
    return msgspec.json.decode(scrubbed.data)


def test_each_action_does_what_it_says() -> None:
    rules = (
        Rule("/data", Action.KEEP),
        Rule("/data/name", Action.CONSTANT, value="somebody"),
        Rule("/data/age", Action.MASK),
        Rule("/data/tags", Action.REMOVE),
        Rule("/data/address/*", Action.MASK),
    )
    assert data_of(scrub(*rules)) == {"name": "somebody", "age": 0, "address": {"street": "xxx 0", "zip": "00000"}}


def test_equal_values_stay_equal_under_one_key_and_only_then() -> None:
    rule = Rule("/data", Action.HASH)
    first, again, other = (data_of(scrub(rule, data=name)) for name in ("Ada", "Ada", "Eve"))
    assert first == again != other
    assert first != data_of(scrub(rule, data="Ada", key=KEY[::-1]))
    assert isinstance(data_of(scrub(rule, data=36)), int)
    assert isinstance(data_of(scrub(rule, data=3.5)), float)
    assert data_of(scrub(rule, data=None)) is None


def test_the_longest_path_counts_whatever_the_order() -> None:
    specific, general = Rule("/data/address/zip", Action.REMOVE), Rule("/data", Action.KEEP)
    for rules in ((specific, general), (general, specific)):
        assert data_of(scrub(*rules)) == {**CUSTOMER, "address": {"street": "Row 1"}}


def test_of_two_paths_as_long_the_first_counts() -> None:
    assert data_of(scrub(Rule("/data", Action.REMOVE), Rule("/data", Action.KEEP))) is None


def test_a_rule_is_for_its_types_only() -> None:
    customers = (Rule("/data", Action.REMOVE, type="customer.*"), Rule("/data", Action.KEEP, type="order.*"))
    assert data_of(scrub(*customers, type="customer.moved")) is None
    assert data_of(scrub(*customers, type="order.placed")) == CUSTOMER


def test_elements_of_arrays_are_reached() -> None:
    rules = (Rule("/data", Action.KEEP), Rule("/data/*/name", Action.REMOVE))
    assert data_of(scrub(*rules, data=[{"name": "Ada", "id": 1}, {"id": 2}])) == [{"id": 1}, {"id": 2}]


def test_what_no_rule_speaks_of_is_denied_and_named_but_not_shown() -> None:
    rule = Rule("/data/name", Action.HASH)
    with pytest.raises(Uncovered) as refused:
        scrub(rule, metadata={"ip": "192.0.2.1"})
    assert refused.value.paths == (
        "/data/address/street",
        "/data/address/zip",
        "/data/age",
        "/data/tags/*",
        "/metadata/ip",
    )
    for value in ("Row 1", "36", "a1", "192.0.2.1"):
        assert value not in str(refused.value)


def test_the_stream_s_name_needs_a_rule_too() -> None:
    with pytest.raises(Uncovered, match="/stream"):
        Scrubber(Rules((Rule("/data", Action.KEEP),)), KEY).scrub(event("ada@example.com"))
    with pytest.raises(ValueError, match="must leave an event the name of its stream"):
        Scrubber(Rules((Rule("/data", Action.KEEP), Rule("/stream", Action.REMOVE))), KEY).scrub(event())


def test_unknown_parts_may_be_removed_or_kept_instead() -> None:
    rule = Rule("/data/name", Action.REMOVE)
    assert data_of(scrub(rule, unknown=Unknown.REMOVE, data={"name": "Ada", "age": 36})) == {}
    assert data_of(scrub(rule, unknown=Unknown.KEEP, data={"name": "Ada", "age": 36})) == {"age": 36}


def test_empty_objects_are_parts_too() -> None:
    with pytest.raises(Uncovered, match="/data/a"):
        scrub(data={"a": {}})


def test_data_that_are_not_json_are_one_part() -> None:
    assert scrub(Rule("/data", Action.KEEP), data=b"\x00\xff").data == b"\x00\xff"
    assert scrub(Rule("/data", Action.CONSTANT, value="gone"), data=b"\x00\xff").data == b"gone"
    assert scrub(Rule("/data", Action.HASH), data=b"\x00\xff").data != b"\x00\xff"
    with pytest.raises(Uncovered, match="/data"):
        scrub(Rule("/data/name", Action.KEEP), data=b"\x00\xff")
    with pytest.raises(ValueError, match="have no form to keep"):
        scrub(Rule("/data", Action.MASK), data=b"\x00\xff")


def test_data_that_a_rule_keeps_whole_are_kept_byte_by_byte() -> None:
    for rules, unknown in (((Rule("/data", Action.KEEP),), Unknown.DENY), ((), Unknown.KEEP)):
        assert scrub(*rules, unknown=unknown, data=b'{ "a" : 1.10 }').data == b'{ "a" : 1.10 }'


def test_the_first_of_two_fields_of_one_name_does_not_hide() -> None:
    rules = (Rule("/data", Action.KEEP), Rule("/data/a/secret", Action.REMOVE))
    assert b"Ada" not in scrub(*rules, data=b'{"a":{"secret":"Ada"},"a":1}').data


def test_names_with_a_slash_or_a_tilde_are_reached_as_a_pointer_says() -> None:
    rules = (Rule("/data", Action.KEEP), Rule("/data/a~1b", Action.REMOVE), Rule("/data/c~0d", Action.REMOVE))
    assert data_of(scrub(*rules, data={"a/b": 1, "c~d": 2, "a": {"b": 3}})) == {"a": {"b": 3}}


def test_the_metadata_have_rules_of_their_own() -> None:
    rules = (Rule("/data", Action.KEEP), Rule("/metadata/sequence", Action.KEEP), Rule("/metadata/*", Action.REMOVE))
    scrubbed = scrub(*rules, metadata={"sequence": 7, "ip": "192.0.2.1", "who": {"name": "Ada"}})
    assert scrubbed.metadata == {"sequence": 7}


def test_a_mask_keeps_the_form_of_every_script() -> None:
    masked = data_of(
        scrub(Rule("/data", Action.MASK), data=["Zoë 7, Ångström", "Ёж'ик №٣", "東京都 1-2", -5, 0.5, None])
    )
    assert masked == ["xxx 0, xxxxxxxx", "xx'xx №0", "xxx 0-0", 0, 0.0, None]


def test_hashes_keep_to_the_numbers_that_json_holds_everywhere() -> None:
    for number in (0, -1, 2**63, 0.1):
        hashed = data_of(scrub(Rule("/data", Action.HASH), data=number))
        assert isinstance(hashed, int | float)
        assert 0 <= hashed < 2**52


def test_a_long_key_counts_as_a_whole() -> None:
    rule, long = Rule("/data", Action.HASH), KEY * 10
    assert data_of(scrub(rule, data="Ada", key=long)) != data_of(scrub(rule, data="Ada", key=long[:-1] + b"x"))


def test_streams_of_one_name_stay_together_when_it_is_hashed() -> None:
    scrubber = Scrubber(Rules((Rule("/stream", Action.HASH), Rule("/data", Action.KEEP))), KEY)
    first, second, other = (scrubber.scrub(event(name)).stream for name in ("ada", "ada", "eve"))
    assert first == second != other


def test_what_no_rule_names_of_an_object_goes_by_the_rule_of_the_whole() -> None:
    rules = (Rule("/data", Action.REMOVE), Rule("/data/address/zip", Action.KEEP))
    assert data_of(scrub(*rules)) == {"address": {"zip": "10115"}}


def test_a_hash_of_true_or_false_is_refused() -> None:
    with pytest.raises(ValueError, match="a hash hides nothing of true or false"):
        scrub(Rule("/data", Action.HASH), data=True)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("data/name", "", "path must be a JSON Pointer"),
        ("", "", "path must be a JSON Pointer"),
        ("/type", "", "path must begin with /stream, /data, /metadata"),
        ("/data/name", "x", "value belongs to the action constant"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(path: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rule(path, Action.KEEP, value=value)


def test_the_key_comes_from_the_environment_and_is_needed_only_by_hashes() -> None:
    hashing = Rules((Rule("/data", Action.HASH),), key_variable="SCRUB_KEY")
    assert hashing.key({"SCRUB_KEY": KEY.decode()}) == KEY
    assert Rules((Rule("/data", Action.KEEP),)).key({}) == b""
    with pytest.raises(InvalidInput, match="the variable SCRUB_KEY must hold a key of 16 bytes or more"):
        hashing.key({"SCRUB_KEY": "short"})
    with pytest.raises(InvalidInput, match="needs key_variable"):
        Rules((Rule("/data", Action.HASH),)).key({})
