"""A validator of JSON Schema, as far as the schema of exports goes; anything else is an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

Schema = Mapping[str, Any]

_TYPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_FORMATS: Final[Mapping[str, Callable[[str], object]]] = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "uuid": UUID,
}
_ANNOTATIONS: Final = frozenset({"$schema", "$id", "title", "description"})
_KNOWN: Final = _ANNOTATIONS | {
    *("type", "format", "const", "enum", "minimum", "anyOf", "items"),
    *("properties", "required", "additionalProperties"),
}


def violations(value: object, schema: Schema, path: str = "$") -> list[str]:
    """Say where a value is not what a schema wants."""
    return list(_violations(value, schema, path))


def _violations(value: object, schema: Schema, path: str) -> Iterator[str]:
    assert set(schema) <= _KNOWN, f"{path}: teach the validator {set(schema) - _KNOWN}"
    if "anyOf" in schema:
        tried = [violations(value, one, path) for one in schema["anyOf"]]
        if all(tried):
            yield from tried[0]
        return
    wanted = schema.get("type", [])
    types = [wanted] if isinstance(wanted, str) else wanted
    if types and not any(_TYPES[one](value) for one in types):
        yield f"{path}: not of type {wanted}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _violations(item, schema["items"], f"{path}[{index}]")
    elif isinstance(value, dict):
        yield from _of_object(value, schema, path)
    else:
        yield from _of_scalar(value, schema, path)


def _of_scalar(value: object, schema: Schema, path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: not one of {schema['enum']!r}"
    if "const" in schema and value != schema["const"]:
        yield f"{path}: not {schema['const']!r}"
    if "format" in schema and isinstance(value, str):
        try:
            _FORMATS[schema["format"]](value)
        except ValueError:
            yield f"{path}: no {schema['format']}"
    if isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{path}: too small"


def _of_object(value: Mapping[str, object], schema: Schema, path: str) -> Iterator[str]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path}.{name}: missing"
    for name, inner in value.items():
        if name in properties:
            yield from _violations(inner, properties[name], f"{path}.{name}")
        elif others is False:
            yield f"{path}.{name}: not described"
        else:
            yield from _violations(inner, others, f"{path}.{name}")
