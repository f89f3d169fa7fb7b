"""What a topic holds of a person: found by key and by id, and shown as far as it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from profiles.adapters import codec
from profiles.application.rights import log_records
from profiles.application.rights.log_records import LoggedRecord, TopicSearcher
from profiles.domain.correcting import correction_of
from profiles.domain.minimising import minimise
from profiles.domain.person import Birth, Login, Person, PersonId
from profiles.domain.policy import DEFAULT_POLICY
from tests.support.memory_streams import START, MemoryLogSearch, MemoryTopic

ADA = PersonId("00000000-0000-4000-8000-00000000000a")
BEA = PersonId("00000000-0000-4000-8000-00000000000b")
KEY = ADA.encode()


def record(identity: str = ADA, *, born: str = "1990-05-17", **others: object) -> dict[str, Any]:
    return {"login": {"uuid": identity}, "dob": {"date": born}, **others}


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


def found_in(
    topic: MemoryTopic, progress: Callable[[int], None] = lambda _looked_at: None
) -> list[LoggedRecord]:
    searcher = TopicSearcher(
        topic=MemoryLogSearch(topic),
        decode=codec.decode,
        policy=DEFAULT_POLICY,
        read_at=datetime(2026, 11, 23, 13, tzinfo=UTC),
        progress=progress,
    )
    return searcher.find(ADA)[1]


def test_a_record_of_our_producer_is_shown_whole() -> None:
    topic = MemoryTopic()
    ours = minimise(
        Person(login=Login(uuid=ADA), dob=Birth(date="1990-05-17"), email="a@x.org"),
        DEFAULT_POLICY,
    )
    topic.append(0, b"{}", BEA.encode())
    topic.append(0, codec.encode(ours), KEY)

    (found,) = found_in(topic)

    assert (found.log, found.partition, found.offset) == ("topic of a test", 0, 1)
    assert found.logged_at == START.replace(microsecond=1000)
    assert found.person is not None
    assert (found.person["login"]["uuid"], found.person["email"]) == (ADA, "a@x.org")
    assert found.complete
    assert not found.deletion
    assert ADA not in repr(found)


def test_a_correction_is_shown_with_what_it_says() -> None:
    topic = MemoryTopic()
    ours = correction_of(ADA, {"city": "Oslo"}, ["email"])
    topic.append(0, as_json(ours), KEY)
    topic.append(0, as_json({**ours, "note": "PRIVATE"}), KEY)
    topic.append(0, as_json({"login": {"uuid": ADA}, "correction": {"set": {"city": 3}}}), KEY)

    whole, more, malformed = found_in(topic)

    said = {"set": {"city": "Oslo"}, "release": ["email"]}
    assert (whole.correction, whole.person, whole.complete) == (said, None, True)
    assert (more.correction, more.person, more.complete) == (said, None, False)
    assert (malformed.correction, malformed.person, malformed.complete) == (None, None, False)
    assert "Oslo" not in repr(whole)


def test_of_a_foreign_record_is_shown_what_is_read_of_it_and_said_that_there_is_more() -> None:
    topic = MemoryTopic()
    topic.append(1, as_json(record(phone="PRIVATE", email="a@x.org")), KEY.upper())

    (found,) = found_in(topic)

    assert found.person is not None
    assert found.person["email"] == "a@x.org"
    assert "PRIVATE" not in json.dumps(found.person)
    assert not found.complete


@pytest.mark.parametrize("key", [None, b"\xff", b"customer-7", BEA.encode()])
def test_a_record_under_another_key_is_found_by_the_id_in_it(key: bytes | None) -> None:
    topic = MemoryTopic()
    topic.append(1, as_json({"results": [record(BEA), record(ADA.upper())]}), key)

    (found,) = found_in(topic)

    assert found.person is not None
    assert found.person["login"]["uuid"] == ADA
    assert BEA not in json.dumps(found.person)


@pytest.mark.parametrize(
    "value",
    [
        as_json(record(born="2015-05-17", email="PRIVATE")),
        as_json(record(born="PRIVATE")),
        as_json(record(BEA)),
        b"PRIVATE",
        as_json({"results": [record(BEA)]}),
    ],
    ids=["minor", "no date", "another's", "no JSON", "response of others"],
)
def test_a_record_of_which_nothing_is_read_is_told_without_its_content(value: bytes) -> None:
    topic = MemoryTopic()
    topic.append(0, value, KEY)

    (found,) = found_in(topic)

    assert (found.offset, found.person, found.complete) == (0, None, False)


def test_a_deletion_is_told() -> None:
    topic = MemoryTopic()
    topic.append(0, None, KEY)
    topic.append(0, None, BEA.encode())

    (found,) = found_in(topic)

    assert (found.offset, found.deletion, found.person, found.complete) == (0, True, None, True)


def test_a_record_that_has_the_id_in_another_field_is_not_the_persons() -> None:
    topic = MemoryTopic()
    topic.append(0, as_json(record(BEA, friend=ADA)), BEA.encode())
    topic.append(0, b"no JSON about " + KEY, None)

    assert found_in(topic) == []


def test_the_partition_of_the_key_is_looked_through_first_and_only_what_was_there() -> None:
    topic = MemoryTopic(logs=[[], [], [], [], []])
    for number in range(5):
        topic.append(number, as_json(record()), KEY)
    topic.append(2, as_json(record()), KEY)
    topic.delete_before(2, 1)
    search = MemoryLogSearch(topic)
    searcher = TopicSearcher(
        topic=search, decode=codec.decode, policy=DEFAULT_POLICY, read_at=START
    )

    searched, found = searcher.find(ADA)

    first = search.place(KEY)
    assert search.order == [first, *(n for n in range(5) if n != first)]
    assert searched.bounds == {0: (0, 1), 1: (0, 1), 2: (1, 2), 3: (0, 1), 4: (0, 1)}
    assert {(one.partition, one.offset) for one in found} == {
        *((0, 0), (1, 0), (2, 1), (3, 0), (4, 0))
    }


def test_how_far_it_is_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_records, "_TELL_EVERY", 2)
    topic = MemoryTopic()
    for _ in range(5):
        topic.append(0, b"{}", None)
    told: list[int] = []

    assert found_in(topic, told.append) == []
    assert told == [2, 4, 5]
