"""Profiles laid down as BSON, against the driver's own encoding of the same documents."""

from __future__ import annotations

import bson
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.mongo.documents import document_of, key_of
from profiles.adapters.mongo.raw_documents import encoder
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests import strategies

ids = strategies.person_ids | st.just(PersonId("0" * 36))  # of any length, or all behind is wrong


@given(
    held=st.lists(st.tuples(strategies.profiles(ids), st.integers(0, 2**63 - 1)), max_size=5),
)
def test_a_profile_is_laid_down_as_the_driver_encodes_its_document(
    held: list[tuple[Profile, int]],
) -> None:
    encode = encoder()

    for profile, version in held:
        document = document_of(key_of(profile.id), profile, version)
        assert encode(profile, version) == bson.encode(document)
