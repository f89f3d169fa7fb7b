"""Requests in a ledger in memory."""

from __future__ import annotations

from profiles.adapters.memory import MemoryKeyring, MemoryLedger
from profiles.application.rights.notifying import Notifier
from profiles.application.rights.requesting import RequestLedger
from tests.support.histories import NOW
from tests.support.recipients import MemoryRecipient


def requests_in(
    ledger: MemoryLedger, keyring: MemoryKeyring, *recipients: MemoryRecipient
) -> RequestLedger:
    return RequestLedger(
        ledger=ledger,
        writer=ledger,
        keyring=keyring,
        notifier=Notifier(recipients=recipients, writer=ledger, clock=lambda: NOW),
        clock=lambda: NOW,
    )
