from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from tests.support.services.jars import jars
from tests.support.services.java import Java, network_options, trust_store
from tests.support.services.service import ServiceError

IVY = Path("ivy.jar")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    for proxy in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    return tmp_path / "cache" / "profiles-tests"


def java_that(folder: Path, does: str) -> Java:
    """A shell script in Java's place: the last argument is where the jars shall go."""
    program = folder / "java"
    program.write_text(f'#!/bin/sh\nfor last; do :; done\nto=$(dirname "$last")\n{does}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Java(command=str(program), major=17)


def test_jars_are_downloaded_once(tmp_path: Path, cache: Path) -> None:
    java = java_that(tmp_path, f'echo . >> {tmp_path}/calls; mkdir "$to"; echo jar > "$to/a.jar"')

    first = jars("kafka", java, IVY)

    assert jars("kafka", java, IVY) == first
    assert (first / "a.jar").read_text() == "jar\n"
    assert list(cache.iterdir()) == [first]
    assert (tmp_path / "calls").read_text().split() == ["."]


def test_a_download_that_breaks_is_tried_again_from_clean(tmp_path: Path) -> None:
    java = java_that(
        tmp_path,
        f'echo . >> {tmp_path}/calls; mkdir "$to"; echo jar > "$to/$(wc -l < {tmp_path}/calls).jar"'
        f"; test $(wc -l < {tmp_path}/calls) = 3",
    )

    folder = jars("cassandra", java, IVY)

    assert [jar.name for jar in folder.iterdir()] == ["3.jar"]


def test_a_download_that_stays_broken_leaves_nothing_and_says_what_ivy_said(
    tmp_path: Path, cache: Path
) -> None:
    java = java_that(tmp_path, 'mkdir "$to"; echo half > "$to/a.jar"; echo no route; exit 1')

    with pytest.raises(ServiceError, match="no route"):
        jars("kafka", java, IVY)

    assert list(cache.iterdir()) == []


def test_java_gets_the_proxy_and_the_certificate_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert network_options(tmp_path) == []

    bundle = tmp_path / "bundle.pem"
    bundle.write_text(ssl.DER_cert_to_PEM_cert(b"not looked into"))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("https_proxy", "http://gate.example:3128")

    assert network_options(tmp_path) == [
        "-Dhttps.proxyHost=gate.example",
        "-Dhttps.proxyPort=3128",
        f"-Djavax.net.ssl.trustStore={tmp_path / 'authorities.jks'}",
        "-Djavax.net.ssl.trustStoreType=JKS",
    ]


def test_a_trust_store_holds_every_certificate_of_the_bundle() -> None:
    bundle = "".join(
        f"# a comment\n{ssl.DER_cert_to_PEM_cert(der)}" for der in (b"one authority", b"another")
    )

    store = trust_store(bundle)

    assert store.startswith(b"\xfe\xed\xfe\xed\x00\x00\x00\x02\x00\x00\x00\x02")
    assert b"one authority" in store
    assert b"another" in store
