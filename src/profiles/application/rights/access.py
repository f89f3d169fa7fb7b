"""The right of access: all that is held of a person (GDPR Art. 15 and 20)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from profiles.application.ports.logs import Log
from profiles.application.ports.stores import DecidingStore
from profiles.domain.columns import NAMES
from profiles.domain.person import PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile


def export_person(
    person: PersonId, store: DecidingStore, log: Log | None, policy: PrivacyPolicy
) -> dict[str, Any]:
    """Gather all that is held of a person, as values that JSON can write.

    Returns:
        `id`; `profile`: the fields held, with `version`, or None; `log`: the records that the
        log still holds, each with offset, time and the person as it was taken in; `fields`: why
        each field of the profile is kept, on what legal basis, and for how many days.

    Raises:
        StoreError, LogError: one of them did not answer, so the export would not be whole.
    """
    held = store.profile(person)
    return {
        "id": person,
        "profile": None if held is None else _written(*held),
        "log": [] if log is None else _log_of(person, log),
        "fields": {
            name: {
                "purpose": rule.purpose,
                "legal_basis": f"GDPR Art. 6(1)({rule.legal_basis.value})",
                "retention_days": rule.retention.days,
            }
            for name, rule in policy.profile_rules.items()
        },
    }


def _written(profile: Profile, version: int) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in zip(NAMES, (*profile, version), strict=True)
    }


def _log_of(person: PersonId, log: Log) -> list[dict[str, Any]]:
    return [
        {
            "offset": record.offset,
            "logged_at": record.logged_at.isoformat(),
            "person": json.loads(record.value) if isinstance(record.value, bytes) else None,
        }
        for record in log.records_of(person)
    ]
