"""Intake: from a source into the log, minimised and gated on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from profiles.application.log.bounds import bounded
from profiles.application.log.deciding import Rules
from profiles.application.log.messages import Records
from profiles.application.log.records import LogRecord, Notice
from profiles.application.ports.sources import Places
from profiles.domain.assessing import admit
from profiles.domain.minimising import minimise
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import Person

_DELETION: Final = Rejected(
    RejectionReason.ENVELOPE, "op", "person: only a record of the log deletes somebody"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What of a delivery may go into the log, and what was kept out."""

    persons: Sequence[Person]
    notice: Notice

    def appended(self, first: int, *, logged_at: datetime) -> Sequence[LogRecord]:
        """Return the records that a log has made of this from offset `first` on."""
        records = [
            LogRecord(offset, logged_at, None, person)
            for offset, person in enumerate(self.persons, first)
        ]
        if self.notice:
            records.append(LogRecord(first + len(records), logged_at, None, self.notice))
        return records


def admit_batch(
    values: Sequence[bytes], rules: Rules, *, now: datetime, places: Places | None = None
) -> Admitted:
    """Read what a source delivered; keep minors and all that is forbidden out of the log.

    now: the moment of logging, aware; it stands for the time that the log is going to give.
    places: where the values were in the source.
    """
    dates = rules.dates(logged_at=now, read_at=now)
    persons: list[Person] = []
    withheld: Counter[WithheldReason] = Counter()
    rejected: list[Rejected] = []
    rejected_at: list[int] = []
    for number, value in enumerate(values):
        records = bounded(rules.decode(value))
        if not isinstance(records, Records):
            rejected.append(records if isinstance(records, Rejected) else _DELETION)
            rejected_at.append(number)
            continue
        for index, item in enumerate(records.items):
            outcome = admit(item, rules.policy, dates)
            if isinstance(outcome, Person):
                persons.append(minimise(outcome, rules.policy))
            elif isinstance(outcome, Withheld):
                withheld[outcome.reason] += 1
            else:
                rejected.append(replace(outcome, path=records.path(index, outcome.path)))
                rejected_at.append(number)
    notice = Notice(
        withheld=withheld,
        rejected=rejected,
        places=() if places is None else [places.of(number) for number in rejected_at],
    )
    return Admitted(persons=persons, notice=notice)
