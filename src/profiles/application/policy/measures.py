"""The technical and organisational measures that are in force (GDPR Art. 30(1)(g), Art. 32).

Only what the code does, or leaves to the operator, for the policy and configuration at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from profiles.application.policy.places import Facility, Kind, Processing
from profiles.domain.policy import LOG_FIELDS, EmailTreatment, PrivacyPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure, and how it is taken."""

    what: str
    how: str


def measures(policy: PrivacyPolicy, processing: Processing) -> Iterator[Measure]:
    """List the measures, and what is left to the operator."""
    yield Measure(
        what="Minimisation before the log",
        how=f"{len(policy.log_rules)} of the {len(LOG_FIELDS)} fields of a person that the log can"
        " carry are carried. Passwords, pictures, telephone numbers, government ids and coordinates"
        " have no place in a record's types, so no setting lets them in.",
    )
    yield Measure(
        what="Minimum age",
        how="Checked by run and produce before the log, and again before a profile is stored.",
    )
    yield Measure(what="Pseudonymisation of e-mail addresses", how=_pseudonymisation(policy))
    for facility in processing.facilities:
        if facility.kind is not Kind.FILE:
            yield Measure(what=f"Connection to {facility.name}", how=_connection(facility))
    if any(facility.kind is Kind.FILE for facility in processing.facilities):
        yield Measure(
            what="Files",
            how="Made for their owner alone (umask 077). SQLite overwrites what is deleted"
            " (secure_delete).",
        )
    yield Measure(
        what="Erasure",
        how="Who is in the erasure ledger is deleted from all stores, and never stored again, also"
        " when the log is read again or a store is restored from a copy. A ledger that is missing"
        " or cannot be read stops the job.",
    )
    yield Measure(
        what="Rejected records, errors and logs",
        how="They name places in the schema, and no value of a person.",
    )
    yield Measure(what="The page", how=_page(processing.k))
    yield Measure(
        what="Integrity and resilience",
        how="Profiles, statistics, counts and read position change in one transaction; after a"
        " crash the job goes on where it was, with the same result.",
    )
    yield Measure(
        what="Testing of these measures",
        how="profiles doctor checks connections, rights and unsafe settings; profiles verify"
        " compares stores, statistics, ledger, ages and policy.",
    )
    yield Measure(
        what="Left to the operator",
        how="Encryption of disks, backups and their deletion, and the rights of those who log in to"
        " servers.",
    )


def _pseudonymisation(policy: PrivacyPolicy) -> str:
    if policy.email is EmailTreatment.DROP or "email" not in policy.profile_rules:
        return "Not needed: no profile has an address."
    if policy.email is EmailTreatment.KEEP:
        return "None: the addresses are kept as they are given."
    key = policy.pseudonym_key
    assert key is not None  # noqa: S101 - the policy has checked it
    return (
        f"HMAC-SHA-256 with the key {key.id}. The key is read from a file that only its owner can"
        " open; the stores hold its id and not the key."
    )


def _connection(facility: Facility) -> str:
    encrypted = (
        "Encrypted by TLS, and the server's certificate is checked."
        if facility.tls
        else "Not encrypted by TLS, or the server's certificate is not checked."
    )
    login = "A user logs in." if facility.login else "No user logs in."
    return f"{encrypted} {login}"


def _page(k: int) -> str:
    if k == 1:
        return "It shows exact counts (k = 1), which can tell of single persons."
    return (
        f"It reads counts and no profile. Every count is rounded to a multiple of {k}, and moves"
        f" only when {k} persons or more have changed."
    )
