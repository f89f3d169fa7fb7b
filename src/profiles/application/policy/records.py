"""The records of processing activities (GDPR Art. 30(1)), from a policy and a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from profiles.application.policy.measures import Measure, measures
from profiles.application.policy.minors import minors_warning
from profiles.application.policy.places import Place, Processing, places
from profiles.domain.policy import (
    LOG_RETENTION,
    Accountability,
    EmailTreatment,
    FieldRule,
    PrivacyPolicy,
)
from profiles.domain.policy_settings import fingerprint_of, settings_of
from profiles.domain.profile import Profile

_STORES: Final = "profile"
_LOG: Final = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why some fields are processed.

    legal_basis: of GDPR Art. 6(1), with its letter.
    held_in: `profile` or `log`; each has fields of its own.
    """

    purpose: str
    legal_basis: str
    held_in: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCategory:
    """A field that is kept: what for, see `Purpose`.

    form: how it is kept, where that is not as it is given.
    """

    field: str
    held_in: str
    form: str
    retention: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What Art. 30(1) asks for, its letters in order.

    fingerprint: of the policy.
    missing: what is not said and has to be, a sentence each, with what to do.
    notes: what has to be said aloud.
    """

    fingerprint: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    controller: str | None
    contact: str | None
    purposes: tuple[Purpose, ...]
    persons: tuple[str, ...]
    data: tuple[DataCategory, ...]
    recipients: tuple[str, ...]
    transfers: tuple[str, ...]
    places: tuple[Place, ...]
    measures: tuple[Measure, ...]


def records_of(policy: PrivacyPolicy, processing: Processing) -> Records:
    """Generate the records of a pipeline that runs under a policy."""
    accountability = policy.accountability
    warning = minors_warning(policy.minimum_age, policy.minimum_age_in)
    return Records(
        fingerprint=fingerprint_of(settings_of(policy)),
        missing=tuple(_missing(accountability, processing)),
        notes=() if warning is None else (f"{warning[0].upper()}{warning[1:]}",),
        controller=accountability.controller,
        contact=accountability.contact,
        purposes=tuple(_purposes(policy)),
        persons=tuple(_persons(policy)),
        data=tuple(_data(policy)),
        recipients=accountability.recipients,
        transfers=accountability.transfers,
        places=tuple(places(policy, processing)),
        measures=tuple(measures(policy, processing)),
    )


def _missing(accountability: Accountability, processing: Processing) -> Iterator[str]:
    if accountability.controller is None:
        yield "No controller is named: set controller in [policy]."
    if accountability.contact is None:
        yield "No contact is named: set contact in [policy]."
    if processing.deciding is None:
        yield "No store is named: say where profiles live with --store."


def _kept(policy: PrivacyPolicy) -> dict[str, FieldRule]:
    """Return the rules of the fields that a profile has, in their order."""
    return {
        name: policy.profile_rules[name]
        for name in Profile._fields
        if name in policy.profile_rules
        and not (name == "email" and policy.email is EmailTreatment.DROP)
    }


def _purposes(policy: PrivacyPolicy) -> Iterator[Purpose]:
    for held_in, rules in ((_STORES, _kept(policy)), (_LOG, policy.log_rules)):
        fields: dict[tuple[str, str], list[str]] = {}
        for name, rule in rules.items():
            basis = rule.legal_basis
            lawful = f"{basis.name.lower().replace('_', ' ')} (Art. 6(1)({basis.value}))"
            fields.setdefault((rule.purpose, lawful), []).append(name)
        for (purpose, lawful), names in fields.items():
            yield Purpose(purpose=purpose, legal_basis=lawful, held_in=held_in, fields=tuple(names))


def _persons(policy: PrivacyPolicy) -> Iterator[str]:
    exceptions = "".join(
        f"; {years} with the nationality or country {name}"
        for name, years in sorted(policy.minimum_age_in.items())
    )
    yield (
        f"Persons in the source who have completed {policy.minimum_age} years on the day of their"
        f" record{exceptions}: a profile of each is kept."
    )
    yield "Everyone else in the source: counted by reason, and not kept."
    yield (
        "Persons who were erased, or whose processing is restricted: keyed hashes of their ids are"
        " kept."
    )


def _data(policy: PrivacyPolicy) -> Iterator[DataCategory]:
    for name, rule in _kept(policy).items():
        pseudonym = name == "email" and policy.email is EmailTreatment.PSEUDONYMISE
        yield DataCategory(
            field=name,
            held_in=_STORES,
            form="as a pseudonym" if pseudonym else "",
            retention=f"{rule.retention.days} days",
        )
    for name in policy.log_rules:
        yield DataCategory(
            field=name,
            held_in=_LOG,
            form="",
            retention=f"{LOG_RETENTION.total_seconds() / 3600:g} hours",
        )
