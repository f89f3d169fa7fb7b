"""What waits for the following store is looked at again, and what it has to delete is delivered."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from threading import Event, Semaphore

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryLedger, MemoryMetrics
from profiles.application.errors import LedgerAwayError, LedgerError, LogError, StoreError
from profiles.application.following import outbox
from profiles.application.following.outbox import Outbox
from profiles.application.ingest import consume, erasing
from profiles.application.ingest.consume import Consumer
from profiles.application.log.deciding import Chunk, Rules
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.metrics import Service
from profiles.application.ports.retrying import Retry
from profiles.application.ports.stores import Applied, Following
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from profiles.domain.tally import Tally
from profiles.domain.version import Version
from tests.support.failing_stores import (
    FailingFollowingStore,
    FailingStore,
    raise_next,
    retry_at_once,
)
from tests.support.histories import ADA, BEA, CLEO, NOW, version
from tests.support.memory_streams import MemoryPartitionedLog, MemoryRejectedSink, MemoryTopic
from tests.support.patience import PATIENCE_S

AWAY = StoreError("The store", "it does not answer", "It is tried again.")
TOPIC = LogPartition("topic-1", 0, 2)


class RecordingFollowingStore(FailingFollowingStore):
    """Keeps what it was sent, and does something before a call, and while one fails."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.sent: list[Following] = []
        self.before: Callable[[], object] = lambda: None
        self.meanwhile: Callable[[], object] = lambda: None

    def follow(self, following: Following) -> None:
        self.sent.append(following)
        self.before()
        try:
            super().follow(following)
        except StoreError:
            self.meanwhile()
            raise


class ObservedStore(FailingStore):
    """Does something after each chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.afterwards: Callable[[], object] = lambda: None
        self.asked = 0
        self.erased = Event()

    def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
        applied = super().apply(chunk, ledger, followed=followed)
        self.afterwards()
        return applied

    def apply_together(
        self, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool = False
    ) -> Applied:
        applied = super().apply_together(chunks, ledger, followed=followed)
        self.afterwards()
        return applied

    def apply_ledger(self, ledger: Ledger, *, followed: bool = False) -> int:
        erased = super().apply_ledger(ledger, followed=followed)
        if erased:
            self.erased.set()
        return erased

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        self.asked += 1
        return super().held(persons)


class FailingSink(MemoryRejectedSink):
    """Fails as it is told, one element a call; None is no failure."""

    failures: Iterator[Exception | None] = iter(())

    def publish(self, rejected: Sequence[Quarantined]) -> None:
        raise_next(self.failures)
        super().publish(rejected)


class Site:
    """A reader of one topic into two stores; each run is a process of its own."""

    def __init__(self) -> None:
        self.topic = MemoryTopic()
        self.store = ObservedStore()
        self.following = RecordingFollowingStore()
        self.ledger = MemoryLedger()
        self.sink = FailingSink()
        self.metrics = MemoryMetrics()
        self.stop = Event()
        self.retry: Retry = retry_at_once

    def send(self, *persons: PersonId, partition: int = 0) -> None:
        for person in persons:
            value = {"login": {"uuid": person}, "dob": {"date": "1985-03-01"}}
            self.topic.append(partition, json.dumps(value).encode())

    def run(self) -> bool:
        job = Consumer(
            log=MemoryPartitionedLog(self.topic),
            store=self.store,
            ledger=self.ledger,
            rejected=self.sink,
            rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
            clock=lambda: NOW,
            retry=self.retry,
            following=self.following,
            metrics=self.metrics,
        )
        return job.run(once=True, stop=self.stop)

    def erase_and_be_killed(self, person: PersonId) -> None:
        """Do what a process does that ends between the two stores."""
        self.ledger.suppress(person)
        self.store.apply_ledger(self.ledger, followed=True)

    @property
    def followed(self) -> set[str]:
        return {profile.id for profile, _ in self.following.profiles()}


@pytest.fixture
def site() -> Site:
    return Site()


def test_who_is_erased_while_the_following_store_is_away_is_not_written_there(site: Site) -> None:
    site.send(ADA, BEA)
    site.following.failures = iter([AWAY])
    site.following.meanwhile = lambda: site.ledger.suppress(ADA)

    site.run()

    first, second, *rest = site.following.sent
    assert first.held.keys() == {ADA, BEA}
    assert second.held.keys() == {BEA}
    assert second.absent == {ADA: version(0)}
    assert all(ADA not in following.held for following in rest)
    assert site.followed == {BEA}
    assert site.store.outbox(limit=9) == {}


def test_what_is_queued_behind_it_is_looked_at_again_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "TOGETHER_PERSONS", 1)
    site.send(ADA)
    site.send(BEA, partition=1)
    decided = Semaphore(0)
    site.store.afterwards = decided.release

    def erase_when_both_are_decided() -> None:
        assert decided.acquire(timeout=PATIENCE_S)
        assert decided.acquire(timeout=PATIENCE_S)
        site.erase_and_be_killed(BEA)

    site.following.failures = iter([AWAY])
    site.following.meanwhile = erase_when_both_are_decided

    site.run()

    assert all(BEA not in following.held for following in site.following.sent)
    assert site.followed == {ADA}


def test_what_has_not_waited_is_not_asked_for_again(site: Site) -> None:
    site.send(ADA, BEA)

    site.run()

    assert site.followed == {ADA, BEA}
    assert site.store.asked == 0


def test_a_ledger_that_lost_entries_meanwhile_stops_the_job(site: Site) -> None:
    site.ledger.suppress(CLEO)
    site.send(ADA)

    def lose() -> None:
        site.ledger.lose()

    site.following.failures = iter([AWAY])
    site.following.meanwhile = lose

    with pytest.raises(LedgerError, match="ends at entry 0"):
        site.run()

    assert site.followed == set()


@pytest.mark.parametrize("room", [1, 8_000], ids=["full", "with room for more"])
def test_an_erasure_does_not_wait_for_a_following_store_that_hangs(
    site: Site, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(erasing, "LEDGER_S", 0.0)
    monkeypatch.setattr(consume, "KEEP_ALIVE_S", 0.01)
    monkeypatch.setattr(consume, "WAITING_PERSONS", room)
    site.send(ADA, BEA)
    site.store.afterwards = lambda: site.ledger.suppress(ADA)

    def hang() -> None:
        assert site.store.erased.wait(PATIENCE_S)

    site.following.before = hang

    site.run()

    assert ADA in site.following.sent[0].held
    assert site.followed == {BEA}
    assert site.store.outbox(limit=9) == {}


def test_what_is_still_owed_comes_first(site: Site) -> None:
    site.send(ADA, BEA)
    site.run()
    site.erase_and_be_killed(ADA)
    site.following.sent.clear()
    site.send(CLEO)

    site.run()

    assert site.following.sent[0] == Following(
        held={}, absent={ADA: Version.last_revision(version(0))}
    )
    assert site.followed == {BEA, CLEO}
    assert site.store.outbox(limit=9) == {}


def test_a_job_that_is_stopped_while_it_delivers_begins_with_it_next_time(site: Site) -> None:
    site.send(ADA)
    site.run()
    site.erase_and_be_killed(ADA)
    site.following.failures = iter([AWAY])
    site.following.meanwhile = site.stop.set
    site.send(BEA)

    assert not site.run()
    assert site.store.position(TOPIC) == 1

    site.stop.clear()
    assert site.run()
    assert site.followed == {BEA}


def test_what_can_not_be_delivered_and_is_not_tried_again_ends_the_job(site: Site) -> None:
    site.send(ADA)
    site.run()
    site.erase_and_be_killed(ADA)
    site.following.failures = iter([AWAY])
    site.retry = lambda attempt, *, given_up: attempt()  # noqa: ARG005 - it tries once

    with pytest.raises(StoreError, match="it does not answer"):
        site.run()

    assert site.store.outbox(limit=9) == {ADA: Version.last_revision(version(0))}


def test_once_does_not_end_before_all_is_delivered(site: Site) -> None:
    site.send(ADA, BEA)
    site.run()
    site.ledger.suppress(ADA)
    site.following.failures = iter([AWAY, AWAY])

    assert site.run()

    assert site.followed == {BEA}
    assert site.store.outbox(limit=9) == {}


def test_once_does_not_end_before_the_ledger_is_applied(site: Site) -> None:
    site.send(ADA, BEA)
    site.run()
    site.ledger.suppress(ADA)
    site.store.ledger_failures = iter([AWAY, AWAY])

    assert site.run()

    assert site.followed == {BEA}
    assert not site.store.held([ADA])


def test_once_does_not_end_well_with_a_ledger_that_can_not_be_trusted(site: Site) -> None:
    site.send(ADA)
    site.run()
    site.store.ledger_failures = iter([LedgerError("ledger", "is broken", "Restore it.")] * 2)

    with pytest.raises(LedgerError, match="is broken"):
        site.run()


def test_whom_a_chunk_finds_erased_is_deleted_though_the_chunk_does_not_tell_of_her(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "DELIVERY_S", 3_600.0)
    monkeypatch.setattr(erasing, "LEDGER_S", 3_600.0)
    site.send(ADA, BEA)
    site.run()
    site.ledger.suppress(ADA)
    site.send(CLEO)
    site.store.apply_failures = iter([AWAY])

    site.run()

    assert site.followed == {BEA, CLEO}


def test_a_deletion_is_not_lost_with_the_record_that_asked_for_it(site: Site) -> None:
    site.send(ADA, BEA)
    site.run()
    site.topic.append(0, None, ADA.encode())
    site.following.failures = iter([AWAY])
    site.following.meanwhile = site.stop.set
    assert not site.run()  # killed between the stores
    site.stop.clear()
    site.topic.delete_before(0, 3)

    site.run()

    assert site.followed == {BEA}


def test_a_busy_job_delivers_what_others_have_left(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "DELIVERY_S", 0.0)
    site.send(ADA, BEA)
    site.run()
    site.send(CLEO)
    site.store.afterwards = lambda: site.erase_and_be_killed(ADA)

    site.run()

    assert site.followed == {BEA, CLEO}


def put_back(rows: Following) -> RecordingFollowingStore:
    """Return a following store that was put back from a copy."""
    following = RecordingFollowingStore()
    following.follow(rows)
    following.sent.clear()
    return following


def test_who_is_restricted_goes_from_a_following_store_that_was_put_back(site: Site) -> None:
    site.send(ADA, BEA)
    site.run()
    copy = Following(held=site.following.held([ADA, BEA]), absent={})
    site.ledger.restrict(ADA)
    site.run()
    site.following = put_back(copy)
    site.send(ADA)

    site.run()

    assert site.followed == {BEA}

    site.ledger.unrestrict(ADA)
    site.run()

    assert site.followed == {ADA, BEA}


def test_who_is_restricted_no_longer_when_the_rows_are_read_stays(site: Site) -> None:
    site.send(ADA, BEA)
    site.run()
    site.ledger.restrict(ADA)
    site.run()
    site.send(ADA)

    def let_back() -> None:
        site.ledger.unrestrict(ADA)
        site.store.apply_ledger(site.ledger, followed=True)
        Outbox(store=site.store, following=site.following).deliver()

    site.store.afterwards = let_back

    site.run()

    assert site.followed == {ADA, BEA}


def test_what_did_not_answer_is_counted_by_what_it_is(site: Site) -> None:
    site.send(ADA)
    site.store.apply_failures = iter([AWAY, LedgerAwayError("ledger", "is away", "Wait."), None])
    site.following.failures = iter([AWAY, AWAY, None])
    refused = LogError("The topic", "it does not answer", "Wait.")
    site.sink.failures = iter([refused, None])
    site.topic.append(0, b"{")

    assert site.run()

    assert site.metrics.failures == {
        Service.DECIDING: 1,
        Service.LEDGER: 1,
        Service.FOLLOWING: 2,
        Service.LOG: 1,
    }


def test_chunks_that_go_together_are_told_as_one_once_every_store_has_them(site: Site) -> None:
    site.send(ADA)
    site.send(BEA, partition=1)

    assert site.run()

    assert site.metrics.tally == Tally(read=2, stored=2)
    assert len(site.metrics.seconds) == len(site.following.sent) == 1


def test_each_chunk_is_told_with_its_time_once_every_store_has_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "TOGETHER_PERSONS", 1)
    site.send(ADA, BEA)
    site.send(CLEO, partition=1)

    assert site.run()

    assert site.metrics.tally == Tally(read=3, stored=3)
    assert len(site.metrics.seconds) == 2
    assert min(site.metrics.seconds) > 0
    assert site.metrics.turns > 0
