"""The validator of exports finds what is wrong, or it would prove nothing."""

from __future__ import annotations

import pytest

from tests.support.json_schema import violations

SCHEMA = {
    "type": "object",
    "properties": {
        "born": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "counts": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "form": {"const": "a/1"},
        "open": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
    "required": ["born"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("value", [{"born": None}, {"born": "1990-05-17", "counts": [0, 1]}])
def test_what_fits_has_no_violations(value: object) -> None:
    assert violations(value, SCHEMA) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "$: not of type object"),
        ({}, "$.born: missing"),
        ({"born": "soon"}, "$.born: no date"),
        ({"born": None, "counts": [1, -1]}, "$.counts[1]: too small"),
        ({"born": None, "counts": [True]}, "$.counts[0]: not of type integer"),
        ({"born": None, "form": "a/2"}, "$.form: not 'a/1'"),
        ({"born": None, "open": {"x": 1}}, "$.open.x: not of type boolean"),
        ({"born": None, "other": 1}, "$.other: not described"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(value: object, said: str) -> None:
    assert violations(value, SCHEMA) == [said]


def test_a_word_that_it_does_not_know_is_an_error() -> None:
    with pytest.raises(AssertionError, match="teach the validator"):
        violations(1, {"exclusiveMinimum": 0})
