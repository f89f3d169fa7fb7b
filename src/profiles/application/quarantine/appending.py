"""Appending persons to a log anew, as the jobs do that fill it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from profiles.application.errors import LogError
from profiles.application.log.records import Notice
from profiles.application.ports.clock import Clock
from profiles.application.ports.logs import Log, Publisher
from profiles.domain.person import Person, PersonId

Append = Callable[[Sequence[Person], Sequence[PersonId]], None]
"""Append minimised persons, and deletions of others; return when all are in the log for good.

Raises:
    LogError: some may be missing; append all of them again.
"""

FLUSH_S: Final = 120.0
"""Seconds for which the log's answers are waited for."""

_SOURCE: Final = "quarantine"


def appending_to(log: Log, clock: Clock) -> Append:
    """Append to the embedded engine's log, all in one transaction; whoever does that claims it."""

    def append(persons: Sequence[Person], deleted: Sequence[PersonId]) -> None:
        log.append(
            persons,
            Notice(),
            logged_at=clock(),
            source=_SOURCE,
            expected=0,
            position=None,
            deleted=deleted,
        )

    return append


def publishing(publisher: Publisher, encode: Callable[[Person], bytes]) -> Append:
    """Publish one message for each person, keyed by the id; a deletion has no value."""

    def append(persons: Sequence[Person], deleted: Sequence[PersonId]) -> None:
        wanted = publisher.acknowledged + len(persons) + len(deleted)
        for person in persons:
            publisher.publish(person.login.uuid.encode(), encode(person))
        for identity in deleted:
            publisher.publish(identity.encode(), None)
        publisher.flush(within_s=FLUSH_S)
        if publisher.acknowledged != wanted:
            raise LogError(
                "The log",
                "it did not acknowledge all that was appended anew",
                "The lines above say why. Run the same command again: what was not acknowledged is"
                " still in the quarantine, and nothing is doubled in the stores.",
            )

    return append
