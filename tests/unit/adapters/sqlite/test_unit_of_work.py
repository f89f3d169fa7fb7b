"""New persons are inserted without looking them up, and nothing else comes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.adapters.sqlite import SqliteDecidingStore
from profiles.adapters.sqlite.database import connect
from profiles.adapters.sqlite.schema import KIND
from profiles.adapters.sqlite.strangers import CHUNKS_OF_NEW_PERSONS, Strangers
from profiles.application.errors import StoreError
from profiles.application.ports.stores import DecidingStore
from profiles.domain.person import PersonId
from profiles.domain.tally import Tally
from tests.support.histories import ADA, ERASED, IDS, MINOR, About, chunk, state, stored

_LOOKED_UP = re.compile(r"SELECT id, version, .* FROM users\s+WHERE id IN .*json_each\('(.*?)'\)")


class Watched:
    """A store in a file, and the ids that it looks up."""

    def __init__(self, path: Path) -> None:
        connection = connect(path, KIND)
        connection.set_trace_callback(self._trace)
        self.store = SqliteDecidingStore(path, connection)
        self.looked_up = 0

    def _trace(self, statement: str) -> None:
        found = _LOOKED_UP.search(" ".join(statement.split()))
        if found:
            self.looked_up += len(json.loads(found[1]))


@pytest.fixture
def watched(tmp_path: Path) -> Generator[Watched]:
    made = Watched(tmp_path / "profiles.db")
    with closing(made.store):
        yield made


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def crowd(count: int, *, first: int) -> list[About]:
    return [
        stored(PersonId(f"{n:08x}-0000-4000-9000-{n:012x}")) for n in range(first, first + count)
    ]


def new_persons(chunks: int) -> list[list[About]]:
    return [crowd(3, first=3 * number) for number in range(chunks)]


def apply_all(
    store: DecidingStore, chunks: Sequence[Sequence[About]], ledger: MemoryLedger
) -> None:
    start = 0
    for abouts in chunks:
        store.apply(chunk(*abouts, start=start), ledger)
        start += len(abouts)


def test_after_chunks_of_new_persons_only_who_may_have_to_go_is_looked_up(
    watched: Watched, ledger: MemoryLedger
) -> None:
    chunks = new_persons(CHUNKS_OF_NEW_PERSONS + 1)
    chunks[-1].append((ADA, MINOR))

    apply_all(watched.store, chunks, ledger)

    assert watched.looked_up == 3 * CHUNKS_OF_NEW_PERSONS + 1


@pytest.mark.parametrize("suppressed", [False, True])
def test_who_is_held_after_all_is_found_out_among_new_persons(
    watched: Watched, ledger: MemoryLedger, *, suppressed: bool
) -> None:
    chunks = new_persons(CHUNKS_OF_NEW_PERSONS)
    first, second, third = (person for person, _ in chunks[0] if person)
    newer, gone = stored(first, full_name="Ada Lovelace"), (second, MINOR)
    history = [*chunks, [*crowd(2, first=100), newer, gone], crowd(2, first=200)]
    if suppressed:
        ledger.suppress(third)
    other = MemoryDecidingStore()

    apply_all(watched.store, history, ledger)
    apply_all(other, history, ledger)

    assert state(watched.store) == state(other)


def test_a_chunk_of_new_persons_that_comes_again_changes_nothing(
    watched: Watched, ledger: MemoryLedger
) -> None:
    chunks = new_persons(CHUNKS_OF_NEW_PERSONS + 1)
    apply_all(watched.store, chunks, ledger)
    before = state(watched.store)

    applied = watched.store.apply(chunk(*chunks[-1], start=3 * len(chunks) - 3), ledger)

    assert applied.tally == Tally(read=3, stored=3)
    assert state(watched.store) == before


steps = st.lists(
    st.lists(
        st.tuples(st.sampled_from(IDS), st.sampled_from(["Oslo", "Bergen", None, ERASED, MINOR])),
        min_size=1,
        max_size=4,
    ),
    max_size=8,
)


@given(steps)
def test_whatever_comes_the_store_is_as_if_everybody_were_looked_up(
    history: list[list[tuple[PersonId, object]]],
) -> None:
    chunks: list[list[About]] = [
        [
            (person, what) if what in (ERASED, MINOR) else stored(person, city=what)
            for person, what in each
        ]
        for each in history
    ]
    other, ledger = MemoryDecidingStore(), MemoryLedger()
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(SqliteDecidingStore.open(Path(":memory:"))) as store,
    ):
        patch.setattr(Strangers, "likely", True)

        apply_all(store, chunks, ledger)
        apply_all(other, chunks, ledger)

        assert state(store) == state(other)


def test_any_other_refusal_is_told_as_such(watched: Watched, ledger: MemoryLedger) -> None:
    apply_all(watched.store, new_persons(CHUNKS_OF_NEW_PERSONS), ledger)
    nameless = stored(ADA, birth_month="1985-03")[1]._replace(as_of=None)  # type: ignore[union-attr,arg-type] # must not be null

    with pytest.raises(StoreError, match="SQLITE_CONSTRAINT_NOTNULL"):
        watched.store.apply(chunk((ADA, nameless), start=3 * CHUNKS_OF_NEW_PERSONS), ledger)

    assert watched.store.profile(ADA) is None
