"""All that a database holds, document by document, for who looks for traces in it."""

from __future__ import annotations

from collections.abc import Iterator

import bson

from profiles.adapters.mongo.connection import Connection


class MongoContents:
    """Reads a database whole, and removes it. Used by one thread."""

    def __init__(self, url: str, database: str, *, password: str | None) -> None:
        """Connect.

        password: of the user whom the URL names.

        Raises:
            UsageError: the address can't be read; the server is too old, or alone.
            StoreError: the server did not answer.
        """
        self._connection = Connection.open(url, database, password=password)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield all documents as the server keeps them, each with the name of its collection.

        Raises:
            StoreError: the server did not answer.
        """
        with self._connection.asked():
            for name in self._connection.collection_names():
                for document in self._connection.collection(name).find():
                    yield name, bson.encode(document)

    def drop(self) -> None:
        """Remove the database with all that it holds.

        Raises:
            StoreError: the server did not do it.
        """
        self._connection.drop_database()

    def close(self) -> None:
        """Close all sockets."""
        self._connection.close()
