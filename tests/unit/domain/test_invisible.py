from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.invisible import (
    is_invisible,
    may_show_nothing,
    trimmed,
    without_invisible,
)
from tests.strategies import INVISIBLE, any_texts, clean_texts

EVERY_CHARACTER = [chr(point) for point in range(sys.maxunicode + 1)]
SIGNS_OF_NUMBERS = (
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
VIRAMA = "\u094d"
SELECTORS = ["\ufe00", "\ufe0f", "\U000e0100", "\U000e01ef", "\u180b", "\u180f"]


@pytest.mark.parametrize("character", [*INVISIBLE, *SELECTORS])
def test_what_shows_nothing_is_invisible(character: str) -> None:
    assert is_invisible(character)


def test_format_characters_are_invisible_but_for_the_signs_of_numbers() -> None:
    formats = {one for one in EVERY_CHARACTER if unicodedata.category(one) == "Cf"}

    assert {one for one in formats if not is_invisible(one)} == formats & set(SIGNS_OF_NUMBERS)


def test_nothing_else_is_invisible_but_fillers_blanks_and_selectors() -> None:
    others = [
        one for one in EVERY_CHARACTER if unicodedata.category(one) != "Cf" and is_invisible(one)
    ]

    shown = {ord(one) for one in others}
    assert shown < {
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x2800, 0x3164, 0xFFA0, 0x1D159),
        *(0x180B, 0x180C, 0x180D, 0x180F, *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9)),
        *range(0xE0000, 0xE1000),
    }
    assert len(shown) > 256


def test_a_quick_look_sees_all_that_python_calls_printable_and_shows_nothing() -> None:
    unseen = [
        one
        for one in EVERY_CHARACTER
        if one.isprintable() and is_invisible(one) and not may_show_nothing(f"a{one}b")
    ]

    assert unseen == []


@given(clean_texts)
def test_a_quick_look_passes_what_is_usual(text: str) -> None:
    usual = all(one < "\u2e80" for one in text) and not any(map(is_invisible, text))

    assert not (usual and may_show_nothing(text))


# Trimming ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", [*INVISIBLE, " "])
def test_what_shows_nothing_goes_from_both_ends(character: str) -> None:
    assert trimmed(f"{character}Mira Talvi{character}") == "Mira Talvi"
    assert trimmed(f" {character} Mira{character} {character}") == "Mira"
    assert trimmed(f"{character} {character}") == ""
    assert trimmed(character) == ""


@pytest.mark.parametrize("text", ["", "a", "Mira", "a b", "ab"])
def test_a_text_that_shows_stays(text: str) -> None:
    assert trimmed(text) == text


@pytest.mark.parametrize("selector", SELECTORS)
def test_a_variation_selector_stays_on_a_character_and_goes_from_nothing(selector: str) -> None:
    assert trimmed(f"葛{selector}") == f"葛{selector}"
    assert trimmed(f"葛{selector}\u200b ") == f"葛{selector}"
    assert trimmed(f"葛{selector}{selector}") == f"葛{selector}"
    assert trimmed(f"{selector}葛") == "葛"
    assert trimmed(f"葛 {selector}") == "葛"
    assert trimmed(f"葛\u200b{selector}") == "葛"
    assert trimmed(selector) == ""


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
def test_a_joiner_stays_inside_words_and_behind_a_virama(joiner: str) -> None:
    assert trimmed(f"گل{joiner}ها") == f"گل{joiner}ها"
    assert trimmed(f"क{VIRAMA}{joiner}ष") == f"क{VIRAMA}{joiner}ष"
    assert trimmed(f"രാജന\u0d4d{joiner}") == f"രാജന\u0d4d{joiner}"
    assert trimmed(f"रम{VIRAMA}{joiner}{joiner} ") == f"रम{VIRAMA}{joiner}"
    assert trimmed(f"{joiner}گل{joiner}") == "گل"
    assert trimmed(f"{joiner}{VIRAMA}") == VIRAMA


@given(any_texts)
def test_trimming_takes_ends_only_and_once(text: str) -> None:
    short = trimmed(text)

    assert short in text
    assert trimmed(short) == short


# Names of the domain name system -----------------------------------------------------------------


@pytest.mark.parametrize("character", [*INVISIBLE, *SELECTORS])
def test_what_shows_nothing_is_taken_out_of_a_label(character: str) -> None:
    assert without_invisible(f"{character}exam{character}ple{character}") == "example"
    assert without_invisible(character * 3) == ""


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ("ایران\u200cخودرو", "ایران\u200cخودرو"),
        ("ب\u200cا", "ب\u200cا"),
        ("ب\u200caا", "بaا"),
        ("ایران\u200b\u200c\u200bخودرو", "ایران\u200cخودرو"),
        ("ایران\u200c\u200cخودرو", "ایران\u200cخودرو"),
        ("ایران\u200dخودرو", "ایرانخودرو"),
        ("ایران\u200d\u200cخودرو", "ایران\u200cخودرو"),
        ("ایران\u200ca", "ایرانa"),
        ("a\u200cایران", "aایران"),
        ("ایران\u200c", "ایران"),
        ("\u200cایران", "ایران"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("ක්\u200cෂ", "ක්\u200cෂ"),
        ("ක්\u200d", "ක්\u200d"),
        ("ක\u200dෂ", "කෂ"),
        ("a\u200cb\u200dc", "abc"),
        ("\u200d\u200c", ""),
    ],
)
def test_joiners_stay_where_a_domain_may_have_them(label: str, kept: str) -> None:
    assert without_invisible(label) == kept


@given(any_texts | st.text(st.sampled_from("\u200c\u200d\u200bگa\u094dक"), max_size=8))
def test_taking_out_again_takes_nothing(label: str) -> None:
    shown = without_invisible(label)

    assert without_invisible(shown) == shown
    assert [one for one in shown if not is_invisible(one)] == [
        one for one in label if not is_invisible(one)
    ]
