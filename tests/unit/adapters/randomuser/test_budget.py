from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.randomuser.budget import UserBudget


@given(
    requests=st.lists(
        st.tuples(st.floats(0, 400, allow_subnormal=False), st.integers(1, 100)), max_size=60
    )
)
def test_no_window_ever_holds_more_than_the_budget(requests: list[tuple[float, int]]) -> None:
    budget = UserBudget(users=100, window_s=300)
    now = 0.0
    asked: list[tuple[float, int]] = []
    for pause_s, users in requests:
        now += pause_s
        now += budget.wait_s(users, now=now)
        assert budget.wait_s(users, now=now) == 0  # waiting once is enough
        budget.spend(users, now=now)
        asked.append((now, users))

    for began, _ in asked:
        assert sum(users for at, users in asked if began <= at <= began + 300) <= 100


def test_a_budget_is_waited_for_no_longer_than_needed() -> None:
    budget = UserBudget(users=100, window_s=300)
    budget.spend(60, now=0)
    budget.spend(40, now=10)

    assert budget.wait_s(60, now=20) == pytest.approx(280, abs=0.01)
    assert budget.wait_s(61, now=20) == pytest.approx(290, abs=0.01)
    assert budget.wait_s(100, now=310.1) == 0


def test_more_users_than_asked_for_are_counted_too() -> None:
    budget = UserBudget(users=100, window_s=300)
    budget.spend(5_000, now=0)

    assert budget.wait_s(1, now=100) == pytest.approx(200, abs=0.01)
    assert budget.wait_s(1, now=301) == 0
