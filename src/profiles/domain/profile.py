"""What is kept of an adult."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from profiles.domain.person import PersonId


class Profile(NamedTuple):
    """A profile, after shaping and minimisation, with its fields in the order used everywhere.

    A named tuple rather than a frozen dataclass: it is made once for each record on the fastest
    path, where a dataclass of this size costs more than all the rules together, and stores
    write it as a row (docs/decisions/0003-profile-is-a-named-tuple.md).

    Null is allowed except in `id`, `age`, `birth_month`, `as_of` and `expires_at`. A stored
    profile also has a `version`, which comes from its place in the log and not from the record.

    email: as given, or a pseudonym, or null, as the policy says.
    email_domain: lower case, Unicode.
    age: full years on `as_of`.
    birth_month: `YYYY-MM`, so that an age can be told later without the full date of birth.
    expires_at: the UTC date at whose beginning the profile is to be deleted.
    """

    id: PersonId
    username: str | None
    gender: str | None
    title: str | None
    full_name: str | None
    full_address: str | None
    city: str | None
    country: str | None
    nationality: str | None
    email: str | None
    email_domain: str | None
    age: int
    birth_month: str
    registered_on: date | None
    as_of: date
    expires_at: date

    def __repr__(self) -> str:
        """Show no value: a repr ends up in logs and tracebacks."""
        return "Profile(...)"
