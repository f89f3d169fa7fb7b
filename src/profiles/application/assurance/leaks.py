"""Leaks: markers of planted persons, looked for in all bytes of all places of a pipeline.

A marker is a text that stands nowhere else. Of an adult some may be in the log and in the stores;
the domain says which. Whatever else is found anywhere is a leak.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from profiles.domain.assessing import admit, decide
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.minimising import minimise
from profiles.domain.person import Person
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile

NOTHING_CORRECTED: Final[Mapping[str, str]] = MappingProxyType({})
_DIGESTS: Final = ("md5", "sha1", "sha256")
_AT_ONCE: Final = 4_000_000
"""Bytes that are searched at once."""
_BETWEEN: Final = b"\n\0\n"
"""Stands between two parts, and in no marker."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Kept(Enum):
    """What a place may hold of an adult."""

    NOTHING = "nothing"
    LOG = "what the policy lets into the log"
    PROFILE = "what the policy lets into a profile"
    APART = "the profile of who is restricted"
    FILE = "profiles, and those of who is restricted"
    ID = "the id of the person it is about"
    COPY = "all that is held of the person it is about"


class Fate(Enum):
    """What was done about an adult in the end."""

    HELD = "held"
    RESTRICTED = "restricted"
    ERASED = "erased"


_PROFILE_IS_IN: Final = {
    Fate.HELD: frozenset({Kept.PROFILE, Kept.FILE, Kept.COPY}),
    Fate.RESTRICTED: frozenset({Kept.APART, Kept.FILE, Kept.COPY}),
    Fate.ERASED: frozenset[Kept](),
}
_ID: Final = "login.uuid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A text that stands in one field of one planted person.

    whose: such as `adult 1`. may_be_in: the places that may hold it.
    """

    whose: str
    field: str
    value: str = dataclasses.field(repr=False)
    may_be_in: frozenset[Kept] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planting:
    """Under what rules persons are planted, and so where their markers may be.

    never: paths of fields that no place may hold, whatever the domain makes of them.
    log_forgets: whether erasing empties a person's records in the log, which keep the id as
        their key: that of the embedded engine.
    """

    policy: PrivacyPolicy
    dates: DecisionDates
    never: Collection[str]
    log_forgets: bool = False

    def profile_of(self, record: Mapping[str, Any]) -> Profile | None:
        """Return what is held of a record, None where it is no adult's."""
        decided = decide(record, self.policy, self.dates)
        return decided if isinstance(decided, Profile) else None

    def markers(
        self,
        whose: str,
        record: Mapping[str, Any],
        values: Mapping[str, str],
        *,
        fate: Fate = Fate.HELD,
        corrected: Mapping[str, str] = NOTHING_CORRECTED,
    ) -> list[Marker]:
        """Return the markers in a record, each with the places that may hold it.

        values: by the path of the field. corrected: by the field of the profile that has them
            instead of what the record says.
        """
        profile = self.profile_of(record)
        admitted = admit(record, self.policy, self.dates)
        held = logged = ""
        if profile is not None:
            texts: dict[str, Any] = {**corrected}
            held = _text(profile._replace(**texts))
        if isinstance(admitted, Person):
            logged = _text(dataclasses.astuple(minimise(admitted, self.policy)))
        of_correction = {f"corrected {name}": value for name, value in corrected.items()}
        logged += _text([*of_correction.values()])
        return [
            Marker(
                whose=whose,
                field=path,
                value=value,
                may_be_in=frozenset()
                if path in self.never
                else frozenset(
                    [
                        *(_PROFILE_IS_IN[fate] if value.lower() in held else ()),
                        *(self._log(fate, path) if value.lower() in logged else ()),
                        *([Kept.ID] if path == _ID and profile is not None else ()),
                    ]
                ),
            )
            for path, value in {**values, **of_correction}.items()
        ]

    def _log(self, fate: Fate, path: str) -> Collection[Kept]:
        if fate is not Fate.ERASED:
            return Kept.LOG, Kept.COPY
        return (Kept.LOG,) if path == _ID or not self.log_forgets else ()


def _text(values: object) -> str:
    """Write all values in values, in lower case."""
    if isinstance(values, list | tuple):
        return "\n".join(map(_text, values))
    return str(values).lower()


_Look = tuple[str, Callable[[bytes, bytes], bool]]
"""What looks for a marker in bytes and in the same in lower case, with the form that it finds."""


class Part(NamedTuple):
    """Some bytes of a place, such as a document of a collection.

    whose: the only person who may be there, where it is about one.
    """

    place: str
    kept: Kept
    content: bytes
    whose: str | None = None


class Leak(NamedTuple):
    """A marker where it may not be. form: how it is written there, such as `sha256`."""

    place: str
    whose: str
    field: str
    form: str


@dataclass(slots=True)
class Searched:
    """What was looked through of a place, and what was rightly found there."""

    place: str
    kept: Kept
    whose: str | None = None
    size: int = 0
    found: set[tuple[str, str]] = dataclasses.field(default_factory=set)

    def may_hold(self, marker: Marker) -> bool:
        """Tell whether a marker may be here."""
        return self.kept in marker.may_be_in and self.whose in {None, marker.whose}


@dataclass(slots=True)
class Search:
    """All places that were searched, and what was found where it may not be."""

    markers: Sequence[Marker]
    searched: dict[str, Searched] = dataclasses.field(default_factory=dict)
    leaks: dict[Leak, None] = dataclasses.field(default_factory=dict)
    _looks: Sequence[tuple[Marker, Sequence[_Look]]] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self._looks = [(marker, list(_looks(marker.value))) for marker in self.markers]

    def look(self, parts: Iterable[Part]) -> None:
        """Search parts of places; many small ones of a place together, which takes a tenth."""
        for (name, kept, whose), of_place in groupby(parts, key=_of_one_place):
            place = self.searched.setdefault(name, Searched(name, kept, whose))
            waiting: list[bytes] = []
            waiting_bytes = 0
            for part in of_place:
                place.size += len(part.content)
                waiting.append(part.content)
                waiting_bytes += len(part.content)
                if waiting_bytes >= _AT_ONCE:
                    self._look(place, _BETWEEN.join(waiting))
                    waiting, waiting_bytes = [], 0
            self._look(place, _BETWEEN.join(waiting))

    def _look(self, place: Searched, content: bytes) -> None:
        lowered = content.lower()
        for marker, looks in self._looks:
            form = next((name for name, look in looks if look(content, lowered)), None)
            if form is None:
                continue
            if place.may_hold(marker):
                place.found.add((marker.whose, marker.field))
            else:
                self.leaks[Leak(place.place, marker.whose, marker.field, form)] = None

    def lacking(self) -> list[str]:
        """Name the places where an adult has to be and nobody was found: there nothing was proved.

        What comes out of a pipeline must have been in it.
        """
        return [
            place.place
            for place in self.searched.values()
            if place.kept is not Kept.NOTHING
            and not place.found
            and any(place.may_hold(marker) for marker in self.markers)
        ]


def _of_one_place(part: Part) -> tuple[str, Kept, str | None]:
    return part.place, part.kept, part.whose


def _looks(value: str) -> Iterator[_Look]:
    """Yield what looks for a text in bytes, and in the same in lower case, by the form it finds."""
    plain = value.encode()
    yield "plain", _in_any_case(plain)
    yield "UTF-16", _in_any_case(value.encode("utf-16-le"))
    if _UUID.fullmatch(value):
        digits = value.replace("-", "")
        yield "without dashes", _in_any_case(digits.encode())
        yield "binary", _exactly(bytes.fromhex(digits))
    yield "hex", _in_any_case(plain.hex().encode())
    for name in _DIGESTS:
        digest = hashlib.new(name, plain, usedforsecurity=False).digest()
        yield name, _exactly(digest)
        yield name, _in_any_case(digest.hex().encode())
    for before in range(3):
        yield "base64", _exactly(_inside_base64(plain, before))


def _in_any_case(wanted: bytes) -> Callable[[bytes, bytes], bool]:
    lowered = wanted.lower()
    return lambda _content, in_lower_case: lowered in in_lower_case


def _exactly(wanted: bytes) -> Callable[[bytes, bytes], bool]:
    return lambda content, _in_lower_case: wanted in content


def _inside_base64(plain: bytes, before: int) -> bytes:
    """Return the characters of base64 that a text has behind so many bytes, whatever they are."""
    first = -(-before * 8 // 6)
    last = (before + len(plain)) * 8 // 6
    return base64.b64encode(bytes(before) + plain)[first:last]
