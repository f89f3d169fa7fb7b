"""What the entries of an erasure ledger add up to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from profiles.application.ports.ledger import Action, LedgerView
from profiles.domain.person import PersonId


def view_after(view: LedgerView, entries: Iterable[tuple[Action, PersonId]]) -> LedgerView:
    """Return what a ledger says with the entries that follow those of a view, in their order."""
    position = view.position
    suppressed, restricted = set(view.suppressed), set(view.restricted)
    for action, person in entries:
        position += 1
        match action:
            case Action.SUPPRESS:
                suppressed.add(person)
            case Action.RESTRICT:
                restricted.add(person)
            case Action.UNRESTRICT:
                restricted.discard(person)
            case _:
                assert_never(action)
    return LedgerView(
        position=position,
        suppressed=frozenset(suppressed),
        restricted=frozenset(restricted),
    )
