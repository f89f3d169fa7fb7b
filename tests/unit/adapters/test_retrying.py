from __future__ import annotations

from threading import Event

import pytest

from profiles.adapters.retrying import PatientRetry
from profiles.application.errors import LedgerAwayError, LedgerError, LogError, StoreError
from profiles.domain.errors import ProfilesError

AWAY = StoreError("The store", "it does not answer", "Start it.")
retry = PatientRetry(first_s=0.001, longest_s=0.002)


def never() -> bool:
    return False


class Attempts:
    """Fails as it is told, and then succeeds."""

    def __init__(self, *failures: ProfilesError) -> None:
        self._failures = list(failures)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self._failures:
            raise self._failures.pop(0)
        return "done"


def test_what_a_store_a_log_or_a_ledger_could_not_do_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    attempts = Attempts(
        AWAY,
        LogError("The log", "it is away", "Start it."),
        LedgerAwayError("user_ledger", "does not answer", "Start it."),
    )

    assert retry(attempts, given_up=never) == "done"

    assert attempts.made == 4
    assert [record.getMessage().partition(" The batch")[0] for record in caplog.records] == [
        "The store: it does not answer. Start it.",
        "The log: it is away. Start it.",
        str(LedgerAwayError("user_ledger", "does not answer", "Start it.")),
    ]


def test_any_other_failure_is_raised_at_once() -> None:
    attempts = Attempts(LedgerError("ledger", "is missing", "Restore it."))

    with pytest.raises(LedgerError):
        retry(attempts, given_up=never)

    assert attempts.made == 1


def test_the_last_failure_is_raised_once_it_is_given_up() -> None:
    attempts = Attempts(AWAY, AWAY, AWAY)

    with pytest.raises(StoreError):
        retry(attempts, given_up=lambda: attempts.made == 2)

    assert attempts.made == 2


def test_giving_up_ends_a_pause() -> None:
    stop = Event()
    looks = 0

    def given_up() -> bool:
        nonlocal looks
        looks += 1
        if looks == 3:
            stop.set()
        return stop.is_set()

    with pytest.raises(StoreError):
        PatientRetry(first_s=600, longest_s=600)(Attempts(AWAY, AWAY), given_up=given_up)
