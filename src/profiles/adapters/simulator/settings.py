"""What can be set of a simulation, and how the command line writes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Final

from profiles.domain.errors import UsageError

MAXIMUM_DOMAINS: Final = 1_000_000
_SCHEME: Final = "simulator"
_SHARES: Final = ("minors", "boundary", "hostile", "duplicates", "updates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Who is simulated.

    Each share is the expected part of all records, from 0 to 1; together they are at most 1.

    seed: persons of the same index, seed and settings are the same on every machine. Like the
        API's, the ids depend on seed and index only: with other shares the same ids are given
        to other people.
    limit: the number of records, or None for a stream without end.
    minors: share of persons under 18, which the real API never makes.
    boundary: share of persons born on a day on which rules of age change: 18 years ago and the
        days beside it, 29 February, today, 130 and 131 years ago. Some are minors, some too old.
    hostile: share of records made to break a reader, see `hostile.HOSTILE_KINDS`.
    duplicates: share of records that repeat an earlier one byte for byte.
    updates: share of records that repeat an earlier person with a change: moved, another e-mail
        address, another last name, rarely a corrected birth date (which can turn an adult into
        a minor or back, though only if `minors` is above 0). One that finds no earlier person is
        a new person instead.
    domains: number of e-mail domains. The API has one, `example.com`.

    Raises:
        UsageError: a value is out of its range.
    """

    seed: int = 0
    limit: int | None = 1_000
    minors: float = 0.0
    boundary: float = 0.0
    hostile: float = 0.0
    duplicates: float = 0.0
    updates: float = 0.0
    domains: int = 1

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 0:
            raise UsageError(f"{_SCHEME}: limit is {self.limit}; give 0 or more, or none.")
        for name in _SHARES:
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise UsageError(f"{_SCHEME}: {name} is {share:g}; give a share from 0 to 1.")
        total = math.fsum(getattr(self, name) for name in _SHARES)
        if total > 1:
            raise UsageError(
                f"{_SCHEME}: the shares {', '.join(_SHARES)} add up to {total:g};"
                " together they can be at most 1."
            )
        if not 1 <= self.domains <= MAXIMUM_DOMAINS:
            raise UsageError(
                f"{_SCHEME}: domains is {self.domains}; give a number from 1 to {MAXIMUM_DOMAINS}."
            )

    @property
    def identity(self) -> str:
        """Everything that decides which record comes at which index, written as a spec.

        `limit` is left out: with a higher one the same records come first.
        """
        settings = {field.name: getattr(self, field.name) for field in fields(Simulation)}
        differing = [
            f"{field.name}={settings[field.name]}"
            for field in fields(Simulation)
            if field.name == "seed"
            or (field.name != "limit" and settings[field.name] != field.default)
        ]
        return f"{_SCHEME}:{','.join(differing)}"


def _integer(text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise ValueError
    return int(text)


def _limit(text: str) -> int | None:
    return None if text == "none" else _integer(text)


_READERS: Final[dict[str, tuple[Callable[[str], int | float | None], str]]] = {
    "seed": (_integer, "a whole number"),
    "limit": (_limit, "a whole number, or none for a stream without end"),
    **dict.fromkeys(_SHARES, (float, "a share from 0 to 1")),
    "domains": (_integer, "a whole number"),
}


def parse(spec: str) -> Simulation:
    """Read `simulator[:name=value,…]`; names are those of the fields of `Simulation`.

    Raises:
        UsageError: the spec has another form, an unknown or repeated name, or a bad value.
    """
    scheme, colon, rest = spec.partition(":")
    if scheme != _SCHEME:
        raise UsageError(f"{spec!r} is no simulator; write simulator or simulator:seed=1,limit=9.")
    settings = asdict(Simulation())
    seen: set[str] = set()
    for part in rest.split(",") if colon else ():
        name, equals, text = part.partition("=")
        if not equals:
            raise UsageError(f"{_SCHEME}: {part!r} is no setting; write each as name=value.")
        if name not in _READERS:
            raise UsageError(
                f"{_SCHEME}: there is no setting {name!r}; allowed are {', '.join(_READERS)}."
            )
        if name in seen:
            raise UsageError(f"{_SCHEME}: {name} is given twice; give it once.")
        seen.add(name)
        read, allowed = _READERS[name]
        try:
            settings[name] = read(text)
        except ValueError:
            raise UsageError(f"{_SCHEME}: {name} is {text!r}; give {allowed}.") from None
    return Simulation(**settings)
