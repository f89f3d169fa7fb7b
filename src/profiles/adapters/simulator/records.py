"""The record at each index of a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum
from itertools import accumulate
from typing import Final

from profiles.adapters.simulator.births import AgeGroup, Births, iso
from profiles.adapters.simulator.draws import Draws, Words
from profiles.adapters.simulator.encoding import encode
from profiles.adapters.simulator.hostile import (
    HOSTILE_KINDS,
    Means,
    breaks_a_response,
    hostile_record,
)
from profiles.adapters.simulator.marking import mark_forbidden, mark_personal
from profiles.adapters.simulator.people import (
    BORN,
    KIND,
    TARGET,
    Draft,
    JsonObject,
    person,
    with_change,
)
from profiles.adapters.simulator.settings import Simulation

_RANGE: Final = 2**64
_CORRECTIONS: Final = 16
"""One update in so many corrects the birth date."""


class Kind(Enum):
    """What a record is."""

    ORDINARY = "ordinary"
    MINOR = "minor"
    BOUNDARY = "boundary"
    HOSTILE = "hostile"
    DUPLICATE = "duplicate"
    UPDATE = "update"


_AGE_GROUPS: Final = {
    Kind.ORDINARY: AgeGroup.ORDINARY,
    Kind.MINOR: AgeGroup.MINOR,
    Kind.BOUNDARY: AgeGroup.BOUNDARY,
}


class Records:
    """Make the record of any index, in one step and without memory of the others.

    A duplicate or an update finds what it repeats by drawing an earlier index, and makes that
    record again; it follows about as many links as an index has digits.

    marker: put before everything that may not be kept, see `marking`.
    """

    __slots__ = ("_births", "_bounds", "_domains", "_draws", "_marker", "_means", "_minors")

    def __init__(self, simulation: Simulation, *, today: date, marker: str | None = None) -> None:
        self._draws = Draws(simulation.seed)
        self._births = Births(today)
        self._domains = simulation.domains
        self._minors = simulation.minors > 0
        self._marker = marker
        shares = (
            (Kind.HOSTILE, simulation.hostile),
            (Kind.DUPLICATE, simulation.duplicates),
            (Kind.UPDATE, simulation.updates),
            (Kind.BOUNDARY, simulation.boundary),
            (Kind.MINOR, simulation.minors),
        )
        bounds = accumulate(share for _, share in shares)
        self._bounds = [
            (int(bound * _RANGE), kind)
            for (kind, share), bound in zip(shares, bounds, strict=True)
            if share
        ]
        minor_born = self._births.born(AgeGroup.MINOR, _RANGE // 3)
        self._means = Means(
            secret=marker or "secret",
            marked=marker is not None,
            minor_dob={"date": iso(minor_born), "age": self._births.age(minor_born)},
        )

    def kind(self, index: int) -> Kind:
        """Tell what the record at an index is."""
        words = self._draws.words(index)
        kind = self._drawn(index, words)
        if kind is Kind.UPDATE and self._updated(index, words) is None:
            return Kind.ORDINARY
        return kind

    def hostile_kind(self, index: int) -> str | None:
        """Tell which of `HOSTILE_KINDS` the record at an index is, or repeats, if any."""
        index, words, kind = self._origin(index)
        return HOSTILE_KINDS[words[TARGET] % len(HOSTILE_KINDS)] if kind is Kind.HOSTILE else None

    def record(self, index: int) -> bytes:
        """Make the record at an index."""
        index, words, kind = self._origin(index)
        if kind is Kind.HOSTILE:
            return self._hostile(words)
        draft = self._draft(index, words, kind)
        made = self._person(draft)
        if self._marker is not None and self._births.is_minor(draft.born):
            mark_personal(made, self._marker)
        return encode(made)

    def breaks_a_response(self, index: int) -> bool:
        """Tell whether the record at an index had better not stand in a response with others."""
        hostile = self.hostile_kind(index)
        return hostile is not None and breaks_a_response(hostile)

    def _drawn(self, index: int, words: Words) -> Kind:
        number = words[KIND]
        for bound, kind in self._bounds:
            if number < bound:
                # The first record has nothing before it that it could repeat.
                first = index == 0 and kind in (Kind.DUPLICATE, Kind.UPDATE)
                return Kind.ORDINARY if first else kind
        return Kind.ORDINARY

    def _origin(self, index: int) -> tuple[int, Words, Kind]:
        """Follow duplicates back to what they repeat."""
        words = self._draws.words(index)
        kind = self._drawn(index, words)
        while kind is Kind.DUPLICATE:
            index = words[TARGET] % index
            words = self._draws.words(index)
            kind = self._drawn(index, words)
        return index, words, kind

    def _updated(self, index: int, words: Words) -> tuple[int, Words, Kind] | None:
        """Find the earlier person whom an update changes, or None after some twenty attempts."""
        for number in words[TARGET:]:
            earlier = number % index
            theirs = self._draws.words(earlier)
            kind = self._drawn(earlier, theirs)
            if kind not in (Kind.HOSTILE, Kind.DUPLICATE):
                return earlier, theirs, kind
        return None

    def _draft(self, index: int, words: Words, kind: Kind) -> Draft:
        changes: list[Words] = []
        while kind is Kind.UPDATE:
            updated = self._updated(index, words)
            if updated is None:
                kind = Kind.ORDINARY
            else:
                changes.append(words)
                index, words, kind = updated
        group = _AGE_GROUPS[kind]
        draft = Draft(words=words, born=self._births.born(group, words[BORN]))
        for change in reversed(changes):
            draft = self._changed(draft, group, change)
        return draft

    def _changed(self, draft: Draft, group: AgeGroup, words: Words) -> Draft:
        word, corrected = divmod(words[BORN], _CORRECTIONS)
        if corrected:
            return with_change(draft, words)
        if self._minors:
            word, adult = divmod(word, 2)
            group = AgeGroup.ORDINARY if adult else AgeGroup.MINOR
        born = self._births.born(group, word)
        return Draft(words=draft.words, born=born, mailbox=draft.mailbox)

    def _person(self, draft: Draft) -> JsonObject:
        made = person(draft, self._births, domains=self._domains)
        if self._marker is not None:
            mark_forbidden(made, self._marker)
        return made

    def _hostile(self, words: Words) -> bytes:
        kind = HOSTILE_KINDS[words[TARGET] % len(HOSTILE_KINDS)]
        made = self._person(self._draft(0, words, Kind.ORDINARY))
        return hostile_record(kind, made, self._means)


def response(seed: int, page: int, records: Sequence[bytes]) -> bytes:
    """Put records into a response of the API."""
    info = {"seed": str(seed), "results": len(records), "page": page, "version": "1.4"}
    return b'{"results":[' + b",".join(records) + b'],"info":' + encode(info) + b"}"
