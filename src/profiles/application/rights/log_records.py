"""What the logs hold of a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from profiles.application.log.bounds import bounded
from profiles.application.log.messages import Decode, Records, document_of
from profiles.application.log.records import LogRecord
from profiles.application.ports.logs import Log, LogSearch
from profiles.domain.assessing import admit, decide
from profiles.domain.correcting import correction_of, said_by
from profiles.domain.corrections import Correction
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.minimising import minimise
from profiles.domain.outcome import Rejected, Withheld
from profiles.domain.person import PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.reading import canonical_id, readable_id

_TELL_EVERY: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRecord:
    """A record of a log that is about a person.

    log: its name. partition, offset: where in it.
    deletion: whether it has no value, which deletes what is held; so has one that an erasure has
        emptied, which holds the id alone.
    person: what is read of it, minimised, as JSON has it; None where nothing is read of it: of a
        deletion, and of what the policy does not admit or what can't be read.
    complete: whether the record holds nothing beside that.
    correction: what the record sets and releases, where it is a correction that is taken.
    """

    log: str
    partition: int
    offset: int
    logged_at: datetime
    deletion: bool
    person: dict[str, Any] | None = field(repr=False)
    complete: bool
    correction: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedLog:
    """A log that was looked through: its name, and from where to where, by partition."""

    log: str
    bounds: dict[int, tuple[int, int]]


def of_embedded_log(log: Log, person: PersonId) -> tuple[SearchedLog, list[LoggedRecord]]:
    """Return what the embedded engine's log holds; all in it has been minimised.

    Raises:
        LogError: the log did not answer.
    """
    name = "log of the embedded engine"
    found = []
    for record in log.records_of(person):
        document = json.loads(record.value) if isinstance(record.value, bytes) else None
        correction = said_by(document)
        found.append(
            LoggedRecord(
                log=name,
                partition=log.partition.number,
                offset=record.offset,
                logged_at=record.logged_at,
                deletion=record.value is None,
                person=document if correction is None else None,
                complete=True,
                correction=correction,
            )
        )
    return SearchedLog(log=name, bounds={log.partition.number: log.bounds()}), found


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSearcher:
    """Looks a topic through for a person: by the key, and by the id in what other producers send.

    read_at: aware. progress: is told how many records were looked at.
    """

    topic: LogSearch
    decode: Decode
    policy: PrivacyPolicy
    read_at: datetime
    progress: Callable[[int], None] = field(default=lambda _looked_at: None)

    def find(self, person: PersonId) -> tuple[SearchedLog, list[LoggedRecord]]:
        """Return what the topic held of a person when this began.

        The partition where her key belongs comes first.

        Raises:
            LogError: the topic is not there, or the log did not answer.
        """
        bounds = dict(self.topic.bounds())
        first = self.topic.place(person.encode())
        found: list[LoggedRecord] = []
        looked_at = 0
        for number in sorted(bounds, key=lambda number: (number != first, number)):
            start, end = bounds[number]
            for record in self.topic.records(number, start=start, end=end):
                found += self._read(record, number, person)
                looked_at += 1
                if looked_at % _TELL_EVERY == 0:
                    self.progress(looked_at)
        self.progress(looked_at)
        return SearchedLog(log=self.topic.name, bounds=bounds), found

    def _read(self, record: LogRecord, number: int, person: PersonId) -> Iterator[LoggedRecord]:
        """Yield what a record says of a person; nothing if it is not about her."""
        value = record.value
        by_key = _is_key_of(record.key, person)
        if not isinstance(value, bytes):
            if by_key:
                yield self._logged(record, number, deletion=True)
            return
        # Most records are about somebody else, and are not even decoded.
        if not by_key and person.encode() not in value.lower():
            return
        records = bounded(self.decode(value))
        about = (
            [one for one in records.items if readable_id(one) == person]
            if isinstance(records, Records)
            else []
        )
        for one in about:
            dates = DecisionDates.of(
                logged_at=record.logged_at, read_at=self.read_at, zone=self.policy.zone
            )
            if isinstance(decide(one, self.policy, dates), Correction):
                yield self._corrected(record, number, person, said_by(one) or {})
            else:
                yield self._logged(record, number, admitted=self._admitted(one, dates))
        if by_key and not about:
            yield self._logged(record, number)

    def _corrected(
        self, record: LogRecord, number: int, person: PersonId, said: dict[str, Any]
    ) -> LoggedRecord:
        written = correction_of(person, said["set"], said["release"])
        complete = isinstance(record.value, bytes) and document_of(record.value) == written
        logged = self._logged(record, number)
        return replace(logged, correction=said, complete=complete)

    def _admitted(self, record: object, dates: DecisionDates) -> dict[str, Any] | None:
        admitted = admit(record, self.policy, dates)
        if isinstance(admitted, (Rejected, Withheld)):
            return None
        return asdict(minimise(admitted, self.policy))

    def _logged(
        self,
        record: LogRecord,
        number: int,
        *,
        admitted: dict[str, Any] | None = None,
        deletion: bool = False,
    ) -> LoggedRecord:
        return LoggedRecord(
            log=self.topic.name,
            partition=number,
            offset=record.offset,
            logged_at=record.logged_at,
            deletion=deletion,
            person=admitted,
            complete=deletion
            or (isinstance(record.value, bytes) and document_of(record.value) == admitted),
        )


def _is_key_of(key: bytes | None, person: PersonId) -> bool:
    try:
        return key is not None and canonical_id(key.decode()) == person
    except UnicodeDecodeError:
        return False
