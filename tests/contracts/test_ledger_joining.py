"""A store is used with one erasure ledger, and no other takes its place unseen."""

from __future__ import annotations

import logging

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.adapters.memory.ledger import MemoryKeyring
from profiles.application.errors import LedgerError
from profiles.application.ledger.joining import checked_view, join
from profiles.application.ports.ledger import AppliedLedger
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.ledger_entry import START, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.pseudonym import PseudonymKey
from tests.support.histories import ADA, BEA, CLEO

KEYRING = MemoryKeyring(PseudonymKey(id="k1", secret=b"a key of these tests, 32 bytes at least"))
ANOTHER = "is another one than the store is used with"


class MadeToFailError(Exception):
    """What a unit of work raises in the end."""


def copy_of(ledger: MemoryLedger) -> MemoryLedger:
    """Give a ledger of the same entries that is not the same: a topic that was restored."""
    copy = MemoryLedger(KEYRING)
    copy.values = list(ledger.values)
    return copy


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(KEYRING)


def test_a_new_store_is_used_with_no_ledger(store: DecidingStore) -> None:
    assert store.ledger().joined is None


def test_it_is_remembered_which_ledger_a_store_is_used_with(
    store: DecidingStore, ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        join(store, ledger)

    assert store.ledger().joined == store.progress().ledger.joined == ledger.identity
    assert caplog.text == ""


def test_that_is_undone_with_the_rest_of_a_transaction(store: DecidingStore) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.join_ledger("a-ledger")
        assert unit.ledger().joined == "a-ledger"
        raise MadeToFailError

    with pytest.raises(MadeToFailError):
        store.transactions.run(work)

    assert store.ledger().joined is None


def test_it_stays_when_the_ledger_is_applied(store: DecidingStore, ledger: MemoryLedger) -> None:
    join(store, ledger)
    ledger.suppress(ADA)

    store.apply_ledger(ledger)

    assert store.ledger() == AppliedLedger(ledger.view().head, 1, ledger.identity)


def test_another_ledger_is_refused_though_neither_has_an_entry(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    join(store, ledger)
    other = MemoryLedger(KEYRING)

    with pytest.raises(LedgerError, match=ANOTHER) as refused:
        join(store, other)

    assert "--accept-new-ledger" in str(refused.value)
    assert store.ledger().joined == ledger.identity
    with pytest.raises(LedgerError, match=ANOTHER):
        checked_view(store.ledger(), other)


def test_another_ledger_is_taken_where_the_operator_accepts_it(
    store: DecidingStore, ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    join(store, ledger)
    other = MemoryLedger(KEYRING)

    with caplog.at_level(logging.WARNING):
        join(store, other, accept=True)

    assert store.ledger().joined == other.identity
    assert "is used with another erasure ledger from now on" in caplog.text
    with pytest.raises(LedgerError, match=ANOTHER):
        join(store, ledger)


def test_a_copy_that_has_what_was_applied_is_taken(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    join(store, ledger)
    ledger.suppress(ADA)
    store.apply_ledger(ledger)
    ledger.suppress(BEA)
    copy = copy_of(ledger)

    checked_view(store.ledger(), copy)
    join(store, copy)

    assert store.ledger().joined == copy.identity


@pytest.mark.parametrize("accept", [False, True])
def test_no_ledger_that_lacks_what_was_applied_is_taken_whatever_is_accepted(
    store: DecidingStore, ledger: MemoryLedger, *, accept: bool
) -> None:
    join(store, ledger)
    ledger.suppress(ADA)
    store.apply_ledger(ledger)
    different = MemoryLedger(KEYRING)
    different.suppress(BEA, CLEO)

    for other in (MemoryLedger(KEYRING), different):
        with pytest.raises(LedgerError, match=r"ends at entry 0|its entry 1 is different"):
            join(store, other, accept=accept)

    assert store.ledger().joined == ledger.identity


def test_a_copy_does_not_prove_itself_to_a_store_that_knows_no_seal(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    ledger.suppress(ADA)
    store.transactions.run(lambda unit: unit.set_ledger(AppliedLedger(LedgerHead(1), 1)))
    join(store, ledger)

    with pytest.raises(LedgerError, match=ANOTHER):
        join(store, copy_of(ledger))


def test_of_two_jobs_that_come_first_with_two_ledgers_one_is_refused(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    class SlowLedger(MemoryLedger):
        def view(self, *, at_least: LedgerHead = START) -> LedgerView:
            join(store, ledger)
            return super().view(at_least=at_least)

    with pytest.raises(LedgerError, match=ANOTHER):
        join(store, SlowLedger(KEYRING))

    assert store.ledger().joined == ledger.identity
