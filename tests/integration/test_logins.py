"""Logging in to real stores, and TLS: the password from a variable or a file, and in no output."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pymongo
import pytest
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, NoHostAvailable

from profiles.application.errors import StoreError
from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import CassandraAddress
from profiles.entrypoints.composition.stores import following_store
from tests.integration.test_command_line import Profiles, profiles
from tests.support.guarded_servers import (
    KEYSTORE_PASSWORD,
    Certificates,
    certificates,
    local_server,
)
from tests.support.patience import PATIENCE_S

__all__ = ["certificates", "profiles"]

PASSWORD = "Öffne dich"
VARIABLE = "PROFILES_MONGO_PASSWORD"
CASSANDRA_VARIABLE = "PROFILES_CASSANDRA_PASSWORD"
FIRST_USER = "cassandra"
"""Name and password of the user that a new cluster makes for its owner."""
GUARDED = f"""
authenticator: PasswordAuthenticator
client_encryption_options:
  enabled: true
  optional: true
  keystore: {{keystore}}
  keystore_password: {KEYSTORE_PASSWORD}
  store_type: PKCS12
"""


@pytest.fixture
def database_of_a_user(mongo_url: str) -> Generator[str]:
    """URL of a database with who may write there; also a server that asks nobody checks names."""
    name = f"test_{uuid4().hex[:8]}"
    with pymongo.MongoClient[dict[str, object]](mongo_url) as client:
        database = client[name]
        database.command("createUser", name, pwd=PASSWORD, roles=["readWrite"])
        try:
            yield mongo_url.replace("://", f"://{name}@").replace("/?", f"/{name}?")
        finally:
            database.command("dropUser", name)
            client.drop_database(name)


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", "utf-8")
    path.chmod(0o600)
    return path


def found(told: str) -> bool:
    return "answers, and has transactions" in told


def test_the_password_of_mongodb_comes_from_a_variable(
    profiles: Profiles, database_of_a_user: str
) -> None:
    done = profiles("doctor", "--store", database_of_a_user, env={VARIABLE: PASSWORD})

    assert found(done.out), done.err
    assert PASSWORD not in done.out + done.err


def test_the_password_of_mongodb_comes_from_a_file(
    profiles: Profiles, database_of_a_user: str, password_file: Path
) -> None:
    named = {f"{VARIABLE}_FILE": str(password_file)}

    assert found(profiles("doctor", "--store", database_of_a_user, env=named).out)

    password_file.chmod(0o644)
    done = profiles("doctor", "--store", database_of_a_user, env=named)
    assert (done.code, done.out) == (2, "")
    assert f"chmod 600 {password_file}" in done.err


def test_a_wrong_password_is_an_error_of_one_sentence(
    profiles: Profiles, database_of_a_user: str
) -> None:
    done = profiles("dashboard", "--store", database_of_a_user, env={VARIABLE: "Opensesame"})

    assert (done.code, done.out) == (1, "")
    assert "it refused the name or password (AuthenticationFailed). Check both." in done.err
    assert "Opensesame" not in done.err
    assert "Traceback" not in done.err


def test_a_user_without_a_password_is_refused_with_where_to_put_one(
    profiles: Profiles, database_of_a_user: str
) -> None:
    done = profiles("dashboard", "--store", database_of_a_user)

    assert (done.code, done.out) == (2, "")
    assert f"put the password into the variable {VARIABLE}, or into a file" in done.err


@pytest.fixture(scope="module")
def guarded(certificates: Certificates) -> Generator[CassandraAddress]:
    """A node of Cassandra that asks who is there, with TLS or without."""
    # Else it waits 10 s for older nodes before it makes its first user.
    node = local_server("cassandra", "-Dcassandra.superuser_setup_delay_ms=0")
    try:
        with (node.folder / "cassandra.yaml").open("a", encoding="utf-8") as configuration:
            configuration.write(GUARDED.format(keystore=certificates.keystore))
        node.start()
        host, _, port = node.address.rpartition(":")
        wait_for_the_first_user(host, int(port))
        yield CassandraAddress(
            hosts=(host,), port=int(port), keyspace="guarded", username=FIRST_USER
        )
    finally:
        node.remove()


def wait_for_the_first_user(host: str, port: int) -> None:
    """Wait until the node has made its first user, some seconds after it answers."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        cluster = Cluster(
            [host], port=port, auth_provider=PlainTextAuthProvider(FIRST_USER, FIRST_USER)
        )
        try:
            cluster.connect()
        except NoHostAvailable:
            assert time.monotonic() < deadline, "there is no first user"
            time.sleep(0.5)  # it tells nobody when it is done
        else:
            return
        finally:
            cluster.shutdown()


@pytest.mark.integration
def test_the_password_of_cassandra_comes_from_a_variable(
    guarded: CassandraAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CASSANDRA_VARIABLE, FIRST_USER)

    with following_store(guarded) as store:
        assert store is not None
        assert list(store.profiles()) == []


@pytest.mark.integration
def test_the_error_of_a_wrong_password_of_cassandra_does_not_repeat_it(
    guarded: CassandraAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CASSANDRA_VARIABLE, "Opensesame")

    with pytest.raises(StoreError, match="access was refused") as refused, following_store(guarded):
        pass

    assert "Opensesame" not in str(refused.value)


@pytest.mark.integration
def test_a_user_of_cassandra_without_a_password_is_refused_with_where_to_put_one(
    guarded: CassandraAddress,
) -> None:
    with pytest.raises(UsageError, match=CASSANDRA_VARIABLE), following_store(guarded):
        pass


@pytest.mark.integration
def test_cassandra_with_tls_has_to_show_a_certificate_of_a_trusted_authority(
    guarded: CassandraAddress, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CASSANDRA_VARIABLE, FIRST_USER)

    with following_store(replace(guarded, tls=True, ca=certificates.ca)) as store:
        assert store is not None
        assert list(store.profiles()) == []

    untrusting = replace(guarded, tls=True, ca=certificates.unknown_ca)
    with pytest.raises(StoreError, match="certificate"), following_store(untrusting):
        pass


@pytest.mark.integration
def test_authorities_that_cannot_be_read_are_named(
    guarded: CassandraAddress, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CASSANDRA_VARIABLE, FIRST_USER)

    for path in (certificates.keystore, certificates.ca.with_name("missing")):
        unreadable = replace(guarded, tls=True, ca=path)
        with pytest.raises(UsageError, match=f"{path} holds no certificate"):
            following_store(unreadable).__enter__()


@pytest.mark.integration
def test_mongodb_with_tls_has_to_show_a_certificate_of_a_trusted_authority(
    profiles: Profiles, certificates: Certificates
) -> None:
    server = local_server(
        "mongo", "--tlsMode", "allowTLS", "--tlsCertificateKeyFile", str(certificates.server)
    )
    try:
        server.start()
        url = server.address.replace("/?", "/d?") + "&tls=true&tlsCAFile="

        assert found(profiles("doctor", "--store", f"{url}{certificates.ca}").out)

        soon = "&serverSelectionTimeoutMS=2000"
        done = profiles("dashboard", "--store", f"{url}{certificates.unknown_ca}{soon}")
        assert (done.code, done.out) == (1, "")
        assert "Traceback" not in done.err
    finally:
        server.remove()
