"""A ledger that was used and is not there any more."""

from __future__ import annotations

from typing import Final

RESTORE_OR_NAME: Final = (
    "Restore it, or name it with --ledger or --ledger-topic. Only if nobody was ever entered into"
    " it, start `profiles run`, `process` or `spark` once with --accept-new-ledger."
)


def missing_ledger(applied: int) -> str:
    """Say what happened.

    applied: how many of its entries the store has applied; of none, it is known to be used all the
        same.
    """
    if applied:
        return f"is missing, though the store has applied it up to entry {applied}"
    return "is missing, though the store was used with one"
