import json
import logging

from members import greet

from profiles.application.ingest.embedded import EmbeddedEngine
from profiles.application.log.deciding import Rules
from profiles.application.log.messages import decode
from profiles.application.ports.sources import Delivery
from profiles.domain.policy import DEFAULT_POLICY
from profiles.testing import assert_no_personal_data


def test_adults_are_greeted_by_name(profiles_adults, profiles_now):
    for person in profiles_adults:
        greeting = greet(json.dumps(person).encode(), profiles_now)
        assert greeting.startswith("Welcome, ")


def test_nobody_else_is_greeted(profiles_minors, profiles_now):
    greetings = {greet(json.dumps(person).encode(), profiles_now) for person in profiles_minors}

    assert greetings == {None}


def test_what_is_logged_tells_of_nobody(
    profiles_adults, profiles_minors, profiles_boundary, profiles_hostile, profiles_now, caplog
):
    caplog.set_level(logging.DEBUG)
    persons = [*profiles_adults, *profiles_minors, *profiles_boundary]

    for message in [*(json.dumps(person).encode() for person in persons), *profiles_hostile]:
        greet(message, profiles_now)

    assert "Withheld: minor" in caplog.text
    assert_no_personal_data(caplog.text, [*persons, *profiles_hostile])


class Partner:
    """A source of one's own: what the partner has sent."""

    name = "partner"

    def __init__(self, messages):
        self.messages = messages

    def deliveries(self, **_position):
        yield Delivery(values=self.messages)


def test_members_are_held_and_minors_are_not(
    profiles_adults,
    profiles_minors,
    profiles_deciding_store,
    profiles_log,
    profiles_ledger,
    profiles_now,
):
    persons = [*profiles_adults, *profiles_minors]
    engine = EmbeddedEngine(
        log=profiles_log,
        store=profiles_deciding_store,
        ledger=profiles_ledger,
        rules=Rules(policy=DEFAULT_POLICY, decode=decode),
        clock=lambda: profiles_now,
    )

    engine.run(Partner([json.dumps(person).encode() for person in persons]))

    held = {profile.id for profile, _version in profiles_deciding_store.profiles()}
    assert held == {person["login"]["uuid"] for person in profiles_adults}
    assert engine.tally.withheld == len(profiles_minors)
