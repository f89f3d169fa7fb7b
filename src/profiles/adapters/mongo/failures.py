"""What the driver's errors mean, in our words.

None of their text is shown: a failed write prints the whole document, a failed connection the
address with whatever was in it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from bson.errors import BSONError, InvalidDocument
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    InvalidName,
    InvalidOperation,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from profiles.application.errors import (
    SnapshotTooOldError,
    StoreAwayError,
    StoreError,
    StoreRefusedError,
)
from profiles.domain.errors import UsageError

AGAIN: Final = "Run the same command again: nothing is doubled."

_SNAPSHOT_GONE: Final = (
    "it no longer keeps what it held when the reading began (minSnapshotHistoryWindowInSeconds)",
    "Raise that parameter of the server, or stop the jobs, and run the same command again.",
)

_TOO_OLD: Final = frozenset({239, 246})  # SnapshotTooOld, SnapshotUnavailable

# https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml
_EXPLAINED: Final[Mapping[int, tuple[str, str]]] = {
    13: (
        "the user may not do this (Unauthorized)",
        "Name a user in the URL, who has the role readWrite on the database.",
    ),
    18: ("it refused the name or password (AuthenticationFailed)", "Check both."),
    20: (
        "it allows no transactions (IllegalOperation)",
        "A chunk is one transaction, which needs a replica set: run `profiles doctor`.",
    ),
    112: (
        "other transactions kept writing the same documents (WriteConflict)",
        "Work on each partition in one process at a time. " + AGAIN,
    ),
    **dict.fromkeys(_TOO_OLD, _SNAPSHOT_GONE),
    14031: ("its disk is full (OutOfDiskSpace)", "Make room. " + AGAIN),
}

# What the content of a transaction is refused for, however often it is tried.
_REFUSED: Final = frozenset(
    {
        2,  # BadValue
        14,  # TypeMismatch
        22,  # InvalidBSON
        121,  # DocumentValidationFailure
        359,  # TransactionTooLargeForCache
        388,  # TransactionTooLarge
        10334,  # BSONObjectTooLarge
        17280,  # KeyTooLong
    }
)


@contextmanager
def map_exceptions(address: str, *, timeout_s: float) -> Generator[None]:
    """Turn the driver's errors into `StoreError`, or `StoreRefusedError` if none can pass.

    address: of the store, without credentials.
    timeout_s: how long an operation is waited for, retries included.
    """
    try:
        yield
    except (PyMongoError, BSONError, OverflowError) as failure:
        store = f"MongoDB at {address}"
        if _refused(failure):
            raise StoreRefusedError(
                store,
                f"it refuses what is to be written, for good ({_named(failure)})",
                "See whether something else has changed the collections; else please report it.",
            ) from None
        raise _kind_of(failure)(store, *_explained(failure, timeout_s)) from None


def _kind_of(failure: Exception) -> type[StoreError]:
    """Tell what our error says of what is to be done next."""
    if _is_away(failure):
        return StoreAwayError
    return SnapshotTooOldError if code_of(failure) in _TOO_OLD else StoreError


def _is_away(failure: Exception) -> bool:
    """Tell whether no server has answered, or not in time."""
    timed_out = isinstance(failure, PyMongoError) and failure.timeout
    return timed_out or isinstance(failure, ConnectionFailure)


def _refused(failure: Exception) -> bool:
    """Tell whether what was to be written is at fault, and not the server or the way to it."""
    kinds = (DocumentTooLarge, InvalidDocument, OverflowError)
    return isinstance(failure, kinds) or code_of(failure) in _REFUSED


def _explained(failure: Exception, timeout_s: float) -> tuple[str, str]:
    """Say what happened and what to do."""
    code = code_of(failure)
    if code is not None and code in _EXPLAINED:
        return _EXPLAINED[code]
    if isinstance(failure, ServerSelectionTimeoutError):
        return "no primary answered", "Check that it runs and can be reached. " + AGAIN
    if isinstance(failure, PyMongoError) and failure.timeout:
        return f"it did not finish within {timeout_s:g} s", "Check that it runs well. " + AGAIN
    if isinstance(failure, ConnectionFailure):
        return "it did not answer", "Check that it runs and can be reached. " + AGAIN
    if isinstance(failure, InvalidOperation):
        return "the connection was closed", "Open the store again."
    return f"it failed ({_named(failure)})", AGAIN


def _named(failure: Exception) -> str:
    """Name a failure by its kind and the server's number for it."""
    code = code_of(failure)
    return type(failure).__name__ + ("" if code is None else f", code {code}")


def code_of(failure: Exception) -> int | None:
    """Find the server's number for what went wrong."""
    if isinstance(failure, BulkWriteError):
        kinds = ("writeErrors", "writeConcernErrors")
        errors = [error for kind in kinds for error in failure.details.get(kind, ())]
        return errors[0].get("code") if errors else None
    return failure.code if isinstance(failure, OperationFailure) else None


def lost(collection: str) -> StoreError:
    """Say that documents were deleted without which nothing can be counted."""
    return StoreError(
        f"The collection {collection}",
        "has lost documents, so nothing can be counted; nothing was changed",
        "Restore the store from a copy, or start with an empty one.",
    )


@contextmanager
def refused_settings() -> Generator[None]:
    """Turn what the driver says of an address or a name into `UsageError`.

    Raises:
        UsageError: the address or a name in it can't be read.
    """
    try:
        yield
    except (InvalidURI, ConfigurationError, InvalidName, ValueError, TypeError):
        raise UsageError(
            "The MongoDB address can't be read, or an option in it; it has the form"
            " mongodb://HOST:PORT[,HOST:PORT]/DATABASE[?option=value]."
        ) from None
