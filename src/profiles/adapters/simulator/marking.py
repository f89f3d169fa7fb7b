"""Mark what may never be kept, so that a test can look for it in every byte of a store."""

from __future__ import annotations

from typing import Any, Final

_FORBIDDEN: Final = (
    *(f"login.{name}" for name in ("password", "salt", "md5", "sha1", "sha256")),
    *("phone", "cell", "id.value"),
    *(f"picture.{name}" for name in ("large", "medium", "thumbnail")),
    *("location.coordinates.latitude", "location.coordinates.longitude"),
)
_PERSONAL: Final = (
    *("name.title", "name.first", "name.last"),
    *("location.street.name", "location.city", "location.state", "location.country"),
    *("location.postcode", "location.timezone.description"),
    *("email", "login.username", "id.name"),
)


def mark_forbidden(person: dict[str, Any], marker: str) -> None:
    """Put the marker before every text that no profile may hold; hashes then match no more."""
    for path in _FORBIDDEN:
        _prefix(person, path, marker)


def mark_personal(person: dict[str, Any], marker: str) -> None:
    """Put the marker before every other text of the person that has no fixed form.

    A fixed form have ids, dates, ages, the gender, the nationality and numbers.
    """
    for path in _PERSONAL:
        _prefix(person, path, marker)


def _prefix(record: dict[str, Any], path: str, marker: str) -> None:
    *parents, key = path.split(".")
    for parent in parents:
        record = record[parent]
    if isinstance(record[key], str):
        record[key] = marker + record[key]
