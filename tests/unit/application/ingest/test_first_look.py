from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest

from profiles.application.ingest.admission import admit_batch
from profiles.application.ingest.first_look import FirstLook
from profiles.application.log import messages
from profiles.application.log.deciding import Rules
from profiles.domain.policy import DEFAULT_POLICY

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = Rules(policy=DEFAULT_POLICY, decode=messages.decode)
ID = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"
ADULT = {"login": {"uuid": ID}, "dob": {"date": "1990-02-28"}}
CHILD = {"login": {"uuid": ID}, "dob": {"date": "2015-02-28"}}
NO_ID = {"login": {"username": "PLANTED"}, "dob": {"date": "1990-02-28"}}


def look(look: FirstLook, *documents: object) -> None:
    values = [json.dumps(document).encode() for document in documents]
    look.take(values, admit_batch(values, RULES, now=NOON))


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="profiles")
    return caplog


def test_a_source_of_something_else_is_told_of_in_one_line(told: pytest.LogCaptureFixture) -> None:
    look(FirstLook(), {"results": [NO_ID, NO_ID]}, NO_ID, 5, ADULT, CHILD)

    (line,) = told.messages
    assert line == (
        "4 of the first 6 records can't be read as persons; the most common reason is missing (3):"
        " expected was UUID of 36 characters at login.uuid. The others are read."
    )


def test_a_record_that_is_no_object_has_no_path(told: pytest.LogCaptureFixture) -> None:
    look(FirstLook(), {"results": [5, 6]})

    (line,) = told.messages
    assert line == (
        "2 of the first 2 records can't be read as persons; the most common reason is type (2):"
        " expected was object. The others are read."
    )


def test_all_that_were_rejected_are_counted_also_those_without_a_place(
    told: pytest.LogCaptureFixture,
) -> None:
    look(FirstLook(), {"results": [5] * 300})

    (line,) = told.messages
    assert "300 of the first 300 records" in line
    assert "type (300)" in line


@pytest.mark.parametrize("version", ["1.0", "1", "1.2", "0.9.1"])
def test_responses_of_an_old_version_of_the_api_are_told_as_such(
    told: pytest.LogCaptureFixture, version: str
) -> None:
    look(FirstLook(), NO_ID, {"results": [NO_ID], "info": {"version": version}})

    (line,) = told.messages
    assert f" They are of version {version} of the API; persons are read from 1.3 on." in line


@pytest.mark.parametrize(
    "info",
    [None, 5, {}, {"version": None}, {"version": 1.0}, {"version": "PLANTED"}]
    + [{"version": version} for version in ("1.3", "1.4", "2", "10.0", "1.", "1.0.PLANTED", "١.٠")],
)
def test_a_version_that_can_be_read_or_is_none_is_not_told(
    told: pytest.LogCaptureFixture, info: object
) -> None:
    look(FirstLook(), {"results": [NO_ID], "info": info})

    (line,) = told.messages
    assert "version" not in line
    assert "PLANTED" not in line


@pytest.mark.parametrize("documents", [[], [ADULT], [ADULT, NO_ID], [CHILD, 5], [CHILD]])
def test_where_half_is_read_nothing_is_told(
    told: pytest.LogCaptureFixture, documents: list[object]
) -> None:
    look(FirstLook(), *documents)

    assert told.messages == []


def test_what_comes_later_is_passed_over(told: pytest.LogCaptureFixture) -> None:
    first = FirstLook()
    look(first)
    look(first, ADULT)
    look(first, NO_ID)
    assert told.messages == []

    other = FirstLook()
    look(other, NO_ID)
    look(other, NO_ID)
    assert len(told.messages) == 1
