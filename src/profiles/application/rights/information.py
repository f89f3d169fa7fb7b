"""What a person has to be told beside the data (GDPR Art. 13 to 15), as the policy in force has it.

Values that JSON can write.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from profiles.domain.policy import FieldRule, LegalBasis, PrivacyPolicy

_AN_HOUR: Final = timedelta(hours=1)

_ALWAYS: Final[tuple[tuple[str, str, str], ...]] = (
    ("access", "GDPR Art. 15", "Know what is held, and have a copy: this document."),
    ("rectification", "GDPR Art. 16", "Have what is wrong corrected."),
    ("erasure", "GDPR Art. 17", "Have all of it deleted, and not taken in again."),
    ("restriction", "GDPR Art. 18", "Have the processing stopped while something is disputed."),
)

_BY_BASIS: Final[tuple[tuple[str, str, str, frozenset[LegalBasis]], ...]] = (
    (
        "portability",
        "GDPR Art. 20",
        "Have these fields in a form that machines read, and take them elsewhere.",
        frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT}),
    ),
    (
        "objection",
        "GDPR Art. 21",
        "Object to the processing of these fields.",
        frozenset({LegalBasis.PUBLIC_TASK, LegalBasis.LEGITIMATE_INTERESTS}),
    ),
    (
        "withdrawal of consent",
        "GDPR Art. 7(3)",
        "Withdraw the consent on which these fields are kept.",
        frozenset({LegalBasis.CONSENT}),
    ),
)

_COMPLAINT: Final = (
    "complaint",
    "GDPR Art. 77",
    "Complain to a supervisory authority, such as that of the country of residence.",
)

SOURCE: Final = (
    "Records of other systems, such as the Random User Generator API. A profile is made of the"
    " newest record."
)

AUTOMATED_DECISIONS: Final = (
    "None with legal or similar effects (GDPR Art. 22) is made by this software; it decides by the"
    " date of birth alone who is too young to be kept."
)

NOT_INCLUDED: Final[tuple[tuple[str, str], ...]] = (
    (
        "quarantine and topic of rejected records",
        "They say for 7 days where a record could not be read, and name nobody it was about.",
    ),
    ("statistics", "They are counts, and name nobody."),
    (
        "outbox",
        "It holds ids of deleted persons until the other store has deleted them, too.",
    ),
    (
        "records of other producers",
        "What else they hold stays in the topic for its retention; Kafka's own tools show it.",
    ),
    (
        "files of the servers",
        "Oplog, snapshots and backups hold copies for a time that their operator sets.",
    ),
)


def fields_of(policy: PrivacyPolicy) -> dict[str, Any]:
    """Say why each field of a profile is kept, on what legal basis, and for how many days."""
    return {
        name: {**_reason(rule), "retention_days": rule.retention.days}
        for name, rule in policy.profile_rules.items()
    }


def log_fields_of(policy: PrivacyPolicy) -> dict[str, Any]:
    """Say the same of each field of the log, in hours."""
    return {
        name: {**_reason(rule), "retention_hours": rule.retention // _AN_HOUR}
        for name, rule in policy.log_rules.items()
    }


def rights_under(policy: PrivacyPolicy) -> list[dict[str, Any]]:
    """Return the rights that a person has, those that depend on a legal basis with their fields.

    A right that holds for no field is left out.
    """
    found = [_right(*right, None) for right in _ALWAYS]
    for name, article, what, bases in _BY_BASIS:
        fields = [each for each, rule in policy.profile_rules.items() if rule.legal_basis in bases]
        if fields:
            found.append(_right(name, article, what, fields))
    return [*found, _right(*_COMPLAINT, None)]


def accountability_of(policy: PrivacyPolicy) -> Mapping[str, Any]:
    """Say who answers for the processing, and to whom data goes."""
    accountability = policy.accountability
    return {
        "controller": accountability.controller,
        "contact": accountability.contact,
        "recipients": list(accountability.recipients),
        "transfers": list(accountability.transfers),
    }


def _reason(rule: FieldRule) -> dict[str, Any]:
    return {
        "purpose": rule.purpose,
        "legal_basis": f"GDPR Art. 6(1)({rule.legal_basis.value})",
    }


def _right(name: str, article: str, what: str, fields: list[str] | None) -> dict[str, Any]:
    return {"right": name, "article": article, "what": what, "fields": fields}
