"""The tally: every record read has exactly one outcome, counted in persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from profiles.domain.errors import ProfilesError
from profiles.domain.outcome import Outcome


class UnbalancedTallyError(ProfilesError):
    """Records were lost between reading and outcome: a defect, so the batch must not be kept."""

    def __init__(self, read: int, outcomes: int) -> None:
        super().__init__(read, outcomes)
        self.read, self.outcomes = read, outcomes

    def __str__(self) -> str:
        """Say what does not add up, and what to do."""
        return (
            f"{self.read} records were read but {self.outcomes} have an outcome. Nothing of this"
            " batch was kept. This is a defect of profiles; please report it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many persons were read and what became of them.

    `read` is counted where records are decoded, apart from the outcomes, or `check` could not
    fail. An unreadable message counts as one rejected person. Tallies add up.

    reasons: how many were withheld or rejected for each reason.
    """

    read: int = 0
    stored: int = 0
    withheld: int = 0
    rejected: int = 0
    suppressed: int = 0
    restricted: int = 0
    superseded: int = 0
    erased: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        """Count both."""
        reasons = dict(self.reasons)
        for reason, count in other.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Tally(
            read=self.read + other.read,
            stored=self.stored + other.stored,
            withheld=self.withheld + other.withheld,
            rejected=self.rejected + other.rejected,
            suppressed=self.suppressed + other.suppressed,
            restricted=self.restricted + other.restricted,
            superseded=self.superseded + other.superseded,
            erased=self.erased + other.erased,
            reasons=reasons,
        )

    def count(self, outcome: Outcome) -> int:
        """Return how many persons had an outcome."""
        return {
            Outcome.STORED: self.stored,
            Outcome.WITHHELD: self.withheld,
            Outcome.REJECTED: self.rejected,
            Outcome.SUPPRESSED: self.suppressed,
            Outcome.RESTRICTED: self.restricted,
            Outcome.SUPERSEDED: self.superseded,
            Outcome.ERASED: self.erased,
        }[outcome]

    def check(self) -> None:
        """Make sure that nothing was lost.

        Raises:
            UnbalancedTallyError: the outcomes do not add up to `read`, or the reasons to the
                withheld and rejected.
        """
        outcomes = sum(map(self.count, Outcome))
        if outcomes != self.read:
            raise UnbalancedTallyError(self.read, outcomes)
        explained = sum(self.reasons.values())
        if explained != self.withheld + self.rejected:
            raise UnbalancedTallyError(self.withheld + self.rejected, explained)
