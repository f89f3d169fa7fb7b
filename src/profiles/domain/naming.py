"""A name on one line."""

from __future__ import annotations


def full_name(first: str | None, last: str | None) -> str | None:
    """Join the parts of a name that are there; all the API's nationalities put `first` first."""
    if first is not None and last is not None:
        return f"{first} {last}"
    return first if last is None else last
