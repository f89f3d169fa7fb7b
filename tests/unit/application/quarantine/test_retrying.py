"""What was rejected is read again, and appended anew where that is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.errors import LedgerError, LogError, PolicyChangedError
from profiles.application.log import messages
from profiles.application.log.deciding import Rules, decide_chunk
from profiles.application.log.messages import NOT_JSON, Records
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.application.log.unwrapping import Envelope, unwrapping
from profiles.application.policy.adopting import adopt
from profiles.application.quarantine import rereading, retrying
from profiles.application.quarantine.appending import publishing
from profiles.application.quarantine.retried import Retried, UnbalancedRetryError
from profiles.application.quarantine.retrying import RejectedRetry, RetryStoppedError
from profiles.domain.ledger_entry import START as BEGINNING
from profiles.domain.ledger_entry import LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.person import Birth, Login, Person
from profiles.domain.policy import DEFAULT_POLICY
from tests.support.histories import ADA, BEA, CLEO, DAN, EVE
from tests.support.memory_streams import START, MemoryLogLookup, MemoryPublisher, MemoryTopic

NOW = START + timedelta(hours=1)
RULES = Rules(policy=DEFAULT_POLICY, decode=codec.decode)


def person(identity: str, born: str = "1985-03-01", **more: object) -> dict[str, object]:
    return {"login": {"uuid": identity}, "dob": {"date": born}, **more}


def text(document: object) -> bytes:
    return json.dumps(document).encode()


def unread_before(identity: str, born: str = "1985-03-01") -> dict[str, object]:
    """A person whom an earlier release could not read."""
    return person(identity, born, new=True)


def earlier(message: bytes) -> Records | Rejected:
    """Read a message as an earlier release did: persons who have something new are broken."""
    if b"UNREAD" in message:
        return NOT_JSON
    records = messages.decode(message)
    if not isinstance(records, Records):
        return records
    items = [0 if isinstance(item, dict) and "new" in item else item for item in records.items]
    return records._replace(items=items)


@dataclass
class World:
    """A topic whose records an earlier release has taken into a store."""

    topic: MemoryTopic = field(default_factory=MemoryTopic)
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    now: datetime = NOW
    rules: Rules = RULES
    refused: Callable[[bytes], bool] = lambda _value: False

    def log(self, value: bytes | None, *, key: str | None = None, partition: int = 0) -> int:
        return self.topic.append(partition, value, None if key is None else key.encode())

    def process(self, *, by: Rules = replace(RULES, decode=earlier)) -> None:  # noqa: B008 - a constant
        for number, log in enumerate(self.topic.logs):
            partition = LogPartition(self.topic.topic_id, number, len(self.topic.logs))
            start = self.store.position(partition) or 0
            chunk = decide_chunk(
                partition, log[start:], start=start, end=len(log), rules=by, read_at=self.now
            )
            self.store.apply(chunk, self.ledger)

    def retry(self) -> Retried:
        before = [len(log) for log in self.topic.logs]
        publisher = MemoryPublisher(self.topic, self.refused)
        retry = RejectedRetry(
            store=self.store,
            ledger=self.ledger,
            log=MemoryLogLookup(self.topic),
            append=publishing(publisher, codec.encode),
            rules=self.rules,
            clock=lambda: self.now,
        )
        retried = retry.run()
        retried.check()
        grown = sum(map(len, self.topic.logs)) - sum(before)
        assert grown == retried.appended + retried.deleted
        return retried

    def appended(self, since: int) -> list[tuple[bytes | None, object]]:
        return [(r.key, json.loads(bytes(r.value or b""))) for r in self.topic.logs[0][since:]]  # type: ignore[arg-type]  # as they were published

    def held(self) -> set[str]:
        return {profile.id for profile, _ in self.store.profiles()}

    @property
    def quarantined(self) -> list[tuple[int, str, RejectionReason]]:
        return [(q.offset, q.rejected.path, q.rejected.reason) for q in self.store.quarantine()]


@pytest.fixture
def world() -> World:
    return World()


def test_what_can_be_read_now_is_appended_minimised_and_leaves_the_quarantine(
    world: World,
) -> None:
    world.log(text(person(ADA)))
    world.log(text({**unread_before(BEA), "phone": "PLANTED"}))
    world.process()
    assert world.held() == {ADA}

    retried = world.retry()

    assert retried == Retried(read=1, appended=1)
    ((key, document),) = world.appended(2)
    assert key == BEA.encode()
    assert "PLANTED" not in str(document)
    assert world.quarantined == []
    world.process(by=RULES)
    assert world.held() == {ADA, BEA}


def test_a_second_time_nothing_is_left_to_do(world: World) -> None:
    world.log(text(unread_before(ADA)))
    world.process()
    world.retry()

    assert world.retry() == Retried()


def test_what_can_still_not_be_read_stays_with_what_is_wrong_with_it_now(world: World) -> None:
    world.log(b"{")
    world.log(text({"login": {"uuid": ADA}, "dob": {"date": "1985-03-14"}, "gender": 5, "new": 1}))
    world.process()
    assert [path for _, path, _ in world.quarantined] == ["", ""]

    assert world.retry() == Retried(read=2, unreadable=2)

    assert world.quarantined == [
        (0, "", RejectionReason.JSON),
        (1, "gender", RejectionReason.TYPE),
    ]
    assert world.retry() == Retried(read=2, unreadable=2)


def test_children_and_what_is_past_its_retention_stay_out_and_leave_no_trace(world: World) -> None:
    world.log(text(unread_before(ADA, born="2015-01-01")))
    world.process()
    assert len(world.quarantined) == 1

    assert world.retry() == Retried(read=1, withheld=1)
    assert world.quarantined == []

    world.log(text(unread_before(BEA)))
    world.process()
    world.now += DEFAULT_POLICY.retention
    assert world.retry() == Retried(read=1, withheld=1)


def test_who_is_held_and_turns_out_to_be_a_child_is_deleted(world: World) -> None:
    world.log(text(person(ADA)))
    world.log(text(unread_before(ADA, born="2015-01-01")))
    world.log(text(unread_before(BEA, born="2015-01-01")))
    world.process()
    assert world.held() == {ADA}

    assert world.retry() == Retried(read=2, withheld=2, deleted=1)

    assert (world.topic.logs[0][3].key, world.topic.logs[0][3].value) == (ADA.encode(), None)
    world.process(by=RULES)
    assert world.held() == set()
    assert world.retry() == Retried()


def test_a_child_without_a_readable_id_is_withheld(world: World) -> None:
    world.log(text(unread_before("nobody", born="2015-01-01")))
    world.process()

    assert world.retry() == Retried(read=1, withheld=1)


def test_who_has_come_of_age_since_is_appended(world: World) -> None:
    world.log(text(unread_before(ADA, born="2008-12-24")))
    world.process()
    world.now = datetime(2026, 12, 26, tzinfo=UTC)

    assert world.retry() == Retried(read=1, appended=1)


def test_a_record_from_the_future_is_taken_up_when_its_time_has_come(world: World) -> None:
    ahead = LogRecord(0, NOW + timedelta(hours=1), None, text(person(ADA)))
    world.topic.logs[0].append(ahead)
    world.process()
    assert world.quarantined == [(0, "", RejectionReason.TIME)]

    assert world.retry() == Retried(read=1, unreadable=1)
    world.now += timedelta(hours=2)
    assert world.retry() == Retried(read=1, appended=1)


@pytest.mark.parametrize(
    "newer",
    [
        text(person(ADA, born="1990-01-01")),
        text({"results": [person(BEA), person(ADA)]}),
        text(person(ADA, born="2015-01-01")),
        None,
    ],
    ids=["a person", "in a response", "a child", "a deletion"],
)
@pytest.mark.parametrize("decided", [True, False], ids=["decided", "not decided"])
def test_a_newer_record_in_the_log_keeps_an_older_one_out(
    world: World, newer: bytes | None, *, decided: bool
) -> None:
    world.log(text(unread_before(ADA)), key=ADA)
    if not decided:
        world.process()
    world.log(newer, key=ADA)
    if decided:
        world.process()

    assert world.retry() == Retried(read=1, superseded=1)
    assert world.quarantined == []


def test_a_newer_record_that_was_never_written_out_counts_as_well(world: World) -> None:
    world.log(text(unread_before(ADA)))
    world.process()
    ada = Person(login=Login(uuid=ADA), dob=Birth(date="1985-03-14"))
    world.topic.logs[0].append(LogRecord(1, START, None, ada))

    assert world.retry() == Retried(read=1, superseded=1)


@pytest.mark.parametrize("newer", [b"{", text(person(ADA, born="never"))])
def test_a_newer_record_that_cannot_be_read_keeps_nothing_out(world: World, newer: bytes) -> None:
    world.log(text(unread_before(ADA)), key=ADA)
    world.process()
    world.log(newer, key=ADA)

    assert world.retry() == Retried(read=1, appended=1)


def test_of_several_rejected_records_of_a_person_the_last_is_appended(world: World) -> None:
    world.log(text(unread_before(ADA, born="1985-01-01")))
    world.log(text({"results": [unread_before(ADA, born="1986-01-01"), unread_before(ADA)]}))
    world.process()

    assert world.retry() == Retried(read=3, superseded=2, appended=1)
    ((_, document),) = world.appended(2)
    assert document["dob"] == {"date": "1985-03-01"}  # type: ignore[index]  # an object


def test_a_newer_record_that_is_held_from_another_partition_keeps_an_older_one_out(
    world: World,
) -> None:
    world.log(text(unread_before(ADA)), partition=1)
    world.log(text(person(BEA)))
    world.log(text(person(ADA)))  # at a higher offset
    world.process()

    assert world.retry() == Retried(read=1, superseded=1)


def test_what_is_held_in_an_older_version_is_renewed(world: World) -> None:
    world.log(text(person(ADA)))
    world.log(text(unread_before(ADA, born="1990-01-01")))
    world.process()

    assert world.retry() == Retried(read=1, appended=1)


def test_whom_the_ledger_names_stays_out(world: World) -> None:
    for each in (ADA, BEA, CLEO):
        world.log(text(unread_before(each)))
    world.log(text(unread_before(DAN, born="2015-01-01")))
    world.process()
    for each in (ADA, DAN):
        world.ledger.suppress(each)
    world.ledger.restrict(BEA)

    assert world.retry() == Retried(read=4, suppressed=2, restricted=1, appended=1)
    assert world.quarantined == []


class GrowingLedger(MemoryLedger):
    """Names somebody after it was looked at."""

    def view(self, *, at_least: LedgerHead = BEGINNING) -> LedgerView:
        view = MemoryLedger.view(self, at_least=at_least)
        self.suppress(ADA)
        self.restrict(BEA)
        return view


def test_whom_the_ledger_names_meanwhile_stays_out(world: World) -> None:
    for each in (ADA, BEA, CLEO):
        world.log(text(unread_before(each)))
    world.process()
    world.ledger = GrowingLedger()

    assert world.retry() == Retried(read=3, suppressed=1, restricted=1, appended=1)


def test_it_gates_by_the_policy_that_is_given(world: World) -> None:
    world.rules = replace(RULES, policy=replace(DEFAULT_POLICY, minimum_age=60))
    world.log(text(unread_before(ADA, born="1985-03-01")))
    world.log(text(unread_before(BEA, born="1955-03-01")))
    world.process()

    assert world.retry() == Retried(read=2, withheld=1, appended=1)
    assert [key for key, _ in world.appended(2)] == [BEA.encode()]


STRICTER = replace(DEFAULT_POLICY, minimum_age=60)


def test_under_another_policy_than_that_of_the_store_nothing_is_done(world: World) -> None:
    adopt(world.store, DEFAULT_POLICY, accept=False, now=NOW)
    world.log(text(unread_before(ADA)))
    world.process()
    world.rules = replace(RULES, policy=STRICTER)

    with pytest.raises(PolicyChangedError):
        world.retry()
    assert len(world.quarantined) == len(world.topic.logs[0]) == 1


class AdoptingLedger(MemoryLedger):
    """A job of another policy begins after the ledger was read."""

    def __init__(self, store: MemoryDecidingStore) -> None:
        super().__init__()
        self._store = store

    def view(self, *, at_least: LedgerHead = BEGINNING) -> LedgerView:
        adopt(self._store, STRICTER, accept=False, now=NOW)
        return super().view(at_least=at_least)


def test_a_policy_that_the_store_adopts_meanwhile_stops_it(world: World) -> None:
    adopt(world.store, DEFAULT_POLICY, accept=False, now=NOW)
    world.log(text(unread_before(ADA)))
    world.process()
    world.ledger = AdoptingLedger(world.store)

    with pytest.raises(PolicyChangedError):
        world.retry()
    assert len(world.quarantined) == len(world.topic.logs[0]) == 1


def test_a_ledger_that_is_behind_the_store_stops_it(world: World) -> None:
    world.ledger.suppress(DAN)
    world.log(text(unread_before(ADA)))
    world.process()
    world.ledger = MemoryLedger()

    with pytest.raises(LedgerError):
        world.retry()
    assert len(world.quarantined) == len(world.topic.logs[0]) == 1


def test_what_has_left_the_log_stays_in_the_quarantine(world: World) -> None:
    for each in (ADA, BEA, CLEO):
        world.log(text(unread_before(each)))
    world.process()
    world.topic.delete_before(0, 1)
    world.topic.logs[0][2] = world.topic.logs[0][2]._replace(value=b"MARKER")  # a hole

    assert world.retry() == Retried(read=3, not_in_log=2, appended=1)
    assert [offset for offset, _, _ in world.quarantined] == [0, 2]


def test_what_was_rejected_of_an_earlier_topic_is_not_looked_for(world: World) -> None:
    world.log(text({"results": [unread_before(ADA), unread_before(BEA)]}))
    world.process()
    world.topic.topic_id = "topic-2"

    assert world.retry() == Retried(read=2, not_in_log=2)


def test_what_a_gate_has_kept_out_never_was_in_the_log(world: World) -> None:
    kept_out = Notice(rejected=[NOT_JSON, NOT_JSON], places=["line 1", "line 2"])
    world.topic.logs[0].append(LogRecord(0, START, None, kept_out))
    world.log(text(unread_before(ADA)))
    world.topic.logs[0].append(LogRecord(2, START, None, kept_out))
    world.process()
    world.topic.logs[0].append(LogRecord(3, START, None, kept_out))

    assert world.retry() == Retried(read=5, not_in_log=4, appended=1)
    assert [offset for offset, _, _ in world.quarantined] == [0, 0, 2, 2]


def test_of_a_response_only_the_rejected_are_taken_up(world: World) -> None:
    results = [person(ADA), unread_before(BEA), person(CLEO, gender=5), unread_before(DAN)]
    world.log(text({"results": results}))
    world.process()
    assert world.held() == {ADA}

    assert world.retry() == Retried(read=3, appended=2, unreadable=1)

    assert [key for key, _ in world.appended(1)] == [BEA.encode(), DAN.encode()]
    assert world.quarantined == [(0, "results[2].gender", RejectionReason.TYPE)]
    assert world.retry() == Retried(read=1, unreadable=1)


def test_a_message_that_was_rejected_whole_is_taken_up_person_by_person(world: World) -> None:
    world.log(text({"results": [person(ADA), person(BEA, gender=5)], "info": "UNREAD"}))
    world.process()

    assert world.retry() == Retried(read=2, appended=1, unreadable=1)
    assert world.quarantined == [(0, "results[1].gender", RejectionReason.TYPE)]
    assert world.retry() == Retried(read=1, unreadable=1)


def test_those_that_were_only_counted_are_taken_up_with_the_others_and_once(world: World) -> None:
    many = [f"{number:08x}-0000-4000-8000-{1:012x}" for number in range(1, 301)]
    results = [unread_before(each) for each in many] + [person(EVE)]
    results[::2] = [person(each, new=True, gender=5) for each in many[::2]] + [person(EVE)]
    world.log(text({"results": results}))
    world.process()
    assert world.store.rejections.counts().further == 200

    # The last one was stored from this very message, and no newer record has come.
    assert world.retry() == Retried(read=301, appended=150, unreadable=150, superseded=1)
    assert len(world.quarantined) == 150
    assert world.store.rejections.counts().further == 0
    assert world.retry() == Retried(read=150, unreadable=150)


def test_a_deletion_that_can_be_read_now_is_repeated_where_somebody_is_held(world: World) -> None:
    for each in (ADA, BEA, CLEO):
        if each != CLEO:
            world.log(text(person(each)))
        world.log(text({"op": "d", "before": person(each), "after": None}))
    world.log(text(person(BEA)))
    world.process()
    assert world.held() == {ADA, BEA}
    world.rules = replace(RULES, decode=unwrapping(Envelope.DEBEZIUM, codec.decode))

    assert world.retry() == Retried(read=3, erased=2, deleted=1, superseded=1)
    world.process(by=world.rules)
    assert world.held() == {BEA}
    assert world.retry() == Retried()


def test_a_newer_deletion_in_an_envelope_keeps_an_older_record_out(world: World) -> None:
    world.log(text(unread_before(ADA)))
    world.process()
    world.log(text({"op": "d", "before": person(ADA), "after": None}))
    world.rules = replace(RULES, decode=unwrapping(Envelope.DEBEZIUM, codec.decode))

    assert world.retry() == Retried(read=1, superseded=1)


def test_an_unreadable_deletion_stays_unreadable(world: World) -> None:
    world.log(None, key="not an id")
    world.topic.append(0, None, b"\xff")
    world.topic.append(0, None, None)
    world.process()

    assert world.retry() == Retried(read=3, unreadable=3)


def test_a_log_that_does_not_take_it_leaves_the_quarantine_as_it_was(world: World) -> None:
    world.log(text(unread_before(ADA)))
    world.process()
    world.refused = lambda _value: True

    with pytest.raises(LogError, match="acknowledge"):
        world.retry()
    assert len(world.quarantined) == 1


def test_it_can_be_stopped_and_goes_on_the_next_time(world: World) -> None:
    world.log(text(unread_before(ADA)))
    world.log(text(unread_before(BEA)), partition=1)
    world.process()
    answers = [False, True]
    retry = RejectedRetry(
        store=world.store,
        ledger=world.ledger,
        log=MemoryLogLookup(world.topic),
        append=publishing(MemoryPublisher(world.topic), codec.encode),
        rules=RULES,
        clock=lambda: NOW,
    )

    with pytest.raises(RetryStoppedError, match="goes on with the rest"):
        retry.run(stopped=lambda: answers.pop(0))
    assert retry.retried == Retried(read=1, appended=1)
    assert world.retry() == Retried(read=1, appended=1)


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_few_at_a_time_end_as_all_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(rereading, "PERSONS_AT_ONCE", at_once)
    monkeypatch.setattr(retrying, "_WRITTEN_AT_ONCE", 2)
    monkeypatch.setattr(retrying, "_ASKED_AT_ONCE", 1)
    for each in (ADA, BEA, ADA, CLEO):
        world.log(text(unread_before(each)))
    world.log(b"{")
    world.log(text({"results": [unread_before(DAN), unread_before(EVE), 0]}))
    world.process()

    assert world.retry() == Retried(read=8, appended=5, superseded=1, unreadable=2)
    world.process(by=RULES)
    assert world.held() == {ADA, BEA, CLEO, DAN, EVE}


people = st.sampled_from([ADA, BEA, CLEO])
records: st.SearchStrategy[tuple[str, str, int]] = st.tuples(
    st.sampled_from(["read", "unread", "child", "unread child", "deleted", "unread response"]),
    people,
    st.integers(1950, 1990),
)


def value_of(kind: str, identity: str, year: int) -> bytes | None:
    born = "2015-01-01" if "child" in kind else f"{year}-01-01"
    if kind == "deleted":
        return None
    made = (unread_before if "unread" in kind else person)(identity, born)
    return text({"results": [made, person(EVE)]} if "response" in kind else made)


@given(before=st.lists(records, max_size=8), after=st.lists(records, max_size=4))
def test_the_store_ends_as_if_the_running_release_had_read_all_of_it(
    before: Sequence[tuple[str, str, int]], after: Sequence[tuple[str, str, int]]
) -> None:
    upgraded, clean = World(), World()
    for kind, identity, year in before:
        upgraded.log(value_of(kind, identity, year), key=identity)
        clean.log(value_of(kind, identity, year), key=identity)
    upgraded.process()
    for kind, identity, year in after:
        upgraded.log(value_of(kind, identity, year), key=identity)
        clean.log(value_of(kind, identity, year), key=identity)

    upgraded.retry()
    upgraded.process(by=RULES)
    clean.process(by=RULES)

    assert {p for p, _ in upgraded.store.profiles()} == {p for p, _ in clean.store.profiles()}
    assert upgraded.quarantined == []


def test_counts_that_do_not_add_up_are_a_defect() -> None:
    with pytest.raises(UnbalancedRetryError, match="2 rejected persons were read again but 1"):
        Retried(read=2, appended=1).check()
