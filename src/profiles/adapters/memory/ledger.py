"""An erasure ledger in memory."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import RLock

from profiles.application.ledger.chain import Chain
from profiles.application.ports.ledger import Keyring
from profiles.domain.ledger_entry import START, Action, Draft, Entry, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import MINIMUM_KEY_LENGTH, PseudonymKey

_UNTOLD = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryKeyring:
    """Keys in memory; where none is given, one that nobody else has."""

    def __init__(self, *keys: PseudonymKey) -> None:
        """Keep keys, oldest first."""
        own = PseudonymKey(id="own", secret=secrets.token_bytes(MINIMUM_KEY_LENGTH))
        self.keys = list(keys or [own])
        self.name = "memory"

    def read(self) -> Sequence[PseudonymKey]:
        """Return them."""
        return tuple(self.keys)

    def make(self) -> None:
        """Make none: there is one, unless a test has taken it out."""


class MemoryLedger:
    """An erasure ledger in memory; threads take turns.

    `suppress` and the like enter persons, for short tests.

    values: the entries, as they are kept.
    """

    def __init__(self, keyring: Keyring | None = None) -> None:
        """Begin empty."""
        self.values: list[bytes] = []
        self._keyring = keyring or MemoryKeyring()
        self.name = "in memory"
        self.identity = secrets.token_hex(16)
        self._chain = Chain(self.name, self._keyring)
        self._turn = RLock()

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        """Return what the ledger says now; see the port."""
        with self._turn:
            self._read_on()
            return self._chain.check(at_least)

    def _read_on(self) -> LedgerView:
        return self._chain.read(self.values[self._chain.view.position :])

    def entries(self) -> Sequence[Entry]:
        """Return all entries, each checked."""
        with self._turn:
            return self._chain.entries(self.values)

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        """Enter all of these; see the port."""
        with self._turn:
            after = self._read_on().head
            values = self._chain.seal(drafts, at=at)
            self.values += values
            return self._chain.entries(values, after=after)

    def lose(self) -> None:
        """Lose all entries, as a ledger does that is put back from an earlier copy."""
        with self._turn:
            self.values.clear()
            self._chain = Chain(self.name, self._keyring)

    def suppress(self, *persons: PersonId) -> None:
        """Note that persons were erased."""
        self._enter(Action.SUPPRESS, *persons)

    def readmit(self, *persons: PersonId) -> None:
        """Note that persons have signed up anew."""
        self._enter(Action.READMIT, *persons)

    def restrict(self, *persons: PersonId) -> None:
        """Note that the processing of persons' data is restricted."""
        self._enter(Action.RESTRICT, *persons)

    def unrestrict(self, *persons: PersonId) -> None:
        """Note that it is restricted no longer."""
        self._enter(Action.UNRESTRICT, *persons)

    def _enter(self, action: Action, *persons: PersonId) -> None:
        self.enter([Draft(action=action, person=person) for person in persons], at=_UNTOLD)
