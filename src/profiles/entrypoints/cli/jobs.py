"""The jobs: from a source or a log into a log or the stores."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event

from profiles.application.ingest.produce import Production
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.tally import Tally
from profiles.entrypoints.addresses import SqliteAddress, read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import (
    Reader,
    console,
    observed_at,
    print_production,
    print_tally,
    run_engine,
    run_reader,
    stoppable_start,
)
from profiles.entrypoints.composition.embedded import EngineSettings, embedded_engine
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.composition.sources import SourceSettings, open_source
from profiles.entrypoints.composition.streaming import (
    KafkaSettings,
    ProcessSettings,
    consuming,
    producing,
)
from profiles.entrypoints.interruption import stoppable
from profiles.entrypoints.policy import PolicySource
from profiles.entrypoints.processes.count import ProcessCount, shared
from profiles.entrypoints.progress import progress
from profiles.entrypoints.settings import read_assignments


@cli.command()
@options.source
@options.store
@options.option(
    "--once", is_flag=True, help="End at the file's end, after one response, or at the limit."
)
@options.as_of
@options.data
@options.ledger
@options.ledger_keys
@options.accept_new_ledger
@options.every
@options.results
@options.api_url
@options.metrics
@options.job_policy
def run(
    *,
    source: str,
    stores: Sequence[str],
    once: bool,
    as_of: date | None,
    data: Path | None,
    ledger: Path | None,
    ledger_keys: Path | None,
    accept_new_ledger: bool,
    every: float,
    results: int | None,
    api_url: str | None,
    metrics: str | None,
    policy: PolicySource,
) -> None:
    """Take persons from a source into a store, in one process."""
    stop = Event()
    settings = SourceSettings(
        spec=source,
        once=once,
        stop=stop,
        api_url=api_url,
        every_s=every,
        results=results,
        as_of=as_of,
    )
    with progress(console()) as report, stoppable(stop), observed_at(metrics) as observing:
        engine_settings = EngineSettings(
            store=_sqlite(stores),
            data=data,
            ledger=ledger,
            ledger_keys=ledger_keys,
            accept_new_ledger=accept_new_ledger,
            as_of=as_of,
            policy=policy,
            progress=report,
            observing=observing,
        )
        opened = open_source(settings)
        with embedded_engine(engine_settings) as engine:
            run_engine(engine, opened, stop, once=once)


def _sqlite(urls: Sequence[str]) -> Path:
    """Return the file of the one store, for commands whose engine keeps all in SQLite."""
    addresses = read_stores(urls)
    if addresses.following is not None or not isinstance(addresses.deciding, SqliteAddress):
        raise UsageError(
            "`profiles run` keeps everything in SQLite; give one --store like sqlite:///profiles.db,"
            " or use `profiles produce` and `profiles process` for MongoDB and Cassandra."
        )
    return addresses.deciding.path


@cli.command()
@options.source
@options.kafka
@options.topic
@options.partitions
@options.replication
@options.option(
    "--once", is_flag=True, help="End at the file's end, after one response, or at the limit."
)
@options.every
@options.results
@options.api_url
@options.metrics
@options.policy
def produce(
    *,
    source: str,
    kafka: str,
    topic: str,
    partitions: int,
    replication: int,
    once: bool,
    every: float,
    results: int | None,
    api_url: str | None,
    metrics: str | None,
    policy: PolicySource,
) -> None:
    """Take persons from a source into Kafka: adults only, and only what is needed."""
    stop, hurry = Event(), Event()
    opened = open_source(
        SourceSettings(
            spec=source, once=once, stop=stop, api_url=api_url, every_s=every, results=results
        )
    )
    settings = KafkaSettings(
        address=kafka, topic=topic, partitions=partitions, replication=replication
    )
    start = nullcontext() if once else stoppable_start(lambda: print_production(Production()))
    with (
        stoppable(stop, hurry),
        start,
        observed_at(metrics) as observing,
        producing(
            settings, policy=policy, stop=stop, once=once, hurry=hurry, observing=observing
        ) as job,
    ):
        try:
            finished = job.run(opened, stopped=stop.is_set)
        finally:
            print_production(job.production)
    if once and not finished:
        raise ProfilesError(
            "Stopped before the end of the source. What was fetched is in the log; the same"
            " command begins again, and nothing is doubled in the stores."
        )


@cli.command()
@options.kafka
@options.store
@options.topic
@options.partitions
@options.replication
@options.option(
    "--group",
    default="profiles",
    show_default=True,
    help="The consumer group, whose members share the partitions.",
)
@options.processes
@options.once_of_log
@options.as_of
@options.envelope
@options.kafka_ledger
@options.ledger_topic
@options.ledger_keys
@options.accept_new_ledger
@options.metrics
@options.job_policy
def process(
    *,
    kafka: str,
    stores: Sequence[str],
    topic: str,
    partitions: int,
    replication: int,
    group: str,
    processes: ProcessCount,
    once: bool,
    as_of: date | None,
    envelope: str | None,
    ledger: Path | None,
    ledger_topic: str,
    ledger_keys: Path | None,
    accept_new_ledger: bool,
    metrics: str | None,
    policy: PolicySource,
) -> None:
    """Take what Kafka holds into the stores, without Spark."""
    stop = Event()
    with progress(console()) as report, stoppable(stop), observed_at(metrics) as observing:
        settings = ProcessSettings(
            kafka=KafkaSettings(
                address=kafka, topic=topic, partitions=partitions, replication=replication
            ),
            stores=read_stores(stores),
            group=group,
            ledger=LedgerSettings(
                topic=ledger_topic,
                replication=replication,
                file=ledger,
                keys=ledger_keys,
                accept_new=accept_new_ledger,
            ),
            as_of=as_of,
            envelope=envelope,
            policy=policy,
        )
        job: AbstractContextManager[Reader]
        if shared(processes, settings.stores):
            from profiles.entrypoints.processes.supervision import Readers

            readers = Readers(
                settings=settings,
                count=processes,
                progress=report,
                metrics=observing.metrics,
                observed=observing.url is not None,
                processes=observing.processes,
            )
            job = readers.opened(once=once, stop=stop)
        else:
            alone = replace(settings, progress=report, observing=observing)
            job = consuming(alone, stop=stop, once=once)
        with stoppable_start(lambda: print_tally(Tally())), job as reader:
            run_reader(reader, stop, once=once)


@cli.command()
@options.kafka
@options.store
@options.option(
    "--checkpoint",
    required=True,
    metavar="DIR",
    help="Folder where Spark records its progress, on any filesystem that it knows.",
)
@options.topic
@options.partitions
@options.replication
@options.once_of_log
@options.as_of
@options.envelope
@options.kafka_ledger
@options.ledger_topic
@options.ledger_keys
@options.accept_new_ledger
@options.metrics
@options.job_policy
@options.option("--master", metavar="URL", help="A Spark cluster. Default: this machine.")
@options.option("--cores", type=options.WholeNumber(1), help="Cores of this machine. Default: all.")
@options.option(
    "--trigger", type=options.Duration(), default="0s", show_default=True, help="Between batches."
)
@options.option(
    "--batch-records",
    type=options.WholeNumber(1),
    default=200_000,
    show_default=True,
    help="The most records in a batch.",
)
@options.option("--conf", "configuration", multiple=True, metavar="NAME=VALUE", help="For Spark.")
def spark(
    *,
    kafka: str,
    stores: Sequence[str],
    checkpoint: str,
    topic: str,
    partitions: int,
    replication: int,
    once: bool,
    as_of: date | None,
    envelope: str | None,
    ledger: Path | None,
    ledger_topic: str,
    ledger_keys: Path | None,
    accept_new_ledger: bool,
    metrics: str | None,
    policy: PolicySource,
    master: str | None,
    cores: int | None,
    trigger: float,
    batch_records: int,
    configuration: Sequence[str],
) -> None:
    """Take what Kafka holds into the stores, on Spark."""
    from profiles.entrypoints.composition.spark import SparkSettings, Watching, spark_stream

    stop = Event()
    settings = SparkSettings(
        kafka=KafkaSettings(
            address=kafka, topic=topic, partitions=partitions, replication=replication
        ),
        stores=read_stores(stores),
        checkpoint=checkpoint,
        ledger=LedgerSettings(
            topic=ledger_topic,
            replication=replication,
            file=ledger,
            keys=ledger_keys,
            accept_new=accept_new_ledger,
        ),
        as_of=as_of,
        envelope=envelope,
        policy=policy,
        master=master,
        cores=cores,
        configuration=read_assignments(configuration),
        batch_records=batch_records,
        trigger_s=trigger,
    )
    with (
        progress(console()) as report,
        stoppable(stop) as take_back_signals,
        observed_at(metrics) as observing,
    ):
        watching = Watching(
            tally=report,
            progress=lambda p: report.note(f"lag {p.lag:,}, last batch {p.seconds:.1f} s"),
            observing=observing,
        )
        with (
            stoppable_start(lambda: print_tally(Tally())),
            spark_stream(settings, stop=stop, once=once, watching=watching) as job,
        ):
            take_back_signals()  # Spark takes Ctrl-C for itself when it starts
            run_reader(job, stop, once=once)
