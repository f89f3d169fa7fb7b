"""Whom `profiles erase` deletes where, in which order, and what it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryLedger,
    MemoryLog,
)
from profiles.application.errors import LogError, StoreError
from profiles.application.log.records import Notice
from profiles.application.ports.ledger import Action
from profiles.application.ports.stores import Following
from profiles.application.rights.erasing import (
    EmbeddedRecords,
    ErasedPerson,
    ErasedPlace,
    Eraser,
    ErasureReceipt,
    RawRecords,
    TombstoneError,
    TopicRecords,
)
from profiles.domain.errors import UsageError
from profiles.domain.person import Birth, Login, Person, PersonId
from profiles.domain.statistics import Statistics
from tests.support.histories import ADA, BEA, CLEO, DAN, NOW, chunk, held, profile, stored


class AwayStore(MemoryFollowingStore):
    """A following store that can be switched off."""

    is_away = False

    def follow(self, following: Following) -> None:
        if self.is_away:
            raise StoreError("the copy", "is away", "Start it.")
        super().follow(following)


@dataclass
class DeafLedger(MemoryLedger):
    """A ledger that takes no entry."""

    def enter(self, action: Action, person: PersonId, *, entered_at: datetime) -> int:  # noqa: ARG002 - of the port
        raise LogError("the ledger", "is away", "Start it.")


@dataclass
class Topic:
    """Takes messages, or refuses them."""

    accepts: bool = True
    published: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    acknowledged = 0

    @property
    def failed(self) -> int:
        return 0 if self.accepts else len(self.published)

    def publish(self, key: bytes, value: bytes | None) -> None:
        self.published.append((key, value))

    def flush(self, *, within_s: float) -> int:
        assert within_s == 3.0
        return 0


def log_with(*persons: PersonId) -> MemoryLog:
    log = MemoryLog("a-topic", encode=codec.encode)
    log.append(
        [
            Person(login=Login(uuid=each), dob=Birth(date="1985-03-14"), schema=1)
            for each in persons
        ],
        Notice(),
        logged_at=NOW,
        source="a",
        expected=0,
        position=None,
    )
    return log


@dataclass
class Bench:
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)
    following: AwayStore = field(default_factory=lambda: AwayStore(lambda: NOW))
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    log: MemoryLog = field(default_factory=lambda: log_with(ADA, BEA, ADA))

    def __post_init__(self) -> None:
        applied = self.store.apply(chunk(stored(ADA), stored(BEA), stored(CLEO)), self.ledger)
        self.following.follow(Following(held=applied.stored, absent={}))

    def eraser(self, records: RawRecords | None = None) -> Eraser:
        return Eraser(
            store=self.store,
            following=self.following,
            ledger=self.ledger,
            writer=self.ledger,
            records=records or EmbeddedRecords(self.log, name="the log"),
            clock=lambda: NOW,
            name="the store",
            following_name="the copy",
        )

    def followed(self) -> set[PersonId]:
        return {profile.id for profile, _ in self.following.profiles()}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def places(*counts: tuple[int, int]) -> Sequence[ErasedPlace]:
    names = ("the store", "the copy", "the log")
    return [
        ErasedPlace(place=name, found=found, left=left)
        for name, (found, left) in zip(names, counts, strict=True)
    ]


def test_it_erases_from_every_place_and_reads_back(bench: Bench) -> None:
    receipt = bench.eraser().erase([ADA])

    assert receipt == ErasureReceipt(
        persons=[ErasedPerson(id=ADA, entry=1, places=places((1, 0), (1, 0), (2, 0)))],
        complete=True,
    )
    assert held(bench.store).keys() == {BEA, CLEO}
    assert bench.followed() == {BEA, CLEO}
    assert [record.value is None for record in bench.log.records_of(ADA)] == [True, True]
    assert bench.ledger.current.suppressed == {ADA}
    assert bench.store.statistics() == Statistics.recount([profile(BEA), profile(CLEO)])
    assert bench.store.outbox(limit=1) == {}


def test_who_was_erased_does_not_come_back(bench: Bench) -> None:
    bench.eraser().erase([ADA])

    again = bench.store.apply(chunk(stored(ADA), start=3), bench.ledger)

    assert again.tally.suppressed == 1
    assert ADA not in held(bench.store)


def test_it_is_done_for_somebody_of_whom_nothing_is_held(bench: Bench) -> None:
    """A withheld minor, an id that never was: the answer is the same, and honest."""
    receipt = bench.eraser().erase([DAN])

    assert receipt.complete
    assert receipt.persons[0].places == places((0, 0), (0, 0), (0, 0))
    assert bench.ledger.current.suppressed == {DAN}


def test_the_same_again_changes_nothing_more(bench: Bench) -> None:
    bench.eraser().erase([ADA])

    receipt = bench.eraser().erase([ADA, BEA])

    assert [person.entry for person in receipt.persons] == [None, 2]
    assert receipt.complete
    assert bench.ledger.current.position == 2


def test_a_look_changes_nothing(bench: Bench) -> None:
    receipt = bench.eraser().look([ADA, DAN])

    assert receipt == ErasureReceipt(
        persons=[
            ErasedPerson(id=ADA, entry=None, places=places((1, 1), (1, 1), (2, 2))),
            ErasedPerson(id=DAN, entry=None, places=places((0, 0), (0, 0), (0, 0))),
        ],
        complete=False,
    )
    assert bench.eraser().look([DAN]).complete
    assert bench.ledger.current.position == 0
    assert held(bench.store).keys() == {ADA, BEA, CLEO}


# In which order ----------------------------------------------------------------------------------


def test_nothing_is_deleted_before_the_ledger_has_it(bench: Bench) -> None:
    bench.ledger = DeafLedger()

    with pytest.raises(LogError):
        bench.eraser().erase([ADA])

    assert held(bench.store).keys() == {ADA, BEA, CLEO}
    assert bench.followed() == {ADA, BEA, CLEO}


def test_what_was_interrupted_is_completed_by_the_same_again(bench: Bench) -> None:
    bench.following.is_away = True
    with pytest.raises(StoreError):
        bench.eraser().erase([ADA])
    assert ADA not in held(bench.store)
    assert ADA in bench.followed()

    bench.following.is_away = False
    receipt = bench.eraser().erase([ADA])

    assert receipt.complete
    assert receipt.persons[0].places == places((0, 0), (1, 0), (2, 0))
    assert ADA not in bench.followed()


def test_a_row_that_only_the_following_store_has_goes_as_well(bench: Bench) -> None:
    bench.following.follow(Following(held={DAN: (profile(DAN), 77)}, absent={}))

    receipt = bench.eraser().erase([DAN])

    assert receipt.persons[0].places == places((0, 0), (1, 0), (0, 0))
    assert receipt.complete


def test_a_record_that_no_store_has_taken_in_yet_deletes_as_well(bench: Bench) -> None:
    log = log_with(DAN)

    bench.eraser(EmbeddedRecords(log, name="the log")).erase([DAN])

    (record,) = log.read(0, limit=10)
    assert (record.key, record.value) == (DAN.encode(), None)


# A topic -----------------------------------------------------------------------------------------


def test_the_readers_of_a_topic_are_told_by_null_values(bench: Bench) -> None:
    topic = Topic()

    receipt = bench.eraser(TopicRecords(topic, name="the topic", within_s=3.0)).erase([ADA, BEA])

    assert topic.published == [(ADA.encode(), None), (BEA.encode(), None)]
    assert receipt.complete
    assert receipt.persons[0].places[-1] == ErasedPlace(place="the topic", found=None, left=None)


def test_a_topic_that_does_not_take_them_is_told(bench: Bench) -> None:
    topic = Topic(accepts=False)

    with pytest.raises(TombstoneError) as failed:
        bench.eraser(TopicRecords(topic, name="the topic", within_s=3.0)).erase([ADA])

    assert str(failed.value) == (
        "the topic did not confirm the null values that tell its readers of the erasure. The stores"
        " hold nothing more of the persons, and the ledger keeps them out. See that Kafka is up,"
        " and run the same command again."
    )
    assert ADA not in held(bench.store)


# Without some of it ------------------------------------------------------------------------------


def test_one_store_alone_is_enough(bench: Bench) -> None:
    eraser = Eraser(
        store=bench.store,
        following=None,
        ledger=bench.ledger,
        writer=bench.ledger,
        records=None,
        clock=lambda: NOW,
        name="the store",
    )

    receipt = eraser.erase([ADA])

    assert receipt.persons[0].places == [ErasedPlace(place="the store", found=1, left=0)]
    assert bench.store.outbox(limit=1) == {}


# How many at once --------------------------------------------------------------------------------


def many(number: int) -> list[PersonId]:
    return [PersonId(f"{n:08x}-0000-4000-8000-000000000000") for n in range(number)]


def test_more_than_a_hundredth_has_to_be_meant(bench: Bench) -> None:
    bench.eraser().check(many(10), limit=None)
    bench.eraser().check(many(11), limit=11)

    with pytest.raises(UsageError) as refused:
        bench.eraser().check(many(11), limit=None)

    assert str(refused.value) == (
        "11 persons are more than the 10 that may be erased at once, where 3 are held. Nothing was"
        " done. Say --limit 11 if all of them are meant."
    )


def test_a_hundredth_of_many_is_more_than_ten() -> None:
    bench = Bench()
    bench.store.apply(chunk(*map(stored, many(1_200)), start=3), bench.ledger)

    bench.eraser().check(many(12), limit=None)
    with pytest.raises(UsageError):
        bench.eraser().check(many(13), limit=None)
