"""Retention: what has expired goes now and then, and a store that is away is swept later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from profiles.application.errors import StoreError
from profiles.application.ingest.retention import SWEEP_EVERY, RetentionSweeper
from tests.support.failing_stores import FailingStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_store_is_swept_at_once_and_then_now_and_then() -> None:
    store = FailingStore()
    now = NOW
    sweeping = RetentionSweeper(store=store, clock=lambda: now)

    sweeping()
    now = NOW + SWEEP_EVERY - timedelta(seconds=1)
    sweeping()
    assert store.sweeps == 1

    now = NOW + SWEEP_EVERY
    sweeping()
    assert store.sweeps == 2


def test_a_clock_that_was_ahead_does_not_put_off_the_next_sweep() -> None:
    store = FailingStore()
    now = NOW + timedelta(days=3_653)
    sweeping = RetentionSweeper(store=store, clock=lambda: now)
    sweeping()

    now = NOW
    sweeping()
    assert store.sweeps == 2

    now = NOW + SWEEP_EVERY - timedelta(seconds=1)
    sweeping()
    assert store.sweeps == 2


def test_a_store_that_is_away_is_swept_later(caplog: pytest.LogCaptureFixture) -> None:
    store = FailingStore()
    store.sweep_failures = iter([StoreError("The store", "it does not answer", "Start it.")])

    RetentionSweeper(store=store, clock=lambda: NOW)()

    assert "What is past its retention is deleted later." in caplog.text
