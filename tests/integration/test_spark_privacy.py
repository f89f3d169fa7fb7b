"""No value of a person and no key in anything that Spark writes, while poison is flowing."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.cluster_site import Addresses
from tests.support.patience import PATIENCE_S
from tests.support.spark_site import SparkSite

pytestmark = pytest.mark.servers

MARK = "Zxq7Marker"
ADULT = {
    "login": {"uuid": "", "username": f"{MARK}User", "password": f"{MARK}Password"},
    "name": {"title": "Ms", "first": f"{MARK}First", "last": f"{MARK}Last"},
    "location": {"street": {"number": 1, "name": f"{MARK}Street"}, "city": f"{MARK}City"},
    "email": f"{MARK}@{MARK}.example",
    "dob": {"date": "1985-03-01T00:00:00.000Z"},
    "phone": f"{MARK}Phone",
    "picture": {"large": f"{MARK}Picture"},
    "id": {"name": "SSN", "value": f"{MARK}Number"},
}


def value(**changes: object) -> bytes:
    login = {**ADULT["login"], "uuid": str(uuid4())}  # type: ignore[dict-item] # a literal above
    return json.dumps({**ADULT, "login": login, **changes}).encode()


def poison() -> list[tuple[bytes | None, bytes | None]]:
    """Records of every kind of wrong, each with a mark somewhere."""
    return [
        (None, value(dob={"date": "2015-01-01"})),
        (None, value(dob={"date": f"{MARK}Date"})),
        (None, value(name={"first": [MARK]})),
        (None, value(email=f"{MARK}" * 100)),
        (None, value(gender={MARK: MARK})),
        (None, value(login={"uuid": MARK})),
        (None, json.dumps({"results": MARK}).encode()),
        (None, f'{{"{MARK}": '.encode()),
        (MARK.encode(), None),
        (MARK.encode(), b"\xff" + MARK.encode()),
        (MARK.encode(), value(location={"postcode": {MARK: 1}})),
    ]


def has_mark(path: Path) -> bool:
    return MARK.encode() in path.read_bytes()


@pytest.fixture
def site(
    kafka_address: str, cassandra_address: str, mongo_url: str, tmp_path: Path
) -> Generator[SparkSite]:
    servers = Addresses(kafka_address, cassandra_address, mongo_url)
    name = f"spark_{uuid4().hex[:12]}"
    with ExitStack() as stack:
        yield SparkSite(servers, tmp_path, stack, name=name, partitions=1)


def all_that_is_told(folder: Path) -> list[str]:
    """Have Spark write all that its user interface shows, and its own log in detail."""
    (folder / "events").mkdir(exist_ok=True)
    settings = {
        "spark.log.level": "INFO",
        "spark.ui.enabled": "true",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": (folder / "events").as_uri(),
        "spark.eventLog.compress": "false",
        "spark.sql.debug.maxToStringFields": "1000",
    }
    return [f"--conf={name}={wanted}" for name, wanted in settings.items()]


def test_what_spark_writes_holds_no_value_and_no_key(site: SparkSite, tmp_path: Path) -> None:
    site.configure(
        'email = "pseudonymise"\nemail_key = "k1"\nemail_keys = { k1 = "k1" }\ndrop = ["city"]',
        keys={"k1": f"{MARK}Key" * 4},
    )
    site.produce("simulator:seed=5,limit=100").production()
    site.send((None, value()), *poison(), (None, value()))

    tally = site.spark(more=all_that_is_told(tmp_path)).tally()
    site.check()
    names = [profile.full_name for profile, _ in site.mongo.profiles()]
    assert names.count(f"{MARK}First {MARK}Last") == 2  # where it belongs
    assert {str(profile.email)[:3] for profile, _ in site.mongo.profiles()} == {"k1:"}
    assert {profile.city for profile, _ in site.mongo.profiles()} == {None}
    site.lose_stores()  # so that the next job fails, and Spark tells of it in its own words
    site.send((None, value()), *poison())
    failed = site.spark(more=all_that_is_told(tmp_path))
    assert failed.process.wait(PATIENCE_S) == 1

    assert (tally.stored, tally.withheld, tally.rejected) == (102, 1, 10)
    assert "new checkpoint" in failed.said
    assert has_mark(tmp_path / "k1")
    (tmp_path / "k1").unlink()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    events = [path for path in written if "events" in path.parts]
    assert any(b"SparkListenerSQLExecutionStart" in path.read_bytes() for path in events)
    assert any(b"MicroBatchExecution" in path.read_bytes() for path in written)
    assert [path for path in written if has_mark(path)] == []
