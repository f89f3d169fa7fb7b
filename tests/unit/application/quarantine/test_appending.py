"""Appending anew: to the embedded engine's log in one transaction."""

from __future__ import annotations

from profiles.adapters import codec
from profiles.adapters.memory import MemoryLog
from profiles.application.quarantine.appending import appending_to
from profiles.domain.person import Birth, Login, Person
from tests.support.histories import ADA, BEA, NOW


def test_persons_and_deletions_are_appended_and_no_source_moves() -> None:
    log = MemoryLog("a-topic", encode=codec.encode)
    ada = Person(login=Login(uuid=ADA), dob=Birth(date="1985-03-14"), schema=1)

    appending_to(log, lambda: NOW)([ada], [BEA])

    records = log.read(0, limit=10)
    assert [(record.key, record.value, record.logged_at) for record in records] == [
        (ADA.encode(), codec.encode(ada), NOW),
        (BEA.encode(), None, NOW),
    ]
    assert log.source_position("quarantine") == 0
