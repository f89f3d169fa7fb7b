"""JSON as the API writes it: no blanks, letters of any script as they are."""

from __future__ import annotations

import json
from typing import Any, Final

_SPLICE: Final = "~splice~"

_to_text = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def encode(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write a JSON value in UTF-8."""
    return _to_text(value).encode()


def put(record: dict[str, Any], path: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Set the value at a path like `location.street.name`."""
    *parents, key = path.split(".")
    for parent in parents:
        record = record[parent]
    record[key] = value


def encode_with(record: dict[str, Any], path: str, raw: bytes) -> bytes:
    """Write a record with raw bytes, which need not be JSON, for the value at a path."""
    put(record, path, _SPLICE)
    return encode(record).replace(encode(_SPLICE), raw, 1)
