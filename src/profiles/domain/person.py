"""A person in the form of the Random User Generator API, version 1.4, without forbidden fields.

The classes have the shape of one entry of the API's `results` with only the fields that a
profile can need, so a JSON decoder can fill them directly. Passwords, pictures, telephone
numbers, government ids and coordinates have no place to go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NewType

PersonId = NewType("PersonId", str)
"""`login.uuid` in its canonical form: 36 characters, lower case."""

SCHEMA_VERSION: Final = 1
"""The version that a minimised person carries in the log as `schema`.

Records of earlier versions stay readable for ever: whoever raises it says in `reading` how they are
read. A field that is added needs no new version, for where it is missing it is null.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A person's name; `first` and `last` in any script."""

    title: str | None = field(default=None, repr=False)
    first: str | None = field(default=None, repr=False)
    last: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A street and the number of the house in it: an integer, or a text where it has letters."""

    number: int | str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a person lives. The API gives most postcodes as integers, some as text."""

    street: Street | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)
    country: str | None = field(default=None, repr=False)
    postcode: int | str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The person's id (`uuid`) and user name."""

    uuid: str = field(repr=False)
    username: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """The date of birth, ISO 8601; the API's `age` beside it is ignored."""

    date: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The date of registration, ISO 8601."""

    date: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One entry of the API's `results`.

    `read_person` returns it with every text trimmed, in Unicode's normal form C and short
    enough, the id canonical and the dates real. A JSON decoder fills it with the right types only;
    `read_person` takes such a person, too.
    """

    login: Login = field(repr=False)
    dob: Birth = field(repr=False)
    gender: str | None = field(default=None, repr=False)
    name: Name | None = field(default=None, repr=False)
    location: Location | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    registered: Registration | None = field(default=None, repr=False)
    nat: str | None = field(default=None, repr=False)
    schema: int | None = None
