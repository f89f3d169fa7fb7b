"""Intake: from a source into the log, minimised and gated on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Final

from profiles.application.log.bounds import (
    QUARANTINED_PER_MESSAGE,
    QUARANTINED_PER_NOTICE,
    bounded,
)
from profiles.application.log.deciding import Rules
from profiles.application.log.messages import Deletion, Records
from profiles.application.log.records import Notice
from profiles.application.ports.sources import Places
from profiles.domain.deciding_together import AT_ONCE, Admission, admit_all
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import PersonFields
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile

_DELETION: Final = Rejected(
    RejectionReason.ENVELOPE, "op", "person: only a record of the log deletes somebody"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What of a delivery may go into the log, and what was kept out.

    persons: minimised.
    profiles: what comes of each of them by these dates, as far as the gate has decided that.
    """

    persons: Sequence[PersonFields]
    notice: Notice
    dates: DecisionDates
    profiles: Sequence[Profile | None] = field(repr=False)


def admit_batch(
    values: Sequence[bytes], rules: Rules, *, now: datetime, places: Places | None = None
) -> Admitted:
    """Read what a source delivered; keep minors and all that is forbidden out of the log.

    now: the moment of logging, aware; it stands for the time that the log is going to give.
    places: where the values were in the source.
    """
    gate = _Gate(rules.policy, rules.dates(logged_at=now, read_at=now))
    for start in range(0, len(values), AT_ONCE):
        gate.decide([bounded(rules.decode(v)) for v in values[start : start + AT_ONCE]], start)
    rejections = gate.rejections
    notice = Notice(
        withheld=gate.withheld,
        rejected=rejections.kept,
        places=() if places is None else [places.of(number) for number in rejections.numbers],
        more=rejections.more,
    )
    return Admitted(persons=gate.persons, notice=notice, dates=gate.dates, profiles=gate.profiles)


class _Gate:
    """Decides who may enter the log, some hundred records at a time, in the order of the source."""

    def __init__(self, policy: PrivacyPolicy, dates: DecisionDates) -> None:
        self.dates = dates
        self.persons: list[PersonFields] = []
        self.profiles: list[Profile | None] = []
        self.withheld: Counter[WithheldReason] = Counter()
        self.rejections = _Rejections()
        self._policy = policy

    def decide(self, messages: Sequence[Records | Rejected | Deletion], first: int) -> None:
        """Decide about the persons of some messages; `first` is the number of the first one."""
        read = [each for each in messages if isinstance(each, Records)]
        outcomes = admit_all(
            [item for records in read for item in records.items], self._policy, self.dates
        )
        admitted = [each for each in outcomes if isinstance(each, tuple)]
        self.persons += [person for person, _ in admitted]
        self.profiles += [profile for _, profile in admitted]
        if len(admitted) < len(outcomes) or len(read) < len(messages):
            self._keep_out(messages, outcomes, first)

    def _keep_out(
        self,
        messages: Sequence[Records | Rejected | Deletion],
        outcomes: Iterable[Admission | Withheld | Rejected],
        first: int,
    ) -> None:
        """Note who is kept out, and where: in the order of the source."""
        outcome_of = iter(outcomes)
        for number, records in enumerate(messages, first):
            if not isinstance(records, Records):
                rejected = records if isinstance(records, Rejected) else _DELETION
                self.rejections.add(rejected, number)
                continue
            for index, outcome in enumerate(islice(outcome_of, len(records.items))):
                if isinstance(outcome, Rejected):
                    path = records.path(index, outcome.path)
                    self.rejections.add(replace(outcome, path=path), number)
                elif isinstance(outcome, Withheld):
                    self.withheld[outcome.reason] += 1


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
