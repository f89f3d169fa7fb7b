from __future__ import annotations

from profiles.adapters.sqlite.strangers import (
    CHUNKS_OF_NEW_PERSONS,
    MOST_CHUNKS_OF_NEW_PERSONS,
    Strangers,
)


def chunks_until_a_guess(strangers: Strangers) -> int:
    chunks = 0
    while not strangers.likely:
        strangers.learn(found_held=False)
        chunks += 1
    return chunks


def test_the_next_persons_are_taken_for_new_after_some_chunks_of_new_ones() -> None:
    assert chunks_until_a_guess(Strangers()) == CHUNKS_OF_NEW_PERSONS


def test_one_who_was_held_ends_that() -> None:
    strangers = Strangers()
    chunks_until_a_guess(strangers)

    strangers.learn(found_held=True)

    assert chunks_until_a_guess(strangers) == CHUNKS_OF_NEW_PERSONS


def test_each_guess_in_vain_makes_the_next_one_come_later_up_to_a_limit() -> None:
    strangers = Strangers()
    waited = []
    for _ in range(8):
        waited.append(chunks_until_a_guess(strangers))
        strangers.mistaken()

    assert waited[:3] == [2, 4, 8]
    assert waited[-2:] == [MOST_CHUNKS_OF_NEW_PERSONS] * 2
