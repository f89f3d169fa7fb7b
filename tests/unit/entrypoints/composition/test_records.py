from __future__ import annotations

from pathlib import Path

import pytest

from profiles.application.policy.places import Facility, Kind, Processing
from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.composition.records import RecordedSettings, processing_of


def pipeline(
    *stores: str, kafka: str | None = None, data: str | None = None, ledger: str | None = None
) -> Processing:
    return processing_of(
        RecordedSettings(
            stores=read_stores(stores) if stores else None,
            kafka=kafka,
            topic="t",
            data=None if data is None else Path(data),
            ledger=LedgerSettings(topic="l", file=None if ledger is None else Path(ledger)),
            k=5,
        )
    )


def file(name: str) -> Facility:
    return Facility(kind=Kind.FILE, name=name)


def test_log_and_ledger_lie_beside_the_store_or_where_it_is_said() -> None:
    beside = pipeline("sqlite:///there/p.db")
    apart = pipeline("sqlite:///there/p.db", data="here", ledger="led.db")

    assert (beside.deciding, beside.log) == (file("there/p.db"), file("there/log.sqlite"))
    assert beside.ledger == file("there/ledger.sqlite")
    assert (apart.log, apart.ledger) == (file("here/log.sqlite"), file("led.db"))


def test_without_a_store_nothing_is_named() -> None:
    unnamed = pipeline()

    assert (unnamed.deciding, unnamed.following) == (None, None)
    assert (unnamed.log, unnamed.ledger) == (file("log.sqlite"), file("ledger.sqlite"))


def test_servers_are_named_without_who_logs_in() -> None:
    found = pipeline(
        "mongodb://writer@m/d?tls=true", "cassandra://reader@c/k", kafka="me@h:9093?tls=true"
    )

    assert found.deciding == Facility(
        kind=Kind.MONGODB, name="MongoDB at m/d", tls=True, login=True
    )
    assert found.following == Facility(
        kind=Kind.CASSANDRA, name="Cassandra at c:9042/k", tls=False, login=True
    )
    assert found.log == Facility(kind=Kind.KAFKA, name="Kafka at h:9093", tls=True, login=True)
    assert found.ledger == found.log
    assert pipeline("mongodb://m/d", kafka="h:1", ledger="led.db").ledger == file("led.db")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError):
        pipeline(kafka="nothing")
