"""What may be held of a person, worked out from her records and the ledger's entries about her.

Written without the product's rules: what they decide is decided here once more, for few values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from profiles.domain.ledger_entry import Action

NORWAY, DENMARK = "Norway", "Denmark"
NORWAY_AGE = 50
BORN = {"1985-03": 41, "1970-05": 56, "2020-01": 6}
"""Months of birth, with the age in November 2026."""

LAST_REVISION = 31


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record of the log.

    kind: a person as a source tells her, a correction, a tombstone, or what nobody can read.
    sets: what is told or corrected: city, country and month of birth. releases: some of these.
    """

    kind: str
    sets: Mapping[str, str] = field(default_factory=dict)
    releases: Collection[str] = ()


class Fate(NamedTuple):
    """What is kept of a person.

    apart: whether apart from those who are held. corrected: what corrections have set.
    """

    apart: bool
    version: int
    city: str
    country: str
    month: str
    corrected: frozenset[tuple[str, object]] = frozenset()

    @property
    def worn_out(self) -> bool:
        """Tell whether no revision is left of the version."""
        return self.version % (LAST_REVISION + 1) == LAST_REVISION


Kept = Fate | None


class Standing(NamedTuple):
    """What the ledger says of a person."""

    suppressed: bool = False
    restricted: bool = False

    def after(self, action: Action) -> Standing:
        """Return what it says with one entry more."""
        if action in {Action.SUPPRESS, Action.READMIT}:
            return self._replace(suppressed=action is Action.SUPPRESS)
        return self._replace(restricted=action is Action.RESTRICT)


class _Decidable(NamedTuple):
    record: Record
    version: int
    entries: int


class Person:
    """A person, with all that was ever said of her.

    Her records are decided in the order of the log, and the ledger's entries are applied in theirs.
    How far the one is when the other comes is left to chance, but for two rules. A record that was
    logged after an entry is decided with it, or the erased would come back. And an entry that
    another one takes back may never be carried out on what is held, where nothing brought the store
    to it in between: a record does, for whom it tells of.
    """

    def __init__(self) -> None:
        self._records: list[_Decidable] = []
        self._standings = [Standing()]
        self._numbers: list[int] = []
        self._kept: dict[tuple[int, int], frozenset[Kept]] = {(0, 0): frozenset([None])}

    def log(self, record: Record, version: int) -> None:
        """Note a record, in the order of the log."""
        self._records.append(_Decidable(record, version, len(self._numbers)))

    def enter(self, action: Action, number: int) -> None:
        """Note an entry of the ledger."""
        self._standings.append(self._standings[-1].after(action))
        self._numbers.append(number)

    def standing(self, head: int) -> Standing:
        """Return what the ledger says up to an entry."""
        return self._standings[self._entries(head)]

    def allowed(self, *, position: int, head: int, carried_out: bool) -> frozenset[Kept]:
        """Return all that may be kept of her in a store.

        position: the version of the first record that it has not decided yet. head: the entry up
            to which it decides by the ledger. carried_out: whether that is done on all it holds.
        """
        decided = sum(version < position for _, version, _ in self._records)
        entries = self._entries(head)
        kept = self._after(decided, entries)
        if carried_out:
            kept = frozenset(_carried_out(one, self._standings[entries]) for one in kept)
        return kept

    def _entries(self, head: int) -> int:
        return sum(number <= head for number in self._numbers)

    def _after(self, records: int, entries: int) -> frozenset[Kept]:
        """Return what may be kept after so many of her records, and so many entries."""
        for row in range(records + 1):
            for column in range(entries + 1):
                if (row, column) not in self._kept:
                    self._kept[row, column] = frozenset(self._reached(row, column))
        return self._kept[records, entries]

    def _reached(self, records: int, entries: int) -> Iterator[Kept]:
        standing = self._standings[entries]
        if entries:
            for one in self._kept[records, entries - 1]:
                yield one
                yield _carried_out(one, standing)
        if records and self._records[records - 1].entries <= entries:
            record, version, _ = self._records[records - 1]
            for one in self._kept[records - 1, entries]:
                if record.kind == "unreadable":  # so it tells of nobody
                    yield one
                yield _decided(record, version, _carried_out(one, standing), standing)


def _carried_out(kept: Kept, standing: Standing) -> Kept:
    if kept is None or standing.suppressed:
        return None
    if standing.restricted or not kept.apart:
        return kept._replace(apart=standing.restricted)
    version = kept.version if kept.worn_out else kept.version + 1
    return kept._replace(apart=False, version=version)


def _decided(record: Record, version: int, kept: Kept, standing: Standing) -> Kept:
    """Decide about one record, of a person of whom the ledger is carried out."""
    if record.kind == "tombstone" or (standing.suppressed and record.kind != "unreadable"):
        return None
    if record.kind == "unreadable" or standing.restricted:
        return kept
    if record.kind == "correction":
        if kept is None:
            return None
        corrected = {name: v for name, v in kept.corrected if name not in record.releases}
        corrected |= record.sets
        told = {"city": kept.city, "country": kept.country, "month": kept.month}
        told |= {_field(name): value for name, value in record.sets.items()}
    else:
        told = {_field(name): value for name, value in record.sets.items()}
        if not _admitted(told):
            return None
        corrected = {} if kept is None else dict(kept.corrected)
        told |= {_field(name): str(value) for name, value in corrected.items()}
    if not _admitted(told):
        return None
    return Fate(apart=False, version=version, corrected=frozenset(corrected.items()), **told)


def _field(name: str) -> str:
    return "month" if name == "birth_month" else name


def _admitted(told: Mapping[str, str]) -> bool:
    return BORN[told["month"]] >= (NORWAY_AGE if told["country"] == NORWAY else 18)
