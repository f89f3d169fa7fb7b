"""The ID of a person as an argument: the same sentence wherever it has another form."""

from __future__ import annotations

from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.reading import canonical_id


def read_id(text: str, place: str = "What was given") -> PersonId:
    """Read an id, with blanks around it or not.

    place: where it was given.

    Raises:
        UsageError: it has another form. It is not repeated.
    """
    identity = canonical_id(text.strip())
    if identity is None:
        raise UsageError(
            f"{place} is no ID of a person, which is a login.uuid of 36 characters, like"
            " 00000000-0000-4000-8000-000000000000; `profiles find` finds one. Nothing was done."
        )
    return identity
