"""An erasure ledger in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from profiles.application.errors import LedgerError
from profiles.application.ports.ledger import Action, LedgerView
from profiles.application.rights.ledger import view_after
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

    def enter(self, action: Action, person: PersonId, *, entered_at: datetime) -> int:  # noqa: ARG002 - nobody asks when
        """Enter what is said of a person; return the number of the entry."""
        self.current = view_after(self.current, [(action, person)])
        return self.current.position

    def suppress(self, person: PersonId) -> None:
        """Note that a person was erased for good."""
        self.current = view_after(self.current, [(Action.SUPPRESS, person)])

    def restrict(self, person: PersonId) -> None:
        """Note that the processing of a person's data is frozen."""
        self.current = view_after(self.current, [(Action.RESTRICT, person)])

    def unrestrict(self, person: PersonId) -> None:
        """Note that it is frozen no longer."""
        self.current = view_after(self.current, [(Action.UNRESTRICT, person)])
