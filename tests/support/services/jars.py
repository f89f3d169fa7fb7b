"""The jars of a server, resolved by the Ivy that PySpark brings and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tests.support.services.java import Java, network_options
from tests.support.services.service import ServiceError

ATTEMPTS = 3
ATTEMPT_S = 600.0
INTERRUPTED = {130, 143}
"""What Java returns after Ctrl-C and after a polite end: nobody waits for another attempt."""

JarServer = Literal["kafka", "cassandra"]
COORDINATES: dict[JarServer, list[tuple[str, str, str]]] = {
    "kafka": [
        ("org.apache.kafka", "kafka_2.13", "4.1.0"),
        # The broker is mute without a binding of its logging interface.
        ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),
    ],
    "cassandra": [("org.apache.cassandra", "cassandra-all", "5.0.5")],
}
ARTIFACT = "[artifact]-[revision](-[classifier]).[ext]"


def find_ivy() -> Path | None:
    """Find the Ivy of an installed PySpark, without loading PySpark."""
    spark = find_spec("pyspark")
    for place in (spark and spark.submodule_search_locations) or []:
        for jar in sorted(Path(place, "jars").glob("ivy-*.jar")):
            return jar
    return None


def module_file(server: JarServer) -> str:
    """Write what Ivy shall resolve."""
    wanted = "".join(
        f'<dependency org="{organisation}" name="{name}" rev="{revision}" conf="default"/>'
        for organisation, name, revision in COORDINATES[server]
    )
    return (
        f'<ivy-module version="2.0"><info organisation="tests" module="{server}" revision="1"/>'
        f'<configurations><conf name="default"/></configurations>'
        f"<dependencies>{wanted}</dependencies></ivy-module>"
    )


def cache_folder() -> Path:
    """Say where jars stay from one run to the next."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "profiles-tests"


def jars(server: JarServer, java: Java, ivy: Path) -> Path:
    """Return the folder with the jars of a server; the first time they are downloaded.

    Raises:
        ServiceError: they can't be had; nothing is left of the attempts.
    """
    wanted = module_file(server)
    # What decides the content names the folder: another version is another folder.
    folder = cache_folder() / f"{server}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its final place and renamed when complete; another run may be first.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{server}-") as made:
        retrieve(wanted, java, ivy, Path(made))
        try:
            (Path(made) / "jars").rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


def retrieve(wanted: str, java: Java, ivy: Path, folder: Path) -> None:
    """Resolve and download into `folder/jars`; what one attempt has the next one need not get."""
    module = folder / "ivy.xml"
    module.write_text(wanted, "utf-8")
    command = [
        *(java.command, *network_options(folder), "-jar", str(ivy), "-warn"),
        *("-cache", str(folder / "cache"), "-ivy", str(module), "-confs", "default"),
        *("-retrieve", str(folder / "jars" / ARTIFACT)),
    ]
    said = ""
    for _ in range(ATTEMPTS):
        shutil.rmtree(folder / "jars", ignore_errors=True)
        try:
            attempt = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=ATTEMPT_S,
            )
        except subprocess.TimeoutExpired:
            said = f"It took longer than {ATTEMPT_S:g} s."
            continue
        if attempt.returncode == 0 and (folder / "jars").is_dir():
            return
        said = "\n".join(attempt.stdout.splitlines()[-20:])
        if attempt.returncode in INTERRUPTED:
            break
    raise ServiceError(
        f"The jars could not be downloaded, in up to {ATTEMPTS} attempts; nothing is left of them."
        " Look at the network (HTTPS_PROXY and SSL_CERT_FILE are passed on). Ivy said:\n" + said
    )
