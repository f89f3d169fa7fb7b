"""Whom `profiles erase` deletes where, in which order, and what it says of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryKeyring,
    MemoryLedger,
    MemoryLog,
)
from profiles.application.errors import LogError, StoreError
from profiles.application.log.records import Notice
from profiles.application.ports.stores import Following
from profiles.application.rights.erasing import (
    EmbeddedRecords,
    Eraser,
    Erasure,
    StoppedErasingError,
    TombstoneError,
    TopicRecords,
)
from profiles.application.rights.notifying import Notification, Notifier
from profiles.application.rights.places import Places, RawRecords
from profiles.application.rights.receipts import ErasedPerson, ErasedPlace, Remainder
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Action, Draft, Entry, LedgerHead, Reason
from profiles.domain.person import Birth, Login, Person, PersonId
from profiles.domain.pseudonym import PseudonymKey
from profiles.domain.receipts import Signed, digest, read_receipt
from profiles.domain.requests import requests_of
from profiles.domain.statistics import Statistics
from tests.support.histories import ADA, BEA, CLEO, DAN, IDS, NOW, chunk, held, profile, stored
from tests.support.recipients import MemoryRecipient

BACKUPS = Remainder(what="backups")

MANY = [PersonId(f"00000000-0000-4000-8000-{number:012}") for number in range(250)]


class AwayStore(MemoryFollowingStore):
    """A following store that can be switched off."""

    is_away = False

    def follow(self, following: Following) -> None:
        if self.is_away:
            raise StoreError("the copy", "is away", "Start it.")
        super().follow(following)


class DeafLedger(MemoryLedger):
    """A ledger that takes no entry."""

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:  # noqa: ARG002 - of the port
        raise LogError("the ledger", "is away", "Start it.")


class StoppedLedger(MemoryLedger):
    """A ledger that takes entries of one action no more."""

    def __init__(self, keyring: MemoryKeyring, refused: Action) -> None:
        super().__init__(keyring)
        self.refused: Action | None = refused

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        if self.refused in {draft.action for draft in drafts}:
            raise LogError("the ledger", "is away", "Start it.")
        return super().enter(drafts, at=at)


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
    keyring: MemoryKeyring = field(default_factory=MemoryKeyring)
    ledger: MemoryLedger = field(init=False)
    log: MemoryLog = field(default_factory=lambda: log_with(ADA, BEA, ADA))
    recipients: list[MemoryRecipient] = field(default_factory=list)
    today: datetime = NOW

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.keyring)
        applied = self.store.apply(chunk(stored(ADA), stored(BEA), stored(CLEO)), self.ledger)
        self.following.follow(Following(held=applied.stored, absent={}))

    def eraser(self, records: RawRecords | None = None) -> Eraser:
        return self.eraser_of(
            Places(
                store=self.store,
                following=self.following,
                records=records or EmbeddedRecords(self.log, name="the log"),
                name="the store",
                following_name="the copy",
            )
        )

    def eraser_of(self, places: Places) -> Eraser:
        return Eraser(
            places=places,
            ledger=self.ledger,
            writer=self.ledger,
            keyring=self.keyring,
            notifier=Notifier(
                recipients=self.recipients, writer=self.ledger, clock=lambda: self.today
            ),
            clock=lambda: self.today,
            remaining=lambda _at: [BACKUPS],
        )

    def followed(self) -> set[PersonId]:
        return {profile.id for profile, _ in self.following.profiles()}

    def signed(self, erasure: Erasure) -> Signed:
        keys = {key.id: key for key in self.keyring.read()}
        signed = read_receipt(json.dumps(erasure.document).encode(), keys)
        assert isinstance(signed, Signed)
        return signed


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
    receipt = bench.eraser().erase([ADA]).receipt

    assert receipt.persons == [
        ErasedPerson(
            id=ADA,
            entry=1,
            places=places((1, 0), (1, 0), (2, 0)),
            reason=Reason.REQUEST,
            deadline=date(2026, 12, 23),
            told=[],
        )
    ]
    assert receipt.complete
    assert receipt.remaining == [BACKUPS]
    assert held(bench.store).keys() == {BEA, CLEO}
    assert bench.followed() == {BEA, CLEO}
    assert [record.value is None for record in bench.log.records_of(ADA)] == [True, True]
    assert bench.ledger.view().named(IDS).suppressed == {ADA}
    assert bench.store.statistics() == Statistics.recount([profile(BEA), profile(CLEO)])
    assert bench.store.outbox(limit=1) == {}


def test_who_was_erased_does_not_come_back(bench: Bench) -> None:
    bench.eraser().erase([ADA])

    again = bench.store.apply(chunk(stored(ADA), start=3), bench.ledger)

    assert again.tally.suppressed == 1
    assert ADA not in held(bench.store)


def test_it_is_done_for_somebody_of_whom_nothing_is_held(bench: Bench) -> None:
    """A withheld minor, an id that never was: the answer is the same, and honest."""
    receipt = bench.eraser().erase([DAN]).receipt

    assert receipt.complete
    assert receipt.persons[0].places == places((0, 0), (0, 0), (0, 0))
    assert bench.ledger.view().named(IDS).suppressed == {DAN}


def test_the_same_again_changes_nothing_more(bench: Bench) -> None:
    bench.eraser().erase([ADA], reason=Reason.CONSENT)
    assert bench.ledger.view().position == 2

    receipt = bench.eraser().erase([ADA]).receipt

    assert [(p.entry, p.reason) for p in receipt.persons] == [(1, Reason.CONSENT)]
    assert receipt.complete
    assert bench.ledger.view().position == 2

    receipt = bench.eraser().erase([BEA, ADA]).receipt

    assert [person.entry for person in receipt.persons] == [3, 1]


def test_a_look_changes_nothing(bench: Bench) -> None:
    looked = bench.eraser().look([ADA, DAN])

    assert looked.receipt.persons == [
        ErasedPerson(id=ADA, entry=None, places=places((1, 1), (1, 1), (2, 2))),
        ErasedPerson(id=DAN, entry=None, places=places((0, 0), (0, 0), (0, 0))),
    ]
    assert not looked.receipt.complete
    assert looked.document["dry_run"]
    assert (looked.document["ledger"], looked.document["signature"]) == (None, None)
    assert bench.eraser().look([DAN]).receipt.complete
    assert bench.ledger.view().position == 0
    assert held(bench.store).keys() == {ADA, BEA, CLEO}


# What the ledger and the receipt say -------------------------------------------------------------


def test_what_the_log_leaves_is_told_of_whom_it_has_only(bench: Bench) -> None:
    emptied = Remainder(what="the id in the log", of_log=True)
    eraser = bench.eraser()
    eraser.remaining = lambda _at: [emptied, BACKUPS]

    assert eraser.look([DAN]).receipt.remaining == [BACKUPS]
    assert eraser.look([DAN, ADA]).receipt.remaining == [emptied, BACKUPS]
    for _ in range(2):  # by then, too, the id is there
        assert eraser.erase([ADA]).receipt.remaining == [emptied, BACKUPS]
    assert eraser.look([ADA]).receipt.remaining == [emptied, BACKUPS]

    eraser.places = replace(eraser.places, records=None)
    assert eraser.look([ADA]).receipt.remaining == [BACKUPS]


def test_the_ledger_has_reason_and_deadline_and_that_it_is_done(bench: Bench) -> None:
    done = bench.eraser().erase([ADA, BEA], reason=Reason.CHILD, received=date(2026, 1, 31))

    requests = requests_of(bench.ledger.entries())

    assert list(requests) == [1, 2]
    for request in requests.values():
        assert request.action is Action.SUPPRESS
        assert request.reason is Reason.CHILD
        assert request.deadline == date(2026, 2, 28)
        assert request.receipts == (digest(done.document),)


def test_the_receipt_is_signed_and_carries_the_head_of_the_ledger(bench: Bench) -> None:
    done = bench.eraser().erase([ADA, BEA])

    signed = bench.signed(done)

    assert signed.entries == {ADA: 1, BEA: 2}
    assert signed.head == bench.ledger.entries()[1].head
    assert signed.digest == digest(done.document)
    assert {name: done.document[name] for name in ("format", "at", "action", "dry_run")} == {
        "format": "profiles-receipt/1",
        "at": "2026-11-23T12:00:30+00:00",
        "action": "erase",
        "dry_run": False,
    }
    assert done.document["persons"][0] == {
        "id": ADA,
        "entry": 1,
        "reason": "request",
        "deadline": "2026-12-23",
        "places": [
            {"place": "the store", "found": 1, "left": 0},
            {"place": "the copy", "found": 1, "left": 0},
            {"place": "the log", "found": 2, "left": 0},
        ],
        "complete": True,
        "told": [],
    }
    assert done.document["remaining"] == [{"what": "backups", "gone_by": None, "do": None}]


def test_it_is_signed_with_the_key_that_is_written_with(bench: Bench) -> None:
    bench.eraser().erase([ADA])
    bench.keyring.keys.append(PseudonymKey(id="next", secret=b"n" * 32))

    again = bench.eraser().erase([ADA, BEA])

    assert again.document["signature"]["key"] == "next"
    assert bench.signed(again).entries == {ADA: 1, BEA: 3}


def test_the_log_is_looked_through_once_before_and_once_after_for_all(bench: Bench) -> None:
    looked_for: list[Collection[PersonId]] = []

    class Watched(EmbeddedRecords):
        def counts_of(self, persons: Collection[PersonId]) -> Mapping[PersonId, int]:
            looked_for.append(persons)
            return super().counts_of(persons)

    done = bench.eraser(Watched(bench.log, name="the log")).erase([ADA, BEA, DAN])

    assert looked_for == [[ADA, BEA, DAN]] * 2
    assert [(p.places[2].found, p.places[2].left) for p in done.receipt.persons] == [
        (2, 0),
        (1, 0),
        (0, 0),
    ]


def test_it_tells_how_many_are_gone(bench: Bench) -> None:
    told: list[int] = []

    receipt = bench.eraser().erase([ADA, *MANY], progress=told.append).receipt

    assert told == [100, 200, 251]
    assert receipt.complete
    assert [person.entry for person in receipt.persons] == list(range(1, 252))
    assert bench.ledger.view().named([ADA, *MANY]).suppressed == {ADA, *MANY}


def test_it_stops_between_persons_and_the_same_again_completes_it(bench: Bench) -> None:
    gone: list[int] = []
    bench.recipients.append(MemoryRecipient())
    everybody = [*MANY, ADA]

    done = bench.eraser().erase(everybody, progress=gone.append, stopped=lambda: 200 in gone)

    assert [person.id for person in done.receipt.persons] == MANY[:200]
    assert (done.receipt.complete, done.not_begun) == (True, 51)
    assert not done.receipt.all_told  # so that telling many does not go on for long either
    assert bench.recipients[0].heard == []
    assert bench.ledger.view().named(everybody).suppressed == set(MANY[:200])
    assert ADA in held(bench.store)
    assert not any(request.is_open for request in requests_of(bench.ledger.entries()).values())

    again = bench.eraser().erase(everybody)

    assert (len(again.receipt.persons), again.not_begun) == (251, 0)
    assert again.receipt.complete
    assert again.receipt.all_told
    assert held(bench.store).keys() == {BEA, CLEO}


def test_nothing_is_done_where_it_is_stopped_before_the_first(bench: Bench) -> None:
    with pytest.raises(StoppedErasingError, match="Nothing was done"):
        bench.eraser().erase([ADA], stopped=lambda: True)

    assert bench.ledger.view().position == 0
    assert held(bench.store).keys() == {ADA, BEA, CLEO}


def test_what_is_not_complete_is_not_said_to_be(bench: Bench) -> None:
    class Stubborn(EmbeddedRecords):
        """A log that keeps what it has."""

        def erase(self, persons: Sequence[PersonId]) -> None:
            super().erase([person for person in persons if person != BEA])

    done = bench.eraser(Stubborn(bench.log, name="the log")).erase([ADA, BEA])

    assert [person.complete for person in done.receipt.persons] == [True, False]
    assert not done.receipt.complete
    assert [r.is_open for r in requests_of(bench.ledger.entries()).values()] == [False, True]

    again = bench.eraser().erase([ADA, BEA])

    assert again.receipt.complete
    requests = requests_of(bench.ledger.entries())
    assert requests[1].receipts == (digest(done.document),)
    assert requests[2].receipts == (digest(again.document),)


def test_who_was_erased_by_an_earlier_release_gets_her_receipt(bench: Bench) -> None:
    bench.ledger.suppress(ADA)

    done = bench.eraser().erase([ADA])

    (person,) = done.receipt.persons
    assert (person.entry, person.reason, person.deadline) == (1, None, None)
    assert [(e.action, e.refers) for e in bench.ledger.entries()[1:]] == [(Action.COMPLETE, 1)]


def test_two_entries_of_one_person_are_completed_together(bench: Bench) -> None:
    bench.ledger.suppress(ADA, ADA)

    receipt = bench.eraser().erase([ADA]).receipt

    assert receipt.persons[0].entry == 2
    assert [entry.refers for entry in bench.ledger.entries()[2:]] == [1, 2]


# Recipients --------------------------------------------------------------------------------------


def test_recipients_are_told_once_it_is_done(bench: Bench) -> None:
    shop = MemoryRecipient("the shop")
    bench.recipients = [shop]

    done = bench.eraser().erase([ADA])

    assert shop.heard == [(ADA, "erase", NOW)]
    assert done.receipt.all_told
    assert done.document["persons"][0]["told"] == [{"recipient": "the shop", "confirmed": True}]
    assert requests_of(bench.ledger.entries())[1].told == ("the shop",)
    assert bench.signed(done).head == LedgerHead(2, bench.ledger.entries()[1].seal)


def test_who_did_not_confirm_is_told_by_the_same_again_and_nobody_else(bench: Bench) -> None:
    shop, letter = MemoryRecipient("the shop", takes=0), MemoryRecipient("the letter")
    bench.recipients = [shop, letter]
    failed = bench.eraser().erase([ADA]).receipt
    assert failed.complete
    assert not failed.all_told
    assert failed.persons[0].told == [
        Notification(recipient="the shop", confirmed=False),
        Notification(recipient="the letter", confirmed=True),
    ]

    shop.takes, bench.today = 1, NOW + timedelta(days=1)
    again = bench.eraser().erase([ADA]).receipt

    assert again.all_told
    assert shop.heard == letter.heard == [(ADA, "erase", NOW)]
    assert requests_of(bench.ledger.entries())[1].told == ("the letter", "the shop")


def test_nobody_is_told_of_what_is_not_done(bench: Bench) -> None:
    shop = MemoryRecipient("the shop")
    bench.recipients, bench.following.is_away = [shop], True

    with pytest.raises(StoreError):
        bench.eraser().erase([ADA])

    assert shop.heard == []


# In which order ----------------------------------------------------------------------------------


def test_nothing_is_deleted_before_the_ledger_has_it(bench: Bench) -> None:
    bench.ledger = DeafLedger(bench.keyring)

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

    bench.following.is_away, bench.today = False, NOW + timedelta(days=9)
    receipt = bench.eraser().erase([ADA], reason=Reason.CHILD).receipt

    assert receipt.complete
    assert receipt.persons[0].places == places((0, 0), (1, 0), (2, 0))
    assert receipt.persons[0].deadline == date(2026, 12, 23)
    assert [(e.action, e.refers) for e in bench.ledger.entries()[1:]] == [(Action.COMPLETE, 1)]
    assert ADA not in bench.followed()


@pytest.mark.parametrize("refused", [Action.NOTIFY, Action.COMPLETE])
def test_an_entry_that_was_not_confirmed_is_made_by_the_same_again(
    bench: Bench, refused: Action
) -> None:
    bench.recipients = [MemoryRecipient("the shop")]
    ledger = bench.ledger = StoppedLedger(bench.keyring, refused)
    with pytest.raises(LogError):
        bench.eraser().erase([ADA])
    assert requests_of(bench.ledger.entries())[1].is_open

    ledger.refused = None
    done = bench.eraser().erase([ADA])

    request = requests_of(bench.ledger.entries())[1]
    assert request.receipts == (digest(done.document),)
    assert request.told == ("the shop",)
    assert done.receipt.persons[0].entry == 1


def test_a_row_that_only_the_following_store_has_goes_as_well(bench: Bench) -> None:
    bench.following.follow(Following(held={DAN: (profile(DAN), 77)}, absent={}))

    receipt = bench.eraser().erase([DAN]).receipt

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

    receipt = (
        bench.eraser(TopicRecords(topic, name="the topic", within_s=3.0)).erase([ADA, BEA]).receipt
    )

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
    places = Places(store=bench.store, following=None, records=None, name="the store")

    receipt = bench.eraser_of(places).erase([ADA]).receipt

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
