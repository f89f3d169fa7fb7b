from __future__ import annotations

import pickle

import pytest
from cassandra import (
    AuthenticationFailed,
    InvalidRequest,
    OperationTimedOut,
    Unauthorized,
    Unavailable,
    UnresolvableContactPoints,
    WriteFailure,
    WriteTimeout,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown
from cassandra.protocol import OverloadedErrorMessage, ServerError

from profiles.adapters.cassandra.failures import answered, explained, map_exceptions, refused
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.application.errors import StoreError

SETTINGS = CassandraSettings(hosts=("one", "two"))
ADDRESS = SETTINGS.address
PLANTED = "Ada Byron, 12 Strandvejen"
FAILED = ServerError(0x0000, PLANTED, None)


@pytest.mark.parametrize(
    ("failure", "sentence", "final"),
    [
        (NoHostAvailable(PLANTED, {}), "no node answered", False),
        (NoHostAvailable(PLANTED, {"one": ConnectionShutdown(PLANTED)}), "no node answered", False),
        (NoHostAvailable(PLANTED, {"one": OperationTimedOut(PLANTED)}), "it did not answer", False),
        (
            NoHostAvailable(PLANTED, {"one": AuthenticationFailed(PLANTED)}),
            "access was refused",
            True,
        ),
        (
            NoHostAvailable(PLANTED, {"one": PermissionError(1, PLANTED)}),
            "no certificate of a trusted authority was shown",
            False,
        ),
        (UnresolvableContactPoints({PLANTED: []}), "there is no host of this name", False),
        (Unauthorized(PLANTED), "access was refused", True),
        (InvalidRequest(PLANTED), "the server refused a request", True),
        (Unavailable(PLANTED), "too few replicas are up", False),
        (WriteTimeout(PLANTED, write_type=0), "it did not answer in time", False),
        (OperationTimedOut(PLANTED), "it did not answer in time", False),
        (OverloadedErrorMessage(0x1001, PLANTED, None), "the server failed", False),
        (NoHostAvailable(PLANTED, {"one": FAILED}), "the server failed (NoHost", False),
        (WriteFailure(PLANTED, write_type=0), "the server failed", False),
        (ConnectionShutdown(PLANTED), "the connection failed", False),
        (ConnectionRefusedError(111, PLANTED), "the connection failed", False),
    ],
)
def test_the_error_of_a_driver_is_mapped_without_what_it_quotes(
    failure: Exception, sentence: str, *, final: bool
) -> None:
    with pytest.raises(StoreError) as caught, map_exceptions(ADDRESS):
        raise failure

    told = str(caught.value)
    assert told.startswith(f"{ADDRESS}: {sentence}")
    assert "Ada" not in told + repr(caught.value)
    assert caught.value.__suppress_context__
    assert str(pickle.loads(pickle.dumps(caught.value))) == told  # noqa: S301 - our own
    assert refused(failure) == final
    assert explained(failure)[1].endswith("run the same command again: nothing is doubled.")


@pytest.mark.parametrize(
    ("failure", "reached"),
    [
        (InvalidRequest(""), True),
        (FAILED, True),
        (NoHostAvailable("", {"one": FAILED}), True),
        (NoHostAvailable("", {"one": ConnectionShutdown("")}), False),
        (NoHostAvailable("", ["one"]), False),
        (OperationTimedOut(), False),
    ],
)
def test_a_server_that_refuses_is_reachable(failure: Exception, *, reached: bool) -> None:
    assert answered(failure) == reached
