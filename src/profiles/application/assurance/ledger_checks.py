"""Judging the erasure ledger and its keys, for `profiles doctor`."""

from __future__ import annotations

from typing import Final

from profiles.application.assurance.checks import Check
from profiles.application.ports.ledger import AppliedLedger, Keyring
from profiles.domain.ledger_view import LedgerView

_KEYS: Final = "ledger keys"
_LOST: Final = "Put the file there from a copy; nobody can make the same keys again."
_LOST_ALREADY: Final = (
    "Where there were entries, put the file there from a copy; nobody can make the same keys again."
)


def ledger_check(view: LedgerView, applied: AppliedLedger | None) -> Check:
    """Tell of a ledger that could be read, so that each entry of it was checked.

    applied: how far the store has applied it; None where the store does not answer.
    """
    found = f"{view.position:,} entries"
    if applied is not None:
        found += f", of which the store has applied {applied.head.number:,}"
        if applied.carried_out < applied.head.number:
            found += f", and looked through what it holds up to {applied.carried_out:,}"
    return Check(what="erasure ledger", ok=True, found=found)


def keys_check(keyring: Keyring | None, view: LedgerView | None) -> Check:
    """Judge whether the next entry can be made, and be read by everybody.

    keyring: None where no file is named. view: None where the ledger can't be read: that is told
        elsewhere, a key that is missing for an entry included.

    Raises:
        UsageError: the keys can't be read, or others may read them.
    """
    if keyring is None:
        return Check(
            what=_KEYS,
            ok=False,
            found="no file is named",
            remedy="Name it with --ledger-keys, the same keys for every command: without one nobody"
            " can be erased, and a job that has none stops at the first entry.",
        )
    keys = keyring.read()
    if not keys:
        if view is not None and not view.position:
            found = f"none yet in {keyring.name}: the first entry makes one"
            return Check(what=_KEYS, ok=True, found=found)
        return Check(
            what=_KEYS,
            ok=False,
            found=f"none in {keyring.name}",
            remedy=_LOST
            if view is not None
            else f"The ledger's first entry makes one. {_LOST_ALREADY}",
        )
    last = keys[-1].id
    if view is None:
        found = f"{len(keys)} in {keyring.name}, the last is {last}"
        return Check(what=_KEYS, ok=True, found=found)
    if view.key not in (None, last) and view.uses(last):
        return Check(
            what=_KEYS,
            ok=False,
            found=f"the last one in {keyring.name} is {last}, and {view.key} was taken into use"
            " after it, so no entry can be made",
            remedy="Put them in the order in which they were made, the newest last.",
        )
    found = f"{len(keys)} in {keyring.name}; entries are made under {last}"
    return Check(what=_KEYS, ok=True, found=found)
