"""What the commands print, and where."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event
from typing import IO, Protocol, cast

import click
from rich.console import Console

from profiles.application.ingest.embedded import EmbeddedEngine
from profiles.application.ingest.produce import Production
from profiles.application.ports.sources import Source
from profiles.application.rights.notifying import Notification
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally
from profiles.entrypoints.composition.metrics import Observing, observing
from profiles.entrypoints.composition.waiting import StoppedError
from profiles.entrypoints.log_output import OURS, LoggedLines, writes_json


def print_tally(tally: Tally) -> None:
    """Print a tally as the last line of standard output."""
    click.echo(json.dumps(asdict(tally), separators=(",", ":")))


def print_production(production: Production) -> None:
    """Print what became of what was fetched, as the last line of standard output."""
    click.echo(json.dumps(asdict(production), separators=(",", ":")))


def report_rejections(tally: Tally) -> None:
    """Say how many could not be read as persons, and where that is written down."""
    if tally.rejected:
        rejections = {
            k: n for k, n in sorted(tally.reasons.items()) if k not in ("minor", "retention")
        }
        by_reason = ", ".join(f"{reason} {count:,}" for reason, count in rejections.items())
        what = (
            "1 record could not be read as a person"
            if tally.rejected == 1
            else f"{tally.rejected:,} records could not be read as persons"
        )
        console().print(
            f"{what} ({by_reason}). For 7 days"
            " `profiles quarantine` tells where and why; the rest was taken in."
        )


def all_know(told: Sequence[Notification]) -> bool:
    """Tell whether all recipients know of what was done; say so if one does not."""
    known = all(each.confirmed for each in told)
    if not known:
        console().print(
            "It is done, but not every recipient has confirmed that it knows; `told` says which."
            " Run the same command again to tell it."
        )
    return known


def console() -> Console:
    """Return standard error, for people; where it is JSON, each line is logged."""
    if writes_json():
        lines = cast("IO[str]", LoggedLines(logging.getLogger(OURS)))
        return Console(file=lines, highlight=False, soft_wrap=True)
    return Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def observed_at(address: str | None) -> Generator[Observing]:
    """Serve metrics and health at an address, if there is one, and say where."""
    with observing(address) as served:
        if served.url is not None:
            console().print(f"Metrics are at {served.url}/metrics.")
        yield served


def run_engine(engine: EmbeddedEngine, source: Source, stop: Event, *, once: bool) -> None:
    """Run an engine; print its tally whatever happens, and before the source counts as read."""
    printed = False

    def report() -> None:
        nonlocal printed
        if not printed:
            report_rejections(engine.tally)
            print_tally(engine.tally)
            printed = True

    try:
        finished = engine.run(source, stopped=stop.is_set, ended=report)
    finally:
        report()
    if once and not finished:
        raise ProfilesError(
            "Stopped before the end of the source. What was read is kept; the same command goes"
            " on from there."
        )


@contextmanager
def stoppable_start(report: Callable[[], None]) -> Generator[None]:
    """End well where a stream was stopped before it had begun.

    report: prints that nothing was read.
    """
    try:
        yield
    except StoppedError as stopped:
        console().print(str(stopped))
        report()


class Reader(Protocol):
    """What takes a log into the stores: the consumer, or the Spark job."""

    @property
    def tally(self) -> Tally:
        """What became of the persons so far."""
        ...

    def run(self, *, once: bool, stop: Event) -> bool:
        """Run until `stop` is set, or to the log's ends; tell whether these were reached."""
        ...


def run_reader(job: Reader, stop: Event, *, once: bool) -> None:
    """Run what reads a log; print its tally whatever happens."""
    try:
        finished = job.run(once=once, stop=stop)
    finally:
        report_rejections(job.tally)
        print_tally(job.tally)
    if once and not finished:
        raise ProfilesError(
            "Stopped before the end of the log. What was read is kept; the same command goes on"
            " from there."
        )
