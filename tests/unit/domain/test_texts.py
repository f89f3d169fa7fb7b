from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain import texts
from profiles.domain.invisible import is_invisible
from profiles.domain.outcome import RejectionReason
from profiles.domain.texts import cleaned, cleaned_email
from tests.strategies import INVISIBLE, any_texts, blank_ended_texts, clean_texts


def test_the_longest_texts_are_those_of_the_design() -> None:
    assert (texts.MAXIMUM_LENGTH, texts.MAXIMUM_EMAIL_LENGTH) == (256, 320)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Anna", "Anna"),
        ("Rua da Paz ", "Rua da Paz"),
        ("\u00a0 Anna\u3000Maria\t\n", "Anna Maria"),
        ("Jose\u0301", "José"),
        ("\u212bse", "Åse"),  # the sign of the unit Ångström is the letter in normal form C
        ("O'Brien", "O'Brien"),
        ("0150", "0150"),
        ("گل\u200cها", "گل\u200cها"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("\u202eAnna", "Anna"),
        ("\ufeffMira", "Mira"),
        ("\u00adMira Talvi\u200b", "Mira Talvi"),
        (" \u200b Mira \u2060\u3164 ", "Mira"),
        ("An\u00adna", "An\u00adna"),
        ("葛\U000e0100", "葛\U000e0100"),
        ("\u200be\u0301\u200b", "é"),
        ("\u200b" * 300 + "x" * 256 + "\u2800" * 300, "x" * 256),
        ("\u200b", None),
        ("\u3164 \u2800", None),
        ("\ufe0f", None),
        ("x" * 256, "x" * 256),
        (" " * 300 + "x" * 256 + " " * 300, "x" * 256),
        ("e\u0301" * 256, "é" * 256),
        ("", None),
        (" \t\u2003", None),
    ],
)
def test_a_text_is_trimmed_folded_and_composed(text: str, clean: str | None) -> None:
    assert cleaned(text) == clean


@pytest.mark.parametrize("text", ["a\x00b", "a\x7fb", "\x80", "\ud800", "a\udfff", "e\x08\u0301"])
def test_a_text_with_control_characters_or_half_a_pair_is_refused(text: str) -> None:
    assert cleaned(text) is RejectionReason.TEXT


@pytest.mark.parametrize(
    "text",
    ["x" * 257, "\ud800" * 257, "\u0958" * 129],  # the last composes to twice as many
)
def test_a_text_that_is_too_long_is_refused_before_its_characters_are_looked_at(text: str) -> None:
    assert cleaned(text) is RejectionReason.LENGTH


def test_the_limit_is_an_argument() -> None:
    assert cleaned("xxx", limit=3) == "xxx"
    assert cleaned("xxxx", limit=3) is RejectionReason.LENGTH
    assert cleaned("x" * 320, limit=texts.MAXIMUM_EMAIL_LENGTH) == "x" * 320


@given(any_texts)
def test_a_cleaned_text_is_clean(text: str) -> None:
    clean = cleaned(text)

    if isinstance(clean, str):
        assert cleaned(clean) == clean
        assert clean
        assert clean == clean.strip()
        assert unicodedata.is_normalized("NFC", clean)
        assert "  " not in clean
        assert not is_invisible(clean[0])


@given(clean_texts)
def test_a_clean_text_stays_as_it_is(text: str) -> None:
    assert cleaned(text) == text


@given(blank_ended_texts)
def test_blanks_at_the_ends_go(text: str) -> None:
    assert cleaned(text) == unicodedata.normalize("NFC", text.strip())


# --- E-mail addresses ----------------------------------------------------------------------


@pytest.mark.parametrize("character", INVISIBLE)
def test_what_shows_nothing_is_taken_out_of_an_e_mail_address(character: str) -> None:
    for email in (
        f"an{character}na@example.com",
        f"anna{character}@{character}example.com",
        f"{character}anna@exam{character}ple.com{character}",
    ):
        assert cleaned_email(email) == "anna@example.com"


@pytest.mark.parametrize(
    ("email", "clean"),
    [
        ("anna@example.com", "anna@example.com"),
        (" Anna@Example.com ", "Anna@Example.com"),
        ("an\ufe0fna@example.com", "anna@example.com"),
        ("e\u200b\u0301va@example.com", "éva@example.com"),
        ("anna \u200b b@example.com", "anna b@example.com"),
        ("گل\u200cها@example.com", "گل\u200cها@example.com"),
        ("क\u094d\u200dष@example.com", "क\u094d\u200dष@example.com"),
        ("anna@ایران\u200cخودرو.ایران", "anna@ایران\u200cخودرو.ایران"),
        # A mark that was kept apart from the sign before it comes before it, and joins nothing.
        ("क\u0951\u034f\u094d\u200dष@example.com", "क\u094d\u0951ष@example.com"),
        ("\u200b", None),
        ("m" * 300 + "\u200b" + "n" * 19, "m" * 300 + "n" * 19),
        ("m" * 321, RejectionReason.LENGTH),
        ("anna\x00@example.com", RejectionReason.TEXT),
    ],
)
def test_an_e_mail_address_keeps_what_can_be_seen_and_joiners_in_their_place(
    email: str, clean: str | RejectionReason | None
) -> None:
    assert cleaned_email(email) == clean


@given(any_texts | st.text(st.sampled_from([*INVISIBLE, *"aक\u094d\u0951\u0301گ @."]), max_size=8))
def test_a_cleaned_e_mail_address_is_clean(text: str) -> None:
    clean = cleaned_email(text)

    if isinstance(clean, str):
        assert cleaned_email(clean) == cleaned(clean, limit=texts.MAXIMUM_EMAIL_LENGTH) == clean
