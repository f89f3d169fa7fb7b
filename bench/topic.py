"""The topic that jobs read: whole responses of one person each, as the first producer sent them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from threading import Event

from confluent_kafka import Producer

from profiles.adapters.kafka import Topics, TopicSettings
from profiles.adapters.simulator import Simulator

MINORS = 0.07
_AGE = 18
_MARGIN = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A topic with what is in it.

    persons: how many, a message each. adults: how many of them come of age long before today.
    """

    name: str
    persons: int
    adults: int
    partitions: int


def responses(count: int, *, seed: int = 1) -> Iterator[tuple[bytes, bool]]:
    """Yield messages, and whether each tells of an adult: the same in every run of a day.

    Nobody comes of age around today: there the rules of the jobs differ by a day.
    """
    today = datetime.now(UTC).date()
    source = Simulator(
        seed=seed, limit=None, today=today, batch=1, minors=MINORS, as_responses=True
    )
    messages = (value for delivery in source.deliveries() for value in delivery.values)
    judged = ((message, _adult(message, today)) for message in messages)
    yield from islice(((m, adult) for m, adult in judged if adult is not None), count)


def _adult(message: bytes, today: date) -> bool | None:
    """Tell an adult from a minor, or return None near the birthday."""
    (person,) = json.loads(message)["results"]
    born = date.fromisoformat(person["dob"]["date"][:10])
    comes_of_age = date(born.year + _AGE, born.month, 1) + timedelta(days=born.day - 1)
    if abs(comes_of_age - today) <= _MARGIN:
        return None
    return comes_of_age < today


def fill(kafka: str, count: int, *, partitions: int) -> Filled:
    """Make a topic of `count` messages, spread evenly over its partitions."""
    name = made(kafka, partitions=partitions)
    producer = Producer(
        {"bootstrap.servers": kafka, "linger.ms": 50, "compression.type": "lz4", "acks": "all"}
    )
    adults = 0
    for number, (message, adult) in enumerate(responses(count)):
        adults += adult
        while True:
            try:
                producer.produce(name, message, partition=number % partitions)
                break
            except BufferError:  # the queue is full
                producer.poll(0.5)
        producer.poll(0)
    assert producer.flush(120) == 0
    return Filled(name=name, persons=count, adults=adults, partitions=partitions)


def made(kafka: str, *, partitions: int) -> str:
    """Make an empty topic; return its name."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    Topics(kafka).ensure(TopicSettings(name=name, partitions=partitions), stop=Event())
    return name
