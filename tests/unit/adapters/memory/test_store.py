"""What other threads see of a store in memory while a transaction is under way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from datetime import timedelta

import pytest

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.ports.unit_of_work import UnitOfWork
from tests.support.histories import ADA, BEA, BROKEN, NOW, chunk, profile, stored

A_MOMENT_S = 0.05
"""Enough for whoever does not wait for the transaction."""


class GivenUpError(Exception):
    """The transaction is not to be committed."""


@pytest.mark.parametrize(
    "look",
    [
        lambda store: list(store.profiles()),
        lambda store: store.profile(BEA),
        lambda store: store.held([ADA, BEA]),
        lambda store: store.quarantine(),
        lambda store: store.rejections.counts(),
        lambda store: store.ledger(),
    ],
    ids=["all", "a person", "some", "quarantine", "rejections", "ledger"],
)
def test_nothing_of_a_transaction_is_seen_that_is_then_undone(
    look: Callable[[MemoryDecidingStore], object],
) -> None:
    store = MemoryDecidingStore()
    store.apply(chunk(stored(ADA), (None, BROKEN)), MemoryLedger())
    before = look(store)

    with ThreadPoolExecutor(1) as threads:
        looking: list[Future[object]] = []

        def work(unit: UnitOfWork) -> None:
            unit.write(upserts={BEA: (profile(BEA), 1)}, deletions=[ADA])
            unit.set_ledger(unit.ledger()._replace(carried_out=3))
            unit.delete_quarantined(before=NOW + timedelta(days=1), limit=9)
            looking.append(threads.submit(look, store))
            with pytest.raises(NotYetError):
                looking[0].result(A_MOMENT_S)
            raise GivenUpError

        with pytest.raises(GivenUpError):
            store.transactions.run(work)

        assert looking[0].result() == before
