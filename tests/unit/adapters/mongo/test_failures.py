from __future__ import annotations

import traceback

import pytest
from bson.errors import InvalidDocument
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from profiles.adapters.mongo.failures import map_exceptions
from profiles.application.errors import SnapshotTooOldError, StoreError, StoreRefusedError


@pytest.mark.parametrize(
    ("failure", "happened"),
    [
        (OperationFailure("Ada Byron", 13), "the user may not do this (Unauthorized)"),
        (OperationFailure("Ada Byron", 18), "it refused the name or password"),
        (OperationFailure("Ada Byron", 8000), "it failed (OperationFailure, code 8000)"),
        (
            BulkWriteError({"writeErrors": [{"code": 14031, "op": {"full_name": "Ada Byron"}}]}),
            "its disk is full",
        ),
        (
            BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 112}]}),
            "other transactions kept writing the same documents",
        ),
        (BulkWriteError({"errmsg": "Ada Byron"}), "it failed (BulkWriteError)"),
        (ServerSelectionTimeoutError("Ada Byron"), "no primary answered"),
        (NetworkTimeout("Ada Byron"), "it did not finish within 60 s"),
        (AutoReconnect("Ada Byron"), "it did not answer"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_the_error_of_a_driver_is_mapped_without_its_text(
    failure: Exception, happened: str
) -> None:
    with pytest.raises(StoreError) as raised, map_exceptions("host:1/profiles", timeout_s=60):
        raise failure

    assert str(raised.value).startswith(f"MongoDB at host:1/profiles: {happened}")
    assert "Byron" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("code", [239, 246])
def test_a_snapshot_that_the_server_no_longer_keeps_is_told_apart(code: int) -> None:
    with (
        pytest.raises(SnapshotTooOldError, match="no longer keeps"),
        map_exceptions("a", timeout_s=1),
    ):
        raise OperationFailure("too old", code)


@pytest.mark.parametrize(
    "failure",
    [
        InvalidDocument("Ada Byron"),
        OverflowError("Ada Byron"),
        DocumentTooLarge("Ada Byron"),
        OperationFailure("Ada Byron", 388),
        BulkWriteError({"writeErrors": [{"code": 121, "op": {"full_name": "Ada Byron"}}]}),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_what_the_content_is_refused_for_is_not_tried_again(failure: Exception) -> None:
    with (
        pytest.raises(StoreRefusedError, match="for good") as raised,
        map_exceptions("a", timeout_s=1),
    ):
        raise failure

    assert "Ada" not in str(raised.value)
