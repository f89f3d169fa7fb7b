"""The page: with the main job on one machine, or over a store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Timer
from typing import Final

import click
from rich.console import Console

from profiles.entrypoints.addresses import SqliteAddress, read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import console, observed_at, run_engine
from profiles.entrypoints.composition.embedded import EngineSettings, embedded_engine
from profiles.entrypoints.composition.page import LOOPBACK, PageSettings, page
from profiles.entrypoints.composition.sources import SourceSettings, api_is_reachable, open_source
from profiles.entrypoints.interruption import stoppable
from profiles.entrypoints.policy import PolicySource
from profiles.entrypoints.progress import progress
from profiles.entrypoints.temporary import temporary_folder

_DEMO_PERSONS: Final = 100
_DEMO_SIMULATION: Final = "simulator:seed=1,minors=0.05,updates=0.05,hostile=0.01,domains=12"


@cli.command()
@options.option(
    "--duration", type=options.Duration(), help="Stop by itself after this time. Default: Ctrl-C."
)
@options.port
@options.refresh
@options.k
@options.data
@options.api_url
@options.metrics
@options.job_policy
def demo(
    *,
    duration: float | None,
    port: int,
    refresh: float,
    k: int,
    data: Path | None,
    api_url: str | None,
    metrics: str | None,
    policy: PolicySource,
) -> None:
    """Run the main job with its page, from the API or, without network, from the simulator."""
    stop = Event()
    terminal = console()
    with ExitStack() as stack:
        stack.enter_context(stoppable(stop))
        if data is None:
            data = stack.enter_context(temporary_folder())
        store = data / "profiles.db"
        report = stack.enter_context(progress(terminal))
        settings = EngineSettings(
            store=store,
            data=data,
            policy=policy,
            progress=report,
            observing=stack.enter_context(observed_at(metrics)),
        )
        engine = stack.enter_context(embedded_engine(settings))
        page_settings = PageSettings(port=port, refresh_s=refresh, k=k)
        served = stack.enter_context(page(SqliteAddress(path=store), page_settings))
        terminal.print(
            f"The page is at {served.url} and is fresh every {refresh:g} s. Ctrl-C ends."
        )
        source = open_source(_demo_source(terminal, stop, api_url))
        if duration is not None:
            timer = Timer(duration, stop.set)
            timer.daemon = True
            timer.start()
            stack.callback(timer.cancel)
        run_engine(engine, source, stop, once=False)


def _demo_source(terminal: Console, stop: Event, api_url: str | None) -> SourceSettings:
    spec = "randomuser"
    if not api_is_reachable(stop, api_url=api_url):
        terminal.print(
            "The Random User Generator API can't be reached: using the simulator, which makes"
            " persons of the same shape, some of them minors or malformed."
        )
        spec = _DEMO_SIMULATION
    return SourceSettings(spec=spec, once=False, stop=stop, api_url=api_url, results=_DEMO_PERSONS)


@cli.command()
@options.store
@options.port
@options.option(
    "--host",
    default=LOOPBACK,
    show_default=True,
    help="Address to listen on; any but this machine's own needs --behind-proxy.",
)
@options.option(
    "--behind-proxy",
    is_flag=True,
    help="A proxy with a login protects the page, so other machines may see it.",
)
@options.refresh
@options.k
def dashboard(
    *, stores: Sequence[str], port: int, host: str, behind_proxy: bool, refresh: float, k: int
) -> None:
    """Serve the page over a store."""
    stop = Event()
    deciding = read_stores(stores).deciding
    settings = PageSettings(port=port, host=host, behind_proxy=behind_proxy, refresh_s=refresh, k=k)
    with page(deciding, settings) as served, stoppable(stop):
        console().print(f"The page is at {served.url}. Ctrl-C ends.")
        stop.wait()
    click.echo(json.dumps({"page": served.url}))
