"""From the moment a message is produced until it is seen in both stores, under light load.

And what the job takes of the processor for each person meanwhile, at twice the load.

Every 25 ms each store is asked, in one query, for all persons that it has not shown yet; that is
the resolution, and little work for a store: some tens of ids each time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import islice
from statistics import quantiles
from typing import NamedTuple
from uuid import UUID

from confluent_kafka import Producer
from contenders import Contender, consumer, spark, streaming
from figures import Figure
from people import ids
from pymongo.read_concern import ReadConcern
from servers import Servers
from targets import Target, target
from topic import made, responses
from usage import Sampler

PER_SECOND, LIGHT_PER_SECOND = 100, 200
POLL_S = 0.025
STARTED_WITHIN_S = 120.0
VISIBLE_WITHIN_S = 30.0
AIMS_MS: Mapping[str, tuple[int | None, int]] = {
    "profiles process": (40, 150),
    "profiles spark": (None, 1_000),
}
"""For the median and the 99th percentile."""
LIGHT_AIM_MS = 0.3

Times = dict[str, float]
Find = Callable[[Collection[str]], Collection[str]]


def measure(servers: Servers, *, seconds: int, partitions: int) -> Iterator[Figure]:
    """Run each of our jobs as a stream, produce steadily, and look."""
    for job in (consumer(once=False), spark(once=False)):
        if job is None:
            continue
        run = _ran(servers, job, seconds=seconds, partitions=partitions, per_second=PER_SECOND)
        cuts = quantiles(run.took, n=100)
        what = f"{job.what}, produced → in both stores, {PER_SECOND} a second"
        for name, cut, aim in zip(("p50", "p99"), (49, 98), AIMS_MS[job.what], strict=True):
            yield Figure(
                what=f"{what}: {name}",
                value=cuts[cut] * 1_000,
                unit="ms",
                aim=aim,
                lower_is_better=True,
            )
    job = consumer(once=False)
    run = _ran(servers, job, seconds=seconds, partitions=partitions, per_second=LIGHT_PER_SECOND)
    yield Figure(
        what=f"{job.what}, light load, {LIGHT_PER_SECOND}/s: processor of the job a person",
        value=run.cpu_s / len(run.took) * 1_000,
        unit="ms",
        aim=LIGHT_AIM_MS,
        lower_is_better=True,
        note=f"p50 {quantiles(run.took)[1] * 1_000:.0f} ms",
    )


class Run(NamedTuple):
    """The seconds of each person, and those of the processor that the job took for all of them."""

    took: list[float]
    cpu_s: float


def _ran(
    servers: Servers, job: Contender, *, seconds: int, partitions: int, per_second: int
) -> Run:
    """Run a job as a stream; the first persons, until it is warm, are left out."""
    topic = made(servers.kafka, partitions=partitions)
    warming, count = 3 * per_second, seconds * per_second
    adults = (message for message, adult in responses(2 * (warming + count)) if adult)
    messages = list(islice(adults, warming + count))
    with target(servers) as place:
        job.prepare(place)
        with streaming(job, place, topic) as process:
            see = partial(_produced_and_seen, place, topic, per_second=per_second)
            first = see(messages[:1], within_s=STARTED_WITHIN_S)
            assert first
            see(messages[1:warming])
            sampler = Sampler(process)
            sampler.sample()
            before = sampler.cpu_s
            took = see(messages[warming:])
            sampler.sample()
            return Run(took, sampler.cpu_s - before)


def _produced_and_seen(
    place: Target,
    topic: str,
    messages: list[bytes],
    *,
    per_second: int,
    within_s: float = VISIBLE_WITHIN_S,
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
    _produce(place.servers.kafka, topic, messages, sent, per_second)
    deadline = time.perf_counter() + within_s
    while min(map(len, seen)) < len(messages):
        assert time.perf_counter() < deadline, "a person is missing in a store"
        time.sleep(POLL_S)
    ended.set()
    for thread in looking:
        thread.join()
    return [max(found[person] for found in seen) - begin for person, begin in sent.items()]


def _produce(kafka: str, topic: str, messages: list[bytes], sent: Times, per_second: int) -> None:
    producer = Producer({"bootstrap.servers": kafka, "acks": "all", "linger.ms": 5})
    partitions = len(producer.list_topics(topic, timeout=10).topics[topic].partitions)
    begin = time.perf_counter()
    for number, (person, message) in enumerate(zip(ids(messages), messages, strict=True)):
        time.sleep(max(0.0, begin + number / per_second - time.perf_counter()))
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
