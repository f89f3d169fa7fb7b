"""Cassandra hangs while somebody is erased, and the job is killed before it goes on."""

from __future__ import annotations

import json
from uuid import uuid4

from profiles.domain.ledger_entry import Action
from profiles.domain.person import PersonId
from tests.faults.conftest import Servers
from tests.support.cluster_site import Site, until

MANY = 200


def record(person: PersonId, city: str = "Ribe") -> tuple[bytes, bytes]:
    value = {
        "login": {"uuid": person},
        "dob": {"date": "1985-03-01"},
        "location": {"city": city},
    }
    return person.encode(), json.dumps(value).encode()


def test_who_is_erased_while_cassandra_hangs_is_not_there_when_the_job_is_started_again(
    site: Site, servers: Servers
) -> None:
    """One was in both stores, of one a newer version is on its way, one is new and on her way."""
    known, changed, new, *others = (PersonId(str(uuid4())) for _ in range(MANY))
    erased = {known, changed, new}
    site.ledger = site.folder / "ledger.sqlite"
    running = site.process(once=False)
    until(lambda: bool(site.ends()), running)  # it makes the topic
    site.send(*map(record, (known, changed, *others)))
    until(lambda: site.is_through() and site.followed() == MANY - 1, running)

    servers.cassandra.freeze()
    try:
        site.send(record(changed, "Varde"), record(new))
        until(lambda: site.mongo.profile(new) is not None, running)
        until(lambda: _city(site, changed) == "Varde", running)
        site.enter(Action.SUPPRESS, *erased)
        until(lambda: not site.mongo.held(erased), running)
        assert site.mongo.outbox(limit=MANY).keys() == erased
        assert running.kill()
    finally:
        servers.cassandra.thaw()
    assert site.cassandra.profile(known) is not None  # nobody has told

    site.process().tally()

    held = {profile.id: (profile, version) for profile, version in site.mongo.profiles()}
    followed = {profile.id: (profile, version) for profile, version in site.cassandra.profiles()}
    assert held.keys() == {*others}
    assert followed == held
    assert site.mongo.outbox(limit=MANY) == {}
    assert site.is_through()


def _city(site: Site, person: PersonId) -> str | None:
    held = site.mongo.profile(person)
    return None if held is None else held[0].city
