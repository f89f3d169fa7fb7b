"""Who is told of what was done about a request, and what the ledger has of it."""

from __future__ import annotations

import logging

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.application.rights.notifying import Notification, Notifier, ToTell
from profiles.domain.ledger_entry import Action
from tests.support.histories import ADA, BEA, NOW
from tests.support.recipients import MemoryRecipient


def notified(ledger: MemoryLedger) -> list[tuple[int | None, str | None]]:
    return [(e.refers, e.recipient) for e in ledger.entries() if e.action is Action.NOTIFY]


def test_each_recipient_is_told_of_each_person_and_the_ledger_has_it() -> None:
    ledger = MemoryLedger()
    shop, letter = MemoryRecipient("the shop"), MemoryRecipient("the letter")
    notifier = Notifier(recipients=[shop, letter], writer=ledger, clock=lambda: NOW)

    told = notifier.tell(
        {ADA: ToTell(number=1, at=NOW), BEA: ToTell(number=2, at=NOW)}, action="erase"
    )

    assert shop.heard == letter.heard == [(ADA, "erase", NOW), (BEA, "erase", NOW)]
    assert notified(ledger) == [
        (1, "the shop"),
        (2, "the shop"),
        (1, "the letter"),
        (2, "the letter"),
    ]
    both = [
        Notification(recipient="the shop", confirmed=True),
        Notification(recipient="the letter", confirmed=True),
    ]
    assert told == {ADA: both, BEA: both}


def test_who_knows_already_is_not_told_again() -> None:
    ledger, shop = MemoryLedger(), MemoryRecipient("the shop")
    notifier = Notifier(recipients=[shop], writer=ledger, clock=lambda: NOW)
    knows = ToTell(number=1, at=NOW, told=frozenset({"the shop"}))

    told = notifier.tell({ADA: knows}, action="erase")

    assert shop.heard == []
    assert ledger.entries() == []
    assert told == {ADA: [Notification(recipient="the shop", confirmed=True)]}


def test_who_is_left_when_it_is_stopped_is_not_said_to_be_told() -> None:
    ledger, shop = MemoryLedger(), MemoryRecipient("the shop")
    notifier = Notifier(recipients=[shop], writer=ledger, clock=lambda: NOW)
    requests = {ADA: ToTell(number=1, at=NOW), BEA: ToTell(number=2, at=NOW)}

    told = notifier.tell(requests, action="erase", stopped=lambda: bool(shop.heard))

    assert shop.heard == [(ADA, "erase", NOW)]
    assert notified(ledger) == [(1, "the shop")]
    assert [each.confirmed for person in (ADA, BEA) for each in told[person]] == [True, False]


def test_a_recipient_that_goes_away_is_left_alone_and_the_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = MemoryLedger()
    shop, letter = MemoryRecipient("the shop", takes=1), MemoryRecipient("the letter")
    notifier = Notifier(recipients=[shop, letter], writer=ledger, clock=lambda: NOW)

    with caplog.at_level(logging.WARNING):
        told = notifier.tell(
            {ADA: ToTell(number=1, at=NOW), BEA: ToTell(number=2, at=NOW)}, action="erase"
        )

    assert [each.confirmed for each in told[ADA]] == [True, True]
    assert [each.confirmed for each in told[BEA]] == [False, True]
    assert notified(ledger) == [(1, "the shop"), (1, "the letter"), (2, "the letter")]
    (warning,) = caplog.messages
    assert warning == (
        "the shop: it does not answer. It may know nothing of it. Run the same command again: it"
        " tells those again who have not confirmed."
    )
