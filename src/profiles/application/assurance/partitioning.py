"""Does each person stay in one partition? As far as the newest records can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from profiles.application.assurance.checks import Check
from profiles.application.log.messages import Decode, Deletion, Records
from profiles.application.log.records import LogRecord
from profiles.domain.person import PersonId
from profiles.domain.reading import readable_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitioning:
    """Counts over the newest records of a topic.

    keyless: have no key, so they lie anywhere. elsewhere: have a key, and lie where `profiles
        produce` would not put it. spread: persons with records in more than one partition.
    """

    partitions: int
    read: int = 0
    keyless: int = 0
    elsewhere: int = 0
    spread: int = 0


def partitioning_of(
    newest: Mapping[int, Sequence[LogRecord]],
    partitions: int,
    place: Callable[[bytes, int], int],
    decode: Decode,
) -> Partitioning:
    """Count where records lie.

    newest: records by partition. place: tells where a key belongs.
    """
    keyless = elsewhere = 0
    homes: dict[PersonId, set[int]] = {}
    for number, records in newest.items():
        for record in records:
            if record.key is None:
                keyless += 1
            elif place(record.key, partitions) != number:
                elsewhere += 1
            for person in _persons(record, decode):
                homes.setdefault(person, set()).add(number)
    return Partitioning(
        partitions=partitions,
        read=sum(map(len, newest.values())),
        keyless=keyless,
        elsewhere=elsewhere,
        spread=sum(len(numbers) > 1 for numbers in homes.values()),
    )


def _persons(record: LogRecord, decode: Decode) -> Iterable[PersonId]:
    if not isinstance(record.value, bytes):
        return []
    records = decode(record.value)
    if not isinstance(records, Records):
        return [records.person] if isinstance(records, Deletion) else []
    return (person for person in map(readable_id, records.items) if person is not None)


def partitioning_check(name: str, placing: Partitioning) -> Check:
    """Judge whether each person stays in one partition."""
    what = f"topic {name}: one partition a person"
    if placing.partitions == 1:
        return Check(what=what, ok=True, found="the topic has one")
    wrong = {
        "have no key": placing.keyless,
        "lie where another partitioner than Java's puts their key": placing.elsewhere,
    }
    found = [f"{count:,} {words}" for words, count in wrong.items() if count]
    if placing.spread:
        found.append(f"{placing.spread:,} persons are in more than one partition")
    return Check(
        what=what,
        ok=not found,
        found=f"of the {placing.read:,} newest records "
        + (", ".join(found) or "all lie where their key belongs"),
        remedy=None
        if not found
        else "The order of a person's records is promised within one partition only. Let every"
        " producer use the person's id as key and partitioner murmur2_random (Java's default); or"
        " give the topic one partition.",
    )
