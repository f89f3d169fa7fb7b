"""`profiles quarantine`: what was rejected, told without a value and taken up again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_command_line import STORE, Done, Profiles, profiles

__all__ = ["profiles"]

ADULT = {
    "login": {"uuid": "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"},
    "dob": {"date": "1990-02-28"},
    "name": {"first": "PLANTED"},
}


def document(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 1
    assert "PLANTED" not in done.out + done.err
    return dict(json.loads(done.out))


@pytest.fixture
def rejected(profiles: Profiles, tmp_path: Path) -> None:
    """Reject two lines of a file, the second one a response with a broken person in it."""
    broken = {**ADULT, "dob": {"date": "PLANTED"}}
    lines = ["PLANTED", json.dumps(ADULT), json.dumps({"results": [ADULT, broken]})]
    (tmp_path / "people.jsonl").write_text("\n".join(lines) + "\n")
    assert profiles("run", "--once", "--source", "people.jsonl", *STORE).code == 0


@pytest.mark.usefixtures("rejected")
def test_it_lists_what_was_rejected_and_where_it_was_in_its_source(profiles: Profiles) -> None:
    done = profiles("quarantine", *STORE)

    found = document(done)
    assert (found["rejected"], found["only_counted"]) == (2, 0)
    assert found["reasons"] == {"date": 1, "json": 1}
    assert {
        (each["reason"], each["path"], each["index"], each["place"]) for each in found["listed"]
    } == {
        ("json", "", None, "line 1"),
        ("date", "results[1].dob.date", 1, "line 3"),
    }
    assert "results[1].dob.date" in done.err


@pytest.mark.usefixtures("rejected")
def test_it_lists_as_many_as_wanted_or_those_of_a_reason(profiles: Profiles) -> None:
    one = document(profiles("quarantine", *STORE, "--limit", "1"))
    of_json = document(profiles("quarantine", *STORE, "--reason", "json"))

    assert (one["rejected"], len(one["listed"])) == (2, 1)
    assert [each["reason"] for each in of_json["listed"]] == ["json"]


def test_wrong_input_is_one_sentence(profiles: Profiles) -> None:
    missing = profiles("quarantine", "--store", "sqlite:///none.db")
    unknown = profiles("quarantine", *STORE, "--reason", "PLANTED")
    none = profiles("quarantine", *STORE, "--limit", "0")

    assert [missing.code, unknown.code, none.code] == [2, 2, 2]
    assert "There is no profile store at none.db" in missing.err
    assert "'envelope'" in unknown.err
    assert missing.out + unknown.out + none.out == ""
