"""What `--store` may say: URLs of stores, and which of them decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from profiles.domain.errors import UsageError
from profiles.entrypoints.secrets import CASSANDRA_PASSWORD, KAFKA_PASSWORD, MONGO_PASSWORD

_EXAMPLE: Final = "sqlite:///profiles.db"
_CASSANDRA: Final = "cassandra://HOST1,HOST2:9042/user_keyspace?dc=datacenter1"
_MONGO: Final = "mongodb://HOST:27017/profiles?replicaSet=rs0"
_CASSANDRA_PORT: Final = 9042
_SWITCH: Final = {"true": True, "false": False}
_TLS_FILES: Final = frozenset({"tlscafile", "tlscertificatekeyfile", "tlscrlfile"})
"""Options of MongoDB that its driver takes for `tls=true`."""
_TLS_UNCHECKED: Final = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
_SECRETS: Final = ("password", "secret", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteAddress:
    """A deciding store in a file."""

    path: Path

    @property
    def name(self) -> str:
        """Name the store in messages."""
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoAddress:
    """A deciding store in a database of MongoDB.

    url: for the driver, with the options that were given.
    username: of who logs in, if the URL names one.
    """

    url: str
    database: str
    username: str | None = None

    @property
    def name(self) -> str:
        """Name the store in messages, without user and options."""
        return f"MongoDB at {urlsplit(self.url).netloc.rpartition('@')[2]}/{self.database}"

    @property
    def tls(self) -> bool:
        """Tell whether the connection is encrypted, and the server's certificate checked."""
        parts = urlsplit(self.url)
        options = {name.lower(): values[-1] for name, values in parse_qs(parts.query).items()}
        asked = options.get("tls", options.get("ssl"))
        implied = parts.scheme == "mongodb+srv" or not _TLS_FILES.isdisjoint(options)
        checked = not any(options.get(name) == "true" for name in _TLS_UNCHECKED)
        return (implied if asked is None else asked == "true") and checked


@dataclass(frozen=True, slots=True, kw_only=True)
class CassandraAddress:
    """A following store in a keyspace of Cassandra.

    replication: copies that the keyspace is made with, in the data centre if one is named.
    username: of who logs in, if the URL names one.
    tls: whether the connection is encrypted, and the node's certificate checked. ca: a file with
        certificates of the authorities that are trusted; None for those of this machine.
    """

    hosts: tuple[str, ...]
    port: int
    keyspace: str
    username: str | None = None
    tls: bool = False
    ca: Path | None = None
    datacentre: str | None = None
    replication: int = 1

    @property
    def name(self) -> str:
        """Name the store in messages."""
        return f"Cassandra at {','.join(self.hosts)}:{self.port}/{self.keyspace}"


DecidingAddress = SqliteAddress | MongoAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAddresses:
    """The store that decides what is held, and the one that follows it, if any."""

    deciding: DecidingAddress
    following: CassandraAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAddress:
    """A cluster of Kafka; see `profiles.adapters.kafka.Cluster`.

    mechanism: of the login; None for the usual one.
    """

    servers: str
    username: str | None = None
    mechanism: str | None = None
    tls: bool = False
    ca: Path | None = None


def read_kafka(text: str) -> KafkaAddress:
    """Read what `--kafka` says: `[USER@]HOST:PORT[,HOST:PORT][?tls=true&ca=FILE&mechanism=NAME]`.

    Raises:
        UsageError: it has another form, or a password.
    """
    servers, _, query = text.partition("?")
    user, at, servers = servers.rpartition("@")
    if ":" in user or _has_secret(query):
        raise UsageError(_password_shown("--kafka", KAFKA_PASSWORD))
    options = parse_qs(query, keep_blank_values=True)
    mechanism = options.pop("mechanism", [None])[-1]
    tls, ca = _tls(options)
    named = [server.strip().rpartition(":") for server in servers.split(",")]
    sound = all(host and "/" not in host and port.isdecimal() for host, _, port in named)
    if not sound or options or tls is None or mechanism == "" or (at and not user):
        raise UsageError(
            "--kafka takes HOST:PORT, or several with commas between them; USER@ before them for a"
            " login, and behind them ?tls=true or ?ca=FILE for TLS, and &mechanism=PLAIN or"
            " SCRAM-SHA-256 where the login is not by SCRAM-SHA-512."
        )
    return KafkaAddress(
        servers=servers, username=unquote(user) or None, mechanism=mechanism, tls=tls, ca=ca
    )


def _tls(options: dict[str, list[str]]) -> tuple[bool | None, Path | None]:
    """Take out of the options whether there is TLS, None for nonsense, and who is trusted."""
    ca = options.pop("ca", [None])[-1]
    tls = options.pop("tls", ["false" if ca is None else "true"])[-1]
    return None if ca == "" else _SWITCH.get(tls), None if ca is None else Path(ca)


def read_stores(urls: Sequence[str]) -> StoreAddresses:
    """Read the URLs of `--store`, one for each store.

    Raises:
        UsageError: there is not exactly one deciding store, or more than one that follows; a URL
            has a password, an unknown scheme or another form.
    """
    addresses = [_address(url) for url in urls]
    deciding = [a for a in addresses if not isinstance(a, CassandraAddress)]
    following = [a for a in addresses if isinstance(a, CassandraAddress)]
    if len(deciding) != 1:
        raise UsageError(
            "Exactly one store decides what is held, SQLite or MongoDB; --store names"
            f" {len(deciding) or 'none'}. Give one like --store {_EXAMPLE}."
        )
    if len(following) > 1:
        raise UsageError("At most one store follows; --store names two of Cassandra. Take one out.")
    return StoreAddresses(deciding=deciding[0], following=following[0] if following else None)


def _address(url: str) -> DecidingAddress | CassandraAddress:
    """Read one URL; what it says is not repeated in an error, for it may hold a secret."""
    try:
        parts = urlsplit(url)
        # A password with `/`, `?` or `#` in it, not escaped, ends what is read as user and host.
        behind = parts.path + parts.query + parts.fragment
        split_password = parts.scheme != "sqlite" and "@" in behind
        has_password = split_password or parts.password is not None or _has_secret(parts.query)
    except ValueError:
        raise UsageError(f"--store takes a URL like {_EXAMPLE}; this one can't be read.") from None
    if has_password:
        variable = CASSANDRA_PASSWORD if parts.scheme == "cassandra" else MONGO_PASSWORD
        raise UsageError(_password_shown("A store's URL", variable))
    if parts.scheme == "sqlite":
        return _sqlite(parts)
    if parts.scheme in ("mongodb", "mongodb+srv"):
        return _mongo(url, parts)
    if parts.scheme == "cassandra":
        return _cassandra(parts)
    raise UsageError(
        f"--store takes a URL that begins with sqlite:, mongodb: or cassandra:, like {_EXAMPLE}."
    )


def _password_shown(where: str, variable: str) -> str:
    return (
        f"{where} has a password in it, which every process list shows. Leave the user there, and"
        f" put the password into the variable {variable}, or into a file of mode 0600 that"
        f" {variable}_FILE names."
    )


def _has_secret(query: str) -> bool:
    """Tell whether an option holds what only its owner may know, such as a key file's password."""
    return any(word in query.lower() for word in _SECRETS)


def _sqlite(parts: SplitResult) -> SqliteAddress:
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or parts.fragment or not path or path.endswith("/"):
        raise UsageError(
            f"A SQLite store is written sqlite:///relative or sqlite:////absolute, like {_EXAMPLE}."
        )
    return SqliteAddress(path=Path(path))


def _mongo(url: str, parts: SplitResult) -> MongoAddress:
    database = unquote(parts.path.removeprefix("/"))
    if not parts.netloc or not database or "/" in database:
        raise UsageError(f"A MongoDB store is written with its database, like {_MONGO}.")
    return MongoAddress(url=url, database=database, username=_user(parts))


def _user(parts: SplitResult) -> str | None:
    return unquote(parts.netloc.rpartition("@")[0]) or None


def _cassandra(parts: SplitResult) -> CassandraAddress:
    hosts, _, port = parts.netloc.rpartition("@")[2].partition(":")
    names = tuple(host for host in hosts.split(",") if host)
    keyspace = unquote(parts.path.removeprefix("/"))
    options = parse_qs(parts.query, keep_blank_values=True)
    replication = options.pop("replication", ["1"])[-1]
    datacentre = options.pop("dc", [None])[-1]
    tls, ca = _tls(options)
    numbers = (port or str(_CASSANDRA_PORT), replication)
    sound = all(n.isascii() and n.isdecimal() for n in numbers)
    if not (names and keyspace and sound) or options or tls is None:
        raise UsageError(
            f"A Cassandra store is written {_CASSANDRA}, with &replication=3 where the keyspace"
            " has to be made with more copies than one, and &tls=true or &ca=FILE for TLS."
        )
    return CassandraAddress(
        hosts=names,
        port=int(numbers[0]),
        keyspace=keyspace,
        username=_user(parts),
        tls=tls,
        ca=ca,
        datacentre=datacentre,
        replication=int(replication),
    )
