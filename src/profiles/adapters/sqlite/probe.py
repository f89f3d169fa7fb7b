"""Facts about a store and a log in files, for `profiles doctor`; nothing is changed."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from profiles.adapters.sqlite.database import connect, map_exceptions
from profiles.adapters.sqlite.log import newest_time
from profiles.adapters.sqlite.migration import migrations_of
from profiles.adapters.sqlite.schema import KIND
from profiles.adapters.sqlite.store import SqliteDecidingStore
from profiles.application.errors import StoreError
from profiles.application.ports.probes import SchemaFacts, ServerFacts
from profiles.application.ports.stores import StoreProgress


class SqliteProbe:
    """Asks the store in a file."""

    def __init__(self, path: Path, *, name: str) -> None:
        """Prepare; it opens the file when asked.

        name: of the store in messages.
        """
        self._path = path
        self._name = name

    @property
    def name(self) -> str:
        """Name the store."""
        return self._name

    def server(self) -> ServerFacts:
        """Tell that the file is there."""
        self.progress()
        return ServerFacts(found="a file that can be read")

    def progress(self) -> StoreProgress:
        """Tell how far the store is."""
        with closing(SqliteDecidingStore.open(self._path, create=False)) as store:
            return store.progress()

    def schema(self) -> SchemaFacts:
        """Tell of which schema the file is."""
        with (
            map_exceptions(lambda happened, remedy: StoreError(str(self._path), happened, remedy)),
            closing(connect(self._path, KIND, create=False)) as connection,
        ):
            return SchemaFacts(version=KIND.version, migrations=migrations_of(connection))


class SqliteLogProbe:
    """Asks the embedded engine's log in a file."""

    def __init__(self, path: Path) -> None:
        """Prepare; it opens the file when asked."""
        self._path = path

    @property
    def name(self) -> str:
        """Name the log."""
        return f"log {self._path}"

    def newest(self) -> datetime | None:
        """Tell the latest time of a record."""
        return newest_time(self._path)
