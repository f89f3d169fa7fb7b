from __future__ import annotations

from profiles.adapters.kafka.patience import Patience


def words(patience: Patience, *, seconds: int) -> list[int]:
    """Wait second by second; return after how many a word was due."""
    said = []
    for second in range(1, seconds + 1):
        patience.wait(1)
        if patience.is_over:
            patience.extend()
            said.append(second)
    return said


def test_a_word_is_due_after_some_time_and_then_ever_more_seldom() -> None:
    assert words(Patience(first_s=10), seconds=200) == [10, 30, 70, 150]


def test_a_word_is_due_at_least_every_five_minutes() -> None:
    assert words(Patience(first_s=200), seconds=1_200) == [200, 500, 800, 1_100]


def test_the_time_waited_is_reported() -> None:
    patience = Patience()
    patience.wait(2.5)
    patience.wait(1.0)

    assert patience.waited_s == 3.5
    assert not patience.is_over
