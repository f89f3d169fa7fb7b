"""A person in the form of the Random User Generator API, version 1.4, without forbidden fields.

The classes have the shape of one entry of the API's `results` with only the fields that a
profile can need, so a JSON decoder can fill them directly. Passwords, pictures, telephone
numbers, government ids and coordinates have no place to go.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Final, NewType

PersonId = NewType("PersonId", str)
"""`login.uuid` in its canonical form: 36 characters, lower case."""

SCHEMA_VERSION: Final = 1
"""The version that a minimised person carries in the log as `schema`.

Records of earlier versions stay readable for ever: whoever raises it says in `reading` how they are
read. A field that is added needs no new version, for where it is missing it is null.
"""

DATE_LENGTH: Final = 10
"""Characters of a date `YYYY-MM-DD`, with which every date of a person begins."""


class NameFields:
    """What is read of a name."""

    __slots__ = ()

    title: str | None
    first: str | None
    last: str | None


class StreetFields:
    """What is read of a street."""

    __slots__ = ()

    number: int | str | None
    name: str | None


class LocationFields:
    """What is read of where a person lives."""

    __slots__ = ()

    street: StreetFields | None
    city: str | None
    state: str | None
    country: str | None
    postcode: int | str | None


class LoginFields:
    """What is read of a login."""

    __slots__ = ()

    uuid: str
    username: str | None


class BirthFields:
    """What is read of a birth."""

    __slots__ = ()

    date: str


class RegistrationFields:
    """What is read of a registration."""

    __slots__ = ()

    date: str | None


class PersonFields:
    """What is read of a person, with the right types: what `decide` needs, and no more.

    `Person` is one, and so is what an adapter fills that decodes JSON into lighter objects of its
    own (docs/decisions/0250-what-is-only-decided-is-decoded-into-lighter-objects.md). Only the
    types are certain: `read_person` makes a `Person` in normal form of it.
    """

    __slots__ = ()

    login: LoginFields
    dob: BirthFields
    gender: str | None
    name: NameFields | None
    location: LocationFields | None
    email: str | None
    registered: RegistrationFields | None
    nat: str | None
    schema: int | None

    @abstractmethod
    def for_the_log(self) -> PersonFields:
        """Return the person as a log may carry it: dates without times, the current schema version.

        Each type does that itself, because building a `Person` takes longer than all else that is
        done for the log. A policy that keeps more out of it is `profiles.domain.minimising`'s.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(NameFields):
    """A person's name; `first` and `last` in any script."""

    title: str | None = field(default=None, repr=False)
    first: str | None = field(default=None, repr=False)
    last: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Street(StreetFields):
    """A street and the number of the house in it: an integer, or a text where it has letters."""

    number: int | str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(LocationFields):
    """Where a person lives. The API gives most postcodes as integers, some as text."""

    street: Street | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)
    country: str | None = field(default=None, repr=False)
    postcode: int | str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(LoginFields):
    """The person's id (`uuid`) and user name."""

    uuid: str = field(repr=False)
    username: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth(BirthFields):
    """The date of birth, ISO 8601; the API's `age` beside it is ignored."""

    date: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(RegistrationFields):
    """The date of registration, ISO 8601."""

    date: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(PersonFields):
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

    def for_the_log(self) -> Person:
        """Return the person with dates without times, and of the current schema version."""
        since = None if self.registered is None else self.registered.date
        return Person(
            login=self.login,
            dob=Birth(date=self.dob.date[:DATE_LENGTH]),
            gender=self.gender,
            name=self.name,
            location=self.location,
            email=self.email,
            registered=None if since is None else Registration(date=since[:DATE_LENGTH]),
            nat=self.nat,
            schema=SCHEMA_VERSION,
        )
