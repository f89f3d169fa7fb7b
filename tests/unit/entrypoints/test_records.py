from __future__ import annotations

from typing import Any

from profiles.application.policy.places import Facility, Kind, Processing
from profiles.application.policy.records import records_of
from profiles.domain.policy_settings import read_policy
from profiles.entrypoints.records import markdown_of

FILE = Facility(kind=Kind.FILE, name="a_b.sqlite")
PIPELINE = Processing(
    deciding=FILE, following=None, log=FILE, topic="t", ledger=FILE, ledger_topic="l", k=5
)


def written(**settings: Any) -> str:  # noqa: ANN401 - as an operator writes them
    return markdown_of(records_of(read_policy(settings), PIPELINE))


def test_the_letters_of_article_30_come_in_order() -> None:
    headings = [line for line in written().splitlines() if line.startswith("#")]

    assert headings[0] == "# Records of processing activities"
    assert [heading[-3:] for heading in headings[1:]] == [
        f"({letter})" for letter in ("a", "b", "c", "c", "d", "e", "f", "g")
    ]


def test_what_is_missing_and_that_minors_are_admitted_comes_first() -> None:
    beginning, _, _ = written(minimum_age=13).partition("## ")

    assert "- **Missing.** No controller is named" in beginning
    assert "- **Note.** The policy admits minors from 13 years on" in beginning


def test_what_the_operator_has_named_stands_there_as_text() -> None:
    found = written(
        controller="A | B <Ltd>", contact="me", recipients=["# printer"], transfers=["1. Iceland"]
    )

    assert "| Controller | A \\| B &lt;Ltd&gt; |" in found
    assert "| # printer |" in found
    assert "| 1. Iceland |" in found
    assert "**Missing.**" not in found
    assert "None is named" not in found


def test_nobody_is_named_where_the_policy_names_nobody() -> None:
    found = written()

    assert "| Contact | not named |" in found
    assert found.count("None is named in the policy.") == 2
    assert "| a\\_b.sqlite: users |" in found
