"""How far a group is, asked of a coordinator that answers with an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).parents[4]
ALWAYS = 1_000
"""Errors in a row: more than are asked for in the time that an answer may take."""

LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 14, 15, 16
REBALANCING, UNKNOWN_TOPIC, TIMED_OUT, NOT_ALLOWED = 27, 3, 7, 30


def told(code: int, *, times: int, within_s: float) -> str:
    """Ask in a process of its own, for the driver may die of the answer."""
    asked = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.committed_offset",
            str(times),
            str(code),
            str(within_s),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (asked.returncode, asked.stderr) == (0, "")
    return asked.stdout.strip()


@pytest.mark.parametrize("code", [LOADING, NOT_AVAILABLE, NOT_COORDINATOR])
def test_a_coordinator_that_is_not_there_yet_is_asked_again(code: int) -> None:
    assert told(code, times=3, within_s=PATIENCE_S / 2) == "[None, None]"


@pytest.mark.parametrize(
    "code", [LOADING, NOT_AVAILABLE, NOT_COORDINATOR, REBALANCING, UNKNOWN_TOPIC, TIMED_OUT]
)
def test_a_coordinator_that_answers_with_an_error_counts_as_away(code: int) -> None:
    assert told(code, times=ALWAYS, within_s=0.5).startswith("LogAwayError Kafka at 127.0.0.1:")


def test_a_group_that_this_user_may_not_use_ends_it() -> None:
    answer = told(NOT_ALLOWED, times=ALWAYS, within_s=PATIENCE_S / 2)

    assert answer.startswith("LogError Kafka at 127.0.0.1:")
    assert "Let this user use the consumer group." in answer
