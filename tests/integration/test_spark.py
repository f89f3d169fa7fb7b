"""Kafka into the stores on a real Spark; what they hold is what the domain alone says."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from pyspark.sql import SparkSession

from profiles.adapters.kafka import KafkaLogLookup
from profiles.adapters.memory import MemoryMetrics
from profiles.adapters.spark import BatchProgress, SessionSettings, spark_session
from profiles.adapters.spark.stream import StreamSettings, batches
from profiles.application.errors import LogError
from profiles.application.ingest import erasing
from profiles.application.log import messages
from profiles.application.log.records import LogPartition
from profiles.application.log.unwrapping import Envelope, unwrapping
from profiles.domain.ledger_entry import Action
from profiles.domain.person import PersonId
from profiles.domain.tally import Tally
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.composition.metrics import Observing
from profiles.entrypoints.composition.spark import SparkSettings, Watching, spark_stream
from profiles.entrypoints.composition.streaming import KafkaSettings
from tests.support.cluster_site import Addresses
from tests.support.patience import PATIENCE_S
from tests.support.spark_site import SparkSite

pytestmark = pytest.mark.servers

PEOPLE = (
    "simulator:seed=5,limit=3000,minors=0.05,hostile=0.03,duplicates=0.1,updates=0.15,domains=30"
)


@pytest.fixture(scope="module")
def session() -> Generator[SparkSession]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PySpark, about itself
        with spark_session(SessionSettings(cores=2)) as spark:
            yield spark


@pytest.fixture
def site(
    kafka_address: str, cassandra_address: str, mongo_url: str, tmp_path: Path
) -> Generator[SparkSite]:
    servers = Addresses(kafka_address, cassandra_address, mongo_url)
    with ExitStack() as stack:
        yield SparkSite(servers, tmp_path, stack, name=f"spark_{uuid4().hex[:12]}")


class Job:
    """The job in the session of the tests: a JVM for each would take most of their time."""

    def __init__(self, session: SparkSession, site: SparkSite) -> None:
        self._session = session
        self._site = site
        self.told: list[BatchProgress] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.metrics = MemoryMetrics()

    def once(
        self, *, checkpoint: str = "a", batch_records: int = 200_000, envelope: str | None = None
    ) -> Tally:
        site = self._site
        settings = SparkSettings(
            kafka=KafkaSettings(
                address=site.servers.kafka, topic=site.name, partitions=site.partitions
            ),
            stores=read_stores(site.stores),
            checkpoint=str(site.checkpoint(checkpoint)),
            ledger=LedgerSettings(topic=site.ledger_topic, keys=site.ledger_keys),
            batch_records=batch_records,
            envelope=envelope,
        )
        stop = Event()
        with (
            warnings.catch_warnings(),
            spark_stream(
                settings,
                stop=stop,
                watching=Watching(
                    progress=self._progress,
                    observing=Observing(metrics=self.metrics, url="asked for"),
                ),
                open_session=lambda _settings: nullcontext(self._session),
            ) as stream,
        ):
            warnings.simplefilter("ignore")
            assert stream.run(once=True, stop=stop)
        stream.tally.check()
        return stream.tally

    def _progress(self, progress: BatchProgress) -> None:
        self.told.append(progress)
        self.meanwhile()


@pytest.fixture
def job(session: SparkSession, site: SparkSite) -> Job:
    return Job(session, site)


def test_both_stores_hold_what_the_domain_says_of_the_log(job: Job, site: SparkSite) -> None:
    production = site.produce(PEOPLE).production()

    tally = job.once()

    site.check()
    assert tally.read == production.acknowledged > 2_000
    assert job.told[-1].lag == 0
    assert job.told[-1].seconds > 0
    assert job.metrics.tally == tally
    assert len(job.metrics.seconds) == len(job.told)
    assert job.metrics.turns > 0
    assert job.metrics.observation is not None
    assert job.metrics.observation.all_reachable


def test_it_takes_whole_responses_and_deletions_and_poison_never_stops_it(
    job: Job, site: SparkSite
) -> None:
    site.produce(PEOPLE).production()
    job.once()
    site.oracle.look()
    first, second, third = list(site.oracle.held)[:3]

    site.send(
        (first.encode(), None),
        (b"not an id", None),
        (None, None),
        (None, b"\xff\xfe{"),
        (None, b"[" * 100_000),
        (None, b'{"results":"none"}'),
        (None, b'{"results":[]}'),
        (
            None,
            json.dumps(
                {"results": [born(second, "2020-02-30"), born(third, "2015-01-01")]}
            ).encode(),
        ),
        (None, b"1e999"),
    )
    tally = job.once()

    site.check()
    assert (tally.erased, tally.withheld) == (1, 1)
    assert tally.rejected == 7
    assert third not in {profile.id for profile, _ in site.mongo.profiles()}


def response(*persons: dict[str, object]) -> bytes:
    return json.dumps({"results": persons}).encode()


def born(person: str, day: str) -> dict[str, object]:
    return {"login": {"uuid": person}, "dob": {"date": day}}


def test_a_time_that_spark_cannot_count_costs_one_record_and_no_batch(
    job: Job, site: SparkSite
) -> None:
    """Spark counts microseconds in 64 bits; its own source would stop at this record for ever."""
    site.partitions = 2
    site.make_topic_of_any_time()
    send_with_nanoseconds(site)
    site.produce("simulator:seed=8,limit=300").production()
    site.oracle.decode = unwrapping(Envelope.DEBEZIUM, messages.decode)
    change = {"op": "c", "before": None, "after": born(str(uuid4()), "1990-01-01")}
    site.send((None, json.dumps(change).encode()))
    send_with_nanoseconds(site)

    job.once(envelope="debezium", batch_records=200)

    site.check()
    assert site.mongo.counts().reasons["time"] == 2
    assert job.told[-1].lag == 0


def send_with_nanoseconds(site: SparkSite) -> None:
    """Send two persons, the first of them with nanoseconds where Kafka has milliseconds."""
    producer = Producer({"bootstrap.servers": site.servers.kafka})
    for moment in (time.time_ns(), time.time_ns() // 1_000_000):
        value = json.dumps(born(str(uuid4()), "1990-01-01"))
        producer.produce(site.name, value=value, partition=1, timestamp=moment)
    assert producer.flush(PATIENCE_S) == 0


def test_an_old_checkpoint_and_a_new_one_make_no_difference(job: Job, site: SparkSite) -> None:
    site.produce(PEOPLE).production()
    first = job.once()

    assert job.once() == Tally()
    again = job.once(checkpoint="b")

    site.check()
    assert (again.read, again.withheld, again.rejected) == (first.read, 0, 0)


def test_small_batches_end_as_one_big_one(job: Job, site: SparkSite) -> None:
    production = site.produce(PEOPLE).production()

    tally = job.once(batch_records=700)

    site.check()
    assert tally.read == production.acknowledged


def test_offsets_that_transactions_leave_without_a_record_are_passed_over(
    job: Job, site: SparkSite
) -> None:
    site.produce(PEOPLE).production()
    job.once()
    in_transactions(site)

    tally = job.once(batch_records=100)

    assert tally.read == 400
    with closing(KafkaLogLookup(site.servers.kafka, site.name)) as lookup:
        for number, end in site.ends().items():
            partition = LogPartition(lookup.identity() or "", number)
            position = site.mongo.position(partition)
            assert position is not None
            assert position < end  # at least the mark of the last transaction comes after it
            assert not lookup.holds_records(partition, position, end)


def in_transactions(site: SparkSite) -> None:
    """Send 4 transactions with persons; take back every other of 8."""
    producer = Producer(
        {
            "bootstrap.servers": site.servers.kafka,
            "transactional.id": site.name,
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions()
    for number in range(8):
        producer.begin_transaction()
        for _ in range(100):
            person = str(uuid4())
            producer.produce(site.name, key=person, value=json.dumps(born(person, "1990-01-01")))
        producer.flush()  # or what is taken back never gets into the log
        if number % 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()


def test_a_checkpoint_ahead_of_the_stores_stops_it_and_a_new_one_mends_it(
    job: Job, site: SparkSite
) -> None:
    site.produce(PEOPLE).production()
    job.once()
    site.produce("simulator:seed=6,limit=500").production()
    site.lose_stores()

    with pytest.raises(LogError, match="new checkpoint"):
        job.once()
    assert list(site.mongo.profiles()) == []
    job.once(checkpoint="b")

    site.check()


def test_the_erased_and_the_restricted_come_back_from_no_checkpoint(
    job: Job, site: SparkSite
) -> None:
    site.produce("simulator:seed=6,limit=100").production()
    job.once()
    site.oracle.look()
    erased, restricted, late, *others = site.oracle.held
    values = {message.key(): message.value() for message in site.messages()}
    site.enter(Action.SUPPRESS, erased)
    site.enter(Action.RESTRICT, restricted)
    site.send(*[(person.encode(), values[person.encode()]) for person in (erased, restricted)])

    tally = job.once()

    assert (tally.suppressed, tally.restricted) == (1, 1)
    assert everywhere(site) == {late, *others}

    site.enter(Action.SUPPRESS, late)

    assert job.once() == Tally()
    assert everywhere(site) == {*others}

    site.lose_stores()
    tally = job.once(checkpoint="b")

    assert (tally.suppressed, tally.restricted) == (3, 2)
    assert everywhere(site) == {*others}


def test_a_run_that_ends_well_has_applied_what_the_ledger_got_last(
    job: Job, site: SparkSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "LEDGER_S", 600.0)
    site.produce("simulator:seed=6,limit=20").production()
    erased: list[PersonId] = []

    def somebody_is_erased() -> None:
        site.oracle.look()
        if not erased:
            erased.append(next(iter(site.oracle.held)))
            site.enter(Action.SUPPRESS, *erased)

    job.meanwhile = somebody_is_erased

    assert job.once().stored > 1

    assert erased
    assert not everywhere(site) & {*erased}


def everywhere(site: SparkSite) -> set[PersonId]:
    """Return who is held: the same persons in both stores."""
    held = {profile.id for profile, _ in site.mongo.profiles()}
    assert {profile.id for profile, _ in site.cassandra.profiles()} == held
    return held


def test_a_topic_made_anew_needs_a_new_checkpoint(job: Job, site: SparkSite) -> None:
    site.produce(PEOPLE).production()
    job.once()
    site.oracle.look()
    site.make_topic_anew()
    site.produce("simulator:seed=6,limit=500").production()

    with pytest.raises(LogError, match="new --checkpoint"):
        job.once()
    job.once(checkpoint="b")

    site.check()


def test_partitions_that_are_added_are_read(job: Job, site: SparkSite) -> None:
    site.partitions = 2
    site.produce(PEOPLE).production()
    job.once()
    site.oracle.look()
    site.add_partitions(5)
    site.produce("simulator:seed=6,limit=500").production()

    job.once()

    site.check()


def test_what_spark_plans_reads_no_value_and_no_key(
    session: SparkSession, site: SparkSite, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = StreamSettings(kafka=site.servers.kafka, topic=site.name, checkpoint="unused")

    batches(session, wanted).explain(mode="simple")

    _, _, plan = capsys.readouterr().out.partition("Project")
    assert plan.partition("]")[0].startswith(" [offset#")
