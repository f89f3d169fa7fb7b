"""The logs that corrections are appended to: that of the embedded engine, and a topic."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from profiles.application.errors import LogClaimedError, LogError
from profiles.application.log.records import LogPartition
from profiles.application.ports.clock import Clock
from profiles.application.ports.logs import Log, PlacingPublisher
from profiles.application.ports.stores import DecidingStore
from profiles.application.rights.rectifying import Place
from profiles.domain.person import PersonId

PATIENCE_S: Final = 5.0
"""Seconds after which nobody seems to read a partition: a job looks at it all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedCorrections:
    """The embedded engine's log: a run that works with it takes in what is appended beside it.

    catch_up: takes into the store what the log holds.
    """

    log: Log
    catch_up: Callable[[], None]
    clock: Clock
    name: str
    patience_s: float = field(default=0.0, init=False)

    def append(self, person: PersonId, record: bytes) -> Place:
        """Append a record."""
        appended = self.log.append_record(person, record, logged_at=self.clock())
        return Place(self.log.partition, appended.first)

    def take_in(self, place: Place) -> bool:  # noqa: ARG002 - it takes in all that waits
        """Take in what the log holds, unless a run has it to itself."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self.log.claim())
            except LogClaimedError:
                return False
            self.catch_up()
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCorrections:
    """A topic: jobs share its partitions, and another one that reads the same changes nothing.

    partition: names a partition by its number.
    process: takes a partition from one offset (None for its beginning) to another into the stores.
    within_s: how long the topic's answer is waited for.
    """

    publisher: PlacingPublisher
    partition: Callable[[int], LogPartition]
    store: DecidingStore
    process: Callable[[LogPartition, int | None, int], object]
    name: str
    within_s: float
    patience_s: float = PATIENCE_S

    def append(self, person: PersonId, record: bytes) -> Place:
        """Publish a record with the key of the person's others."""
        self.publisher.publish(person.encode(), record)
        given_up = self.publisher.flush(within_s=self.within_s)
        place = self.publisher.last_place
        if given_up or self.publisher.failed or place is None:
            raise LogError(
                self.name,
                "it did not confirm the correction, and may have it or not",
                "See that Kafka is up, and run the same command again: to correct twice changes"
                " nothing.",
            )
        number, offset = place
        return Place(self.partition(number), offset)

    def take_in(self, place: Place) -> bool:
        """Take in the partition up to the record; what was decided is followed once more."""
        position = self.store.position(place.partition)
        start = None if position is None else min(position, place.offset)
        self.process(place.partition, start, place.offset + 1)
        return True
