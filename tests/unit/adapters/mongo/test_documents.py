"""How profiles, rejections and statistics lie in MongoDB, without one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import bson
import pytest
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.mongo import documents
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.domain.outcome import Rejected
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from tests import strategies

ADA = PersonId("0c5cb3a4-9a3c-4f2e-8d53-1f6f0a1b2c3d")


def through_bson(document: Mapping[str, Any]) -> dict[str, Any]:
    return bson.decode(bson.encode(document))


@given(profile=strategies.profiles(), version=st.integers(0, 2**63 - 1))
def test_a_profile_comes_back_as_it_was(profile: Profile, version: int) -> None:
    stored = through_bson(documents.document_of(documents.key_of(profile.id), profile, version))

    assert documents.profile_of(stored) == (profile, version)
    assert documents.held_of(stored) == Held.of(profile, version)


@given(profile=strategies.profiles(), version=st.integers(0, 2**63 - 1))
def test_a_field_that_an_earlier_release_left_out_is_null(profile: Profile, version: int) -> None:
    stored = documents.document_of(documents.key_of(profile.id), profile, version)
    del stored["title"], stored["registered_on"]

    assert documents.profile_of(through_bson(stored)) == (
        profile._replace(title=None, registered_on=None),
        version,
    )


def test_a_document_without_what_every_profile_has_is_not_read() -> None:
    with pytest.raises(KeyError, match="age"):
        documents.profile_of({"_id": documents.key_of(ADA), "version": 1})


@given(profile=strategies.profiles(), version=st.integers(0, 2**63 - 1))
def test_a_document_has_the_fields_and_types_of_the_design(profile: Profile, version: int) -> None:
    raw = bson.encode(documents.document_of(documents.key_of(profile.id), profile, version))
    stored: dict[str, Any] = bson.decode(
        raw, CodecOptions(uuid_representation=UuidRepresentation.STANDARD, tz_aware=True)
    )

    assert list(stored) == ["_id", *Profile._fields[1:], "version"]
    assert stored["_id"] == UUID(profile.id)
    assert type(stored["age"]) is int
    assert isinstance(stored["version"], bson.Int64)
    assert stored["as_of"] == profile.as_of.isoformat()
    assert stored["expires_at"] == datetime.combine(
        profile.expires_at, datetime.min.time(), tzinfo=UTC
    )


@given(
    rejected=strategies.rejected,
    logged_at=strategies.log_times,
    place=st.sampled_from([None, "line 17"]),
)
def test_a_rejection_comes_back_as_it_was(
    rejected: Rejected, logged_at: datetime, place: str | None
) -> None:
    rejection = Quarantined(
        partition=LogPartition("topic", 3, 8),
        offset=2**36,
        ordinal=4,
        logged_at=logged_at,
        rejected=rejected,
        place=place,
    )

    (stored,) = documents.quarantine_documents([rejection])

    assert documents.quarantined_of(through_bson(stored)) == rejection


def test_log_times_sort_as_text_as_they_do_in_time() -> None:
    earlier, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)

    assert documents.timestamp(earlier) < documents.timestamp(later)


def test_a_person_is_known_by_the_same_id_in_every_form() -> None:
    key = documents.key_of(ADA)

    assert documents.person_of(key) == ADA
    assert key.as_uuid() == UUID(ADA)


def test_the_start_of_a_day_has_no_time_zone() -> None:
    assert documents.midnight(date(2027, 11, 23)).tzinfo is None
