"""Profiles and rejections as MongoDB documents, and back: pure, no connection.

An id is BSON binary of subtype 4, the standard representation of a UUID. It is handed to the
driver and taken from it as such, and never made a `uuid.UUID` in between, which costs more than
all the rest of a lookup. PyMongo takes no `datetime.date`: days are ISO text, but for the one
that MongoDB has to compare with the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, Final

from bson.binary import UUID_SUBTYPE, Binary
from bson.int64 import Int64

from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import UNKNOWN, cell_of

Document = dict[str, Any]

HELD_FIELDS: Final = {
    "version": 1,
    "nationality": 1,
    "gender": 1,
    "birth_month": 1,
    "email_domain": 1,
}
"""What `held_of` needs of a profile's document, beside its `_id`."""


def key_of(person: PersonId) -> Binary:
    """Write an id as BSON's UUID."""
    return Binary(bytes.fromhex(person.replace("-", "")), UUID_SUBTYPE)


def person_of(key: bytes) -> PersonId:
    """Read an id: 36 characters, lower case."""
    text = key.hex()
    return PersonId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def document_of(key: Binary, profile: Profile, version: int) -> Document:
    """Write a profile as a document of `users`, its fields in the order used everywhere."""
    (
        _,
        username,
        gender,
        title,
        full_name,
        full_address,
        city,
        country,
        nationality,
        email,
        email_domain,
        age,
        birth_month,
        registered_on,
        as_of,
        expires_at,
    ) = profile
    return {
        "_id": key,
        "username": username,
        "gender": gender,
        "title": title,
        "full_name": full_name,
        "full_address": full_address,
        "city": city,
        "country": country,
        "nationality": nationality,
        "email": email,
        "email_domain": email_domain,
        "age": age,
        "birth_month": birth_month,
        "registered_on": None if registered_on is None else registered_on.isoformat(),
        "as_of": _day(as_of),
        "expires_at": midnight(expires_at),
        "version": Int64(version),
    }


def profile_of(document: Mapping[str, Any]) -> tuple[Profile, int]:
    """Read a document of `users`."""
    key, *others, registered_on, as_of, expires_at, version = map(document.__getitem__, _FIELDS)
    dates = (
        None if registered_on is None else date.fromisoformat(registered_on),
        date.fromisoformat(as_of),
        expires_at.date(),
    )
    return Profile._make((person_of(key), *others, *dates)), int(version)


_FIELDS: Final = ("_id", *Profile._fields[1:], "version")


def held_of(document: Mapping[str, Any]) -> Held:
    """Read what counts of a profile's document."""
    return Held(
        document["version"],
        cell_of(document["nationality"], document["gender"], document["birth_month"]),
        document["email_domain"] or UNKNOWN,
    )


@lru_cache(maxsize=64)  # the records of a chunk share a few days
def midnight(day: date) -> datetime:
    """Give the beginning of a day in UTC, without a time zone, as PyMongo reads and writes it."""
    return datetime.combine(day, time.min)


@lru_cache(maxsize=64)
def _day(day: date) -> str:
    return day.isoformat()


def quarantine_documents(rejections: Iterable[Quarantined]) -> list[Document]:
    """Write rejections as documents; their ids sort by topic, partition, offset and ordinal."""
    return [
        {
            "_id": {
                "topic_id": rejection.partition.topic_id,
                "partition": rejection.partition.number,
                "offset": Int64(rejection.offset),
                "ordinal": rejection.ordinal,
            },
            "partitions": rejection.partition.partitions,
            "logged_at": timestamp(rejection.logged_at),
            "reason": rejection.rejected.reason.value,
            "path": rejection.rejected.path,
            "expected": rejection.rejected.expected,
        }
        for rejection in rejections
    ]


def quarantined_of(document: Mapping[str, Any]) -> Quarantined:
    """Read a rejection's document."""
    place = document["_id"]
    return Quarantined(
        partition=LogPartition(place["topic_id"], place["partition"], document["partitions"]),
        offset=int(place["offset"]),
        ordinal=place["ordinal"],
        logged_at=datetime.fromisoformat(document["logged_at"]),
        rejected=Rejected(
            RejectionReason(document["reason"]), document["path"], document["expected"]
        ),
    )


def timestamp(when: datetime) -> str:
    """Write a moment as ISO text in UTC to the microsecond, which BSON's own date can't hold."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")
