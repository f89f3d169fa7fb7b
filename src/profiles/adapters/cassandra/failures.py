"""What can go wrong with Cassandra, in our words.

The text of a driver's error is never shown: a server quotes what it refuses.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from cassandra import (
    AuthenticationFailed,
    DriverException,
    OperationTimedOut,
    RequestValidationException,
    Timeout,
    Unauthorized,
    Unavailable,
    UnresolvableContactPoints,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionException
from cassandra.protocol import ErrorMessage

from profiles.application.errors import StoreAwayError, StoreError

FAILURES: Final = (DriverException, NoHostAvailable, ConnectionException, ErrorMessage, OSError)
"""All that the driver raises about the world, and not about its caller."""

_AGAIN: Final = "run the same command again: nothing is doubled."

_Kinds = type[BaseException] | tuple[type[BaseException], ...]
_MEANINGS: Final[tuple[tuple[_Kinds, str, str], ...]] = (
    (UnresolvableContactPoints, "there is no host of this name", "Check the address"),
    (
        (AuthenticationFailed, Unauthorized),
        "access was refused",
        "Check user, password and grants",
    ),
    (
        PermissionError,  # what the driver makes of any error of TLS: its number is 1, as EPERM's
        "no certificate of a trusted authority was shown, or a firewall is in between",
        "Name a file with the authority's certificate as ca=FILE",
    ),
    (
        RequestValidationException,
        "the server refused a request",
        "Check the table, and that `batch_size_fail_threshold` is not below 50 KiB",
    ),
    (Unavailable, "too few replicas are up for LOCAL_QUORUM", "Start them"),
    ((Timeout, OperationTimedOut), "it did not answer in time", "Wait until it is less busy"),
    ((ErrorMessage, DriverException), "the server failed", "Look into its log"),
    (NoHostAvailable, "no node answered", "Check the address and start the nodes"),
)
"""The first that fits one of the causes counts."""


def refused(failure: BaseException) -> bool:
    """Tell whether the server has understood and said no, so that asking again is of no use."""
    if isinstance(failure, NoHostAvailable):
        return any(refused(error) for error in _causes(failure))
    return isinstance(failure, (RequestValidationException, AuthenticationFailed))


def answered(failure: BaseException) -> bool:
    """Tell whether a server has said something, so that it can be reached."""
    said = (RequestValidationException, ErrorMessage)
    return any(isinstance(cause, said) for cause in _causes(failure))


def explained(failure: BaseException) -> tuple[str, str]:
    """Say what a failure means and what to do about it, by its kind alone."""
    causes = _causes(failure)
    names = {type(cause).__name__ for cause in causes} - {type(failure).__name__}
    kinds = ", ".join([type(failure).__name__, *sorted(names)])
    for types, happened, remedy in _MEANINGS:
        if any(isinstance(cause, types) for cause in (*causes, failure)):
            return f"{happened} ({kinds})", f"{remedy}, then {_AGAIN}"
    return f"the connection failed ({kinds})", f"Once it is well, {_AGAIN}"


def is_away(failure: BaseException) -> bool:
    """Tell whether no server has answered, or not in time, so that waiting may help."""
    wrong = (
        UnresolvableContactPoints,
        AuthenticationFailed,
        PermissionError,
        RequestValidationException,
    )
    return not any(isinstance(cause, wrong) for cause in (*_causes(failure), failure))


@contextmanager
def map_exceptions(address: str) -> Generator[None]:
    """Turn the driver's errors into ours.

    Raises:
        StoreError: with the address, what happened and what to do, and nothing else.
    """
    try:
        yield
    except FAILURES as failure:
        kind = StoreAwayError if is_away(failure) else StoreError
        raise kind(address, *explained(failure)) from None


def _causes(failure: BaseException) -> list[BaseException]:
    """Return the failure, or what each node said where it is made of that."""
    if not isinstance(failure, NoHostAvailable):
        return [failure]
    errors = failure.errors
    causes = errors.values() if isinstance(errors, dict) else ()
    return [cause for cause in causes if isinstance(cause, BaseException)]
