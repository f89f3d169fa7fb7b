"""The command line: each command parses, calls one use case, and renders.

Results go to standard output, the tally as one JSON object on its last line; everything else to
standard error. Exit code 0: done; 1: a failure or a finding; 2: wrong usage or configuration.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from threading import Event, Timer
from typing import Any, Final

import click
from rich.console import Console
from rich.logging import RichHandler

from profiles.application.access import export_person
from profiles.application.disclosure import DEFAULT_K
from profiles.application.embedded import EmbeddedEngine
from profiles.application.ports import Source
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.reading import canonical_id
from profiles.domain.tally import Tally
from profiles.entrypoints.addresses import SqliteAddress, read_stores
from profiles.entrypoints.composition.doctor import ExaminedSettings
from profiles.entrypoints.composition.doctor import doctor as joined_doctor
from profiles.entrypoints.composition.embedded import EngineSettings, embedded_engine
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.composition.page import LOOPBACK, PageSettings, page
from profiles.entrypoints.composition.sources import SourceSettings, api_is_reachable, open_source
from profiles.entrypoints.composition.stores import deciding_store, existing_log
from profiles.entrypoints.composition.streaming import (
    KafkaSettings,
    ProcessSettings,
    consuming,
    producing,
)
from profiles.entrypoints.composition.verify import verifying
from profiles.entrypoints.interruption import stoppable
from profiles.entrypoints.progress import progress
from profiles.entrypoints.rendering import table_of
from profiles.entrypoints.settings import read_assignments, read_file, seconds

DONE: Final = 0
FAILURE: Final = 1
USAGE: Final = 2

_DEMO_PERSONS: Final = 100
_DEMO_SIMULATION: Final = "simulator:seed=1,minors=0.05,updates=0.05,hostile=0.01,domains=12"

Command = Callable[..., Any]


class _Duration(click.ParamType[float]):
    name = "duration"

    def __init__(self, least_s: float = 0.0) -> None:
        self._least_s = least_s

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        try:
            duration = seconds(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)
        if duration < self._least_s:
            self.fail(f"{value} is too short; the least is {self._least_s:g}s.", param, ctx)
        return duration


class _Day(click.ParamType[date]):
    name = "date"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> date:
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a civil date
        except ValueError:
            self.fail(f"{value!r} is no date; write it like 2026-11-23.", param, ctx)


def _option(*names: str, **settings: Any) -> Callable[[Command], Command]:  # noqa: ANN401 - click's own
    """Make an option that can also be set by a variable `PROFILES_<NAME>`."""
    variable = f"PROFILES_{names[0].lstrip('-').replace('-', '_').upper()}"
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


_store = _option(
    "--store",
    "stores",
    multiple=True,
    required=True,
    metavar="URL",
    help="Where profiles live, like sqlite:///profiles.db; once for each store.",
)
_data = _option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the log and the erasure ledger. Default: beside the store.",
)
_ledger = _option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the erasure ledger. Default: ledger.sqlite in the data folder.",
)
_kafka_ledger = _option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the erasure ledger, instead of its topic.",
)
_ledger_topic = _option(
    "--ledger-topic", default="user_ledger", show_default=True, help="The erasure ledger."
)
_some_kafka = _option("--kafka", metavar="HOST:PORT", help="The cluster, unless all is in SQLite.")
_some_ledger = _option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the erasure ledger. Default: its topic, or ledger.sqlite in the data folder.",
)
_port = _option(
    "--port", type=click.IntRange(0, 65_535), default=8050, show_default=True, help="Of the page."
)
_k = _option(
    "--k",
    type=click.IntRange(1, 1_000),
    default=DEFAULT_K,
    show_default=True,
    help="Counts on the page are rounded down to multiples of this; 1 shows single persons.",
)
_refresh = _option(
    "--refresh", type=_Duration(1.0), default="10s", show_default=True, help="Of the page."
)
_as_of = _option(
    "--as-of",
    type=_Day(),
    help="Count ages for this date instead of the day of each record.",
)
_api_url = _option("--api-url", metavar="URL", help="Another base of the API.")
_source = _option(
    "--source",
    required=True,
    metavar="SRC",
    help="randomuser, simulator[:seed=…,limit=…], a file of JSON lines (also gzip), or -.",
)
_every = _option(
    "--every", type=_Duration(), default="5s", show_default=True, help="Between responses."
)
_results = _option(
    "--results", type=click.IntRange(1, 5_000), help="Users a response. Default: 50."
)
_kafka = _option(
    "--kafka", required=True, metavar="HOST:PORT", help="The cluster; several with commas."
)
_topic = _option("--topic", default="user_data_topic", show_default=True, help="The log.")
_partitions = _option(
    "--partitions",
    type=click.IntRange(1, 2_048),
    default=4,
    show_default=True,
    help="Of a topic that has to be made.",
)
_replication = _option(
    "--replication",
    type=click.IntRange(-1, 32),
    default=-1,
    help="Of a topic that has to be made. Default: the cluster's.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="profiles")
@_option(
    "--config", type=click.Path(path_type=Path), help="Settings in TOML. Default: profiles.toml"
)
@_option("--debug", is_flag=True, help="Show where an error came from; never the values in it.")
@click.pass_context
def cli(context: click.Context, config: Path | None, *, debug: bool) -> None:
    """Stream user profiles under privacy law: adults only, and nothing that is not needed.

    Settings come from a flag, else from its variable, else from the configuration file.
    """
    context.obj = debug
    known = {
        name: frozenset(
            option
            for parameter in command.params
            for option in (_flag(parameter),)
            if option is not None
        )
        for name, command in cli.commands.items()
    }
    defaults = read_file(config, known)
    context.default_map = {
        name: {_parameter(cli.commands[name], key): value for key, value in values.items()}
        for name, values in defaults.items()
    }


def _flag(parameter: click.Parameter) -> str | None:
    """Return the name of an option as the configuration file has it."""
    return parameter.opts[0].lstrip("-").replace("-", "_") if parameter.opts[0][0] == "-" else None


def _parameter(command: click.Command, flag: str) -> str:
    """Return the name of the parameter that an option fills."""
    return next(p.name or flag for p in command.params if _flag(p) == flag)


@cli.command()
@_source
@_store
@_option("--once", is_flag=True, help="End at the file's end, after one response, or at the limit.")
@_as_of
@_data
@_ledger
@_every
@_results
@_api_url
def run(
    *,
    source: str,
    stores: Sequence[str],
    once: bool,
    as_of: date | None,
    data: Path | None,
    ledger: Path | None,
    every: float,
    results: int | None,
    api_url: str | None,
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
    with progress(_console()) as report, stoppable(stop):
        engine_settings = EngineSettings(
            store=_sqlite(stores), data=data, ledger=ledger, as_of=as_of, progress=report
        )
        opened = open_source(settings)
        with embedded_engine(engine_settings) as engine:
            _run_engine(engine, opened, stop, once=once)


def _run_engine(engine: EmbeddedEngine, source: Source, stop: Event, *, once: bool) -> None:
    """Run an engine; print its tally whatever happens."""
    try:
        finished = engine.run(source, stopped=stop.is_set)
    finally:
        _tell_rejections(engine.tally)
        _print_tally(engine.tally)
    if once and not finished:
        raise ProfilesError(
            "Stopped before the end of the source. What was read is kept; the same command goes"
            " on from there."
        )


@cli.command()
@_source
@_kafka
@_topic
@_partitions
@_replication
@_option("--once", is_flag=True, help="End at the file's end, after one response, or at the limit.")
@_every
@_results
@_api_url
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
) -> None:
    """Take persons from a source into Kafka: adults only, and only what is needed."""
    stop = Event()
    opened = open_source(
        SourceSettings(
            spec=source, once=once, stop=stop, api_url=api_url, every_s=every, results=results
        )
    )
    settings = KafkaSettings(
        address=kafka, topic=topic, partitions=partitions, replication=replication
    )
    with stoppable(stop), producing(settings, stop=stop) as job:
        try:
            finished = job.run(opened, stopped=stop.is_set)
        finally:
            click.echo(json.dumps(asdict(job.production), separators=(",", ":")))
    if once and not finished:
        raise ProfilesError(
            "Stopped before the end of the source. What was fetched is in the log; the same"
            " command begins again, and nothing is doubled in the stores."
        )


@cli.command()
@_kafka
@_store
@_topic
@_partitions
@_replication
@_option(
    "--group", default="profiles", show_default=True, help="Shares the partitions among readers."
)
@_option("--once", is_flag=True, help="End at the log's ends as of now.")
@_as_of
@_kafka_ledger
@_ledger_topic
def process(
    *,
    kafka: str,
    stores: Sequence[str],
    topic: str,
    partitions: int,
    replication: int,
    group: str,
    once: bool,
    as_of: date | None,
    ledger: Path | None,
    ledger_topic: str,
) -> None:
    """Take what Kafka holds into the stores, without Spark."""
    stop = Event()
    with progress(_console()) as report, stoppable(stop):
        settings = ProcessSettings(
            kafka=KafkaSettings(
                address=kafka, topic=topic, partitions=partitions, replication=replication
            ),
            stores=read_stores(stores),
            group=group,
            ledger=LedgerSettings(topic=ledger_topic, replication=replication, file=ledger),
            as_of=as_of,
            progress=report,
        )
        with consuming(settings, stop=stop) as job:
            try:
                finished = job.run(once=once, stop=stop)
            finally:
                _tell_rejections(job.tally)
                _print_tally(job.tally)
    if once and not finished:
        raise ProfilesError(
            "Stopped before the end of the log. What was read is kept; the same command goes on"
            " from there."
        )


@cli.command()
@_kafka
@_store
@_option(
    "--checkpoint",
    required=True,
    metavar="DIR",
    help="Folder in which Spark notes how far it is, on any filesystem that it knows.",
)
@_topic
@_partitions
@_replication
@_option("--once", is_flag=True, help="End at the log's ends as of now.")
@_as_of
@_kafka_ledger
@_ledger_topic
@_option("--master", metavar="URL", help="Of a Spark cluster. Default: this machine.")
@_option("--cores", type=click.IntRange(1), help="Of this machine. Default: all.")
@_option("--trigger", type=_Duration(), default="0s", show_default=True, help="Between batches.")
@_option(
    "--batch-records",
    type=click.IntRange(1),
    default=200_000,
    show_default=True,
    help="At most, in a batch.",
)
@_option("--conf", "configuration", multiple=True, metavar="NAME=VALUE", help="Spark's own.")
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
    ledger: Path | None,
    ledger_topic: str,
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
        ledger=LedgerSettings(topic=ledger_topic, replication=replication, file=ledger),
        as_of=as_of,
        master=master,
        cores=cores,
        configuration=read_assignments(configuration),
        batch_records=batch_records,
        trigger_s=trigger,
    )
    with progress(_console()) as report:
        watching = Watching(
            tally=report,
            progress=lambda p: report.note(f"lag {p.lag:,}, last batch {p.seconds:.1f} s"),
        )
        # Spark takes Ctrl-C for itself when it starts, so it is ours only after that.
        with spark_stream(settings, stop=stop, watching=watching) as job, stoppable(stop):
            try:
                finished = job.run(once=once, stop=stop)
            finally:
                _tell_rejections(job.tally)
                _print_tally(job.tally)
    if once and not finished:
        raise ProfilesError(
            "Stopped before the end of the log. What was read is kept; the same command goes on"
            " from there."
        )


@cli.command()
@_option("--duration", type=_Duration(), help="Stop by itself after this time. Default: Ctrl-C.")
@_port
@_refresh
@_k
@_data
@_api_url
def demo(
    *,
    duration: float | None,
    port: int,
    refresh: float,
    k: int,
    data: Path | None,
    api_url: str | None,
) -> None:
    """Run the main job with its page, from the API or, without network, from the simulator."""
    stop = Event()
    console = _console()
    with ExitStack() as stack:
        stack.enter_context(stoppable(stop))
        if data is None:
            folder = tempfile.TemporaryDirectory(prefix="profiles-demo-")
            data = Path(stack.enter_context(folder))
        store = data / "profiles.db"
        report = stack.enter_context(progress(console))
        settings = EngineSettings(store=store, data=data, progress=report)
        engine = stack.enter_context(embedded_engine(settings))
        page_settings = PageSettings(port=port, refresh_s=refresh, k=k)
        served = stack.enter_context(page(SqliteAddress(path=store), page_settings))
        console.print(f"The page is at {served.url} and is fresh every {refresh:g} s. Ctrl-C ends.")
        source = open_source(_demo_source(console, stop, api_url))
        if duration is not None:
            timer = Timer(duration, stop.set)
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
        _run_engine(engine, source, stop, once=False)


def _demo_source(console: Console, stop: Event, api_url: str | None) -> SourceSettings:
    spec = "randomuser"
    if not api_is_reachable(stop, api_url=api_url):
        console.print(
            "The Random User Generator API can't be reached: using the simulator, which makes"
            " persons of the same shape, some of them minors or malformed."
        )
        spec = _DEMO_SIMULATION
    return SourceSettings(spec=spec, once=False, stop=stop, api_url=api_url, results=_DEMO_PERSONS)


@cli.command()
@_store
@_port
@_option(
    "--host",
    default=LOOPBACK,
    show_default=True,
    help="Address to listen at; others than this machine's own need --behind-proxy.",
)
@_option(
    "--behind-proxy",
    is_flag=True,
    help="A proxy with a login stands before the page, so it may be seen by other machines.",
)
@_refresh
@_k
def dashboard(
    *, stores: Sequence[str], port: int, host: str, behind_proxy: bool, refresh: float, k: int
) -> None:
    """Serve the page over a store."""
    stop = Event()
    deciding = read_stores(stores).deciding
    settings = PageSettings(port=port, host=host, behind_proxy=behind_proxy, refresh_s=refresh, k=k)
    with page(deciding, settings) as served, stoppable(stop):
        _console().print(f"The page is at {served.url}. Ctrl-C ends.")
        stop.wait()
    click.echo(json.dumps({"page": served.url}))


@cli.command()
@_store
@_some_kafka
@_topic
@_data
@_some_ledger
@_ledger_topic
@_option("--k", type=click.IntRange(min=1), help="Of the page. Default: as for `dashboard`.")
@click.pass_context
def doctor(
    context: click.Context,
    *,
    stores: Sequence[str],
    kafka: str | None,
    topic: str,
    data: Path | None,
    ledger: Path | None,
    ledger_topic: str,
    k: int | None,
) -> None:
    """Check every connection and every unsafe setting, and say how to mend each."""
    defaults = (context.parent.default_map if context.parent else None) or {}
    settings = ExaminedSettings(
        stores=read_stores(stores),
        kafka=kafka,
        topic=topic,
        ledger=LedgerSettings(topic=ledger_topic, file=ledger),
        data=data,
        k=k if k is not None else defaults.get("dashboard", {}).get("k"),
    )
    checks = joined_doctor(settings).examine()
    _console().print(table_of(checks))
    click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    if not all(check.ok for check in checks):
        context.exit(FAILURE)


@cli.command()
@_store
@_some_kafka
@_data
@_some_ledger
@_ledger_topic
@_option("--repair", is_flag=True, help="Make the following store equal to the deciding one.")
@click.pass_context
def verify(
    context: click.Context,
    *,
    stores: Sequence[str],
    kafka: str | None,
    data: Path | None,
    ledger: Path | None,
    ledger_topic: str,
    repair: bool,
) -> None:
    """Prove that what is held, counted and followed is what it should be, and nobody else."""
    settings = ExaminedSettings(
        stores=read_stores(stores),
        kafka=kafka,
        ledger=LedgerSettings(topic=ledger_topic, file=ledger),
        data=data,
    )
    with verifying(settings, repair=repair) as job:
        verification = job.run(repair=repair)
    _console().print(table_of(verification.checks))
    click.echo(json.dumps(asdict(verification), ensure_ascii=False))
    if not all(check.ok for check in verification.checks):
        context.exit(FAILURE)


@cli.command()
@click.argument("person", metavar="ID")
@_store
@_data
def export(*, person: str, stores: Sequence[str], data: Path | None) -> None:
    """Print all that is held of a person, as JSON (GDPR Art. 15 and 20)."""
    identity = _identity(person)
    deciding = read_stores(stores).deciding
    beside = deciding.path.parent if isinstance(deciding, SqliteAddress) else Path()
    with (
        deciding_store(deciding, create=False) as store,
        existing_log((data or beside) / "log.sqlite") as log,
    ):
        click.echo(
            json.dumps(
                export_person(identity, store, log, DEFAULT_POLICY), ensure_ascii=False, indent=2
            )
        )


def _sqlite(urls: Sequence[str]) -> Path:
    """Return the file of the one store, for commands whose engine keeps all in SQLite."""
    addresses = read_stores(urls)
    if addresses.following is not None or not isinstance(addresses.deciding, SqliteAddress):
        raise UsageError(
            "`profiles run` keeps all in SQLite; give one --store like sqlite:///profiles.db, or"
            " use `profiles produce` and `profiles process` for MongoDB and Cassandra."
        )
    return addresses.deciding.path


def _identity(text: str) -> PersonId:
    identity = canonical_id(text.strip())
    if identity is None:
        raise UsageError(
            "ID is the login.uuid of a person: 36 characters, like"
            " 00000000-0000-4000-8000-000000000000. What was given has another form."
        )
    return identity


def _print_tally(tally: Tally) -> None:
    click.echo(json.dumps(asdict(tally), separators=(",", ":")))


def _tell_rejections(tally: Tally) -> None:
    if tally.rejected:
        rejections = {
            k: n for k, n in sorted(tally.reasons.items()) if k not in ("minor", "retention")
        }
        told = ", ".join(f"{reason} {count:,}" for reason, count in rejections.items())
        _console().print(
            f"{tally.rejected:,} records could not be read as persons ({told}). The table"
            " quarantine of the store says where and why for 7 days; the rest was taken in."
        )


def _console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run a command of the command line; return its exit code."""
    _log_to_stderr()
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(arguments, prog_name="profiles", standalone_mode=False)
    except click.exceptions.Abort:
        return FAILURE
    except click.ClickException as error:
        error.show(sys.stderr)
        return USAGE
    except ProfilesError as error:
        sys.stderr.write(f"Error: {error}\n")
        _show_frames(error, debug=debug)
        return USAGE if isinstance(error, UsageError) else FAILURE
    except Exception as error:  # noqa: BLE001 - its text can hold a person, so nothing else may show it
        name = type(error).__qualname__
        sys.stderr.write(
            f"Error: profiles failed ({name}). What was accepted is kept. Please report it with"
            " what --debug shows; it holds no values.\n"
        )
        _show_frames(error, debug=debug)
        return FAILURE
    return code if isinstance(code, int) else DONE  # of `Context.exit`


def _show_frames(error: BaseException, *, debug: bool) -> None:
    if debug:
        sys.stderr.writelines(traceback.format_tb(error.__traceback__))
        sys.stderr.write(f"{type(error).__qualname__}\n")


def _log_to_stderr() -> None:
    """Send the library's log to standard error, and of others only warnings."""
    handler = RichHandler(console=_console(), show_path=False, markup=False, rich_tracebacks=False)
    handler.addFilter(_without_frames)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("profiles").setLevel(logging.INFO)


def _without_frames(record: logging.LogRecord) -> bool:
    """Show what a driver logs, and not the error that it logs with it: that can print a person."""
    record.exc_info = record.exc_text = None
    return True
