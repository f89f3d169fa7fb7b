"""Whether memory stays flat: our jobs and the page, for an hour, while the users become more.

All run at once, as streams, and what is resident in all processes of each is looked at every ten
seconds. What is compared are two times of the same run: one when everything is warm, and the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from http import HTTPStatus
from http.client import HTTPConnection
from statistics import median
from typing import Any

from confluent_kafka import Producer
from contenders import Contender, consumer, spark, streaming
from dashboard import callback_body
from figures import Figure
from servers import Servers
from targets import Target, target
from topic import made, responses
from usage import Sampler

from tests.support.services.free_ports import free_port

PER_SECOND = 200
SAMPLE_S = 10.0
SETTLED_WITHIN_S = 120.0
FLAT = 110
"""Percent: more is growth, and less is what a garbage collector leaves lying about."""

Samples = dict[str, list[float]]


def measure(servers: Servers, *, minutes: int, partitions: int) -> Iterator[Figure]:
    """Feed our jobs steadily, refresh the page every 10 s, and look at their memory."""
    topic = made(servers.kafka, partitions=partitions)
    jobs = [job for job in (consumer(once=False), spark(once=False)) if job is not None]
    with ExitStack() as stack:
        places = {job.what: stack.enter_context(target(servers)) for job in jobs}
        sessions = {
            job.what: stack.enter_context(streaming(job, places[job.what], topic)) for job in jobs
        }
        port = free_port()
        page = _page(places["profiles process"], port)
        sessions[page.what] = stack.enter_context(
            streaming(page, places["profiles process"], topic)
        )
        adults, samples = _fed(servers, topic, sessions, port, seconds=minutes * 60)
        for place in places.values():
            _wait_for(place, adults)
    for what, resident in samples.items():
        yield from _told(what, resident, minutes)


def _page(place: Target, port: int) -> Contender:
    url = place.servers.mongo_url(place.name)
    return Contender(
        what="profiles dashboard",
        command=lambda _target, _topic, _folder: [
            *(sys.executable, "-m", "profiles", "dashboard", "--store", url, "--port", str(port))
        ],
    )


def _fed(
    servers: Servers, topic: str, sessions: Mapping[str, int], port: int, *, seconds: int
) -> tuple[int, Samples]:
    """Produce at the pace; return how many adults there were, and the memory in MiB."""
    producer = Producer({"bootstrap.servers": servers.kafka, "acks": "all", "linger.ms": 20})
    partitions = len(producer.list_topics(topic, timeout=10).topics[topic].partitions)
    samples: Samples = {what: [] for what in sessions}
    begin = time.perf_counter()
    looked_at, adults, refreshed = 0.0, 0, 0
    for number, (message, adult) in enumerate(responses(seconds * PER_SECOND)):
        # Until this one is due, so that a slow one makes none of those behind it late.
        time.sleep(max(0.0, begin + number / PER_SECOND - time.perf_counter()))
        producer.produce(topic, message, partition=number % partitions)
        producer.poll(0)
        adults += adult
        passed = time.perf_counter() - begin
        if passed - looked_at >= SAMPLE_S:
            looked_at = passed
            refreshed += _refreshed(port)
            for what, session in sessions.items():
                samples[what].append(_resident_mib(session))
    assert producer.flush(30) == 0
    assert refreshed > len(samples["profiles dashboard"]) / 2, "the page was not there"
    return adults, samples


def _resident_mib(session: int) -> float:
    sampler = Sampler(session)
    sampler.sample()
    return sampler.peak_bytes / 2**20


def _refreshed(port: int) -> bool:
    """Ask as a browser does that shows nothing yet; tell whether the page is there by now."""
    try:
        dependencies = _answer(port, "_dash-dependencies", None)
    except ConnectionRefusedError:
        return False
    _answer(port, "_dash-update-component", callback_body(dependencies))
    return True


def _answer(port: int, path: str, body: object) -> Any:  # noqa: ANN401 - JSON of Dash's
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        headers = {"Content-Type": "application/json"}
        method = "GET" if body is None else "POST"
        connection.request(method, f"/{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        assert answer.status == HTTPStatus.OK, f"the page answers {answer.status}"
        return json.load(answer)


def _wait_for(place: Target, adults: int) -> None:
    """Wait until both stores hold every adult once, or stop the bench."""
    deadline = time.perf_counter() + SETTLED_WITHIN_S
    users = place.mongo[place.name]["users"]
    while users.count_documents({}) < adults and time.perf_counter() < deadline:
        time.sleep(1)  # counting is work for the server, too
    time.sleep(2)  # Cassandra gets the last chunk after MongoDB has it
    place.check(adults)


def _told(what: str, resident: Sequence[float], minutes: int) -> Iterator[Figure]:
    """Tell the memory in the second tenth of the time and in the last, each the median."""
    tenth = len(resident) // 10
    tenths = [median(resident[at : at + tenth]) for at in range(0, 10 * tenth, tenth)]
    early, late = tenths[1], tenths[-1]
    when = f"{minutes} min at {PER_SECOND} a second"
    yield Figure(what=f"{what}, memory at the beginning", value=early, unit="MiB")
    yield Figure(what=f"{what}, memory after {when}", value=late, unit="MiB")
    yield Figure(
        what=f"{what}, at the end beside the beginning",
        value=100 * late / early,
        unit="%",
        aim=FLAT,
        lower_is_better=True,
        note=f"by tenths {', '.join(f'{each:.0f}' for each in tenths)} MiB",
    )
