"""Where personal data lies, in which form, and when it is erased (GDPR Art. 30(1)(f))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from profiles.domain.policy import (
    LOG_RETENTION,
    QUARANTINE_RETENTION,
    EmailTreatment,
    PrivacyPolicy,
)

UNNAMED: Final = "the deciding store"
"""What the store is called where the configuration names none."""

_LOG: Final = f"{LOG_RETENTION.total_seconds() / 3600:g} hours"
_QUARANTINE: Final = f"{QUARANTINE_RETENTION.days} days"


class Kind(Enum):
    """What holds data."""

    FILE = "SQLite"
    MONGODB = "MongoDB"
    CASSANDRA = "Cassandra"
    KAFKA = "Kafka"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """A file or a server that data lies in.

    name: as messages have it, without user and options.
    tls: whether the connection is encrypted and the server's certificate checked.
    login: whether a user logs in.
    """

    kind: Kind
    name: str
    tls: bool = False
    login: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """What a pipeline is joined to.

    deciding: None where none is named. following: the store that follows it, if any.
    log, ledger: files, or the cluster in which they are topics.
    topic, ledger_topic: their names; of no meaning for a file.
    k: what counts on the page are rounded to.
    """

    deciding: Facility | None
    following: Facility | None
    log: Facility
    topic: str
    ledger: Facility
    ledger_topic: str
    k: int

    @property
    def facilities(self) -> list[Facility]:
        """Everything that data lies in, each once."""
        named = (self.deciding, self.following, self.log, self.ledger)
        return list(dict.fromkeys(each for each in named if each is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place with personal data or with what was counted from it.

    where: the file or server, with the table, collection or topic.
    """

    where: str
    what: str
    erased: str


def places(policy: PrivacyPolicy, processing: Processing) -> Iterator[Place]:
    """List all places, in the order in which data comes there."""
    yield from _log(policy, processing)
    store = UNNAMED if processing.deciding is None else processing.deciding.name
    days = policy.retention.days
    yield Place(
        where=f"{store}: users",
        what="profiles: their fields above, and a version",
        erased=f"{days} days after the record was logged: a running job deletes them, every 10"
        " minutes",
    )
    yield Place(
        where=f"{store}: statistics",
        what="how many profiles there are by nationality, gender and month of birth, and by e-mail"
        " domain",
        erased="as soon as nobody is counted",
    )
    yield Place(
        where=f"{store}: quarantine",
        what="of rejected records the reason, the path in the schema and the place in the log; no"
        " value",
        erased=f"after {_QUARANTINE}",
    )
    yield Place(
        where=f"{store}: counts, arrivals",
        what="how many records had which outcome, and how many profiles were new in each minute",
        erased="counts are kept; arrivals go after 24 hours",
    )
    if processing.deciding is not None and processing.deciding.kind is Kind.MONGODB:
        yield Place(
            where=f"{store}: oplog and journal",
            what="every change of the collections above with its content",
            erased="when MongoDB's oplog rolls over: its size decides",
        )
    yield from _following(processing, store)
    yield from _ledger(processing)


def _log(policy: PrivacyPolicy, processing: Processing) -> Iterator[Place]:
    carried = "the log's fields above, the full date of birth among them"
    as_given = policy.email is EmailTreatment.KEEP and "email" in policy.profile_rules
    if "email" in policy.log_rules and not as_given:
        carried += ", and the e-mail address as it was given"
    where = processing.log.name
    if processing.log.kind is Kind.FILE:
        yield Place(
            where=where,
            what=f"minimised persons: {carried}; counts of who was withheld",
            erased=f"after {_LOG}: a running job deletes them, every 10 minutes",
        )
        yield Place(
            where=f"{where}: sources",
            what="of files that were not read to their end: path, position, size, times, and a"
            " keyed digest of what was read",
            erased=f"the digest after {_LOG}; the rest is kept",
        )
        return
    yield Place(
        where=f"{where}: topic {processing.topic}",
        what=f"from profiles produce, minimised persons: {carried}. From other producers, records"
        " as they sent them, whatever is in them",
        erased=f"after {_LOG}, and up to 1 hour more, by Kafka",
    )
    yield Place(
        where=f"{where}: topic {processing.topic}.rejected",
        what="the same about rejected records as the quarantine",
        erased=f"after {_QUARANTINE}, and up to 1 hour more, by Kafka",
    )


def _following(processing: Processing, deciding: str) -> Iterator[Place]:
    if processing.following is None:
        return
    where = processing.following.name
    yield Place(
        where=f"{where}: users",
        what="the same profiles as in the deciding store",
        erased="with those of the deciding store, and by the row's time to live",
    )
    yield Place(
        where=f"{where}: data files",
        what="deleted and overwritten rows",
        erased="at Cassandra's next compaction of them; there is no fixed limit",
    )
    yield Place(
        where=f"{deciding}: outbox",
        what="ids of deleted persons whom the following store has still to delete",
        erased="as soon as it has deleted them",
    )


def _ledger(processing: Processing) -> Iterator[Place]:
    in_file = processing.ledger.kind is Kind.FILE
    where = processing.ledger.name
    yield Place(
        where=where if in_file else f"{where}: topic {processing.ledger_topic}",
        what="keyed hashes of the ids of erased and restricted persons, what was entered, why and"
        " when; no id and nothing else of theirs. The key lies in a file of its own",
        erased="kept, because it is what keeps erased persons out",
    )
