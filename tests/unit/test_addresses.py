"""Who logs in is in a store's URL; the password never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import CassandraAddress, MongoAddress, read_stores

DECIDING = "mongodb://h/d"


@pytest.mark.parametrize(
    ("url", "username"),
    [
        (DECIDING, None),
        ("mongodb://writer@h1,h2:27018/d?replicaSet=rs0", "writer"),
        ("mongodb://jo%40home@h/d", "jo@home"),
    ],
)
def test_mongodb_is_told_who_logs_in(url: str, username: str | None) -> None:
    address = read_stores([url]).deciding

    assert address == MongoAddress(url=url, database="d", username=username)
    assert "@" not in address.name


@pytest.mark.parametrize(
    ("user", "username"), [("", None), ("writer@", "writer"), ("jo%40home@", "jo@home")]
)
def test_cassandra_is_told_who_logs_in(user: str, username: str | None) -> None:
    address = read_stores([DECIDING, f"cassandra://{user}h1,h2:9043/k?dc=one"]).following

    assert address == CassandraAddress(
        hosts=("h1", "h2"), port=9043, keyspace="k", username=username, datacentre="one"
    )
    assert address.name == "Cassandra at h1,h2:9043/k"


@pytest.mark.parametrize(
    ("options", "tls", "ca"),
    [
        ("", False, None),
        ("?tls=true", True, None),
        ("?tls=false", False, None),
        ("?dc=one&ca=/etc/ca.pem", True, Path("/etc/ca.pem")),
        ("?tls=false&ca=ca.pem", False, Path("ca.pem")),
    ],
)
def test_cassandra_is_reached_with_tls_where_the_url_says_so(
    options: str, *, tls: bool, ca: Path | None
) -> None:
    address = read_stores([DECIDING, f"cassandra://h/k{options}"]).following

    assert address is not None
    assert (address.tls, address.ca) == (tls, ca)


@pytest.mark.parametrize("options", ["?tls=yes", "?tls=", "?ca=", "?tsl=true"])
def test_an_option_of_cassandra_that_says_nothing_is_refused(options: str) -> None:
    with pytest.raises(UsageError, match="&tls=true or &ca=FILE"):
        read_stores([DECIDING, f"cassandra://h/k{options}"])


@pytest.mark.parametrize("url", ["mongodb://u:Opensesame@h/d", "cassandra://u:Opensesame@h/k"])
def test_a_password_in_a_url_is_refused_with_where_to_put_it(url: str) -> None:
    with pytest.raises(UsageError, match="PROFILES_MONGO_PASSWORD") as refused:
        read_stores([url])

    assert "Opensesame" not in str(refused.value)
