"""One reading of a partition: who of the rejected can be read now, and is nobody's past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

from profiles.application.log.bounds import bounded
from profiles.application.log.deciding import Rules
from profiles.application.log.messages import Deletion, Records
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogRecord, Notice
from profiles.application.quarantine.rejected_messages import RejectedMessage
from profiles.domain.assessing import admit
from profiles.domain.ledger_view import LedgerView
from profiles.domain.minimising import minimise
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import Person, PersonFields, PersonId
from profiles.domain.reading import canonical_id, readable_id

PERSONS_AT_ONCE: Final = 20_000
"""Persons kept in memory by one reading; the other messages are left to the next one."""


_UNKNOWN: Final = Rejected(RejectionReason.ID, "key", "UUID of 36 characters")
_EXPIRED: Final = Withheld(WithheldReason.RETENTION)


class Candidate(NamedTuple):
    """Whose record can be read now, and where it is.

    outcome: the minimised person; or why the record says that she may not be held.
    """

    outcome: Person | Withheld | Erased
    offset: int


@dataclass(slots=True, kw_only=True)
class Rereading:
    """Looks at records in the order of the log, from a rejected one on.

    rules: of today. view: of the erasure ledger. read_at: the moment of reading.
    counts: by outcome, and `read`.
    candidates: who is to be appended, or not to be held, unless something newer is known of her.
    replaced: the messages taken up, each with the entries that stay in the quarantine.
    """

    rules: Rules
    view: LedgerView
    read_at: datetime
    counts: Counter[str] = field(default_factory=Counter, init=False)
    candidates: dict[PersonId, Candidate] = field(default_factory=dict, init=False)
    replaced: list[tuple[RejectedMessage, Sequence[Quarantined]]] = field(
        default_factory=list, init=False
    )
    _kept: int = field(default=0, init=False)

    @property
    def full(self) -> bool:
        """Tell whether no further message may be taken up; once true, it stays so."""
        return self._kept >= PERSONS_AT_ONCE

    def leave(self, message: RejectedMessage, outcome: str) -> None:
        """Leave a message in the quarantine as it is."""
        self.counts["read"] += message.persons
        self.counts[outcome] += message.persons

    def look_at(self, record: LogRecord, message: RejectedMessage | None) -> None:
        """Drop the candidates of whom a record is newer; take up a message that it was.

        message: what was rejected of this very record, or None.
        """
        if isinstance(record.value, Notice):  # of what never was in the log
            if message is not None:
                self.leave(message, "not_in_log")
            return
        records: Records | Rejected | Deletion
        if record.value is None:
            identity = _id_in(record.key)
            records = _UNKNOWN if identity is None else Deletion(identity)
        elif isinstance(record.value, PersonFields):
            records = Records((record.value,))
        else:
            records = bounded(self.rules.decode(record.value))
        if isinstance(records, Records):
            left = self._persons_of(records, record, message)
            if message is not None:
                self._replace(message, left)
        elif isinstance(records, Deletion):
            self._delete(records.person, record, message)
        elif message is not None:
            self.leave(message, "unreadable")

    def _delete(self, person: PersonId, record: LogRecord, message: RejectedMessage | None) -> None:
        """Take a deletion for what it is: newer than what came before, and to be repeated."""
        self._supersede(person)
        if message is not None:
            self.counts["read"] += 1
            self._sort(person, Erased(), record)
            self._replace(message, [])

    def _persons_of(
        self, records: Records, record: LogRecord, message: RejectedMessage | None
    ) -> list[Rejected]:
        """Look at all persons of a record; return what is still rejected of those concerned."""
        left = []
        for index, item in enumerate(records.items):
            concerned = message is not None and message.concerns(index)
            person = readable_id(item)
            if not concerned and person not in self.candidates:
                continue
            self.counts["read"] += concerned
            outcome = self._outcome(item, record)
            if isinstance(outcome, Rejected):
                if concerned:
                    self.counts["unreadable"] += 1
                    left.append(replace(outcome, path=records.path(index, outcome.path)))
                continue
            self._supersede(person)
            if concerned:
                self._sort(person, outcome, record)
        return left

    def _outcome(self, item: object, record: LogRecord) -> Person | Withheld | Rejected:
        """Decide by the gate of today; who is past the retention since the record stays out."""
        of_record = self.rules.dates(logged_at=record.logged_at, read_at=self.read_at)
        if of_record.from_the_future:
            return admit(item, self.rules.policy, of_record)
        today = self.rules.dates(logged_at=self.read_at, read_at=self.read_at)
        outcome = admit(item, self.rules.policy, today)
        expired = of_record.logged_on + self.rules.policy.retention <= of_record.read_on
        return _EXPIRED if expired and isinstance(outcome, Person) else outcome

    def _supersede(self, person: PersonId | None) -> None:
        if person is not None and self.candidates.pop(person, None) is not None:
            self.counts["superseded"] += 1

    def _sort(
        self, person: PersonId | None, outcome: Person | Withheld | Erased, record: LogRecord
    ) -> None:
        named = self.view.named([] if person is None else [person])
        if named.suppressed:
            self.counts["suppressed"] += 1
        elif named.restricted:
            self.counts["restricted"] += 1
        elif person is None:
            self.counts["withheld"] += 1
        else:
            if isinstance(outcome, Person):
                outcome = minimise(outcome, self.rules.policy)
            self.candidates[person] = Candidate(outcome, record.offset)
            self._kept += 1

    def _replace(self, message: RejectedMessage, left: Sequence[Rejected]) -> None:
        """Keep of a message what is still rejected, and all of it, however much that is.

        So the next time nobody is taken up again who was only counted and is settled now.
        """
        first = message.entries[0]
        entries = [
            replace(first, ordinal=ordinal, rejected=rejected, further=0)
            for ordinal, rejected in enumerate(left)
        ]
        if entries != list(message.entries):
            self.replaced.append((message, entries))
            self._kept += len(entries)


def _id_in(key: bytes | None) -> PersonId | None:
    try:
        return None if key is None else canonical_id(key.decode())
    except UnicodeDecodeError:
        return None
