"""From the moment a message is produced until it is seen in both stores, under light load.

Every 25 ms each store is asked, in one query, for all persons that it has not shown yet; that is
the resolution, and little work for a store: some tens of ids each time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from statistics import quantiles
from uuid import UUID

from confluent_kafka import Producer
from contenders import Contender, consumer, spark, streaming
from figures import Figure
from people import ids
from pymongo.read_concern import ReadConcern
from servers import Servers
from targets import Target, target
from topic import made, responses

PER_SECOND = 100
POLL_S = 0.025
STARTED_WITHIN_S = 120.0
VISIBLE_WITHIN_S = 30.0
CONSUMER_AIM_MS, SPARK_AIM_MS = 1_000, 2_000

Times = dict[str, float]
Find = Callable[[Collection[str]], Collection[str]]


def measure(servers: Servers, *, seconds: int, partitions: int) -> Iterator[Figure]:
    """Run each of our jobs as a stream, produce steadily, and look."""
    jobs = ((consumer(once=False), CONSUMER_AIM_MS), (spark(once=False), SPARK_AIM_MS))
    for job, aim in jobs:
        if job is None:
            continue
        took = _took(servers, job, seconds=seconds, partitions=partitions)
        cuts = quantiles(took, n=100)
        what = f"{job.what}, produced → in both stores, {PER_SECOND} a second"
        yield Figure(what=f"{what}: p50", value=cuts[49] * 1_000, unit="ms")
        yield Figure(
            what=f"{what}: p99", value=cuts[98] * 1_000, unit="ms", aim=aim, lower_is_better=True
        )


def _took(servers: Servers, job: Contender, *, seconds: int, partitions: int) -> list[float]:
    """Return the seconds of each person; the first ones, until the job is warm, are left out."""
    topic = made(servers.kafka, partitions=partitions)
    warming, count = 3 * PER_SECOND, seconds * PER_SECOND
    adults = (message for message, adult in responses(2 * (warming + count)) if adult)
    messages = list(islice(adults, warming + count))
    with target(servers) as place:
        job.prepare(place)
        with streaming(job, place, topic):
            first = _produced_and_seen(place, topic, messages[:1], within_s=STARTED_WITHIN_S)
            assert first
            _produced_and_seen(place, topic, messages[1:warming])
            return _produced_and_seen(place, topic, messages[warming:])


def _produced_and_seen(
    place: Target, topic: str, messages: list[bytes], *, within_s: float = VISIBLE_WITHIN_S
) -> list[float]:
    """Produce at the pace, and return how long each took until the later store showed it."""
    sent: Times = {}
    ended = threading.Event()
    seen: list[Times] = [{}, {}]
    looking = [
        threading.Thread(target=_look, args=(find, sent, found, ended), daemon=True)
        for find, found in zip((_in_mongo(place), _in_cassandra(place)), seen, strict=True)
    ]
    for thread in looking:
        thread.start()
    _produce(place.servers.kafka, topic, messages, sent)
    deadline = time.perf_counter() + within_s
    while min(map(len, seen)) < len(messages):
        assert time.perf_counter() < deadline, "a person is missing in a store"
        time.sleep(POLL_S)
    ended.set()
    for thread in looking:
        thread.join()
    return [max(found[person] for found in seen) - begin for person, begin in sent.items()]


def _produce(kafka: str, topic: str, messages: list[bytes], sent: Times) -> None:
    producer = Producer({"bootstrap.servers": kafka, "acks": "all", "linger.ms": 5})
    partitions = len(producer.list_topics(topic, timeout=10).topics[topic].partitions)
    begin = time.perf_counter()
    for number, (person, message) in enumerate(zip(ids(messages), messages, strict=True)):
        time.sleep(max(0.0, begin + number / PER_SECOND - time.perf_counter()))
        sent[person] = time.perf_counter()
        producer.produce(topic, message, partition=number % partitions)
        producer.poll(0)
    assert producer.flush(30) == 0


def _look(find: Find, sent: Times, found: Times, ended: threading.Event) -> None:
    while not ended.wait(POLL_S):
        waiting = [person for person in list(sent) if person not in found]
        if waiting:
            shown = find(waiting)
            now = time.perf_counter()
            found.update(dict.fromkeys(shown, now))


def _in_mongo(place: Target) -> Find:
    users = place.mongo[place.name]["users"].with_options(read_concern=ReadConcern("majority"))

    def find(persons: Collection[str]) -> Collection[str]:
        keys = [UUID(person) for person in persons]
        return [str(document["_id"]) for document in users.find({"_id": {"$in": keys}}, {"_id": 1})]

    return find


def _in_cassandra(place: Target) -> Find:
    select = f"SELECT id FROM {place.name}.users WHERE id IN (%s)"  # noqa: S608 - ids made here

    def find(persons: Collection[str]) -> Collection[str]:
        if not place.has_table():
            return []
        rows = place.session.execute(select % ", ".join(persons))
        return [str(row.id) for row in rows]

    return find
