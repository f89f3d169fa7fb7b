"""The rights of access and of data portability: all that is held of a person (GDPR Art. 15, 20)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from profiles.application.ports.ledger import Keyring, LedgerHistory
from profiles.application.ports.logs import Log
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.application.rights import information
from profiles.application.rights.log_records import (
    LoggedRecord,
    SearchedLog,
    TopicSearcher,
    of_embedded_log,
)
from profiles.domain.columns import NAMES
from profiles.domain.ledger_entry import Entry
from profiles.domain.ledger_history import entries_about
from profiles.domain.person import PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.version import Version

FORMAT: Final = "profiles-export/1"
"""Names the form of the document, which `export_schema` describes."""

_READINGS: Final = 3
"""A record that comes while the stores are read is soon in both."""

_Held = tuple[Profile, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The names of the stores, for those who read the document."""

    deciding: str
    following: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerToRead:
    """The erasure ledger, and the keys by which a person is found in it."""

    history: LedgerHistory
    keyring: Keyring

    def about(self, person: PersonId) -> list[Entry]:
        """Return the entries about a person, and those that refer to them.

        Raises:
            LedgerError: it can't be read, or trusted.
        """
        entries = self.history.entries()
        return entries_about(entries, [person], self.keyring.read())[person]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonExporter:
    """Gathers what is held of a person, beside running jobs.

    following, log, topic: None where there is none. ledger: None where it is not looked into.
    """

    named: Named
    store: DecidingStore
    following: FollowingStore | None
    log: Log | None
    topic: TopicSearcher | None
    policy: PrivacyPolicy
    ledger: LedgerToRead | None = None

    def export(self, person: PersonId, *, now: datetime) -> dict[str, Any]:
        """Return all of it as values that JSON can write, in the form that `FORMAT` names.

        now: aware.

        Whoever is not known, and whoever the policy does not admit, gets the same answer: that
        nothing is held.

        Raises:
            StoreError, LogError, LedgerError: one of them did not answer, so the export would not
                be whole.
        """
        held, followed = self._held(person)
        apart = self._kept_apart(person) if held is None else None
        known = held or apart
        searched, records = self._logged(person)
        return {
            "format": FORMAT,
            "id": person,
            "made_at": now.isoformat(),
            "held": known is not None or followed is not None or bool(records),
            "profile": _written(known),
            "corrected": self._corrected(person),
            "source": {"description": information.SOURCE, "record": self._origin(known)},
            "stores": {
                "deciding": {
                    "name": self.named.deciding,
                    "holds": known is not None,
                    "kept_apart": apart is not None,
                },
                "following": None
                if self.following is None
                else {
                    "name": self.named.following,
                    "holds": followed is not None,
                    "agrees": followed == held,
                    "profile": _written(followed),
                },
            },
            "log": [_record(record) for record in records],
            "searched": [_searched(log) for log in searched],
            "ledger": None
            if self.ledger is None
            else [_ledger_entry(entry) for entry in self.ledger.about(person)],
            "fields": information.fields_of(self.policy),
            "log_fields": information.log_fields_of(self.policy),
            **information.accountability_of(self.policy),
            "automated_decisions": information.AUTOMATED_DECISIONS,
            "rights": information.rights_under(self.policy),
            "not_included": [
                {"where": where, "why": why} for where, why in information.NOT_INCLUDED
            ],
        }

    def _held(self, person: PersonId) -> tuple[_Held, _Held]:
        """Return what the stores hold; they are read again where a job may be writing."""
        held: _Held = None
        followed: _Held = None
        for _ in range(_READINGS):
            held = self.store.profile(person)
            if self.following is None:
                break
            followed = self.following.profile(person)
            if followed == held:
                break
        return held, followed

    def _corrected(self, person: PersonId) -> list[str]:
        """Name the fields that were corrected, and that the source does not change any more."""
        kept = self.store.transactions.run(lambda unit: unit.corrections([person]))
        return kept[person].names if person in kept else []

    def _kept_apart(self, person: PersonId) -> _Held:
        """Return the profile of somebody whose processing is restricted (Art. 18)."""
        return self.store.transactions.run(lambda unit: unit.restricted([person])).get(person)

    def _logged(self, person: PersonId) -> tuple[list[SearchedLog], list[LoggedRecord]]:
        searched: list[SearchedLog] = []
        records: list[LoggedRecord] = []
        if self.log is not None:
            log, found = of_embedded_log(self.log, person)
            searched.append(log)
            records += found
        if self.topic is not None:
            log, found = self.topic.find(person)
            searched.append(log)
            records += found
        return searched, records

    def _origin(self, held: _Held) -> dict[str, Any] | None:
        """Say which record of which topic a profile was made of."""
        if held is None:
            return None
        version = Version.parts(held[1])
        topics = self.store.progress().topics
        known = 0 < version.epoch <= len(topics)
        return {
            "topic_id": topics[version.epoch - 1][0] if known else None,
            "partition": version.partition,
            "offset": version.offset,
            "revision": version.revision,
        }


def has_the_id_alone(document: Mapping[str, Any]) -> bool:
    """Tell whether no more is held than the id, in records that were emptied or delete somebody.

    document: of an export.
    """
    following = document["stores"]["following"]
    return (
        bool(document["log"])
        and all(record["deletion"] for record in document["log"])
        and document["profile"] is None
        and (following is None or not following["holds"])
    )


def _written(held: _Held) -> dict[str, Any] | None:
    if held is None:
        return None
    profile, version = held
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in zip(NAMES, (*profile, version), strict=True)
    }


def _record(record: LoggedRecord) -> dict[str, Any]:
    return {
        "log": record.log,
        "partition": record.partition,
        "offset": record.offset,
        "logged_at": record.logged_at.isoformat(),
        "deletion": record.deletion,
        "person": record.person,
        "correction": record.correction,
        "complete": record.complete,
    }


def _ledger_entry(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "action": entry.action.value,
        "reason": None if entry.reason is None else entry.reason.value,
        "at": entry.at.isoformat(),
        "deadline": None if entry.deadline is None else entry.deadline.isoformat(),
        "refers": entry.refers,
        "recipient": entry.recipient,
    }


def _searched(log: SearchedLog) -> dict[str, Any]:
    partitions = [
        {"partition": number, "first": first, "end": end}
        for number, (first, end) in sorted(log.bounds.items())
    ]
    return {"log": log.log, "partitions": partitions}
