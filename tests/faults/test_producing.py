"""What was fetched gets into Kafka, or is counted as failed, whatever happens."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from profiles.application.ingest.produce import Production
from profiles.application.log import messages
from profiles.domain.assessing import admit
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Rejected
from profiles.domain.person import Person
from profiles.domain.policy import DEFAULT_POLICY
from tests.faults.conftest import Servers
from tests.support.cluster_site import Running, Site, until
from tests.support.embedded_jobs import delivered, write_population

FAILURE = 1
STREAM = "simulator:seed=4,limit=none,minors=0.1,hostile=0.05"


def admitted(path: Path) -> set[str]:
    """The persons whom admission before the log lets in, today."""
    now = datetime.now(UTC)
    times = DecisionDates.of(logged_at=now, read_at=now)
    found = set()
    for values in delivered(path):
        for value in values:
            records = messages.decode(value)
            if not isinstance(records, Rejected):
                outcomes = [admit(item, DEFAULT_POLICY, times) for item in records.items]
                found |= {each.login.uuid for each in outcomes if isinstance(each, Person)}
    return found


def test_killed_in_mid_batch_and_started_again_it_loses_nobody(site: Site, tmp_path: Path) -> None:
    people = tmp_path / "many.jsonl"
    write_population(people, limit=20_000)  # not through before it is killed
    running = site.produce(people)
    until(lambda: site.logged() > 0, running)
    assert running.kill()
    before = site.logged()

    production = site.produce(people).production()

    # Kafka may have had some of the killed one's messages on their way to the log still.
    assert site.logged() >= before + production.acknowledged
    assert 0 < before < production.acknowledged
    site.finish()
    assert site.oracle.held.keys() == admitted(people)


def in_one_line(said: str) -> str:
    """Undo the folding of long lines."""
    return " ".join(said.split())


def streaming(site: Site) -> Running:
    """Start a stream; wait until Kafka has some of it."""
    running = site.produce(STREAM, once=False)
    until(lambda: site.logged() > 500, running)
    return running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stopped_stream_delivers_what_was_fetched(site: Site, number: signal.Signals) -> None:
    running = streaming(site)

    running.ask_to_stop(number)
    production = running.production()

    assert production.failed == 0
    assert production.withheld > 0
    assert production.rejected > 0
    assert site.logged() == production.acknowledged > 500
    site.finish()


def test_stopped_before_the_end_of_its_source_it_exits_with_1(site: Site) -> None:
    running = site.produce("simulator:limit=1000000")
    until(lambda: site.logged() > 500, running)

    running.ask_to_stop(signal.SIGTERM)
    production = running.production(code=FAILURE)

    assert "Stopped before the end of the source" in running.said
    assert site.logged() == production.acknowledged == production.fetched


def test_kafka_away_at_the_start_is_waited_for_until_the_stream_is_asked_to_stop(
    site: Site, servers: Servers, people: Path
) -> None:
    servers.kafka.kill()
    running, stream = site.produce(people), site.produce(STREAM, once=False)
    stream.ask_to_stop(signal.SIGTERM)
    until(lambda: "Waiting for Kafka" in running.said, running)

    assert stream.production() == Production()
    assert "Stopped while waiting at the start" in stream.said
    servers.kafka.start()
    production = running.production()

    assert production.failed == 0
    assert site.logged() == production.acknowledged > 0
    site.finish()


def test_kafka_killed_and_started_again_in_the_middle_costs_nothing(
    site: Site, servers: Servers
) -> None:
    running = streaming(site)
    servers.kafka.kill()
    until(lambda: "does not answer" in running.said, running)

    servers.kafka.start()
    before = site.logged()
    until(lambda: site.logged() > before + 2_000, running)
    running.ask_to_stop(signal.SIGTERM)
    production = running.production()

    assert production.failed == 0
    assert site.logged() == production.acknowledged
    site.finish()


def test_stopped_while_kafka_is_away_it_waits_and_delivers(site: Site, servers: Servers) -> None:
    running = streaming(site)
    servers.kafka.kill()
    until(lambda: "does not answer" in running.said, running)
    running.process.send_signal(signal.SIGTERM)
    until(lambda: "a second Ctrl-C gives them up" in in_one_line(running.said), running)

    servers.kafka.start()
    production = running.production()

    assert production.failed == 0
    assert site.logged() == production.acknowledged
    site.finish()


def test_interrupted_again_while_kafka_is_away_it_counts_what_is_lost(
    site: Site, servers: Servers
) -> None:
    running = streaming(site)
    servers.kafka.kill()
    until(lambda: "does not answer" in running.said, running)

    running.process.send_signal(signal.SIGINT)
    until(lambda: "a second Ctrl-C gives them up" in in_one_line(running.said), running)
    running.process.send_signal(signal.SIGINT)
    production = running.production(code=FAILURE)
    servers.kafka.start()

    assert production.failed > 0
    until(lambda: site.logged() >= production.acknowledged)  # the broker has just come back
    assert site.logged() <= production.acknowledged + production.failed
    assert "were given up: the log did not answer" in in_one_line(running.said)
