"""Bodies as toxiproxy reads them; that it does say this is asked of both in the conformance suite."""

from __future__ import annotations

import pytest

from harness.toxics import bodies
from harness.toxics.bodies import BadBody, BadKind, BadStream, ProxyBody, Revision
from harness.toxics.toxic import Toxic


def toxic(text: bytes) -> Toxic:
    return bodies.new_toxic(bodies.first_value(text))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "EOF"),
        (b" \n", "EOF"),
        (b"{", "unexpected EOF"),
        (b'{"a": "b', "unexpected EOF"),
        (b"nonsense", "invalid character 'n'"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b"[" * 100_000, "exceeded max depth"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else "",
)
def test_what_is_no_json_is_refused(text: bytes, complaint: str) -> None:
    with pytest.raises(BadBody, match=f"^{complaint}$"):
        bodies.first_value(text)


def test_what_follows_the_first_value_is_nobodys() -> None:
    assert bodies.first_value(b' {"a": 1} and more') == {"a": 1}


def test_names_match_in_any_case_and_null_says_nothing() -> None:
    assert bodies.proxy_body({"NAME": "p", "Upstream": "u", "enabled": None, "other": 3}) == ProxyBody("p", None, "u")


def test_a_toxic_has_defaults() -> None:
    assert toxic(b'{"type": "latency"}') == Toxic(
        "latency_downstream", "latency", "downstream", 1.0, {"latency": 0, "jitter": 0}
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"[]", "array into Go value of type toxics.ToxicWrapper"),
        (b'{"type": 3}', "number into Go struct field ToxicWrapper.type of type string"),
        (b'{"type": "latency", "toxicity": true}', "bool into Go struct field ToxicWrapper.toxicity of type float32"),
        (b'{"type": "latency", "attributes": []}', "array into .* ToxicWrapper.attributes of type toxics.NoopToxic"),
        (
            b'{"type": "latency", "attributes": {"latency": 1.5}}',
            "number 1.5 into Go struct field LatencyToxic.attributes.latency of type int64",
        ),
        (
            b'{"type": "latency", "attributes": {"jitter": 99999999999999999999}}',
            "number 99999999999999999999 into Go struct field LatencyToxic.attributes.jitter of type int64",
        ),
        (
            b'{"type": "slicer", "attributes": {"delay": {}}}',
            "object into Go struct field SlicerToxic.attributes.delay of type int",
        ),
    ],
)
def test_a_toxic_of_wrong_types_is_refused(text: bytes, complaint: str) -> None:
    with pytest.raises(BadBody, match=f"^json: cannot unmarshal {complaint}$"):
        toxic(text)


def test_a_stream_that_is_none_is_refused_before_a_kind_that_is_none() -> None:
    with pytest.raises(BadStream):
        toxic(b'{"type": "nope", "stream": "sideways"}')
    with pytest.raises(BadKind):
        toxic(b'{"type": "nope"}')


def test_a_revision_holds_only_what_it_says() -> None:
    assert bodies.revision({"attributes": {"latency": 3, "bytes": 4}}, "latency") == Revision(None, {"latency": 3})
