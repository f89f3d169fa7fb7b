"""Servers that ask who is there, and show a certificate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.services.processes import Process
from tests.support.services.recipes import SMALL, lacking
from tests.support.services.service import Name

KEYSTORE_PASSWORD = "changeit"


class Certificates(NamedTuple):
    """An authority, one that has signed nothing, and what the first has signed for a server.

    ca, unknown_ca: certificates in the form PEM. server: key and certificate in the form PEM.
    keystore: the same as Java reads it, under `KEYSTORE_PASSWORD`.
    """

    ca: Path
    unknown_ca: Path
    server: Path
    keystore: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    made = Certificates(*(folder / name for name in ("ca.pem", "other.pem", "server.pem", "p12")))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(made.ca)
    trustme.CA().cert_pem.write_to_path(made.unknown_ca)
    pem = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
    made.server.write_bytes(pem)
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    protection = serialization.BestAvailableEncryption(KEYSTORE_PASSWORD.encode())
    made.keystore.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"node", key, x509.load_pem_x509_certificate(pem), None, protection
        )
    )
    return made


def local_server(name: Name, *options: str) -> Process:
    """Return a server with options of its own: a local process, so only where that can be."""
    if lack := lacking(name):
        pytest.skip(f"This is tested with {name} as a local process: {lack}")
    return Process(name, replace(SMALL, **{name: (*getattr(SMALL, name), *options)}))
