"""Rows of the restricted are deleted from a following store that was put back from a copy."""

from __future__ import annotations

import pytest

from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore
from profiles.application.following.contents import without_rows_of
from profiles.application.ports.stores import Following
from profiles.domain.person import PersonId
from tests.support.histories import ADA, BEA, NOW, profile, version

ROW = version(5)


@pytest.fixture
def following() -> MemoryFollowingStore:
    store = MemoryFollowingStore(lambda: NOW)
    store.follow(Following(held={ADA: (profile(ADA), ROW)}, absent={}))
    return store


@pytest.mark.parametrize(
    ("told", "deleted"),
    [({}, ROW), ({ADA: version(3)}, ROW), ({ADA: version(7)}, version(7))],
    ids=["not told", "of an earlier record", "of a later record"],
)
def test_a_row_is_deleted_in_its_own_version_at_least(
    following: MemoryFollowingStore, told: dict[PersonId, int], deleted: int
) -> None:
    before = Following(held={BEA: (profile(BEA), version(1))}, absent=told)

    after = without_rows_of({ADA, BEA}, before, store=MemoryDecidingStore(), rows_of=following)

    assert after == Following(held=before.held, absent={ADA: deleted})
