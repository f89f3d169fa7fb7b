"""What became of the rejected records that were taken up again."""

from __future__ import annotations

from dataclasses import dataclass, fields

from profiles.domain.errors import ProfilesError


class UnbalancedRetryError(ProfilesError):
    """Persons got lost between reading them again and what became of them: a defect."""

    def __init__(self, read: int, outcomes: int) -> None:
        super().__init__(read, outcomes)
        self.read, self.outcomes = read, outcomes

    def __str__(self) -> str:
        return (
            f"{self.read} rejected persons were read again but {self.outcomes} have an outcome."
            " What was appended to the log stays. This is a defect of profiles; please report it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """How many rejected persons were taken up, and what became of them.

    `read` is counted where they are taken up and the others where they happen, or `check` could
    not fail. A message that can still not be read counts as many persons as were rejected of it.

    appended: to the log, anew. withheld: minors, and what is past its retention.
    unreadable: stay in the quarantine, with what is wrong with them now.
    not_in_log: have left the log, or were kept out of it; they stay in the quarantine.
    superseded: a newer record of the person has come.
    suppressed: were erased for good. restricted: their processing is frozen.
    erased: the record is a deletion that can be read now.
    deleted: of the withheld and erased, those of whom an older record is held: a deletion was
        appended.
    """

    read: int = 0
    appended: int = 0
    withheld: int = 0
    unreadable: int = 0
    not_in_log: int = 0
    superseded: int = 0
    suppressed: int = 0
    restricted: int = 0
    erased: int = 0
    deleted: int = 0

    def __add__(self, other: Retried) -> Retried:
        """Return the counts of both."""
        return Retried(
            **{
                each.name: getattr(self, each.name) + getattr(other, each.name)
                for each in fields(self)
            }
        )

    def check(self) -> None:
        """Make sure that nobody was lost.

        Raises:
            UnbalancedRetryError: the outcomes do not add up to `read`.
        """
        all_counts = sum(getattr(self, each.name) for each in fields(self))
        outcomes = all_counts - self.read - self.deleted
        if outcomes != self.read:
            raise UnbalancedRetryError(self.read, outcomes)
