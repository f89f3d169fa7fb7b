"""A connection to the MongoDB that decides: how it is reached, and how a transaction runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import pymongo
from bson.codec_options import CodecOptions
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.server_type import SERVER_TYPE
from pymongo.uri_parser import parse_uri
from pymongo.write_concern import WriteConcern

from profiles.adapters.mongo.documents import Document
from profiles.adapters.mongo.failures import map_exceptions, refused_settings
from profiles.adapters.mongo.monitoring import PrimaryWatch
from profiles.domain.errors import UsageError

Result = TypeVar("Result")

TIMEOUT_S: Final = 60.0
"""How long an operation is tried, retries included."""
_OF_A_TRANSACTION: Final = 5 / 3
"""How much longer than an operation a transaction is tried. A client that was killed leaves its own
open, and with it what that has changed. The server ends those older than a minute
(`transactionLifetimeLimitSeconds`), but it looks every half a minute only."""
_UNUSUAL: Final = 1 / 15
"""After which part of that time it is said that another transaction is in the way."""

HEARTBEAT_MS: Final = 5_000
CONNECT_MS: Final = 5_000
"""Milliseconds between two questions how a server is, and for which the answer is waited for.

Together they say how soon it is noticed that it hangs.
"""

_logger = logging.getLogger(__name__)

_DEFAULTS: Final = {
    "serverSelectionTimeoutMS": 15_000,  # an election takes up to 12 s
    "connectTimeoutMS": CONNECT_MS,
    "heartbeatFrequencyMS": HEARTBEAT_MS,
}
_DURABLE: Final = WriteConcern("majority", j=True)
_SNAPSHOT_READS: Final = 13
"""The wire version of MongoDB 5.0, the first that reads snapshots outside transactions."""


class Connection:
    """Reaches a database and runs transactions there; safe to share between threads."""

    def __init__(
        self,
        client: pymongo.MongoClient[Document],
        database: str,
        *,
        timeout_s: float,
        address: str,
    ) -> None:
        """Take over a client; see `open`."""
        self._client = client
        self._timeout_s = timeout_s
        self.address = address
        self._database = client.get_database(
            database,
            # No UUID representation: ids are BSON binary of the standard subtype here, see
            # `documents`, and the driver neither makes nor takes `uuid.UUID`.
            codec_options=CodecOptions(document_class=dict),
            read_preference=ReadPreference.PRIMARY,
            write_concern=_DURABLE,
            read_concern=ReadConcern("majority"),
        )

    @classmethod
    def open(
        cls,
        url: str,
        database: str,
        *,
        password: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Connection:
        """Connect, and make sure that transactions can be had.

        url: `mongodb://…`; its options win over our defaults, such as
            `serverSelectionTimeoutMS`.
        password: of the user whom the URL names.

        Raises:
            UsageError: the address can't be read; the server is too old, or alone.
            StoreError: the server did not answer.
        """
        logging.getLogger("pymongo.command").addFilter(_nothing)
        with refused_settings():
            parsed = parse_uri(url)
            address = ",".join(f"{host}:{port}" for host, port in parsed["nodelist"])
            given = {name.lower() for name in parsed["options"]}
            defaults: dict[str, Any] = {
                name: value for name, value in _DEFAULTS.items() if name.lower() not in given
            }
            if password is not None:  # None would take away one in the URL
                defaults["password"] = password
            client: pymongo.MongoClient[Document] = pymongo.MongoClient(
                url, appname="profiles", event_listeners=[PrimaryWatch(address)], **defaults
            )
            try:
                connection = cls(
                    client, database, timeout_s=timeout_s, address=f"{address}/{database}"
                )
            except BaseException:
                client.close()
                raise
        try:
            connection._check_server(parsed["nodelist"])
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close all sockets."""
        self._client.close()

    def hello(self) -> dict[str, Any]:
        """Ask the server what it is."""
        with self.asked():
            return dict(self._client.admin.command("hello"))

    def collection(self, name: str) -> Collection[Document]:
        """Give a collection, read and written durably, by way of the primary."""
        with refused_settings():
            return self._database[name]

    def create_collection(self, name: str) -> None:
        """Make a collection if it is missing."""
        if name not in self._database.list_collection_names(filter={"name": name}):
            try:
                self._database.create_collection(name, check_exists=False)
            except OperationFailure as failure:
                if failure.code != _NAMESPACE_EXISTS:  # another process was faster
                    raise

    def collection_names(self) -> list[str]:
        """Name the collections that the database has."""
        return self._database.list_collection_names()

    def drop_database(self) -> None:
        """Remove the database with all that it holds.

        Raises:
            StoreError: the server did not do it.
        """
        with self.asked():
            self._client.drop_database(self._database.name)

    @contextmanager
    def asked(self, within_s: float | None = None) -> Generator[None]:
        """Bound the time of what is asked of the server, and turn its errors into ours.

        within_s: seconds; as for any operation if none are said.

        Raises:
            StoreError: the server did not do it.
        """
        bound_s = self._timeout_s if within_s is None else within_s
        with map_exceptions(self.address, timeout_s=bound_s), pymongo.timeout(bound_s):
            yield

    def transaction(self, callback: Callable[[ClientSession], Result]) -> Result:
        """Run a callback in a transaction: durable as a whole, or nothing.

        The driver runs the callback again after a write conflict or the loss of a primary, with
        growing pauses of random length, and asks again for a commit whose answer got lost
        (MongoDB specifications, `transactions-convenient-api`), all within our time.

        Raises:
            StoreError: it did not come to an end in time.
        """
        within_s = self._timeout_s * _OF_A_TRANSACTION
        begun, told = time.monotonic(), False

        def attempt(session: ClientSession) -> Result:
            nonlocal told
            try:
                return callback(session)
            except OperationFailure as failure:
                late = time.monotonic() - begun > within_s * _UNUSUAL
                if failure.code == _WRITE_CONFLICT and late and not told:
                    told = True
                    _logger.warning(
                        "MongoDB at %s: another transaction has what is to be changed. Of a job"
                        " that was killed the server ends it, within a minute and a half by"
                        " default; waiting up to %.0f s.",
                        self.address,
                        within_s,
                    )
                raise

        with self.asked(within_s), self._client.start_session() as session:
            return session.with_transaction(
                attempt,
                read_concern=ReadConcern("snapshot"),
                write_concern=_DURABLE,
                read_preference=ReadPreference.PRIMARY,
            )

    @contextmanager
    def snapshot(self) -> Generator[ClientSession]:
        """Read as of one moment.

        Raises:
            StoreError: the server did not answer.
        """
        with self.asked(), self._client.start_session(snapshot=True) as session:
            yield session

    @contextmanager
    def long_snapshot(self) -> Generator[ClientSession]:
        """Read as of one moment for as long as it takes; each read is to be bounded by `asked`.

        Raises:
            StoreError: the connection was closed.
        """
        with self.asked():
            session = self._client.start_session(snapshot=True)
        with session:
            yield session

    def _check_server(self, nodes: list[tuple[str, int | None]]) -> None:
        # Without a bound of ours, which would take the place of `serverSelectionTimeoutMS`: an
        # address that is wrong is to be told soon.
        with map_exceptions(self.address, timeout_s=self._timeout_s):
            try:
                hello: dict[str, Any] = self._client.admin.command("hello")
            except ServerSelectionTimeoutError:
                servers = self._client.topology_description.server_descriptions().values()
                if not any(server.server_type == SERVER_TYPE.RSGhost for server in servers):
                    raise
                raise UsageError(_never_initiated(self.address, nodes)) from None
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise UsageError(_standalone(self.address, nodes))
        if hello["maxWireVersion"] < _SNAPSHOT_READS:
            raise UsageError(
                f"MongoDB at {self.address} is older than 5.0 and reads no snapshots, so the page"
                " could show sums that never were; nothing was changed. Use a newer server."
            )


_NAMESPACE_EXISTS: Final = 48
_WRITE_CONFLICT: Final = 112


def _nothing(_record: logging.LogRecord) -> bool:
    """Let no record through: at level DEBUG the driver logs every command with its documents."""
    return False


def _standalone(address: str, nodes: list[tuple[str, int | None]]) -> str:
    return (
        f"MongoDB at {address} is a standalone server, which has no transactions; nothing was"
        " changed. Make it a replica set, one member is enough: start mongod with"
        f" `--replSet rs0`, and then once {_initiate(nodes)}"
    )


def _never_initiated(address: str, nodes: list[tuple[str, int | None]]) -> str:
    return (
        f"MongoDB at {address} is a member of a replica set that was never initiated; nothing was"
        f" changed. Run once {_initiate(nodes)}"
    )


def _initiate(nodes: list[tuple[str, int | None]]) -> str:
    host, port = nodes[0]
    return f"`mongosh --host {host} --port {port} --eval 'rs.initiate()'`; then try again."
