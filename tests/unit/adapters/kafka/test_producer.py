from __future__ import annotations

from contextlib import closing
from threading import Event

import pytest

from profiles.adapters import codec
from profiles.adapters.kafka import KafkaPublisher, TopicSettings, ledger_topic, rejected_topic
from profiles.adapters.kafka.settings import MESSAGE_BYTES, TOPIC_MESSAGE_BYTES
from profiles.domain.person import Person
from profiles.domain.reading import read_person
from profiles.domain.texts import MAXIMUM_LENGTH

LONGEST = "\N{GRINNING FACE}" * MAXIMUM_LENGTH
"""No character takes more bytes."""


def test_a_message_that_is_too_large_counts_as_failed_and_the_next_one_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(KafkaPublisher("127.0.0.1:1", "t", stop=Event())) as publisher:
        publisher.publish(b"k", bytes(MESSAGE_BYTES))
        publisher.publish(b"k", bytes(MESSAGE_BYTES))
        publisher.publish(b"k", b"{}")

        assert (publisher.acknowledged, publisher.failed) == (0, 2)
        assert publisher.flush(within_s=0) == 1
    assert caplog.text.count("A message was not delivered to topic t (MSG_SIZE_TOO_LARGE)") == 1
    assert "are not published" in caplog.text


def test_the_largest_person_is_far_below_the_largest_message() -> None:
    person = read_person(
        {
            "login": {"uuid": "00000001-0000-4000-8000-000000000000", "username": LONGEST},
            "dob": {"date": "1985-03-01"},
            "gender": "female",
            "name": {"last": LONGEST},
            "location": {"city": LONGEST},
            "email": f"{'e' * 64}@{'d' * 251}.com",
            "registered": {"date": "2020-02-29T00:00:00.000Z"},
            "nat": "FR",
        }
    )

    assert isinstance(person, Person)
    assert 3 * len(LONGEST.encode()) < len(codec.encode(person)) < 5_000


def test_a_topic_of_persons_lets_in_what_is_published_and_the_batch_around_it() -> None:
    made = TopicSettings().configuration()

    assert int(made["max.message.bytes"]) == TOPIC_MESSAGE_BYTES > MESSAGE_BYTES * 1.04


def test_topics_of_small_messages_keep_the_default_of_the_cluster() -> None:
    for settings in (ledger_topic(), rejected_topic("t")):
        assert "max.message.bytes" not in settings.configuration()
