from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.written import Written


@given(texts=st.lists(st.sampled_from("ABCDE")), limit=st.integers(1, 6))
def test_a_value_is_written_as_by_the_rule_and_few_are_kept(texts: list[str], limit: int) -> None:
    written = Written(str.encode, limit=limit)

    for text in texts:
        assert written[text] == text.encode()
        assert len(written) <= limit


def test_what_was_written_is_not_worked_out_again() -> None:
    asked: list[str] = []

    def write(text: str) -> bytes:
        asked.append(text)
        return text.encode()

    written = Written(write, limit=2)

    assert [written[text] for text in "ABAB"] == [b"A", b"B", b"A", b"B"]
    assert asked == ["A", "B"]
    assert written["C"] == b"C"  # with one more it begins anew
    assert written["A"] == b"A"
    assert asked == ["A", "B", "C", "A"]


def test_it_shows_nobody() -> None:
    written = Written(str.encode, limit=9)

    assert written["Byron"] == b"Byron"
    assert repr(written) == "Written(1 values)"
