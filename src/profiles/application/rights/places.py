"""The places where something of a person can lie, and what each of them holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.domain.person import PersonId

Counts = dict[str, int | None]
"""How many profiles or records a place has of a person, by its name; None if it can't be asked."""


class RawRecords(Protocol):
    """The records of the log: what persons were made of."""

    @property
    def name(self) -> str:
        """Name the log, as the receipt does."""
        ...

    def counts_of(self, persons: Collection[PersonId]) -> Mapping[PersonId, int] | None:
        """Count the records that have a content, by person; None where the log can't be asked.

        Who has none is left out.

        Raises:
            LogError: the log did not answer.
        """
        ...

    def has_records_of(self, persons: Collection[PersonId]) -> bool:
        """Tell whether there may be a record of any of them, also an emptied one.

        Raises:
            LogError: the log did not answer.
        """
        ...

    def erase(self, persons: Sequence[PersonId]) -> None:
        """Erase what can be erased, and let other readers of the log know.

        Raises:
            LogError, TombstoneError: the log did not take it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """All of them that are in our hands.

    records: of the log, or None where there is none.
    name: of the deciding store. following_name: of the other.
    """

    store: DecidingStore
    following: FollowingStore | None
    records: RawRecords | None
    name: str
    following_name: str | None = None

    def count(self, persons: Sequence[PersonId]) -> Sequence[Counts]:
        """Count what every place holds of each person.

        Raises:
            StoreError, LogError: a place did not answer.
        """
        held = self.store.held(persons)
        apart = self.store.transactions.run(lambda unit: unit.restricted(persons))
        followed = {} if self.following is None else self.following.held(persons)
        logged = None if self.records is None else self.records.counts_of(persons)
        found: list[Counts] = []
        for person in persons:
            counts: Counts = {self.name: int(person in held) + int(person in apart)}
            if self.following_name is not None:
                counts[self.following_name] = int(person in followed)
            if self.records is not None:
                counts[self.records.name] = None if logged is None else logged.get(person, 0)
            found.append(counts)
        return found
