"""What the receipt of an erasure says, for the controller and the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from profiles.application.rights.notifying import Notification
from profiles.domain.ledger_entry import LedgerHead, Reason
from profiles.domain.person import PersonId
from profiles.domain.receipts import FORMAT, Document

ERASE = "erase"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPlace:
    """What was found of a person in a place, and what is left there after the erasure.

    found, left: profiles or records; None where the place can't be asked.
    """

    place: str
    found: int | None
    left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPerson:
    """What was done for a person.

    entry: the number of the ledger's entry; None where nothing was to be done.
    reason, deadline: as that entry has them.
    told: which recipients know of it.
    """

    id: PersonId
    entry: int | None
    places: Sequence[ErasedPlace]
    reason: Reason | None = None
    deadline: date | None = None
    told: Sequence[Notification] = ()

    @property
    def complete(self) -> bool:
        """Tell whether nothing is left in any place that can be asked."""
        return not any(place.left for place in self.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """What an erasure does not reach at once.

    by: when it is gone by itself (UTC), where that is known. do: how the operator can end it now.
    of_log: whether it is there only if the log has records of the persons.
    """

    what: str
    by: datetime | None = None
    do: str | None = None
    of_log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReceipt:
    """What an erasure did, read back from every place.

    at: when that was read. head: how far the ledger went then; None where nothing was to be done.
    """

    at: datetime
    persons: Sequence[ErasedPerson]
    remaining: Sequence[Remainder]
    head: LedgerHead | None = None

    @property
    def complete(self) -> bool:
        """Tell whether nothing is left of anybody in any place that can be asked."""
        return all(person.complete for person in self.persons)

    @property
    def all_told(self) -> bool:
        """Tell whether every recipient has confirmed."""
        return all(each.confirmed for person in self.persons for each in person.told)

    def content(self) -> Document:
        """Return it as JSON has it, without its signature."""
        return {
            "format": FORMAT,
            "at": self.at.isoformat(timespec="seconds"),
            "action": ERASE,
            "dry_run": self.head is None,
            "persons": [_person(person) for person in self.persons],
            "complete": self.complete,
            "remaining": [
                {
                    "what": each.what,
                    "gone_by": None if each.by is None else each.by.isoformat(timespec="seconds"),
                    "do": each.do,
                }
                for each in self.remaining
            ],
            "ledger": None if self.head is None else self.head._asdict(),
        }


def _person(person: ErasedPerson) -> Document:
    return {
        "id": person.id,
        "entry": person.entry,
        "reason": None if person.reason is None else person.reason.value,
        "deadline": None if person.deadline is None else person.deadline.isoformat(),
        "places": [asdict(place) for place in person.places],
        "complete": person.complete,
        "told": [asdict(each) for each in person.told],
    }
