"""What the commands say beside their results."""

from __future__ import annotations

import pytest

from profiles.domain.tally import Tally
from profiles.entrypoints.cli.output import report_rejections


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ({"json": 1, "minor": 2}, "1 record could not be read as a person (json 1). For 7 days"),
        (
            {"type": 1_000, "json": 2},
            "1,002 records could not be read as persons (json 2, type 1,000). For 7 days",
        ),
    ],
)
def test_rejections_are_told_by_reason_and_those_withheld_are_not(
    reasons: dict[str, int], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rejected = sum(count for reason, count in reasons.items() if reason != "minor")

    report_rejections(Tally(read=9, rejected=rejected, reasons=reasons))

    assert capsys.readouterr().err.startswith(said)


def test_without_rejections_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    report_rejections(Tally(read=2, withheld=2, reasons={"minor": 2}))

    assert capsys.readouterr().err == ""
