"""Metrics: what a job tells those who operate it, once a batch and never once a record.

Nothing here can hold a value of a person: all of it is counts, times, and members of closed sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from profiles.domain.tally import Tally


class Service(Enum):
    """What a job needs, and what may be away."""

    DECIDING = "deciding"
    """The deciding store."""
    FOLLOWING = "following"
    """The following store."""
    LOG = "log"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """How far a job is, and what of that which it needs answers, as of one moment.

    reachable: what was asked, and whether it answered.
    lag: records of the log that the deciding store has not decided, by partition; empty if that
        is not known.
    oldest: the log's time of the oldest of them; None if there is none.
    ledger_position: of the erasure ledger, as far as the deciding store has applied it; None if
        that is not known.
    outbox: changes that the following store has still to make; None if that is not known.
    """

    reachable: Mapping[Service, bool]
    lag: Mapping[int, int] = field(default_factory=dict)
    oldest: datetime | None = None
    ledger_position: int | None = None
    outbox: int | None = None

    @property
    def all_reachable(self) -> bool:
        """Tell whether all that was asked has answered."""
        return all(self.reachable.values())


class Metrics(Protocol):
    """Told how a job goes. Threads may share it; nothing that it does can fail."""

    def turned(self) -> None:
        """Take note that the job's loop has come round: it is alive, whether or not it can work."""
        ...

    def counted(self, tally: Tally) -> None:
        """Add the tally of a batch that every store has."""
        ...

    def took(self, seconds: float) -> None:
        """Take note of how long it took until every store had a batch."""
        ...

    def failed(self, service: Service) -> None:
        """Count a service that did not do what it was asked, and is asked again."""
        ...

    def produced(
        self, *, fetched: int, acknowledged: int, failed: int, reasons: Mapping[str, int]
    ) -> None:
        """Replace the counts of persons who were fetched since the job began.

        reasons: how many were kept out of the log for each reason.
        """
        ...

    def observed(self, observation: Observation) -> None:
        """Replace what is known of how far the job is."""
        ...


class NoMetrics:
    """Metrics that nobody asked for."""

    def turned(self) -> None:
        """Do nothing."""

    def counted(self, tally: Tally) -> None:
        """Do nothing."""

    def took(self, seconds: float) -> None:
        """Do nothing."""

    def failed(self, service: Service) -> None:
        """Do nothing."""

    def produced(
        self, *, fetched: int, acknowledged: int, failed: int, reasons: Mapping[str, int]
    ) -> None:
        """Do nothing."""

    def observed(self, observation: Observation) -> None:
        """Do nothing."""
