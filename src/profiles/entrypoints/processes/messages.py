"""What a parent and its readers tell each other. No message holds a value of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.application.ports.metrics import Observation, Service
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally

if TYPE_CHECKING:
    from profiles.entrypoints.composition.streaming import ProcessSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a reader is to do; the first message to it.

    number: of the reader, from 1.
    observes: whether it looks how far the job is, for all of them.
    """

    number: int
    settings: ProcessSettings
    once: bool
    observes: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends a reader after what it is at; the last message to it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """All that a reader needs is there: stores, ledger, and topics; the log's has so many."""

    partitions: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Every store has a chunk."""

    tally: Tally


@dataclass(frozen=True, slots=True)
class Took:
    """So many seconds passed until every store had a chunk."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt failed, and is made again."""

    service: Service


@dataclass(frozen=True, slots=True)
class Turned:
    """The reader's loop goes round."""


@dataclass(frozen=True, slots=True)
class Observed:
    """How far the job is."""

    observation: Observation


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the log, as it may be shown."""

    level: int
    logger: str
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The reader is through, and has closed everything; whether the log's ends were reached."""

    finished: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """The reader has ended with an error that will not pass, which came from these frames."""

    error: ProfilesError
    frames: tuple[str, ...]


Report = Opened | Counted | Took | Failed | Turned | Observed | Said | Ended | Broken
