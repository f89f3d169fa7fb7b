"""Intake: from a source into the log, minimised and gated on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from profiles.application.log.bounds import (
    QUARANTINED_PER_MESSAGE,
    QUARANTINED_PER_NOTICE,
    bounded,
)
from profiles.application.log.deciding import Rules
from profiles.application.log.messages import Records
from profiles.application.log.records import LogRecord, Notice
from profiles.application.ports.logs import Appended
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

    def appended(self, appended: Appended) -> Sequence[LogRecord]:
        """Return the records that a log has made of this."""
        first, logged_at = appended
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
    rejections = _Rejections()
    for number, value in enumerate(values):
        records = bounded(rules.decode(value))
        if not isinstance(records, Records):
            rejections.add(records if isinstance(records, Rejected) else _DELETION, number)
            continue
        for index, item in enumerate(records.items):
            outcome = admit(item, rules.policy, dates)
            if isinstance(outcome, Person):
                persons.append(minimise(outcome, rules.policy))
            elif isinstance(outcome, Withheld):
                withheld[outcome.reason] += 1
            else:
                path = records.path(index, outcome.path)
                rejections.add(replace(outcome, path=path), number)
    notice = Notice(
        withheld=withheld,
        rejected=rejections.kept,
        places=() if places is None else [places.of(number) for number in rejections.numbers],
        more=rejections.more,
    )
    return Admitted(persons=persons, notice=notice)


class _Rejections:
    """Keeps rejections with the number of their value, as many as are told of; counts the others.

    Of each reason one is kept in any case.

    kept, numbers: in the order of the source. more: how many others there were, by reason.
    """

    def __init__(self) -> None:
        self.kept: list[Rejected] = []
        self.numbers: list[int] = []
        self.more: Counter[RejectionReason] = Counter()
        self._reasons: set[RejectionReason] = set()
        self._of_value: Counter[int] = Counter()

    def add(self, rejected: Rejected, number: int) -> None:
        """Take one that was found in the value with this number."""
        enough = (
            len(self.kept) >= QUARANTINED_PER_NOTICE
            or self._of_value[number] >= QUARANTINED_PER_MESSAGE
        )
        if enough and rejected.reason in self._reasons:
            self.more[rejected.reason] += 1
            return
        self.kept.append(rejected)
        self.numbers.append(number)
        self._reasons.add(rejected.reason)
        self._of_value[number] += 1
