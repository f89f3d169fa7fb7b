"""A recipient is told over HTTP, as often as it takes and no longer than is meant."""

from __future__ import annotations

import json
from concurrent.futures import Future, wait
from datetime import UTC, datetime

import pytest

from profiles.adapters import recipients
from profiles.adapters.recipients import HttpRecipient, Patience
from profiles.application.errors import RecipientError
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from tests.support.misbehaving_api import (
    MARKER,
    Answer,
    MisbehavingApi,
    answer,
    drip_head,
    error_in_body,
    hang_up,
    say_nothing,
    speak_another_protocol,
)
from tests.support.patience import PATIENCE_S

ADA = PersonId("00000000-0000-4000-8000-000000000001")
AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
TAKEN = answer(204, b"")


def tell(api: MisbehavingApi, *, each_s: float = PATIENCE_S) -> None:
    patience = Patience(each_s=each_s, attempts=3, pause_s=0.0)
    HttpRecipient("the shop", api.url, patience=patience).tell(ADA, action="erase", at=AT)


def test_it_gets_the_id_what_was_done_and_when() -> None:
    with MisbehavingApi(TAKEN) as api:
        tell(api)

    (request,) = api.requests
    assert (request.method, request.target) == ("POST", "/api/1.4/")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "id": ADA,
        "action": "erase",
        "at": "2026-11-26T08:00:00+00:00",
    }


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_success_is_a_confirmation_whatever_comes_with_it(status: int) -> None:
    with MisbehavingApi(answer(status, b"x" * 100_000)) as api:
        tell(api)

    assert len(api.requests) == 1


@pytest.mark.parametrize(
    "failing",
    [hang_up, speak_another_protocol, error_in_body(503), error_in_body(429)],
    ids=["hang up", "no HTTP", "503", "429"],
)
def test_it_is_told_again_after_what_may_pass(failing: Answer) -> None:
    with MisbehavingApi(failing, failing, TAKEN) as api:
        tell(api)

    assert len({request.body for request in api.requests}) == 1
    assert len(api.requests) == 3


def test_a_confirmation_that_breaks_off_in_its_body_is_one() -> None:
    with MisbehavingApi(answer(200, b"", headers={"Content-Length": "9"})) as api:
        tell(api)

    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        (hang_up, "it can't be reached, or broke off"),
        (error_in_body(500), "it answers with status 500"),
    ],
    ids=["hang up", "500"],
)
def test_it_is_given_up_after_some_attempts(failing: Answer, said: str) -> None:
    with (
        MisbehavingApi(failing, failing, failing, TAKEN) as api,
        pytest.raises(RecipientError) as raised,
    ):
        tell(api)

    assert len(api.requests) == 3
    assert raised.value.happened == said
    assert ADA not in str(raised.value)
    assert MARKER not in str(raised.value)


@pytest.mark.parametrize("status", [400, 404])
def test_a_refusal_is_not_argued_with(status: int) -> None:
    with (
        MisbehavingApi(error_in_body(status)) as api,
        pytest.raises(RecipientError, match="refused the notice"),
    ):
        tell(api)

    assert len(api.requests) == 1


def test_no_redirect_takes_the_id_elsewhere() -> None:
    with MisbehavingApi(TAKEN) as elsewhere:
        moved = answer(307, b"", headers={"Location": elsewhere.url})
        with MisbehavingApi(moved) as api, pytest.raises(RecipientError, match="status 307"):
            tell(api)

    assert elsewhere.requests == []


@pytest.mark.parametrize("failing", [say_nothing, drip_head])
def test_an_answer_that_never_comes_is_not_waited_for(failing: Answer) -> None:
    with (
        MisbehavingApi(failing, failing, failing) as api,
        pytest.raises(RecipientError, match=r"did not answer within 0\.2 s"),
    ):
        tell(api, each_s=0.2)


def test_it_makes_no_difference_who_notices_first_that_no_answer_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The HTTP library, if whoever waits for it is kept from looking."""

    def look_late(outcomes: list[Future[int]], *, timeout: float) -> None:
        del timeout
        wait(outcomes)

    monkeypatch.setattr(recipients, "wait", look_late)
    with (
        MisbehavingApi(say_nothing, say_nothing, say_nothing) as api,
        pytest.raises(RecipientError, match=r"did not answer within 0\.2 s"),
    ):
        tell(api, each_s=0.2)


def test_nobody_there_is_told_as_well() -> None:
    with MisbehavingApi() as gone:
        pass
    with pytest.raises(RecipientError, match="can't be reached"):
        tell(gone)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "needs an address"),
        ("example.com/erased", "needs an address"),
        ("ftp://example.com/", "needs an address"),
        ("https://example.com:99999/", "needs an address"),
        ("https://a\nb/", "needs an address"),
        ("http://example.com/", "must begin with https"),
        ("http://10.0.0.1/", "must begin with https"),
        ("https://shop:SECRET@example.com/", "must not hold a user name"),
        ("https://example.com/?token=SECRET", "must not hold a user name"),
        ("https://example.com/#SECRET", "must not hold a user name"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        HttpRecipient("the shop", url)

    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["https://example.com/erased", "http://127.0.0.1:8000/", "http://[::1]/", "http://localhost/"],
)
def test_an_address_that_is_encrypted_or_on_this_machine_is_taken(url: str) -> None:
    assert HttpRecipient("the shop", url).name == "the shop"
