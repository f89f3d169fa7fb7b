"""Source to log: fetch, keep out what may not go in, publish, and count every answer."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from profiles.application.errors import LogError
from profiles.application.ingest.admission import admit_batch
from profiles.application.ingest.first_look import FirstLook
from profiles.application.log.deciding import Rules
from profiles.application.log.messages import Decode, Deletion, Records
from profiles.application.ports.clock import Clock
from profiles.application.ports.logs import Publisher
from profiles.application.ports.sources import Delivery, Source
from profiles.domain.errors import ProfilesError
from profiles.domain.outcome import Rejected, WithheldReason
from profiles.domain.person import PersonFields

Encode = Callable[[PersonFields], bytes]
"""Write a minimised person as JSON in UTF-8, with its schema version."""

FLUSH_S: Final = 120.0
"""Seconds for which the end waits for the log: a broker may be away for a minute, and then has
to take what has piled up."""

_logger = logging.getLogger(__name__)


class UnbalancedProductionError(ProfilesError):
    """Persons got lost between fetching and the log's answer: a defect."""

    def __init__(self, fetched: int, outcomes: int) -> None:
        super().__init__(fetched, outcomes)
        self.fetched, self.outcomes = fetched, outcomes

    def __str__(self) -> str:
        return (
            f"{self.fetched} persons were fetched but {self.outcomes} have an outcome. What the"
            " log has acknowledged stays. This is a defect of profiles; please report it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """How many persons were fetched and what became of them; an unreadable message is one.

    `fetched` is counted where messages are decoded and the others where they happen, or `check`
    could not fail.

    acknowledged: the log has them. failed: refused by the log, or given up at the end; it may
        have some of them all the same.
    reasons: how many were withheld or rejected for each reason.
    """

    fetched: int = 0
    acknowledged: int = 0
    withheld: int = 0
    rejected: int = 0
    failed: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Make sure that nobody was lost.

        Raises:
            UnbalancedProductionError: the outcomes do not add up to `fetched`, or the reasons
                to the withheld and rejected.
        """
        outcomes = self.acknowledged + self.withheld + self.rejected + self.failed
        if outcomes != self.fetched:
            raise UnbalancedProductionError(self.fetched, outcomes)
        explained = sum(self.reasons.values())
        if explained != self.withheld + self.rejected:
            raise UnbalancedProductionError(self.withheld + self.rejected, explained)


class Producer:
    """Takes what a source delivers into a log.

    A source's position is kept nowhere, for it may only move on once everything before it is
    acknowledged, and a log in Kafka has no place for it that moves with the messages. So each
    run reads its source from the beginning. Persons published twice do no harm: the second is
    their newer version.
    """

    def __init__(
        self,
        *,
        publisher: Publisher,
        rules: Rules,
        encode: Encode,
        clock: Clock,
        progress: Callable[[Production], None] = lambda _production: None,
    ) -> None:
        """Join the parts; `progress` is told the counts after each delivery."""
        self._publisher = publisher
        self._encode = encode
        self._clock = clock
        self._progress = progress
        self._fetched = 0
        self._decoded = 0
        self._unsent = 0
        self._reasons: Counter[str] = Counter()
        self._withheld = 0
        self._rejected = 0
        self._rules = replace(rules, decode=self._counting(rules.decode))

    def _counting(self, decode: Decode) -> Decode:
        """Count the persons where they are decoded, apart from what becomes of them."""

        def counted(message: bytes) -> Records | Rejected | Deletion:
            records = decode(message)
            self._decoded += len(records.items) if isinstance(records, Records) else 1
            return records

        return counted

    @property
    def production(self) -> Production:
        """Return the counts so far; they add up once `run` has ended, however it did."""
        return Production(
            fetched=self._fetched,
            acknowledged=self._publisher.acknowledged,
            withheld=self._withheld,
            rejected=self._rejected,
            failed=self._publisher.failed + self._unsent,
            reasons=dict(self._reasons),
        )

    def run(
        self,
        source: Source,
        *,
        stopped: Callable[[], bool] = lambda: False,
        flush_s: float = FLUSH_S,
    ) -> bool:
        """Run until the source ends, or until `stopped` after a delivery; then flush.

        flush_s: seconds for which to wait at the end for the log's answers.

        Returns whether the source was read to its end.

        Raises:
            SourceError: the source can't go on; what it delivered before is acknowledged, or
                counts as failed.
            LogError: something was not acknowledged.
        """
        try:
            finished = self._deliver(source, stopped)
        except KeyboardInterrupt:  # not the first, which only sets `stopped`
            flush_s = 0.0
            raise
        finally:
            self._flush(flush_s)
            self._progress(self.production)
        production = self.production
        production.check()
        if production.failed:
            raise _undelivered(production)
        return finished

    def _flush(self, within_s: float) -> None:
        """Wait for the log's answers, then give up what is left; at once if interrupted."""
        given_up = 0
        try:
            given_up = self._publisher.flush(within_s=within_s)
        except KeyboardInterrupt:
            given_up = self._publisher.flush(within_s=0.0)
            raise
        finally:
            if given_up:
                _logger.error("%d persons were given up: the log did not answer.", given_up)

    def _deliver(self, source: Source, stopped: Callable[[], bool]) -> bool:
        first_look = FirstLook()
        for delivery in source.deliveries():
            self._publish(delivery, first_look)
            self._progress(self.production)
            if self._publisher.failed:
                raise _undelivered(self.production)  # more of the same would be refused, too
            if stopped():
                return False
        return not stopped()

    def _publish(self, delivery: Delivery, first_look: FirstLook) -> None:
        """Pass a delivery on; interrupted in the gate, nobody of it counts as fetched."""
        self._decoded = 0
        admitted = admit_batch(delivery.values, self._rules, now=self._clock())
        first_look.take(delivery.values, admitted)
        self._fetched += self._decoded
        for reason, count in admitted.notice.reasons.items():
            self._reasons[reason.value] += count
            if isinstance(reason, WithheldReason):
                self._withheld += count
            else:
                self._rejected += count
        self._unsent += len(admitted.persons)
        for person in admitted.persons:
            self._publisher.publish(person.login.uuid.encode(), self._encode(person))
            self._unsent -= 1


def _undelivered(production: Production) -> LogError:
    return LogError(
        "The log",
        f"{production.failed} of {production.fetched} persons fetched were not acknowledged;"
        f" {production.acknowledged} were",
        "The lines above say why. Run the same command again: nothing is doubled in the stores.",
    )
