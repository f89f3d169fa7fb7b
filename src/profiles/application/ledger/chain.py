"""A ledger's entries as a chain: read on from the last one, and added to.

What keeps the entries hands over their bytes in order; whether each follows the one before is
decided here, for all of them alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from profiles.application.errors import LedgerError
from profiles.application.ports.ledger import Keyring
from profiles.domain.ledger_entry import (
    START,
    Draft,
    Entry,
    LedgerHead,
    UnknownKey,
    Unreadable,
    names_nobody,
    read_entry,
    seal,
)
from profiles.domain.ledger_view import LedgerView
from profiles.domain.pseudonym import PseudonymKey

_AT_ONCE: Final = 10_000
"""Entries that are added to a view together."""


class Chain:
    """What has been read of a ledger; the keys are read again where one is not known."""

    def __init__(self, ledger: str, keyring: Keyring) -> None:
        """Begin before the first entry.

        ledger: its name, for errors.
        """
        self._ledger = ledger
        self._keyring = keyring
        self._keys: Mapping[str, PseudonymKey] = {}
        self.view = LedgerView()

    def read(self, values: Iterable[bytes | None]) -> LedgerView:
        """Read the entries that follow, and return what the ledger says then.

        Raises:
            LedgerError: one is no entry of ours, or not the one that follows, or its key is not
                there. What was read before it stays read.
        """
        rest = iter(values)
        while some := list(islice(rest, _AT_ONCE)):
            self.view = self.view.after(self.entries(some, after=self.view.head), self._keys)
        return self.view

    def entries(
        self, values: Iterable[bytes | None], *, after: LedgerHead = START
    ) -> Sequence[Entry]:
        """Read and check entries, and leave the view as it is.

        after: the entry before them.

        Raises:
            LedgerError: as `read` does.
        """
        entries: list[Entry] = []
        for value in values:
            entries.append(self._entry(value, after))
            after = entries[-1].head
        return entries

    def _entry(self, value: bytes | None, after: LedgerHead) -> Entry:
        found = read_entry(value, after=after, keys=self._keys)
        if isinstance(found, UnknownKey):
            self._read_keys()
            found = read_entry(value, after=after, keys=self._keys)
        if isinstance(found, UnknownKey):
            raise self._error(
                f"has an entry {after.number + 1} under the key {found.id}, which is not in"
                f" {self._keyring.name}",
                "Put the keys there from where the ledger is written, or from a copy.",
            )
        if isinstance(found, Unreadable):
            happened = f"has an entry {after.number + 1} that can't be trusted: {found.value}"
            if not after.number and not names_nobody(value):
                happened = "was written by an earlier release, whose entries named persons"
                raise self._error(happened, "`profiles process` or `run` brings it forward.")
            raise self._error(happened, "Find out who wrote it, and restore the ledger.")
        return found

    def check(self, at_least: LedgerHead) -> LedgerView:
        """Return what was read, if a store that has applied a part of it has applied this.

        Raises:
            LedgerError: it ends before, or is another ledger.
        """
        number = at_least.number
        if number > self.view.position:
            happened = f"ends at entry {self.view.position}, before {number}"
            raise self._error(happened, "Use the ledger that the store was used with.")
        if not self.view.continues(at_least):
            happened = f"is another one than the store has applied: its entry {number} is different"
            raise self._error(happened, "Use the ledger that the store was used with.")
        return self.view

    def seal(self, drafts: Iterable[Draft], *, at: datetime) -> Sequence[bytes]:
        """Write the entries that follow what was read, as they are kept; they are not read yet.

        Raises:
            LedgerError: there is no key, or the ledger is written under a newer one.
        """
        self._read_keys()
        if not self._keys and not self.view.position:
            self._keyring.make()
            self._read_keys()
        key = self._key()
        values: list[bytes] = []
        after = self.view.head
        for draft in drafts:
            values.append(seal(draft, after=after, at=at, key=key))
            after = self.entries(values[-1:], after=after)[0].head
        return values

    def _key(self) -> PseudonymKey:
        """Return the key to write with."""
        if not self._keys:
            happened = f"has no key to be written with in {self._keyring.name}"
            raise self._error(happened, "Name the file of its keys with --ledger-keys.")
        key = list(self._keys.values())[-1]
        written = self.view.key
        if written not in (None, key.id) and self.view.uses(key.id):
            raise self._error(
                f"is written under the key {written}, and the last one in {self._keyring.name} is"
                f" {key.id}, which is older",
                "Put the keys in the order in which they were made.",
            )
        return key

    def _read_keys(self) -> None:
        self._keys = {key.id: key for key in self._keyring.read()}

    def _error(self, happened: str, remedy: str) -> LedgerError:
        return LedgerError(self._ledger, happened, remedy)
