"""What stores and logs tell about themselves, for `profiles doctor`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from profiles.application.log.records import LogRecord
from profiles.application.ports.stores import StoreProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """A server or cluster that answers.

    found: what it is, in a few words. copies: members that hold the same data, where that is the
        server's own matter. ahead: how far its clock is before ours; None where it tells none.
    """

    found: str
    copies: int | None = None
    ahead: timedelta | None = None


class Migration(NamedTuple):
    """When a store was brought forward, and from which schema version.

    on: the UTC date. added: the columns that it lacked.
    """

    from_version: int
    on: date
    added: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFacts:
    """A store's schema, which is this release's; migrations: oldest first."""

    version: int
    migrations: Sequence[Migration] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A following store's table.

    copies: of each row, by data centre. durable: whether writes go through a log on the disk.
    grace: for how long deletions are remembered; wanted_grace: for how long they should be.
    """

    copies: Mapping[str, int]
    durable: bool
    grace: timedelta
    wanted_grace: timedelta
    schema: SchemaFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFacts:
    """A topic.

    copies: of the partition that has fewest. agreeing: how many of them a write waits for.
    differences: settings that are not as they should be: what is there, and what should be.
    bounds: the first offset and the next one, by partition.
    newest: the log's time of the newest record.
    """

    name: str
    id: str
    partitions: int
    copies: int
    agreeing: int
    differences: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    bounds: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    newest: datetime | None = None


class DecidingProbe(Protocol):
    """Asks a deciding store about itself."""

    @property
    def name(self) -> str:
        """Name it, as messages do."""
        ...

    def server(self) -> ServerFacts:
        """Tell of the server, or of the file.

        Raises:
            UsageError, StoreError: it can't be reached, or used.
        """
        ...

    def progress(self) -> StoreProgress:
        """Tell how far the store is.

        Raises:
            UsageError, StoreError: it is missing, of another schema version, or does not answer.
        """
        ...

    def schema(self) -> SchemaFacts:
        """Tell of which schema the store is.

        Raises:
            UsageError, StoreError: it is missing, of another schema version, or does not answer.
        """
        ...


class FollowingProbe(Protocol):
    """Asks a following store about itself."""

    @property
    def name(self) -> str:
        """Name it, as messages do."""
        ...

    def server(self) -> ServerFacts:
        """Tell of the cluster.

        Raises:
            UsageError, StoreError: it can't be reached.
        """
        ...

    def table(self) -> TableFacts:
        """Tell of the table.

        Raises:
            UsageError, StoreError: it is missing, or something else, or does not answer.
        """
        ...


class EmbeddedLogProbe(Protocol):
    """Asks the embedded engine's log about itself."""

    @property
    def name(self) -> str:
        """Name it, as messages do."""
        ...

    def newest(self) -> datetime | None:
        """Tell the latest time of a record; None where there is none.

        Raises:
            UsageError, LogError: it is of another schema version, or does not answer.
        """
        ...


class LogProbe(Protocol):
    """Asks a log of many partitions about itself."""

    @property
    def name(self) -> str:
        """Name it, as messages do."""
        ...

    def server(self) -> ServerFacts:
        """Tell of the cluster.

        Raises:
            UsageError, LogError: it can't be reached.
        """
        ...

    def topic(self, name: str) -> TopicFacts | None:
        """Tell of a topic, or None where there is none.

        Raises:
            LogError: it does not answer.
        """
        ...

    def newest(self, name: str, *, limit: int) -> Mapping[int, Sequence[LogRecord]]:
        """Return up to `limit` of the newest records of each partition, those that come soon.

        Raises:
            LogError: it does not answer.
        """
        ...

    def place(self, key: bytes, partitions: int) -> int:
        """Return the partition in which `profiles produce` puts a key."""
        ...
