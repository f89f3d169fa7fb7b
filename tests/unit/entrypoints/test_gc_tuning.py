from __future__ import annotations

import gc

import pytest

from profiles.entrypoints.gc_tuning import SELDOM, infrequent_collection


def test_inside_the_collector_runs_seldom_and_leaves_alone_what_lived_before() -> None:
    with infrequent_collection():
        assert gc.get_threshold() == SELDOM
        assert gc.get_freeze_count() > 0


class Circle:
    """Refers to itself, and tells when it goes."""

    gone = 0

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        Circle.gone += 1


def test_what_refers_to_itself_is_still_collected() -> None:
    with infrequent_collection():
        for _ in range(2 * SELDOM[0]):
            Circle()

        assert Circle.gone > 0


def test_afterwards_the_collector_is_as_before_also_where_it_fails() -> None:
    thresholds = gc.get_threshold()

    with pytest.raises(ZeroDivisionError), infrequent_collection():
        _ = 1 / 0

    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0
