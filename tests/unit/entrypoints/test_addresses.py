"""Who logs in is in a store's URL; the password never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import (
    CassandraAddress,
    KafkaAddress,
    MongoAddress,
    read_kafka,
    read_stores,
)

DECIDING = "mongodb://h/d"


@pytest.mark.parametrize(
    ("url", "username"),
    [
        (DECIDING, None),
        ("mongodb://writer@h1,h2:27018/d?replicaSet=rs0", "writer"),
        ("mongodb://jo%40home@h/d", "jo@home"),
    ],
)
def test_the_address_of_mongodb_names_the_user(url: str, username: str | None) -> None:
    address = read_stores([url]).deciding

    assert address == MongoAddress(url=url, database="d", username=username)
    assert "@" not in address.name


@pytest.mark.parametrize(
    ("user", "username"), [("", None), ("writer@", "writer"), ("jo%40home@", "jo@home")]
)
def test_the_address_of_cassandra_names_the_user(user: str, username: str | None) -> None:
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


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        ("mongodb://u:Opensesame@h/d", "PROFILES_MONGO_PASSWORD"),
        ("cassandra://u:Opensesame@h/k", "PROFILES_CASSANDRA_PASSWORD"),
    ],
)
def test_a_password_in_a_url_is_refused_with_where_to_put_it(url: str, variable: str) -> None:
    with pytest.raises(UsageError, match=variable) as refused:
        read_stores([url])

    assert "Opensesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("h:9092", KafkaAddress(servers="h:9092")),
        ("h1:9092,h2:9093", KafkaAddress(servers="h1:9092,h2:9093")),
        ("[::1]:9092", KafkaAddress(servers="[::1]:9092")),
        ("jo%40home@h:9092", KafkaAddress(servers="h:9092", username="jo@home")),
        (
            "jo@h:9092?ca=/etc/ca.pem&mechanism=PLAIN",
            KafkaAddress(
                servers="h:9092",
                username="jo",
                mechanism="PLAIN",
                tls=True,
                ca=Path("/etc/ca.pem"),
            ),
        ),
        ("h:9092?tls=true", KafkaAddress(servers="h:9092", tls=True)),
    ],
)
def test_the_address_of_kafka_names_servers_user_and_authority(
    text: str, address: KafkaAddress
) -> None:
    assert read_kafka(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "h", "h:", ":9092", "kafka://h:9092", "h:9092,", "@h:9092"),
        *("h:9092?tls=1", "h:9092?a=b", "h:9092?mechanism=", "h:9092?ca="),
    ],
)
def test_a_wrong_address_of_kafka_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="--kafka takes HOST:PORT, or several with commas"):
        read_kafka(text)


@pytest.mark.parametrize("text", ["u:Opensesame@h:9092", "u@h:9092?password=Opensesame"])
def test_a_password_in_the_address_of_kafka_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="PROFILES_KAFKA_PASSWORD") as refused:
        read_kafka(text)

    assert "Opensesame" not in str(refused.value)


@pytest.mark.parametrize("inner", ["/", "?", "#", "/?#"])
@pytest.mark.parametrize("scheme", ["mongodb", "mongodb+srv", "cassandra"])
def test_a_password_that_is_not_escaped_is_one_all_the_same(scheme: str, inner: str) -> None:
    urls = [DECIDING] if scheme == "cassandra" else []

    with pytest.raises(UsageError, match="has a password in it") as raised:
        read_stores([*urls, f"{scheme}://writer:pla{inner}nted@h/d"])

    assert "nted" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "tls"),
    [
        ("mongodb://h/d", False),
        ("mongodb://h/d?tls=true", True),
        ("mongodb://h/d?TLS=true&ssl=true", True),
        ("mongodb://h/d?ssl=true", True),
        ("mongodb://h/d?tlsCAFile=/ca.pem", True),
        ("mongodb+srv://h.example/d", True),
        ("mongodb+srv://h.example/d?tls=false", False),
        ("mongodb://h/d?tls=true&tlsInsecure=true", False),
        ("mongodb://h/d?tls=true&tlsAllowInvalidCertificates=true", False),
        ("mongodb://h/d?tls=true&tlsAllowInvalidHostnames=true", False),
        ("mongodb://h/d?tls=true&tlsInsecure=false", True),
    ],
)
def test_the_address_of_mongodb_says_whether_the_server_is_known_for_certain(
    url: str, tls: object
) -> None:
    address = read_stores([url]).deciding

    assert isinstance(address, MongoAddress)
    assert address.tls is tls
