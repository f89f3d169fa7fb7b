from __future__ import annotations

import pytest

from profiles.application.log.records import Notice
from profiles.domain.outcome import Rejected, RejectionReason, WithheldReason

BROKEN = Rejected(RejectionReason.MISSING, "dob", "object")


@pytest.mark.parametrize(
    ("notice", "says"),
    [
        (Notice(), False),
        (Notice(withheld={WithheldReason.MINOR: 1}), True),
        (Notice(rejected=[BROKEN]), True),
        (Notice(more={RejectionReason.TYPE: 1}), True),
    ],
)
def test_a_notice_that_says_nothing_is_false(notice: Notice, *, says: bool) -> None:
    assert bool(notice) is says
