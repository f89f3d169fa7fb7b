"""A ledger's topic of an earlier release, whose entries name persons, is written anew."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, ResourceType

from profiles.adapters.kafka import KafkaLedger, KafkaLedgerWriter, bring_ledger_forward
from profiles.adapters.memory.ledger import MemoryKeyring
from profiles.application.errors import LedgerError
from profiles.domain.ledger_entry import Action
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from tests.support.kafka_ledgers import (
    KafkaLedgerWrittenBeside,
    before_it_writes,
    entry_of_an_earlier_release,
    ledger_in_a_new_topic,
    send,
    values_in,
)
from tests.support.patience import PATIENCE_S

ADA, BEA, CLEO = (PersonId(f"{number:08x}-0000-4000-8000-000000000000") for number in (1, 2, 3))
KEY = PseudonymKey(id="own", secret=secrets.token_bytes(32))
EARLIER = (
    entry_of_an_earlier_release(ADA),
    entry_of_an_earlier_release(BEA, action="restrict"),
    entry_of_an_earlier_release(CLEO, action="restrict"),
    entry_of_an_earlier_release(BEA, action="unrestrict", at="2026-11-25T10:00:00.000+00:00"),
)
ANEW = [Action.SUPPRESS, Action.RESTRICT, Action.RESTRICT, Action.UNRESTRICT]


@pytest.fixture
def ledger(kafka_address: str) -> Generator[KafkaLedgerWrittenBeside]:
    """A topic with entries of an earlier release."""
    with ledger_in_a_new_topic(kafka_address, MemoryKeyring(KEY)) as written_beside:
        send(kafka_address, written_beside.name, *EARLIER)
        yield written_beside


def bring_forward(ledger: KafkaLedgerWrittenBeside) -> KafkaLedger:
    """Do it as a command does that opens the ledger."""
    opened = ledger.opened()
    bring_ledger_forward(ledger.address, opened)
    return opened


def names_nobody(ledger: KafkaLedgerWrittenBeside) -> bool:
    """Tell whether nothing that the topic shows anybody has an id in it."""
    values = values_in(ledger.address, ledger.name)
    return bool(values) and not any(
        person.encode() in value for value in values if value for person in (ADA, BEA, CLEO)
    )


def own_segment_ms(ledger: KafkaLedgerWrittenBeside) -> bool:
    resource = ConfigResource(ResourceType.TOPIC, ledger.name)
    admin = AdminClient({"bootstrap.servers": ledger.address})
    found = admin.describe_configs([resource])[resource].result(PATIENCE_S)["segment.ms"]
    return bool(found.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value)


def test_entries_that_named_persons_are_written_anew_and_deleted(
    ledger: KafkaLedgerWrittenBeside, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    brought = bring_forward(ledger)

    for opened in (brought, ledger.opened(), bring_forward(ledger)):
        view = opened.view()
        assert view.named([ADA, BEA, CLEO]) == (frozenset({ADA}), frozenset({CLEO}))
        entries = opened.entries()
        assert [(entry.number, entry.action) for entry in entries] == list(enumerate(ANEW, 1))
        assert entries[-1].at == datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert names_nobody(ledger)
    assert not own_segment_ms(ledger)
    assert not any(person in caplog.text for person in (ADA, BEA, CLEO))
    ledger.suppress(BEA)
    assert brought.view().named([BEA]).suppressed == {BEA}


def test_who_only_reads_it_is_told_what_to_do(ledger: KafkaLedgerWrittenBeside) -> None:
    with pytest.raises(LedgerError, match="`profiles process` or `run` brings it forward"):
        ledger.view()
    with pytest.raises(LedgerError, match="was written by an earlier release"):
        ledger.suppress(CLEO)


def test_without_a_key_nothing_is_changed(ledger: KafkaLedgerWrittenBeside) -> None:
    keyring = MemoryKeyring(KEY)
    keyring.keys.clear()

    with pytest.raises(LedgerError, match="has no key to be written with"):
        bring_ledger_forward(ledger.address, ledger.opened(keyring=keyring))

    assert values_in(ledger.address, ledger.name) == list(EARLIER)
    assert not own_segment_ms(ledger)


def test_who_was_killed_before_the_deletion_is_completed_by_the_next(
    ledger: KafkaLedgerWrittenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves both forms, and a topic that begins a new segment with everything it gets."""
    with monkeypatch.context() as patching:
        patching.setattr(AdminClient, "delete_records", killed)
        patching.setattr(KafkaLedgerWriter, "enter_behind", and_no_way_back(patching))
        with pytest.raises(KeyboardInterrupt):
            bring_forward(ledger)
    assert len(values_in(ledger.address, ledger.name)) == 2 * len(EARLIER)
    assert own_segment_ms(ledger)

    opened = bring_forward(ledger)

    assert [entry.action for entry in opened.entries()] == ANEW
    assert names_nobody(ledger)
    assert not own_segment_ms(ledger)


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def and_no_way_back(patching: pytest.MonkeyPatch) -> Callable[..., None]:
    """Enter, and let nothing be set back afterwards, as who is killed does."""
    enter: Callable[..., None] = KafkaLedgerWriter.enter_behind

    def entered(*arguments: object, **named: object) -> None:
        enter(*arguments, **named)
        patching.setattr(AdminClient, "incremental_alter_configs", killed)

    return entered


def test_what_an_earlier_release_enters_meanwhile_is_written_anew_too(
    ledger: KafkaLedgerWrittenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = entry_of_an_earlier_release(BEA, at="2026-11-26T10:00:00.000+00:00")
    opened = ledger.opened()
    before_it_writes(monkeypatch, opened, lambda: send(ledger.address, ledger.name, late))

    with pytest.raises(LedgerError, match="was written by an earlier release"):
        bring_ledger_forward(ledger.address, opened)
    brought = bring_forward(ledger)

    assert brought.view().named([ADA, BEA, CLEO]).suppressed == {ADA, BEA}
    assert brought.view().position == len(EARLIER) + 1
    assert names_nobody(ledger)


def test_several_at_once_write_it_anew_once(ledger: KafkaLedgerWrittenBeside) -> None:
    ledgers = [ledger.opened() for _ in range(3)]

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda opened: bring_ledger_forward(ledger.address, opened), ledgers))

    for opened in (*ledgers, ledger.opened()):
        assert [entry.action for entry in opened.entries()] == ANEW
    assert names_nobody(ledger)
    assert not own_segment_ms(ledger)


@pytest.mark.parametrize("person", ["", "Ada Byron"])
def test_an_entry_that_cannot_be_read_stops_it(
    ledger: KafkaLedgerWrittenBeside, person: str
) -> None:
    send(ledger.address, ledger.name, entry_of_an_earlier_release(PersonId(person)))

    with pytest.raises(LedgerError, match="has an entry 5 that can't be read") as raised:
        bring_forward(ledger)

    assert not person or person not in str(raised.value)
    assert len(values_in(ledger.address, ledger.name)) == len(EARLIER) + 1
