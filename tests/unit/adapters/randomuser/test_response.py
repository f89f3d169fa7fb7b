"""The pure parts of the adapter for the Random User Generator API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.randomuser.failure import PermanentError, TransientError
from profiles.adapters.randomuser.response import Response, count_users, retry_after_s

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("99999", 3600.0),
        ("9" * 5_000, 3600.0),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 12:01:30 -0000", 90.0),
        ("Monday, 23-Nov-26 12:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2036 11:00:00 GMT", 3600.0),
        ("Mon, 99 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, now=NOW) == seconds


@given(value=st.text() | st.datetimes().map(str))
def test_no_retry_after_can_break_the_source(value: str) -> None:
    seconds = retry_after_s(value, now=NOW)

    assert seconds is None or 0 <= seconds <= 3600


def test_one_odd_number_is_not_worth_the_whole_response() -> None:
    body = b'{"results": [{"a": ' + b"9" * 5_000 + b"}, NaN, 1e999]}"

    assert count_users(Response(status=200, body=body), now=NOW) == 3


@given(body=st.binary() | st.text().map(str.encode), status=st.integers(200, 299))
def test_no_body_can_break_the_source(body: bytes, status: int) -> None:
    with pytest.raises(TransientError) as caught:
        count_users(Response(status=status, body=body), now=NOW)

    assert caught.value.__context__ is None


@pytest.mark.parametrize("version", ["0.8", "1.0", "1.1", "1.2", "1"])
def test_an_older_version_of_the_api_is_told(version: str) -> None:
    body = json.dumps({"results": [{}], "info": {"version": version}}).encode()

    with pytest.raises(PermanentError) as caught:
        count_users(Response(status=200, body=body), now=NOW)

    assert caught.value.happened == (
        f"the API speaks version {version}, and persons are read from version 1.3 on"
    )
    assert "--api-url" in caught.value.remedy


@pytest.mark.parametrize("info", [None, {}, {"version": 5}, {"version": "x"}, {"version": "1.3"}])
def test_any_other_version_or_none_is_read(info: object) -> None:
    body = json.dumps({"results": [{}], "info": info}).encode()

    assert count_users(Response(status=200, body=body), now=NOW) == 1


def test_a_response_shows_no_person() -> None:
    assert "Ada" not in repr(Response(status=200, body=b"Ada"))


def test_the_clock_of_the_server_counts_before_ours() -> None:
    ahead = NOW + timedelta(days=1)
    response = Response(
        status=503,
        body=b"",
        date=ahead.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        retry_after=(ahead + timedelta(seconds=5)).strftime("%a, %d %b %Y %H:%M:%S GMT"),
    )
    with pytest.raises(TransientError) as caught:
        count_users(response, now=NOW)

    assert caught.value.retry_after_s == 5
