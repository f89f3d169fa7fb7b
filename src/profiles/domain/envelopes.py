"""Envelopes: what other systems put around a person, or make of the values in it.

A record in one is rejected and not searched: what lies deeper could be a child, and would have to
be read as carefully as a record itself.
"""

from __future__ import annotations

from typing import Final

_CONNECT: Final = (
    "person, not Kafka Connect's envelope: let the connector write values without their schema"
    " (value.converter.schemas.enable=false), or read them with --envelope connect"
)
_DEBEZIUM: Final = (
    "person, not Debezium's envelope: let the connector unwrap it (ExtractNewRecordState), or read"
    " it with --envelope debezium"
)
_CLOUDEVENTS: Final = (
    "person, not a CloudEvents envelope: send the data alone (binary content mode)"
)
_MAXWELL: Final = "person, not Maxwell's envelope: send what stands in data alone"
_ELASTICSEARCH: Final = "person, not Elasticsearch's envelope: send what stands in _source alone"
_MONGODB: Final = (
    "person as plain JSON, not MongoDB's extended JSON: export ids and dates as text ($toString)"
)
_OTHER: Final = "person, not an envelope around one: send the person alone"

_EXTENDED: Final = frozenset(
    {
        *("$binary", "$date", "$decimal128", "$numberDecimal", "$numberDouble", "$numberInt"),
        *("$numberLong", "$oid", "$symbol", "$timestamp", "$undefined", "$uuid"),
    }
)
"""Keys by which MongoDB's extended JSON tells types that JSON lacks."""


_BY_THEIR_NAMES: Final = (
    (frozenset({"before", "op"}), _DEBEZIUM),
    (frozenset({"after", "op"}), _DEBEZIUM),
    (frozenset({"schema", "payload"}), _CONNECT),
    (frozenset({"specversion"}), _CLOUDEVENTS),
    (frozenset({"database", "table", "data"}), _MAXWELL),
    (frozenset({"_source"}), _ELASTICSEARCH),
)


def envelope_around(record: dict[str, object]) -> str | None:
    """Name the envelope that a record without a `login` is, and what to do; None if it is none."""
    expected = _by_its_names(record)
    if expected is _CONNECT:
        inner = record["payload"]
        return (_by_its_names(inner) if isinstance(inner, dict) else None) or expected
    if expected is None and is_extended_json(record.get("_id")):
        return _MONGODB
    if expected is None and any(map(_is_like_a_person, record.values())):
        return _OTHER
    return expected


def _by_its_names(record: dict[str, object]) -> str | None:
    names = record.keys()
    return next((expected for known, expected in _BY_THEIR_NAMES if known <= names), None)


def _is_like_a_person(value: object) -> bool:
    if isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, dict) and "login" in value and "dob" in value


def is_extended_json(value: object) -> bool:
    """Tell whether a value is an object by which MongoDB tells a type that JSON lacks."""
    return isinstance(value, dict) and not _EXTENDED.isdisjoint(value)


def plain(expected: str) -> str:
    """Say what is expected where MongoDB's extended JSON stands."""
    return f"{expected}; {_MONGODB}"
