"""What a transaction of every deciding store promises (see the port `UnitOfWork`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from profiles.application.log.epochs import Epoch
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import Writer
from profiles.application.ports.ledger import AppliedLedger
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.domain.corrections import Corrections
from profiles.domain.ledger_entry import LedgerHead
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally
from tests.support.histories import ADA, BEA, BROKEN, CLEO, DAN, TOPIC, profile, version

APPLIED = AppliedLedger(LedgerHead(3, "ab" * 32), 2)
WRITER = Writer("a-topic", 0)
OTHER = Writer("a-topic", 1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class MadeToFailError(Exception):
    """What a unit of work raises in the end."""


@pytest.fixture
def transactions(store: DecidingStore) -> Transactions:
    return store.transactions


@pytest.fixture
def writer(transactions: Transactions) -> Writer:
    """Give a writer that there is."""
    transactions.run(lambda unit: unit.add_writer(WRITER))
    return WRITER


def advance(unit: UnitOfWork, writer: Writer, position: int, **changes: object) -> None:
    parts: dict[str, object] = {"tally": Tally(), "arrivals": {}, "arrivals_until": None}
    unit.advance(writer, position=position, **{**parts, **changes})  # type: ignore[arg-type]  # as named


def hold(unit: UnitOfWork, *profiles: Profile) -> None:
    unit.held([each.id for each in profiles])
    unit.write(upserts={each.id: (each, version(5)) for each in profiles}, deletions=[])


def rejection(offset: int, logged_at: datetime) -> Quarantined:
    return Quarantined(
        partition=TOPIC, offset=offset, ordinal=0, logged_at=logged_at, rejected=BROKEN
    )


def test_it_returns_what_its_work_returns(transactions: Transactions) -> None:
    assert transactions.run(lambda _unit: "done") == "done"


def test_what_it_has_written_is_undone_if_it_fails(
    store: DecidingStore, transactions: Transactions, writer: Writer
) -> None:
    def write_all(unit: UnitOfWork) -> None:
        unit.set_ledger(APPLIED)
        unit.add_epoch(Epoch(1, "a-topic", 1, {}))
        unit.add_writer(OTHER)
        unit.held([ADA, BEA])
        unit.write(upserts={ADA: (profile(city="Ringsted"), version(8))}, deletions=[BEA])
        unit.add_statistics(writer, Statistics.recount([profile(ADA)]))
        unit.quarantine([rejection(0, NOON)])
        unit.delete_quarantined(before=NOON, limit=1)
        unit.add_to_outbox({ADA: version(8), BEA: version(5)})
        advance(unit, writer, 9, tally=Tally(read=1, stored=1), arrivals={NOON: 1})
        raise MadeToFailError

    transactions.run(lambda unit: hold(unit, profile(ADA), profile(BEA)))
    transactions.run(lambda unit: unit.quarantine([rejection(7, NOON - MINUTE)]))
    transactions.run(lambda unit: unit.add_to_outbox({ADA: version(3)}))

    with pytest.raises(MadeToFailError):
        transactions.run(write_all)

    assert list(store.profiles()) == [(profile(ADA), version(5)), (profile(BEA), version(5))]
    assert store.statistics() == Statistics()
    assert store.counts() == Tally()
    assert store.arrivals() == {}
    assert [each.offset for each in store.quarantine()] == [7]
    assert store.outbox(limit=9) == {ADA: version(3)}
    assert store.position(TOPIC) is None
    assert store.ledger().head.number == 0
    assert transactions.run(lambda unit: list(unit.epochs())) == []
    assert transactions.run(lambda unit: unit.positions_of([OTHER])[OTHER]) is None


def test_it_sees_what_it_has_written(transactions: Transactions) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.add_writer(WRITER)
        assert unit.positions_of([WRITER])[WRITER] is None
        advance(unit, WRITER, 4)
        unit.add_statistics(WRITER, Statistics(email_domains={"example.com": 2}))
        assert dict(unit.email_domains(WRITER)) == {"example.com": 2}
        hold(unit, profile(ADA))
        assert unit.held([ADA]) == {ADA: Held.of(profile(ADA), version(5))}

    transactions.run(work)


def test_corrections_are_kept_with_the_profiles_that_they_are_written_with(
    transactions: Transactions,
) -> None:
    kept = Corrections(
        fields={"city": "Ribe", "registered_on": date(2020, 5, 4), "title": None, "age": 36}
    )
    pairs = {each: (profile(each), version(5)) for each in (ADA, BEA)}

    def write(unit: UnitOfWork) -> None:
        unit.held(list(pairs))
        unit.write(upserts=pairs, deletions=[], corrections={ADA: kept})

    transactions.run(write)

    def look(unit: UnitOfWork) -> None:
        assert unit.corrections([ADA, BEA, CLEO]) == {ADA: kept}
        assert unit.profiles([ADA, CLEO]) == {ADA: profile(ADA)}
        assert unit.held([ADA, BEA]) == {
            ADA: Held.of(profile(ADA), version(5), kept),
            BEA: Held.of(profile(BEA), version(5)),
        }
        assert unit.expired(profile().expires_at, limit=9)[ADA].corrections == kept

    transactions.run(look)

    def write_again(unit: UnitOfWork) -> None:
        unit.held(list(pairs))
        unit.write(upserts=pairs, deletions=[])

    transactions.run(write_again)
    assert transactions.run(lambda unit: unit.corrections([ADA, BEA])) == {}


def test_corrections_are_undone_with_the_rest(transactions: Transactions) -> None:
    kept = Corrections(fields={"city": "Ribe"})

    def write(unit: UnitOfWork) -> None:
        unit.held([ADA])
        pair = profile(ADA), version(5)
        unit.write(upserts={ADA: pair}, deletions=[], corrections={ADA: kept})

    def fail(unit: UnitOfWork) -> None:
        unit.held([ADA])
        unit.write(upserts={}, deletions=[ADA])
        raise MadeToFailError

    transactions.run(write)
    with pytest.raises(MadeToFailError):
        transactions.run(fail)

    assert transactions.run(lambda unit: unit.corrections([ADA])) == {ADA: kept}


def test_a_writer_is_made_once(transactions: Transactions, writer: Writer) -> None:
    transactions.run(lambda unit: advance(unit, writer, 4))
    transactions.run(lambda unit: unit.add_writer(writer))

    assert transactions.run(lambda unit: unit.positions_of([writer])[writer]) == 4


def test_writers_before_their_first_chunk_have_no_position(transactions: Transactions) -> None:
    def work(unit: UnitOfWork) -> None:
        for writer in (WRITER, OTHER, Writer("another-topic", 0)):
            unit.add_writer(writer)
        advance(unit, OTHER, 4)
        advance(unit, Writer("another-topic", 0), 5)

    transactions.run(work)

    assert transactions.run(lambda unit: unit.positions("a-topic")) == {1: 4}
    assert (
        transactions.run(
            lambda unit: unit.positions_of([Writer("nowhere", 7)])[Writer("nowhere", 7)]
        )
        is None
    )


def test_epochs_come_back_in_order(transactions: Transactions) -> None:
    epochs = [Epoch(1, "a-topic", 1, {}), Epoch(2, "b", 2, {}), Epoch(3, "a-topic", 2, {0: 2**36})]

    for epoch in epochs:
        transactions.run(lambda unit, epoch=epoch: unit.add_epoch(epoch))  # type: ignore[misc]  # a default

    assert transactions.run(lambda unit: list(unit.epochs())) == epochs


def test_how_far_the_ledger_is_applied_is_told_of_the_whole_store(
    transactions: Transactions,
) -> None:
    transactions.run(lambda unit: unit.set_ledger(APPLIED))
    transactions.run(lambda unit: unit.add_writer(WRITER))

    assert transactions.run(lambda unit: unit.ledger()) == APPLIED
    done = APPLIED._replace(carried_out=3)
    transactions.run(lambda unit: unit.set_ledger(done))
    assert transactions.run(lambda unit: unit.ledger()) == done


def test_persons_are_gone_through_in_the_order_of_ids(transactions: Transactions) -> None:
    transactions.run(lambda unit: hold(unit, profile(CLEO), profile(ADA), profile(BEA)))

    def after(person: PersonId | None, limit: int) -> list[PersonId]:
        return transactions.run(lambda unit: list(unit.held_after(person, limit=limit)))

    assert after(None, 2) == [ADA, BEA]
    assert after(ADA, 9) == [BEA, CLEO]
    assert after(CLEO, 9) == []
    assert transactions.run(lambda unit: unit.held_after(BEA, limit=1)) == {
        CLEO: Held.of(profile(CLEO), version(5))
    }


def test_held_returns_no_more_persons_than_asked_for(transactions: Transactions) -> None:
    gone = date(2026, 11, 23)
    transactions.run(
        lambda unit: hold(unit, *(profile(p, expires_at=gone) for p in (ADA, BEA, CLEO)))
    )

    asked = transactions.run(lambda unit: unit.held([ADA, BEA, CLEO, DAN], limit=2))
    expired = transactions.run(lambda unit: unit.expired(gone, limit=2))

    assert len(asked) == len(expired) == 2
    assert set(asked) | set(expired) <= {ADA, BEA, CLEO}
    assert transactions.run(lambda unit: unit.held([], limit=2)) == {}
    assert transactions.run(lambda unit: unit.expired(gone - timedelta(days=1), limit=2)) == {}


def test_who_is_taken_for_new_and_is_held_is_replaced(
    store: DecidingStore, transactions: Transactions
) -> None:
    def write(unit: UnitOfWork) -> None:
        unit.held([ADA], probably_new=lambda: {ADA})
        unit.write(upserts={ADA: (profile(city="Ringsted"), version(9))}, deletions=[])

    transactions.run(lambda unit: hold(unit, profile(ADA)))
    transactions.run(write)

    assert store.profile(ADA) == (profile(city="Ringsted"), version(9))


def test_who_is_not_held_can_be_deleted(store: DecidingStore, transactions: Transactions) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.held([ADA])
        unit.write(upserts={}, deletions=[ADA])

    transactions.run(work)

    assert list(store.profiles()) == []


def test_a_count_that_comes_to_zero_is_deleted(transactions: Transactions, writer: Writer) -> None:
    counted = Statistics.recount([profile(ADA)])
    transactions.run(lambda unit: unit.add_statistics(writer, counted))

    transactions.run(lambda unit: unit.add_statistics(writer, -counted))

    assert transactions.run(lambda unit: dict(unit.email_domains(writer))) == {}


def test_arrivals_up_to_a_minute_are_deleted(
    store: DecidingStore, transactions: Transactions, writer: Writer
) -> None:
    first = {NOON: 1, NOON + MINUTE: 2, NOON + 2 * MINUTE: 3}
    transactions.run(lambda unit: advance(unit, writer, 1, arrivals=first))
    assert transactions.run(lambda unit: unit.newest_arrival(writer)) == NOON + 2 * MINUTE

    later = {NOON + 2 * MINUTE: 1}
    transactions.run(
        lambda unit: advance(unit, writer, 2, arrivals=later, arrivals_until=NOON + MINUTE)
    )

    assert store.arrivals() == {NOON + 2 * MINUTE: 4}


def test_who_has_counted_no_arrival_has_no_newest(
    transactions: Transactions, writer: Writer
) -> None:
    assert transactions.run(lambda unit: unit.newest_arrival(writer)) is None


@pytest.mark.usefixtures("writer")
def test_a_rejection_keeps_its_place_in_the_source_where_it_has_one(
    store: DecidingStore, transactions: Transactions
) -> None:
    placed = replace(rejection(0, NOON), place="line 17")
    transactions.run(lambda unit: unit.quarantine([placed, rejection(1, NOON)]))

    assert list(store.quarantine()) == [placed, rejection(1, NOON)]


@pytest.mark.usefixtures("writer")
def test_it_finds_the_rejections_of_some_offsets(transactions: Transactions) -> None:
    rejected = [rejection(offset, NOON - offset * MINUTE) for offset in (0, 2, 3, 10, 11)]
    second = replace(rejected[1], ordinal=1, place="line 7")

    def work(unit: UnitOfWork) -> None:
        unit.add_writer(OTHER)
        unit.quarantine([*rejected, second])
        assert list(unit.quarantined(WRITER, start=2, end=11)) == [
            rejected[1],
            second,
            *rejected[2:4],
        ]

    transactions.run(work)

    assert transactions.run(lambda unit: list(unit.quarantined(WRITER, start=4, end=10))) == []
    assert transactions.run(lambda unit: list(unit.quarantined(OTHER, start=0, end=99))) == []


@pytest.mark.usefixtures("writer")
def test_old_rejections_are_deleted_some_at_a_time(
    store: DecidingStore, transactions: Transactions
) -> None:
    rejected = [rejection(offset, NOON + offset * MINUTE) for offset in range(5)]
    transactions.run(lambda unit: unit.quarantine(rejected))

    before = NOON + 3 * MINUTE
    assert [
        transactions.run(lambda unit: unit.delete_quarantined(before=before, limit=2))
        for _ in range(3)
    ] == [2, 1, 0]

    assert [each.offset for each in store.quarantine()] == [3, 4]
