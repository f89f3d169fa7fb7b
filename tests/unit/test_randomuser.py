"""The pure parts of the adapter for the Random User Generator API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.randomuser.budget import UserBudget
from profiles.adapters.randomuser.failure import PermanentError, TransientError
from profiles.adapters.randomuser.response import Response, count_users, retry_after_s
from profiles.adapters.randomuser.transport import may_follow

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


@pytest.mark.parametrize(
    ("scheme", "next_scheme", "followed"),
    [
        ("http", "http", True),
        ("http", "https", True),
        ("https", "https", True),
        ("https", "http", False),
        ("https", "file", False),
        ("http", "ftp", False),
    ],
)
def test_a_redirect_never_leads_into_clear_text(
    scheme: str, next_scheme: str, *, followed: bool
) -> None:
    assert may_follow(scheme, next_scheme) is followed


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
