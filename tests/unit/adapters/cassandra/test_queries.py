"""Rows laid down in one piece, against what is written value by value."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.cassandra.queries import Prepared, encoder
from profiles.adapters.cassandra.rows import deleted, inserted, key
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests import strategies

INSERT = Prepared.of(SimpleNamespace(query_id=b"0123456789abcdef"), values=19)
versions = st.integers(0, 2**63 - 1)

ids = strategies.person_ids | st.just(PersonId("0" * 36))  # of any length, or all behind is wrong


@given(
    rows=st.lists(
        st.tuples(strategies.profiles(ids), versions, st.integers(0, 630_720_000)), max_size=5
    )
)
def test_a_row_is_laid_down_as_it_is_written_value_by_value(
    rows: list[tuple[Profile, int, int]],
) -> None:
    encode = encoder(INSERT.head)

    for profile, version, ttl_s in rows:
        query = encode(key(profile.id), profile, version, ttl_s)

        assert query == INSERT.query(inserted(profile, version, ttl_s))


@given(profile=strategies.profiles(), version=versions)
def test_a_query_that_goes_alone_has_the_same_values(profile: Profile, version: int) -> None:
    cells = inserted(profile, version, 60)

    assert INSERT.cells(INSERT.query(cells)) == cells


def test_a_deletion_names_its_statement_and_has_its_values() -> None:
    delete = Prepared.of(SimpleNamespace(query_id=b"short"), values=2)
    ada = PersonId("00000001-0000-4000-8000-000000000001")

    query = delete.query(deleted(ada, 7))

    assert query.startswith(b"\x01\x00\x05short\x00\x02")
    assert delete.cells(query) == deleted(ada, 7)
