"""What the ledger has of requests, and who is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pytest

from profiles.adapters.memory import MemoryKeyring, MemoryLedger
from profiles.application.rights.notifying import Notification
from profiles.application.rights.requesting import RequestLedger
from profiles.domain.ledger_entry import Action, Draft, Reason
from profiles.domain.person import PersonId
from profiles.domain.requests import requests_of
from tests.support.histories import ADA, BEA, NOW
from tests.support.recipients import MemoryRecipient
from tests.support.requests import requests_in

DEADLINE = date(2026, 12, 24)


@dataclass
class Bench:
    keyring: MemoryKeyring = field(default_factory=MemoryKeyring)
    ledger: MemoryLedger = field(init=False)
    shop: MemoryRecipient = field(default_factory=lambda: MemoryRecipient("the shop"))
    recipients: list[MemoryRecipient] = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.keyring)
        self.recipients = [self.shop]

    @property
    def requests(self) -> RequestLedger:
        return requests_in(self.ledger, self.keyring, *self.recipients)

    def ask(self, action: Action, person: PersonId = ADA) -> int:
        draft = Draft(action=action, person=person, reason=Reason.REQUEST, deadline=DEADLINE)
        return self.requests.enter(draft).number


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_request_is_open_until_it_is_complete(bench: Bench) -> None:
    first = bench.ask(Action.RECTIFY)
    bench.ask(Action.RESTRICT)
    bench.ask(Action.RECTIFY, BEA)
    bench.ask(Action.RECTIFY)

    found = bench.requests.open_request(ADA, Action.RECTIFY)
    assert found is not None
    assert (found.number, found.deadline) == (first, DEADLINE)

    bench.requests.complete(ADA, Action.RECTIFY)

    assert bench.requests.open_request(ADA, Action.RECTIFY) is None
    still_open = [r.number for r in requests_of(bench.ledger.entries()).values() if r.is_open]
    assert still_open == [2, 3]


def test_what_is_complete_is_not_completed_again(bench: Bench) -> None:
    bench.ask(Action.RECTIFY)
    bench.requests.complete(ADA, Action.RECTIFY)
    entries = bench.ledger.entries()

    bench.requests.complete(ADA, Action.RECTIFY)

    assert bench.ledger.entries() == entries


def test_a_recipient_is_told_once_of_the_last_request(bench: Bench) -> None:
    bench.ask(Action.RESTRICT)
    last = bench.ask(Action.RESTRICT)
    bench.ask(Action.RECTIFY)
    knows = [Notification(recipient="the shop", confirmed=True)]

    assert bench.requests.tell(ADA, Action.RESTRICT) == knows
    assert bench.requests.tell(ADA, Action.RESTRICT) == knows

    assert bench.shop.heard == [(ADA, "restrict", NOW)]
    assert [e.refers for e in bench.ledger.entries() if e.action is Action.NOTIFY] == [last]


def test_who_has_not_confirmed_is_told_the_next_time(bench: Bench) -> None:
    bench.ask(Action.UNRESTRICT)
    bench.shop.takes = 0
    assert bench.requests.tell(ADA, Action.UNRESTRICT) == [
        Notification(recipient="the shop", confirmed=False)
    ]

    bench.shop.takes = 1
    bench.requests.tell(ADA, Action.UNRESTRICT)

    assert bench.shop.heard == [(ADA, "unrestrict", NOW)]


def test_of_nothing_nobody_is_told(bench: Bench) -> None:
    bench.ask(Action.RESTRICT, BEA)

    assert bench.requests.tell(ADA, Action.RESTRICT) == ()
    assert bench.shop.heard == []


def test_without_recipients_the_ledger_is_not_even_read(bench: Bench) -> None:
    bench.ask(Action.RESTRICT)
    bench.recipients = []
    bench.keyring.keys.clear()

    assert bench.requests.tell(ADA, Action.RESTRICT) == ()
