"""How every deciding store tells of its rejected records (see the port `Rejections`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.rejections import RejectionCounts
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.outcome import Rejected, RejectionReason

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

FIRST = LogPartition("a-topic", 0, 2)
SECOND = LogPartition("a-topic", 1, 2)
OTHER = LogPartition("another-topic")

NO_JSON = Rejected(RejectionReason.JSON, "", "JSON")
NO_DATE = Rejected(RejectionReason.DATE, "results[1].dob.date", "date YYYY-MM-DD")


def entry(  # noqa: PLR0913 - what an entry is, each with a usual value
    offset: int,
    *,
    partition: LogPartition = FIRST,
    ordinal: int = 0,
    minute: int = 0,
    rejected: Rejected = NO_JSON,
    further: int = 0,
) -> Quarantined:
    return Quarantined(
        partition=partition,
        offset=offset,
        ordinal=ordinal,
        logged_at=NOON + minute * MINUTE,
        rejected=rejected,
        further=further,
    )


def keep(store: DecidingStore, *entries: Quarantined) -> None:
    for writer in {each.partition.writer: None for each in entries}:
        store.transactions.run(lambda unit, new=writer: unit.add_writer(new))  # type: ignore[misc]  # a loop's variable
    store.transactions.run(lambda unit: unit.quarantine(entries))


def pages(store: DecidingStore, *, limit: int) -> Iterator[Sequence[Quarantined]]:
    last = None
    while page := store.rejections.in_log_order(after=last, limit=limit):
        yield page
        last = page[-1]


def test_where_nothing_was_rejected_there_is_nothing_to_tell(store: DecidingStore) -> None:
    assert store.rejections.counts() == RejectionCounts({}, further=0)
    assert store.rejections.newest(limit=10) == []
    assert store.rejections.in_log_order(after=None, limit=10) == []


def test_rejections_are_counted_by_reason_and_apart_those_whose_place_was_not_kept(
    store: DecidingStore,
) -> None:
    keep(store, entry(1), entry(2), entry(3, rejected=NO_DATE, further=40), entry(9, further=2))

    assert store.rejections.counts() == RejectionCounts(
        {RejectionReason.DATE: 1, RejectionReason.JSON: 3}, further=42
    )


def test_the_newest_come_first(store: DecidingStore) -> None:
    keep(
        store,
        entry(1, minute=5),
        entry(2, minute=1),
        entry(3, minute=9),
        entry(3, ordinal=1, minute=9, further=7),
        entry(0, partition=OTHER, minute=7),
    )

    newest = store.rejections.newest(limit=3)

    assert newest == [
        entry(3, ordinal=1, minute=9, further=7),
        entry(3, minute=9),
        entry(0, partition=OTHER, minute=7),
    ]


def test_those_of_one_reason_can_be_asked_for(store: DecidingStore) -> None:
    dated = [entry(offset, rejected=NO_DATE, minute=offset) for offset in (2, 4)]
    keep(store, entry(1), dated[0], entry(3), dated[1])

    assert store.rejections.newest(limit=9, reason=RejectionReason.DATE) == dated[::-1]
    assert store.rejections.newest(limit=1, reason=RejectionReason.DATE) == [dated[1]]
    assert store.rejections.newest(limit=1, reason=RejectionReason.AGE) == []


def test_all_can_be_read_page_by_page_partition_by_partition_in_the_order_of_the_log(
    store: DecidingStore,
) -> None:
    entries = [
        *(entry(offset, ordinal=ordinal) for offset in (3, 11, 100) for ordinal in (0, 1)),
        *(entry(offset, partition=SECOND, minute=-offset) for offset in (2, 1, 10)),
        entry(5, partition=OTHER),
    ]
    keep(store, *entries[::-1])

    read = [each for page in pages(store, limit=2) for each in page]

    assert [len(page) for page in pages(store, limit=4)] == [4, 4, 2]
    by_partition: dict[LogPartition, list[Quarantined]] = {}
    for each in read:
        by_partition.setdefault(each.partition, []).append(each)
    assert read == [each for of_one in by_partition.values() for each in of_one]
    assert by_partition == {
        FIRST: entries[:6],
        SECOND: [entry(offset, partition=SECOND, minute=-offset) for offset in (1, 2, 10)],
        OTHER: entries[-1:],
    }


def test_those_of_a_message_are_taken_out_together_and_can_be_put_back_otherwise(
    store: DecidingStore,
) -> None:
    others = [entry(6), entry(5, partition=SECOND), entry(5, partition=OTHER)]
    keep(store, entry(5), entry(5, ordinal=1), *others)
    left = replace(entry(5), rejected=NO_DATE)

    def put_back(unit: UnitOfWork) -> int:
        removed = unit.remove_quarantined([(FIRST.writer, 5), (FIRST.writer, 7)])
        unit.quarantine([left])
        return removed

    assert store.transactions.run(put_back) == 2
    assert {(each.partition, each.offset): each for each in store.quarantine()} == {
        (each.partition, each.offset): each for each in [left, *others]
    }


@pytest.mark.parametrize("many", [2_500])
def test_many_messages_can_be_taken_out_at_once(store: DecidingStore, many: int) -> None:
    keep(store, *(entry(offset) for offset in range(many)))
    places = [(FIRST.writer, offset) for offset in range(1, many)]

    assert store.transactions.run(lambda unit: unit.remove_quarantined(places)) == many - 1

    assert store.quarantine() == [entry(0)]
