"""An erasure ledger in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from profiles.application.errors import LedgerError
from profiles.application.ports.ledger import LedgerView
from profiles.application.rights.ledger import Action, view_after
from profiles.domain.person import PersonId


@dataclass(slots=True)
class MemoryLedger:
    """An erasure ledger in memory; each method but `view` writes its next entry."""

    current: LedgerView = field(default_factory=LedgerView)

    def view(self, *, at_least: int) -> LedgerView:
        """Return what the ledger says now."""
        if self.current.position < at_least:
            happened = f"ends at entry {self.current.position}, before {at_least}"
            raise LedgerError("in memory", happened, "Use the ledger that the store was used with.")
        return self.current

    def suppress(self, person: PersonId) -> None:
        """Note that a person was erased for good."""
        self.current = view_after(self.current, [(Action.SUPPRESS, person)])

    def restrict(self, person: PersonId) -> None:
        """Note that the processing of a person's data is frozen."""
        self.current = view_after(self.current, [(Action.RESTRICT, person)])

    def unrestrict(self, person: PersonId) -> None:
        """Note that it is frozen no longer."""
        self.current = view_after(self.current, [(Action.UNRESTRICT, person)])
