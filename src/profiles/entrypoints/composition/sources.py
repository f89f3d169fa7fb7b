"""Sources of persons."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from threading import Event
from typing import Final

from profiles.adapters.jsonl import JsonlSource
from profiles.adapters.simulator import Simulation, Simulator, parse
from profiles.application.errors import SourceError
from profiles.application.ports.sources import Source
from profiles.domain.decision_dates import LAST_ZONE
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.extras import require

STANDARD_INPUT: Final = "-"
_API_RESULTS: Final = 50
_STREAM_BATCH: Final = 50
_ONCE_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """Where persons come from, and how fast.

    spec: `randomuser`, `simulator[:…]`, a file, or `-` for standard input.
    every_s: seconds from one response, or one batch of the simulator, to the next.
    results: users a response, or a batch.
    once: end at the file's end, after one response, or at the simulator's limit.
    as_of: the civil date for which ages are counted, or None for that of each record.
    """

    spec: str
    once: bool
    stop: Event
    api_url: str | None = None
    every_s: float = 5.0
    results: int | None = None
    as_of: date | None = None


def open_source(settings: SourceSettings) -> Source:
    """Build the adapter that a source's spec names; it connects when it is read.

    Raises:
        UsageError: there is no such source, or it can't be as asked for.
    """
    if settings.spec == "randomuser":
        return _randomuser(settings)
    if settings.spec.partition(":")[0] == "simulator":
        return _simulator(settings)
    path = None if settings.spec == STANDARD_INPUT else Path(settings.spec)
    return JsonlSource(path, once=settings.once, stop=settings.stop)


def _randomuser(settings: SourceSettings) -> Source:
    require("profiles.adapters.randomuser", extra="api")
    from profiles.adapters.randomuser import API_URL, RandomUserSource

    return RandomUserSource(
        settings.api_url or API_URL,
        results=_API_RESULTS if settings.results is None else settings.results,
        every_s=settings.every_s,
        once=settings.once,
        stop=settings.stop,
    )


def _simulator(settings: SourceSettings) -> Source:
    wanted = parse(settings.spec)
    values = {field.name: getattr(wanted, field.name) for field in fields(Simulation)}
    if not settings.once and "limit=" not in settings.spec:
        values["limit"] = None
    return Simulator(
        **values,
        today=settings.as_of or now().astimezone(LAST_ZONE).date(),
        batch=settings.results or (_ONCE_BATCH if settings.once else _STREAM_BATCH),
        pace=0.0 if settings.once else settings.every_s,
        stop=settings.stop,
    )


def api_is_reachable(stop: Event, *, api_url: str | None = None) -> bool:
    """Tell whether the Random User Generator API answers now.

    Raises:
        UsageError: its client is not installed.
    """
    require("profiles.adapters.randomuser", extra="api")
    from profiles.adapters.randomuser import API_URL, check_reachable

    try:
        check_reachable(api_url or API_URL, stop=stop)
    except SourceError:
        return False
    return True
