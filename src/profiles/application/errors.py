"""Errors of the use cases and their ports; each says what happened, what stays, what to do."""

from __future__ import annotations

from typing import Final

from profiles.domain.errors import ProfilesError


class SourceError(ProfilesError):
    """A source can't continue. What it delivered before stays delivered."""

    def __init__(self, source: str, happened: str, remedy: str) -> None:
        super().__init__(source, happened, remedy)  # pickle rebuilds the error from these
        self.source, self.happened, self.remedy = source, happened, remedy

    def __str__(self) -> str:
        return f"{self.source}: {self.happened}. What came before is kept. {self.remedy}"


class _StoreFailureError(ProfilesError):
    """Something went wrong with a store."""

    def __init__(self, store: str, happened: str, remedy: str) -> None:
        super().__init__(store, happened, remedy)
        self.store, self.happened, self.remedy = store, happened, remedy

    def __str__(self) -> str:
        return f"{self.store}: {self.happened}. {self.remedy}"


class StoreError(_StoreFailureError):
    """A store did not do what was asked; the same may be asked again.

    A deciding store has written a whole chunk or nothing of it. A following store may have written
    a part: sent again, the chunk is completed, and nothing is stored twice.
    """


class StoreAwayError(StoreError):
    """A store did not answer; it may do so when asked again."""


class SnapshotTooOldError(StoreError):
    """A store no longer keeps what it held at the moment that is read."""


class StoreRefusedError(_StoreFailureError):
    """A store refused for good what was to be written; nothing was. Trying again mends nothing."""


class LogError(ProfilesError):
    """The log did not do what was asked; no message is there in part."""

    def __init__(self, log: str, happened: str, remedy: str) -> None:
        super().__init__(log, happened, remedy)
        self.log, self.happened, self.remedy = log, happened, remedy

    def __str__(self) -> str:
        return f"{self.log}: {self.happened}. {self.remedy}"


class LogAwayError(LogError):
    """The log did not answer in time; it may answer when asked again."""


class LogClaimedError(LogError):
    """Somebody else works with the log."""


class LedgerError(ProfilesError):
    """The erasure ledger can't be trusted, so nothing may be stored: fail closed.

    consequence: a sentence; whoever does something else than to store says what that means for it.
    """

    consequence = "Nothing was stored, because an erased person could come back."

    def __init__(self, ledger: str, happened: str, remedy: str) -> None:
        super().__init__(ledger, happened, remedy)
        self.ledger, self.happened, self.remedy = ledger, happened, remedy

    def __str__(self) -> str:
        return f"The erasure ledger {self.ledger} {self.happened}. {self.consequence} {self.remedy}"


class LedgerAwayError(LedgerError):
    """The erasure ledger does not answer at the moment; nothing is stored until it does."""


class RecipientError(ProfilesError):
    """A recipient of profiles did not confirm what it was told."""

    def __init__(self, recipient: str, happened: str) -> None:
        super().__init__(recipient, happened)
        self.recipient, self.happened = recipient, happened

    def __str__(self) -> str:
        return (
            f"{self.recipient}: {self.happened}. It may know nothing of it. Run the same command"
            " again: it tells those again who have not confirmed."
        )


class GapError(ProfilesError):
    """The log no longer holds records that the store has not seen."""

    def __init__(self, position: int, first: int) -> None:
        super().__init__(position, first)
        self.position, self.first = position, first

    def __str__(self) -> str:
        return (
            f"The store has decided the log up to offset {self.position}, but the log now begins"
            f" at {self.first}: the records in between are lost. Nothing was changed. Restore the"
            " log, or start with an empty store and let the sources deliver again."
        )


class PolicyChangedError(ProfilesError):
    """The store is written under another privacy policy, which decides otherwise."""

    def __str__(self) -> str:
        return (
            "The store is written under another privacy policy than this command has. Nothing more"
            " was stored. `profiles doctor` says where they differ; start again with the policy"
            " that is in force."
        )


AWAY: Final = (StoreAwayError, LogAwayError, LedgerAwayError)
"""Failures of what does not answer: waiting for it may help, and nothing else is wrong."""

MAY_PASS: Final = (StoreError, LogError, LedgerAwayError)
"""Failures that may pass: what failed is tried again, and nothing goes on without it."""
