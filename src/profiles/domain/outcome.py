"""The outcomes of a record: closed sets of small values that contain nothing of the person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """Where a record ended up. Every record read has exactly one; see `Tally`."""

    STORED = "stored"
    """Held in exactly this version afterwards."""
    WITHHELD = "withheld"
    """The privacy policy does not admit the person. Leaves a count and nothing else."""
    REJECTED = "rejected"
    """It can't be read as a person."""
    SUPPRESSED = "suppressed"
    """The person was erased and is never admitted again (GDPR Art. 17)."""
    RESTRICTED = "restricted"
    """The processing of the person's data is frozen (GDPR Art. 18)."""
    SUPERSEDED = "superseded"
    """It is older than what is held of the person."""
    ERASED = "erased"
    """A null value, which deletes the person's profile."""


class WithheldReason(Enum):
    """Why the policy does not admit a person."""

    MINOR = "minor"
    """Younger than the policy's minimum age (GDPR Art. 8; our policy says 18)."""
    RETENTION = "retention"
    """Past the time for which it may be kept (GDPR Art. 5(1)(e))."""


class RejectionReason(Enum):
    """Why a record can't be read as a person."""

    JSON = "json"
    """Not JSON in UTF-8, or nested too deeply."""
    TYPE = "type"
    """Of another type than our schema says."""
    MISSING = "missing"
    """A required field is absent or null."""
    ID = "id"
    """Not a UUID in its form of 36 characters."""
    DATE = "date"
    """Not a civil date `YYYY-MM-DD`."""
    FUTURE = "future"
    """Born after the day for which the age is counted."""
    AGE = "age"
    """More than 130 years old."""
    TEXT = "text"
    """Contains control characters or halves of surrogate pairs."""
    LENGTH = "length"
    """Longer than a text may be."""
    SCHEMA = "schema"
    """A minimised person of a schema version that this release can't read."""
    SIZE = "size"
    """More persons in one message than are taken at once."""
    STORE = "store"
    """The store can't hold what the message brings, however often it is asked to."""
    ENVELOPE = "envelope"
    """In what another system has put around a person, or made of the values in it."""
    TIME = "time"
    """Logged more than five minutes in the future, so its age can't be computed."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A person whom the policy does not admit."""

    reason: WithheldReason


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that can't be read as a person; never a value of it, nor a foreign key.

    path: where, in names of our schema and indices: `results[3].location.city`.
    expected: what our schema has there.
    """

    reason: RejectionReason
    path: str
    expected: str


@dataclass(frozen=True, slots=True)
class Erased:
    """A null value in the log: the person's profile has to be deleted."""
