"""The places of a leak check: in names of its own, each searched whole and removed at the end."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit, urlunsplit

from profiles.adapters.sqlite.contents import file_bytes, rows
from profiles.application.assurance.leaks import Kept, Part
from profiles.domain.errors import ProfilesError
from profiles.entrypoints.addresses import (
    CassandraAddress,
    MongoAddress,
    SqliteAddress,
    read_stores,
)
from profiles.entrypoints.composition.stores import cassandra_settings, mongo_password

if TYPE_CHECKING:
    from profiles.adapters.kafka import Cluster

USERS: Final = "users"
_KEPT_BY: Final = {
    USERS: Kept.PROFILE,
    "restricted": Kept.APART,  # SQLite
    f"{USERS}_restricted": Kept.APART,  # MongoDB
}
"""What tables and collections may hold of whom; all others nothing."""
_DRIVERS_OF_MONGO: Final = ("mongodb", "mongodb+srv")

_logger = logging.getLogger(__name__)


class Left(NamedTuple):
    """Something that could not be removed. do: how the operator can."""

    what: str
    do: str


@dataclass(slots=True)
class Cleaning:
    """What is to be removed at the end, however that comes; the last one first."""

    left: list[Left] = field(default_factory=list)
    _steps: list[tuple[Left, Callable[[], object]]] = field(default_factory=list)

    def later(self, step: Callable[[], object], *, what: str, do: str) -> None:
        """Note how to remove something that is about to be made."""
        self._steps.append((Left(what, do), step))

    def clean(self) -> None:
        """Remove everything; what can't be is noted, and said."""
        while self._steps:
            left, step = self._steps.pop()
            try:
                step()
            except (ProfilesError, OSError):
                self.left.append(left)
                _logger.warning("%s could not be removed. %s", left.what, left.do)


def own_url(url: str, name: str, folder: Path) -> str:
    """Return a store's URL with a database, keyspace or file of another name."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return f"sqlite:///{folder.absolute() / 'profiles.db'}"
    query = parts.query
    options = {option.lower() for option in parse_qs(query)}
    if parts.scheme in _DRIVERS_OF_MONGO and "@" in parts.netloc and "authsource" not in options:
        # Who logs in is known to the database in the URL, where nothing else is said.
        query = "&".join(filter(None, [query, f"authSource={parts.path.removeprefix('/')}"]))
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", query, ""))


class StorePlaces:
    """The stores of a check."""

    def __init__(self, urls: Sequence[str], cleaning: Cleaning) -> None:
        """Take stores that are not there yet, and note how they are removed."""
        addresses = read_stores(urls)
        self.deciding, self.following = addresses.deciding, addresses.following
        if isinstance(self.deciding, MongoAddress):
            name = self.deciding.database
            do = f"In mongosh: use {name}, then db.dropDatabase()."
            cleaning.later(self._drop_mongo, what=f"The database {name} of MongoDB", do=do)
        if self.following is not None:
            name = self.following.keyspace
            do = f"In cqlsh: DROP KEYSPACE {name}."
            cleaning.later(self._drop_cassandra, what=f"The keyspace {name} of Cassandra", do=do)

    def parts(self) -> Iterator[Part]:
        """Yield all that the stores hold."""
        if isinstance(self.deciding, SqliteAddress):
            yield from _of_sqlite(self.deciding.path)
        else:
            yield from _of_mongo(self.deciding)
        if self.following is not None:
            yield from _of_cassandra(self.following)

    def _drop_mongo(self) -> None:
        from profiles.adapters.mongo import MongoContents

        if isinstance(self.deciding, MongoAddress):
            address = self.deciding
            password = mongo_password(address)
            with closing(MongoContents(address.url, address.database, password=password)) as mongo:
                mongo.drop()

    def _drop_cassandra(self) -> None:
        from profiles.adapters.cassandra import CassandraContents

        if self.following is not None:
            with closing(CassandraContents(cassandra_settings(self.following))) as cassandra:
                cassandra.drop()


def _of_sqlite(path: Path) -> Iterator[Part]:
    for content in file_bytes(path):
        yield Part(path.name, Kept.FILE, content)
    for table, row in rows(path):
        yield Part(f"{path.name}, table {table}", _KEPT_BY.get(table, Kept.NOTHING), row)


def _of_mongo(address: MongoAddress) -> Iterator[Part]:
    from profiles.adapters.mongo import MongoContents

    place = "MongoDB, collection {}"
    yield Part(place.format(USERS), Kept.PROFILE, b"")  # searched, also where nobody is in it
    password = mongo_password(address)
    with closing(MongoContents(address.url, address.database, password=password)) as mongo:
        for name, document in mongo.documents():
            yield Part(place.format(name), _KEPT_BY.get(name, Kept.NOTHING), document)


def _of_cassandra(address: CassandraAddress) -> Iterator[Part]:
    from profiles.adapters.cassandra import CassandraContents

    place = "Cassandra, table {}"
    yield Part(place.format(USERS), Kept.PROFILE, b"")
    with closing(CassandraContents(cassandra_settings(address))) as cassandra:
        for name, row in cassandra.rows():
            yield Part(place.format(name), _KEPT_BY.get(name, Kept.NOTHING), row)


@dataclass(slots=True, kw_only=True)
class TopicPlaces:
    """The topics of a check.

    log: what `produce` writes. foreign: what another producer writes, which is not searched.
    """

    brokers: Cluster
    name: str

    @property
    def log(self) -> str:
        """Name the topic that `produce` writes."""
        return self.name

    @property
    def foreign(self) -> str:
        """Name the topic of another producer."""
        return f"{self.name}_foreign"

    @property
    def ledger(self) -> str:
        """Name the topic of the ledger."""
        return f"{self.name}_ledger"

    def _all(self) -> dict[str, Kept]:
        from profiles.adapters.kafka import rejected_topic

        rejected = [rejected_topic(topic).name for topic in (self.log, self.foreign)]
        return {
            self.log: Kept.LOG,
            self.foreign: Kept.LOG,
            **dict.fromkeys([*rejected, self.ledger], Kept.NOTHING),
        }

    def clean_later(self, cleaning: Cleaning) -> None:
        """Note how the topics are removed."""
        for topic in self._all():
            do = f"kafka-topics.sh --bootstrap-server … --delete --topic {topic}"
            cleaning.later(partial(self._delete, topic), what=f"The topic {topic}", do=do)

    def _delete(self, topic: str) -> None:
        from profiles.adapters.kafka import Topics

        topics = Topics(self.brokers)
        if topics.existing(topic) is not None:
            topics.delete(topic)

    def publish(self, messages: Sequence[tuple[bytes, bytes]], *, replication: int) -> None:
        """Write messages as another producer does.

        Raises:
            LogError: Kafka did not take them.
        """
        from profiles.adapters.kafka import KafkaPublisher, Topics, TopicSettings
        from profiles.application.errors import LogError

        wanted = TopicSettings(name=self.foreign, partitions=2, replication=replication)
        stop = Event()
        Topics(self.brokers).ensure(wanted, stop=stop)
        with closing(KafkaPublisher(self.brokers, self.foreign, stop=stop)) as publisher:
            for key, message in messages:
                publisher.publish(key, message)
            if publisher.flush(within_s=_ANSWER_S) or publisher.failed:
                raise LogError(f"Topic {self.foreign}", "it did not take all", "Try again.")

    def parts(self) -> Iterator[Part]:
        """Yield all that the topics hold, but for what was put into the foreign one."""
        from profiles.adapters.kafka import KafkaSearch

        for topic, kept in self._all().items():
            if topic != self.foreign:
                yield Part(f"topic {topic}", kept, b"")
                with closing(KafkaSearch(self.brokers, topic)) as search:
                    for message in search.contents():
                        yield Part(f"topic {topic}", kept, message)


_ANSWER_S: Final = 60.0


def folder_parts(folder: Path, place: str) -> Iterator[Part]:
    """Yield all files of a folder, as one place that may hold nobody."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield Part(place, Kept.NOTHING, path.read_bytes())


def remove_folder(folder: Path) -> None:
    """Remove a folder, if it is there.

    Raises:
        OSError: it could not be removed.
    """
    if folder.exists():
        shutil.rmtree(folder)
