"""What a log has got just now, decided without reading it there: the gate has done that already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from profiles.application.ingest.admission import Admitted
from profiles.application.log.deciding import Chunk, Entry, Rules, decide_chunk, new_entry
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.ports.logs import Appended
from profiles.domain.assessing import decide
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.reading import readable_id


@dataclass(frozen=True, slots=True, kw_only=True)
class JustAppended:
    """A delivery that was admitted, and where the log has put it.

    Its chunks say what `decide_chunk` says of the log's own records; a property holds that
    (docs/decisions/0257-the-embedded-engine-decides-at-the-gate.md).
    """

    partition: LogPartition
    admitted: Admitted
    appended: Appended

    @property
    def first(self) -> int:
        """Return the offset of the first record."""
        return self.appended.first

    @property
    def end(self) -> int:
        """Return the offset behind the last record."""
        return self._behind(len(self.admitted.persons))

    def chunks(self, rules: Rules, *, clock: Callable[[], datetime], size: int) -> Iterator[Chunk]:
        """Yield all of it in chunks of up to `size` persons; the notice goes with the last ones.

        rules: by which it was admitted.
        clock: tells when a chunk is decided, which is never before it was logged.
        """
        persons = len(self.admitted.persons)
        for at in range(0, persons or bool(self.admitted.notice), size):
            read_at = max(clock(), self.appended.logged_at)
            yield self._chunk(at, min(at + size, persons), rules, read_at)

    def _chunk(self, at: int, to: int, rules: Rules, read_at: datetime) -> Chunk:
        """Decide the persons from one place to before another.

        What the gate has decided holds for the dates of the gate: not where a day has ended since,
        or the log has given a later time.
        """
        first, logged_at = self.appended
        same = self.admitted.dates == rules.dates(logged_at=logged_at, read_at=read_at)
        entries = self._decided(at, to, rules.policy) if same else ()
        decided = to if same else at
        rest = decide_chunk(
            self.partition,
            self._records(decided, to),
            start=first + at,
            end=self._behind(to),
            rules=rules,
            read_at=read_at,
        )
        return replace(rest, entries=[*entries, *rest.entries], read=decided - at + rest.read)

    def _decided(self, at: int, to: int, policy: PrivacyPolicy) -> Sequence[Entry]:
        """Return what the gate has decided; whom it left open is decided by the same dates."""
        first, logged_at = self.appended
        admitted = self.admitted
        return [
            Entry(offset, logged_at, readable_id(person), decide(person, policy, admitted.dates))
            if profile is None
            else new_entry(Entry, (offset, logged_at, profile.id, profile, True, None))
            for offset, person, profile in zip(
                range(first + at, first + to),
                admitted.persons[at:to],
                admitted.profiles[at:to],
                strict=True,
            )
        ]

    def _records(self, at: int, to: int) -> Sequence[LogRecord]:
        """Return the log's records of persons from one place to before another, the notice last."""
        first, logged_at = self.appended
        persons, notice = self.admitted.persons, self.admitted.notice
        records = [
            LogRecord(first + place, logged_at, None, persons[place]) for place in range(at, to)
        ]
        if to == len(persons) and notice:
            records.append(LogRecord(first + to, logged_at, None, notice))
        return records

    def _behind(self, to: int) -> int:
        """Return the offset behind the persons before a place, and the notice if that is behind."""
        last = to == len(self.admitted.persons)
        return self.appended.first + to + (last and bool(self.admitted.notice))
