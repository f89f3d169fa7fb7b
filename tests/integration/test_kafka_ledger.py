"""What only the erasure ledger of a topic has to withstand (the suite of its port runs beside)."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from threading import Event

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from profiles.adapters.kafka import (
    KafkaLedger,
    KafkaLedgerWriter,
    Topic,
    Topics,
    TopicSettings,
    ledger_topic,
    ledger_writer,
)
from profiles.adapters.kafka import ledger as kafka_ledger
from profiles.adapters.kafka.errors import TIMED_OUT
from profiles.adapters.memory import MemoryLedger
from profiles.adapters.memory.ledger import MemoryKeyring
from profiles.application.errors import LedgerAwayError, LedgerError, LogError
from profiles.domain.ledger_entry import Action, Draft, LedgerHead
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from tests.support.kafka_ledgers import (
    KafkaLedgerWrittenBeside,
    before_it_writes,
    begun_transaction,
    entry_of_an_earlier_release,
    ledger_in_a_new_topic,
    send,
)
from tests.support.ledger_writers import entering, inside_its_transaction
from tests.support.patience import PATIENCE_S
from tests.support.refused_address import refused_address

ADA, BEA, CLEO = (PersonId(f"{number:08x}-0000-4000-8000-000000000000") for number in (1, 2, 3))
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


def key(name: str = "own") -> PseudonymKey:
    return PseudonymKey(id=name, secret=secrets.token_bytes(32))


KEY = key()


@pytest.fixture
def ledger(kafka_address: str) -> Generator[KafkaLedgerWrittenBeside]:
    with ledger_in_a_new_topic(kafka_address, MemoryKeyring(KEY)) as written_beside:
        yield written_beside


@pytest.fixture
def topics(kafka_address: str) -> Topics:
    return Topics(kafka_address)


@pytest.fixture
def admin(kafka_address: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka_address})


def person(number: int) -> PersonId:
    return PersonId(f"{number:08x}-0000-4000-9000-000000000000")


def suppressing(*persons: PersonId) -> list[Draft]:
    return [Draft(action=Action.SUPPRESS, person=each) for each in persons]


def sealed(*drafts: Draft, under: PseudonymKey = KEY) -> list[bytes]:
    """Write entries as a ledger would keep them."""
    written = MemoryLedger(MemoryKeyring(under))
    written.enter(drafts, at=NOW)
    return written.values


def delete(topics: Topics, name: str) -> None:
    """Delete a topic; return when Kafka knows it no longer."""
    topics.delete(name)
    deadline = time.monotonic() + PATIENCE_S
    while topics.find(name, stop=Event()) is not None:
        assert time.monotonic() < deadline


def make(topics: Topics, name: str) -> None:
    """Make a ledger's topic; return when Kafka knows it."""
    topics.ensure(ledger_topic(name), stop=Event())


def alter(admin: AdminClient, name: str, **settings: str) -> None:
    """Set a topic's settings; return when the broker goes by them."""
    entries = [
        ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for key, value in settings.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
    admin.incremental_alter_configs([resource])[resource].result(PATIENCE_S)
    asked = ConfigResource(ResourceType.TOPIC, name)

    def known() -> bool:
        found = admin.describe_configs([asked])[asked].result(PATIENCE_S)
        return all(found[each.name].value == each.value for each in entries)

    deadline = time.monotonic() + PATIENCE_S
    while not known():
        assert time.monotonic() < deadline


# --- What is entered -------------------------------------------------------------------------


def test_its_topic_loses_nothing_and_has_one_partition(
    ledger: KafkaLedgerWrittenBeside, topics: Topics, admin: AdminClient
) -> None:
    resource = ConfigResource(ResourceType.TOPIC, ledger.name)
    found = admin.describe_configs([resource])[resource].result(PATIENCE_S)

    assert {
        name: found[name].value for name in ("cleanup.policy", "retention.ms", "retention.bytes")
    } == {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    assert topics.describe(ledger.name).partitions == 1
    assert topics.differences(ledger_topic(ledger.name)) == {}


def test_what_is_entered_together_has_the_next_numbers_and_is_read_at_once(
    ledger: KafkaLedgerWrittenBeside,
) -> None:
    first = ledger.enter(suppressing(ADA), at=NOW)
    both = ledger.enter(suppressing(BEA, CLEO), at=NOW)

    assert [entry.number for entry in (*first, *both)] == [1, 2, 3]
    assert ledger.view(at_least=both[-1].head).named([ADA, BEA, CLEO]).suppressed == {
        *(ADA, BEA, CLEO)
    }
    assert ledger.entries() == [*first, *both]
    assert ledger.enter([], at=NOW) == ()


def test_entries_are_there_after_opening_again_and_for_another_process(
    ledger: KafkaLedgerWrittenBeside,
) -> None:
    ledger.suppress(ADA)
    another = KafkaLedger(ledger.address, ledger.reader.topic, ledger.keyring)

    with closing(another):
        for opened in (ledger.opened(applied=1), another):
            assert opened.view(at_least=LedgerHead(1)).named([ADA, BEA]).suppressed == {ADA}


def test_many_entries_are_read_some_at_a_time_and_a_late_key_goes_on_where_it_stopped(
    ledger: KafkaLedgerWrittenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_ledger, "_AT_ONCE", 10)
    monkeypatch.setattr(kafka_ledger, "_FEW", 5)
    persons = [person(number) for number in range(25)]
    ledger.enter(suppressing(*persons), at=NOW)
    newer = key("newer")
    reading = MemoryKeyring(KEY)
    reader = ledger.opened(keyring=reading)
    writer = KafkaLedgerWriter(ledger.address, ledger.opened(keyring=MemoryKeyring(KEY, newer)))
    writer.enter(suppressing(ADA), at=NOW)

    for _ in range(2):
        with pytest.raises(LedgerError, match="has an entry 26 under the key newer"):
            reader.view()

    reading.keys.append(newer)
    assert reader.view().named([*persons, ADA, BEA]).suppressed == {*persons, ADA}


# --- Writers that meet -----------------------------------------------------------------------


def test_writers_at_once_all_enter_everything(ledger: KafkaLedgerWrittenBeside) -> None:
    """Two threads and another process; what each enters together stays together."""
    beside = entering(ledger.address, ledger.name, KEY, [person(number) for number in range(3)])

    def enter(first: int) -> None:
        writer = KafkaLedgerWriter(ledger.address, ledger.opened(), answer_s=PATIENCE_S)
        for number in range(first, first + 3):
            both = [
                Draft(action=action, person=person(number))
                for action in (Action.RESTRICT, Action.UNRESTRICT)
            ]
            writer.enter(both, at=NOW)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(enter, (3, 6)))
    beside.join()

    assert beside.exitcode == 0
    entries = ledger.entries()
    assert [entry.number for entry in entries] == list(range(1, 19))
    assert [entry.action for entry in entries] == [Action.RESTRICT, Action.UNRESTRICT] * 9
    assert [entry.person for entry in entries[::2]] == [entry.person for entry in entries[1::2]]
    assert len({entry.person for entry in entries}) == 9


def test_who_was_fenced_off_enters_behind_the_other(
    ledger: KafkaLedgerWrittenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = ledger.opened()
    before_it_writes(monkeypatch, slow, lambda: ledger.suppress(ADA))

    entries = KafkaLedgerWriter(ledger.address, slow).enter(suppressing(BEA, CLEO), at=NOW)

    assert [entry.number for entry in entries] == [2, 3]
    assert ledger.entries()[1:] == entries


def test_who_is_fenced_off_again_and_again_leaves_the_other_more_and_more_time(
    ledger: KafkaLedgerWrittenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow cluster two would else fence each other off until both give up."""
    paused: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", paused.append)
    slow = ledger.opened()
    seal = slow.seal

    def sealed_while_the_other_works(drafts: Sequence[Draft], *, at: datetime) -> object:
        if max(paused, default=0.0) < 2.0:  # so long it needs
            name = f"profiles-ledger-{ledger.name}"
            begun_transaction(ledger.address, ledger.name, name).abort_transaction(PATIENCE_S)
        return seal(drafts, at=at)

    monkeypatch.setattr(slow, "seal", sealed_while_the_other_works)
    writer = KafkaLedgerWriter(ledger.address, slow, answer_s=PATIENCE_S)

    entries = writer.enter(suppressing(ADA), at=NOW)

    assert ledger.entries() == entries
    assert 0 < paused[0] <= 0.5


def test_who_is_killed_inside_its_transaction_leaves_nothing_and_holds_up_nobody(
    ledger: KafkaLedgerWrittenBeside,
) -> None:
    ledger.suppress(ADA)
    with inside_its_transaction(ledger.address, ledger.name, KEY, BEA) as process:
        assert ledger.view().position == 1
        process.kill()
        process.join()
    assert ledger.view().position == 1

    entries = ledger.enter(suppressing(CLEO), at=NOW)

    assert entries[0].number == 2
    view = ledger.opened().view(at_least=entries[-1].head)
    assert view.named([ADA, BEA, CLEO]).restricted == frozenset()
    assert view.named([ADA, BEA, CLEO]).suppressed == {ADA, CLEO}


def loses_an_answer(*, sent: bool) -> type[Producer]:
    """Return a client that does not hear whether its first transaction was committed."""
    left = [KafkaError(TIMED_OUT, "lost", retriable=True)]

    class Client(Producer):
        def commit_transaction(self, *arguments: float) -> None:
            if sent or not left:
                super().commit_transaction(*arguments)
            if left:
                raise KafkaException(left.pop())

    return Client


@pytest.mark.parametrize("sent", [True, False])
def test_what_was_perhaps_committed_is_entered_once(
    ledger: KafkaLedgerWrittenBeside, monkeypatch: pytest.MonkeyPatch, *, sent: bool
) -> None:
    """The answer of Kafka can't be lost at will, so the library's client stands between."""
    monkeypatch.setattr(ledger_writer, "Producer", loses_an_answer(sent=sent))

    entries = ledger.enter(suppressing(ADA, BEA), at=NOW)

    assert ledger.entries() == entries
    assert [entry.number for entry in entries] == [1, 2]


# --- Transactions of somebody else -----------------------------------------------------------


class ASecondForEachLook:
    """The time by which a writer looks again, whatever an answer of Kafka really takes."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, _seconds: float) -> None:
        self._now += 1.0


@contextmanager
def one_attempt_in_simulated_time() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(ledger_writer, "time", ASecondForEachLook())
        patching.setattr(ledger_writer, "_ATTEMPTS", 1)
        yield


def test_an_open_transaction_of_somebody_else_hides_nothing_that_was_confirmed(
    ledger: KafkaLedgerWrittenBeside,
) -> None:
    ledger.suppress(ADA)
    foreign = begun_transaction(ledger.address, ledger.name, ledger.name, b"{")

    with (
        one_attempt_in_simulated_time(),
        pytest.raises(LogError, match="somebody else has begun a transaction in it") as raised,
    ):
        ledger.enter(suppressing(BEA), at=NOW)

    assert BEA not in str(raised.value)
    assert ledger.opened().view().named([ADA, BEA]).suppressed == {ADA}

    foreign.abort_transaction(PATIENCE_S)
    ledger.suppress(CLEO)

    assert ledger.view().position == 2
    assert ledger.opened().view().named([ADA, BEA, CLEO]).suppressed == {ADA, CLEO}


def test_one_that_was_begun_meanwhile_hides_what_is_not_confirmed(
    ledger: KafkaLedgerWrittenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign: list[Producer] = []
    reading = ledger.opened()
    writer = KafkaLedgerWriter(ledger.address, reading)
    before_it_writes(
        monkeypatch,
        reading,
        lambda: foreign.append(begun_transaction(ledger.address, ledger.name, ledger.name, b"{")),
    )

    with (
        one_attempt_in_simulated_time(),
        pytest.raises(LogError, match="was not confirmed, and may be there"),
    ):
        writer.enter(suppressing(ADA), at=NOW)

    assert ledger.view().position == 0
    foreign[0].abort_transaction(PATIENCE_S)
    ledger.suppress(ADA)
    assert [entry.number for entry in ledger.entries()] == [1, 2]


# --- A ledger that is not there --------------------------------------------------------------


def test_a_missing_one_is_made_where_none_was_applied_and_stops_a_store_that_has_applied_it(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    delete(topics, ledger.name)

    with pytest.raises(LedgerError, match="is missing, though the store has applied it") as raised:
        ledger.opened(applied=3)

    assert f"topic {ledger.name}" in str(raised.value)
    assert topics.find(ledger.name, stop=Event()) is None
    assert ledger.opened().view().position == 0

    with pytest.raises(LedgerError, match="ends at entry 0, before 3"):
        ledger.opened(applied=3).view(at_least=LedgerHead(3))


def test_one_deleted_while_it_is_used_stops_everything(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    ledger.suppress(ADA)
    ledger.view()

    delete(topics, ledger.name)

    for _ in range(2):
        with pytest.raises(LedgerError, match="does not exist, or was deleted") as raised:
            ledger.view()
        assert not isinstance(raised.value, LedgerAwayError)


def test_one_made_anew_stops_everything_however_full_it_is(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    ledger.suppress(ADA)
    applied = ledger.view().head
    delete(topics, ledger.name)
    make(topics, ledger.name)
    opened = ledger.opened(applied=1)
    KafkaLedgerWriter(ledger.address, opened).enter(suppressing(BEA, CLEO, ADA), at=NOW)

    for _ in range(2):
        with pytest.raises(LedgerError, match="was deleted and created again"):
            ledger.view()
        with pytest.raises(LedgerError, match="is another one than the store has applied"):
            opened.view(at_least=applied)


def test_a_cluster_that_is_away_can_be_asked_again() -> None:
    topic, keyring = Topic("some", "id", 1), MemoryKeyring(KEY)

    with (
        refused_address() as nobody,
        closing(KafkaLedger(nobody, topic, keyring, answer_s=0.5)) as ledger,
    ):
        with pytest.raises(LedgerAwayError, match="does not answer") as raised:
            ledger.view()
        with pytest.raises(LogError, match="did not confirm an entry") as unconfirmed:
            KafkaLedgerWriter(nobody, ledger, answer_s=0.5).enter(suppressing(ADA), at=NOW)

    assert "Nothing was stored" in str(raised.value)
    assert raised.value.__cause__ is None
    assert ADA not in str(unconfirmed.value)


# --- A ledger that has lost or may lose entries ----------------------------------------------


@pytest.mark.parametrize(
    "setting", [{"retention_ms": "86400000"}, {"retention_bytes": "1000"}], ids=str
)
def test_a_topic_that_would_lose_entries_is_not_used(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient, setting: dict[str, str]
) -> None:
    alter(admin, ledger.name, **setting)

    with pytest.raises(LedgerError, match=r"would lose entries: it has retention\."):
        ledger.opened()


def test_a_compacted_topic_is_not_used_and_takes_no_entry(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient
) -> None:
    alter(admin, ledger.name, cleanup_policy="compact")

    with pytest.raises(LedgerError, match=r"would lose entries: it has cleanup\.policy=compact"):
        ledger.opened()
    with pytest.raises(LogError, match="did not confirm"):
        ledger.suppress(ADA)
    assert ledger.view().position == 0


def test_one_whose_first_entries_were_deleted_is_not_believed(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient
) -> None:
    ledger.enter(suppressing(ADA, BEA, CLEO), at=NOW)
    ledger.view()
    gone = TopicPartition(ledger.name, 0, 2)
    admin.delete_records([gone])[gone].result(PATIENCE_S)
    opened = ledger.opened()

    for _ in range(2):
        with pytest.raises(LedgerError, match="begins at offset 2, and began at 0"):
            ledger.view()
        with pytest.raises(LedgerError, match="its number does not follow"):
            opened.view()


def test_one_with_more_partitions_has_no_order_and_is_not_believed(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient, topics: Topics
) -> None:
    ledger.suppress(ADA)
    admin.create_partitions([NewPartitions(ledger.name, 2)])[ledger.name].result(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while topics.describe(ledger.name).partitions != 2:
        assert time.monotonic() < deadline

    with pytest.raises(LedgerError, match="has 2 partitions"):
        ledger.view()


# --- Entries that are none -------------------------------------------------------------------

ONE, TWO, THREE = sealed(*suppressing(ADA, BEA, CLEO))
UNTRUSTED: dict[str, tuple[bytes | None, str]] = {
    "one is missing": (THREE, "its number does not follow"),
    "one is there twice": (ONE, "its number does not follow"),
    "one was changed": (TWO.replace(b"suppress", b"readmit"), "its seal does not fit"),
    "one of another ledger": (sealed(*suppressing(CLEO, BEA))[1], "its seal does not fit"),
    "another key": (sealed(*suppressing(ADA, BEA), under=key())[1], "its seal does not fit"),
    "an unknown key": (sealed(*suppressing(ADA, BEA), under=key("x"))[1], "under the key x"),
    "nothing": (None, "it is no JSON object"),
    "no JSON": (b"{", "it is no JSON object"),
    "one that names her": (entry_of_an_earlier_release(ADA), "can't be trusted"),
}


@pytest.mark.parametrize(("value", "reason"), UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_an_entry_that_does_not_follow_stops_everything(
    ledger: KafkaLedgerWrittenBeside,
    caplog: pytest.LogCaptureFixture,
    value: bytes | None,
    reason: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    send(ledger.address, ledger.name, ONE)
    before = ledger.view()
    send(ledger.address, ledger.name, value, TWO)

    for _ in range(2):
        with pytest.raises(LedgerError, match=reason) as raised:
            ledger.view()
        with pytest.raises(LedgerError, match="an entry 2"):
            ledger.suppress(CLEO)

        assert not any(each in f"{raised.value} {caplog.text}" for each in (ADA, BEA, CLEO))
    assert before.named([ADA, BEA]).suppressed == {ADA}
    assert before.position == 1


def test_a_topic_of_other_things_is_not_taken_for_a_ledger(
    kafka_address: str, topics: Topics, ledger: KafkaLedgerWrittenBeside
) -> None:
    other = f"{ledger.name}-other"
    topics.ensure(TopicSettings(name=other, partitions=2), stop=Event())

    with pytest.raises(LedgerError, match="would lose entries"):
        KafkaLedger.open(
            kafka_address, ledger_topic(other), ledger.keyring, applied=0, stop=Event()
        )

    topics.delete(other)
