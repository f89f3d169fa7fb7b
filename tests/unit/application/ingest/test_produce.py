from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from profiles.adapters import codec
from profiles.application.errors import LogError, SourceError
from profiles.application.ingest.produce import (
    Producer,
    Production,
    UnbalancedProductionError,
)
from profiles.application.log.deciding import Rules
from profiles.application.log.messages import Records
from profiles.application.ports.sources import Delivery, Fingerprint
from profiles.domain.outcome import Rejected
from profiles.domain.policy import DEFAULT_POLICY
from tests.support.memory_streams import MemoryPublisher, MemoryTopic

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = Rules(policy=DEFAULT_POLICY, decode=codec.decode)
ADA, BEA, CLEO = (f"{number:08x}-0000-4000-8000-000000000000" for number in (1, 2, 3))


def person(identity: str, born: str = "1985-03-01") -> dict[str, object]:
    return {
        "login": {"uuid": identity, "password": "sesame"},
        "dob": {"date": f"{born}T08:00:00.000Z", "age": 99},
        "nat": "DK",
    }


def text(value: object) -> bytes:
    return json.dumps(value).encode()


class Deliveries:
    """A source of given deliveries, which may break in the end."""

    name = "given"

    def __init__(self, *deliveries: Sequence[bytes], broken: bool = False) -> None:
        self._deliveries = deliveries
        self._broken = broken
        self.delivered = 0

    def deliveries(
        self, *, start: int = 0, fingerprint: Fingerprint | None = None
    ) -> Iterator[Delivery]:
        assert fingerprint is None
        for values in self._deliveries[start:]:
            self.delivered += 1
            yield Delivery(values=values)
        if self._broken:
            raise SourceError(self.name, "it broke", "Mend it.")


class FullPublisher(MemoryPublisher):
    """Takes a number of messages, and no more."""

    def __init__(self, topic: MemoryTopic, room: int) -> None:
        super().__init__(topic)
        self._room = room

    def publish(self, key: bytes, value: bytes | None) -> None:
        if self.acknowledged == self._room:
            raise LogError("The log", "it took nothing for 120 s", "See that it is up.")
        super().publish(key, value)


class SilentPublisher(MemoryPublisher):
    """Takes everything and never answers."""

    def publish(self, key: bytes, value: bytes | None) -> None:
        assert key
        assert value

    def flush(self, *, within_s: float) -> int:
        assert within_s == 7
        self.failed = 1
        return 1


def producing(publisher: MemoryPublisher) -> Producer:
    return Producer(publisher=publisher, rules=RULES, encode=codec.encode, clock=lambda: NOW)


def test_an_adult_is_published_minimised_under_her_id() -> None:
    topic = MemoryTopic()

    finished = producing(MemoryPublisher(topic)).run(Deliveries([text(person(ADA))]))

    (record,) = topic.logs[0]
    assert finished
    assert record.key == ADA.encode()
    assert isinstance(record.value, bytes)
    written = json.loads(record.value)
    assert written["login"] == {"uuid": ADA, "username": None}
    assert written["dob"] == {"date": "1985-03-01"}
    assert written["schema"] == 1
    assert b"sesame" not in record.value


def test_minors_and_malformed_records_stay_out_of_the_log_and_are_counted() -> None:
    topic = MemoryTopic()
    job = producing(MemoryPublisher(topic))
    response = {"results": [person(ADA), person(BEA, "2020-01-01"), {"dob": 1}]}

    job.run(Deliveries([text(response), b"{"], [text(person(CLEO))]))

    assert [record.key for record in topic.logs[0]] == [ADA.encode(), CLEO.encode()]
    assert job.production == Production(
        fetched=5,
        acknowledged=2,
        withheld=1,
        rejected=2,
        reasons={"minor": 1, "missing": 1, "json": 1},
    )


def test_a_source_of_something_else_is_reported_at_once(caplog: pytest.LogCaptureFixture) -> None:
    producing(MemoryPublisher(MemoryTopic())).run(Deliveries([b"{", b"5"], [b"{"]))

    (line,) = caplog.messages
    assert line.startswith("2 of the first 2 records can't be read as persons")


def test_progress_is_reported_after_each_delivery_and_at_the_end() -> None:
    told: list[int] = []
    job = Producer(
        publisher=MemoryPublisher(MemoryTopic()),
        rules=RULES,
        encode=codec.encode,
        clock=lambda: NOW,
        progress=lambda production: told.append(production.acknowledged),
    )

    job.run(Deliveries([text(person(ADA))], [text(person(BEA))]))

    assert told == [1, 2, 2]


def test_a_refused_message_ends_the_job_before_more_is_fetched() -> None:
    source = Deliveries([text(person(ADA)), text(person(BEA))], [text(person(CLEO))])
    job = producing(MemoryPublisher(MemoryTopic(), refused=lambda value: ADA.encode() in value))

    with pytest.raises(LogError, match="1 of 2 persons fetched were not acknowledged; 1 were"):
        job.run(source)

    assert source.delivered == 1
    assert job.production == Production(fetched=2, acknowledged=1, failed=1)


def test_what_finds_no_room_counts_as_failed() -> None:
    persons = [text(person(identity)) for identity in (ADA, BEA, CLEO)]
    job = producing(FullPublisher(MemoryTopic(), room=1))

    with pytest.raises(LogError, match="took nothing"):
        job.run(Deliveries(persons))

    job.production.check()
    assert job.production == Production(fetched=3, acknowledged=1, failed=2)


def test_what_is_not_acknowledged_in_the_end_counts_as_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = producing(SilentPublisher(MemoryTopic()))

    with pytest.raises(LogError, match="Run the same command again"):
        job.run(Deliveries([text(person(ADA))]), flush_s=7)

    assert job.production == Production(fetched=1, failed=1)
    assert "1 persons were given up" in caplog.text
    assert ADA not in caplog.text


class InterruptedPublisher(MemoryPublisher):
    """Is interrupted where it waits, as by a second Ctrl-C; gives up what it has at once."""

    def __init__(self, topic: MemoryTopic, *, full: bool) -> None:
        super().__init__(topic)
        self._full = full
        self._waiting = 0

    def publish(self, key: bytes, value: bytes | None) -> None:
        assert key
        assert value
        if self._full and self._waiting:
            raise KeyboardInterrupt
        self._waiting += 1

    def flush(self, *, within_s: float) -> int:
        if within_s:
            raise KeyboardInterrupt
        self.failed, self._waiting = self._waiting, 0
        return self.failed


@pytest.mark.parametrize("full", [True, False], ids=["while it is full", "at the end"])
def test_interrupted_again_it_gives_up_what_waits_at_once_and_counts_it(
    caplog: pytest.LogCaptureFixture, *, full: bool
) -> None:
    job = producing(InterruptedPublisher(MemoryTopic(), full=full))

    with pytest.raises(KeyboardInterrupt):
        job.run(Deliveries([text(person(ADA)), text(person(BEA))]))

    assert job.production == Production(fetched=2, failed=2)
    assert "were given up" in caplog.text


def test_interrupted_while_a_delivery_is_read_nobody_of_it_counts_as_fetched() -> None:
    interrupted = text(person(CLEO))

    def decode(message: bytes) -> Records | Rejected:
        if message == interrupted:
            raise KeyboardInterrupt
        return codec.decode(message)

    job = Producer(
        publisher=MemoryPublisher(MemoryTopic()),
        rules=replace(RULES, decode=decode),
        encode=codec.encode,
        clock=lambda: NOW,
    )
    with pytest.raises(KeyboardInterrupt):
        job.run(Deliveries([text(person(ADA))], [text(person(BEA)), interrupted]))

    assert job.production == Production(fetched=1, acknowledged=1)


def test_a_broken_source_costs_nothing_that_it_delivered() -> None:
    topic = MemoryTopic()
    job = producing(MemoryPublisher(topic))

    with pytest.raises(SourceError, match="it broke"):
        job.run(Deliveries([text(person(ADA))], broken=True))

    assert len(topic.logs[0]) == 1
    assert job.production == Production(fetched=1, acknowledged=1)


def test_it_stops_after_the_delivery_at_hand() -> None:
    source = Deliveries([text(person(ADA))], [text(person(BEA))])
    job = producing(MemoryPublisher(MemoryTopic()))

    assert not job.run(source, stopped=lambda: source.delivered == 1)

    assert job.production == Production(fetched=1, acknowledged=1)


@pytest.mark.parametrize(
    ("production", "said"),
    [
        (Production(fetched=2, acknowledged=1), "2 persons were fetched but 1 have an outcome"),
        (Production(fetched=1, withheld=1), "1 persons were fetched but 0 have an outcome"),
    ],
)
def test_counts_that_do_not_add_up_are_a_defect(production: Production, said: str) -> None:
    with pytest.raises(UnbalancedProductionError, match=said):
        production.check()
