"""The right to rectification: checked first, taken in by whoever works, and read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryKeyring,
    MemoryLedger,
)
from profiles.application.errors import PolicyChangedError
from profiles.application.following.contents import following_of
from profiles.application.log.deciding import Rules, decide_chunk
from profiles.application.log.records import LogRecord
from profiles.application.policy.adopting import adopt
from profiles.application.rights.notifying import Notification
from profiles.application.rights.rectifying import (
    PAUSE_S,
    NotRectifiedError,
    Place,
    Rectification,
    Rectifier,
    Request,
    StoppedWaitingError,
)
from profiles.domain.correcting import correction_of
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Action, Reason
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, DEFAULT_PROFILE_RULES, PrivacyPolicy
from tests.support.histories import ADA, BEA, NOW, TOPIC
from tests.support.recipients import MemoryRecipient
from tests.support.requests import requests_in

MINOR_AGE = (NOW - timedelta(days=365 * 10)).date().isoformat()


@dataclass
class ListedLog:
    """A log of one partition; what it holds is taken in when it is asked for."""

    bench: Bench
    name: str = "the log"
    patience_s: float = 1.0
    claimed: bool = False
    records: list[LogRecord] = field(default_factory=list)

    def append(self, person: PersonId, record: bytes) -> Place:
        offset = len(self.records)
        self.records.append(LogRecord(offset, NOW, person.encode(), record))
        return Place(TOPIC, offset)

    def take_in(self, place: Place) -> bool:
        if not self.claimed:
            self.bench.job(until=place.offset + 1)
        return not self.claimed


@dataclass
class Bench:
    """Stores, ledger and log in memory."""

    rules: Rules = field(default_factory=lambda: Rules(policy=DEFAULT_POLICY, decode=codec.decode))
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)
    following: MemoryFollowingStore | None = field(
        default_factory=lambda: MemoryFollowingStore(lambda: NOW)
    )
    keyring: MemoryKeyring = field(default_factory=MemoryKeyring)
    ledger: MemoryLedger = field(init=False)
    recipients: list[MemoryRecipient] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    meanwhile: Callable[[], bool] = lambda: False
    said: list[str] = field(default_factory=list)
    log: ListedLog = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.keyring)
        self.log = ListedLog(self)

    def job(self, *, until: int | None = None, followed: bool = True) -> None:
        """Do what a job does."""
        start = self.store.position(TOPIC) or 0
        end = len(self.log.records) if until is None else until
        some = self.log.records[start:end]
        chunk = decide_chunk(TOPIC, some, start=start, end=end, rules=self.rules, read_at=NOW)
        applied = self.store.apply(chunk, self.ledger)
        if followed and self.following is not None:
            self.following.follow(following_of(self.store, applied))

    def hold(self, person: PersonId, **others: object) -> None:
        record = {
            "login": {"uuid": person},
            "dob": {"date": "1990-02-28"},
            "location": {"city": "Oslo", "country": "Norway"},
            **others,
        }
        self.log.append(person, json.dumps(record).encode())
        self.job()

    def rectifier(self) -> Rectifier:
        def pause(seconds: float) -> bool:
            self.pauses.append(seconds)
            return self.meanwhile()

        return Rectifier(
            store=self.store,
            following=self.following,
            ledger=self.ledger,
            requests=requests_in(self.ledger, self.keyring, *self.recipients),
            log=self.log,
            rules=self.rules,
            clock=lambda: NOW,
            pause=pause,
            told=self.said.append,
            name="the store",
            following_name=None if self.following is None else "the follower",
        )

    def rectify(self, *release: str, person: PersonId = ADA, **values: object) -> Rectification:
        request = Request(person=person, values=values, release=release)
        return self.rectifier().rectify(request)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.hold(ADA)
    return made


def test_where_no_job_works_the_correction_is_taken_in_here_and_read_back(bench: Bench) -> None:
    done = bench.rectify("title", city="Tromsø", email=None)

    assert done == Rectification(
        id=ADA,
        entry=1,
        log="the log",
        partition=0,
        offset=1,
        corrected=["city", "email"],
        released=["title"],
        held={"the store": True, "the follower": True},
        minor=False,
        complete=True,
    )
    held = bench.store.profile(ADA)
    assert held is not None
    assert held[0].city == "Tromsø"
    assert bench.following is not None
    assert bench.following.profile(ADA) == held
    assert bench.pauses == [PAUSE_S] * 5
    assert bench.said == ["No job took the correction in, so it was taken in here."]
    assert bench.log.records[1].key == ADA.encode()


def test_a_job_that_works_takes_the_correction_in(bench: Bench) -> None:
    def meanwhile() -> bool:
        bench.job()
        return False

    bench.meanwhile = meanwhile

    assert bench.rectify(city="Tromsø").complete
    assert (bench.pauses, bench.said) == ([PAUSE_S], [])


def test_a_job_that_is_far_behind_is_waited_for(bench: Bench) -> None:
    for _ in range(9):
        bench.log.append(BEA, b"{")

    def meanwhile() -> bool:
        if len(bench.pauses) % 4 == 0:
            bench.job(until=(bench.store.position(TOPIC) or 0) + 1)
        return False

    bench.meanwhile = meanwhile

    assert bench.rectify(city="Tromsø").complete
    assert (len(bench.pauses), bench.said) == (40, [])


def test_the_store_that_follows_is_waited_for_and_told_once_more(bench: Bench) -> None:
    def meanwhile() -> bool:
        bench.job(followed=False)
        return False

    bench.meanwhile = meanwhile
    bench.log.patience_s = 0.4

    def take_in(place: Place) -> bool:
        assert bench.following is not None
        chunk = decide_chunk(
            TOPIC,
            bench.log.records[place.offset :],
            start=place.offset,
            end=place.offset + 1,
            rules=bench.rules,
            read_at=NOW,
        )
        bench.following.follow(following_of(bench.store, bench.store.apply(chunk, bench.ledger)))
        return True

    bench.log.take_in = take_in  # type: ignore[method-assign]  # of this one log

    assert bench.rectify(city="Tromsø").complete


def test_a_job_that_has_the_log_to_itself_is_waited_for(bench: Bench) -> None:
    bench.log.claimed = True
    bench.log.patience_s = 0.0

    def meanwhile() -> bool:
        if len(bench.pauses) == 3:
            bench.job()
        return False

    bench.meanwhile = meanwhile

    assert bench.rectify(city="Tromsø").complete
    assert (len(bench.pauses), bench.said) == (3, [])


def test_who_stops_waiting_learns_where_the_correction_is(bench: Bench) -> None:
    bench.meanwhile = lambda: True

    with pytest.raises(StoppedWaitingError) as stopped:
        bench.rectify(city="PRIVATE")

    assert str(stopped.value) == (
        "Stopped before the stores had the correction. It is in the log, partition 0, offset 1, and"
        " the next job takes it in. Run the same command again to wait for it: to correct twice"
        " changes nothing."
    )


def test_one_store_is_enough() -> None:
    bench = Bench(following=None)
    bench.hold(ADA)

    assert bench.rectify(city="Tromsø").held == {"the store": True}


def test_of_a_person_too_young_by_the_correction_nothing_stays(bench: Bench) -> None:
    done = bench.rectify(birth_date=MINOR_AGE)

    assert (done.minor, done.complete) == (True, True)
    assert done.held == {"the store": False, "the follower": False}


def test_a_corrected_country_may_ask_for_more_years() -> None:
    policy = PrivacyPolicy(minimum_age_in={"SE": 60})
    bench = Bench(rules=Rules(policy=policy, decode=codec.decode))
    bench.hold(ADA)

    done = bench.rectify(nationality="SE")

    assert (done.minor, done.complete) == (True, True)
    assert bench.store.profile(ADA) is None


def test_what_came_in_between_makes_the_correction_incomplete(bench: Bench) -> None:
    def release() -> bool:
        released = correction_of(ADA, {}, ["city"])
        bench.log.append(ADA, json.dumps(released).encode())
        bench.job()
        return False

    bench.meanwhile = release
    assert not bench.rectify(city="Tromsø").complete

    def delete() -> bool:
        bench.log.records.append(LogRecord(len(bench.log.records), NOW, ADA.encode(), None))
        bench.job()
        return False

    bench.meanwhile = delete
    done = bench.rectify(city="Tromsø")
    assert (done.minor, done.complete) == (False, False)


# What is refused ---------------------------------------------------------------------------------


def refused(bench: Bench, *release: str, **values: object) -> str:
    records = len(bench.log.records)
    with pytest.raises(UsageError) as raised:
        bench.rectifier().rectify(Request(person=ADA, values=values, release=release))
    assert len(bench.log.records) == records
    return str(raised.value)


def test_a_wrong_value_is_named_by_its_field_and_never_repeated(bench: Bench) -> None:
    assert refused(bench, city="x" * 257) == (
        "city is not taken: it has to be at most 256 characters. Nothing was done."
    )
    assert refused(bench, birth_date="yesterday") == (
        "birth_date is not taken: it has to be date YYYY-MM-DD. Nothing was done."
    )


def test_what_can_not_be_released_is_refused(bench: Bench) -> None:
    assert refused(bench, "city", "shoe_size").startswith(
        "What --release 2 names can't be released: it has to be one of username, gender,"
    )
    assert refused(bench, "city", city="Oslo") == (
        "city can't be released: it has to be a field that is not set as well. Nothing was done."
    )


def test_nothing_to_correct_is_refused(bench: Bench) -> None:
    assert refused(bench).startswith("Nothing that can be corrected is named: write FIELD=VALUE")


def test_a_field_that_the_policy_does_not_keep_is_refused() -> None:
    rules = {name: rule for name, rule in DEFAULT_PROFILE_RULES.items() if name != "username"}
    policy = PrivacyPolicy(profile_rules=rules)
    bench = Bench(rules=Rules(policy=policy, decode=codec.decode))
    bench.hold(ADA)

    assert refused(bench, username="x") == (
        "The policy does not keep username, so nothing is there to correct. Nothing was done."
    )


def test_who_is_not_held_can_not_be_corrected(bench: Bench) -> None:
    with pytest.raises(NotRectifiedError) as raised:
        bench.rectify(person=BEA, city="Oslo")

    assert str(raised.value) == "Nothing is held of this id. Nothing was corrected."
    assert len(bench.log.records) == 1


def test_whose_processing_is_restricted_is_not_corrected(bench: Bench) -> None:
    bench.ledger.restrict(ADA)

    with pytest.raises(NotRectifiedError, match=r"restricted \(GDPR Art. 18\).* Nothing was corr"):
        bench.rectify(city="Oslo")


def test_another_policy_than_that_of_the_store_is_refused(bench: Bench) -> None:
    adopt(bench.store, replace(DEFAULT_POLICY, minimum_age=21), accept=True, now=NOW)

    with pytest.raises(PolicyChangedError):
        bench.rectify(city="Oslo")

    adopt(bench.store, DEFAULT_POLICY, accept=True, now=NOW)
    assert bench.rectify(city="Bergen").complete


def test_a_request_shows_no_value() -> None:
    request = Request(person=ADA, values={"city": "PRIVATE"}, release=["title"])

    assert "PRIVATE" not in repr(request)


# The ledger --------------------------------------------------------------------------------------


def test_the_ledger_has_the_request_and_that_it_is_done(bench: Bench) -> None:
    bench.rectifier().rectify(
        Request(person=ADA, values={"city": "Tromsø"}), received=date(2026, 10, 30)
    )

    asked, done = bench.ledger.entries()
    assert (asked.action, asked.reason, asked.deadline) == (
        *(Action.RECTIFY, Reason.REQUEST),
        date(2026, 11, 30),
    )
    assert (done.action, done.refers) == (Action.COMPLETE, 1)
    assert not bench.ledger.view().named([ADA]).apart


def test_a_request_whose_correction_waits_for_a_job_is_open_and_completed_by_the_next(
    bench: Bench,
) -> None:
    bench.log.claimed = True
    bench.meanwhile = lambda: True
    with pytest.raises(StoppedWaitingError):
        bench.rectify(city="Tromsø")
    (asked,) = bench.ledger.entries()
    assert asked.action is Action.RECTIFY

    bench.log.claimed = False
    bench.meanwhile = lambda: False
    done = bench.rectify(city="Tromsø")

    assert done.entry == asked.number
    assert [(e.action, e.refers) for e in bench.ledger.entries()[1:]] == [(Action.COMPLETE, 1)]


def test_what_the_stores_do_not_hold_stays_open(bench: Bench) -> None:
    bench.log.claimed = True

    def a_later_correction_comes_in_between() -> bool:
        later = correction_of(ADA, {"city": "Bodø"}, ())
        bench.log.append(ADA, json.dumps(later).encode())
        bench.job()
        return False

    bench.meanwhile = a_later_correction_comes_in_between

    assert not bench.rectify(city="Tromsø").complete

    assert [entry.action for entry in bench.ledger.entries()] == [Action.RECTIFY]


def test_what_is_refused_is_not_entered(bench: Bench) -> None:
    with pytest.raises(NotRectifiedError):
        bench.rectify(city="Tromsø", person=BEA)

    assert bench.ledger.entries() == []


def test_recipients_are_told_of_a_correction_and_never_of_a_minor(bench: Bench) -> None:
    shop = MemoryRecipient("the shop")
    bench.recipients = [shop]

    told = bench.rectify(city="Tromsø").told
    of_a_minor = bench.rectify(birth_date=MINOR_AGE)

    assert told == [Notification(recipient="the shop", confirmed=True)]
    assert (of_a_minor.complete, of_a_minor.told) == (True, ())
    assert shop.heard == [(ADA, "rectify", NOW)]
