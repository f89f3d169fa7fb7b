"""Whatever the policy: what it drops, and whom it does not admit, is in no byte at rest.

The embedded engine takes in persons with a marker in every field, under policies of every kind;
then every file of its folder is read whole, whatever SQLite means by its content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from hypothesis import given, settings

from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import settings_of
from profiles.entrypoints.composition.embedded import EngineSettings, embedded_engine
from profiles.entrypoints.composition.sources import SourceSettings, open_source
from profiles.entrypoints.policy import PolicySource
from tests.integration.test_privacy_bytes import found, person, write_lines
from tests.strategies import policies

AS_OF = date(2026, 11, 23)
SECRET = "0f1e2d3c" * 8

MADE_OF: Mapping[str, frozenset[str]] = {
    "login.username": frozenset({"username"}),
    "gender": frozenset({"gender"}),
    "name.title": frozenset({"title"}),
    "name.first": frozenset({"full_name"}),
    "name.last": frozenset({"full_name"}),
    "location.street.number": frozenset({"full_address"}),
    "location.street.name": frozenset({"full_address"}),
    "location.city": frozenset({"full_address", "city"}),
    "location.state": frozenset({"full_address"}),
    "location.country": frozenset({"full_address", "country"}),
    "location.postcode": frozenset({"full_address"}),
    "nat": frozenset({"full_address", "nationality"}),
    "registered.date": frozenset({"registered_on"}),
}
"""The fields of a profile that need a field of the record; those of the address are apart."""

PEOPLE = {
    "elder": ("0a0a0a0a-0000-4000-8000-00000000a001", date(1961, 3, 14), "elderNAT", 8_315_047),
    "grown": ("0b0b0b0b-0000-4000-8000-00000000b002", date(2004, 6, 7), "NO", 7_391_846),
    "teens": ("0c0c0c0c-0000-4000-8000-00000000c003", date(2012, 1, 2), "DK", 9_174_263),
}
"""Ids, dates of birth, nationalities and house numbers: of 65, 22 and 14 years."""


def planted(name: str) -> dict[str, Any]:
    """Put a name, or a number that stands nowhere else, into every field of a record."""
    _, _, nationality, number = PEOPLE[name]
    return {
        **{path: f"{name}{path.replace('.', '')}" for path in MADE_OF},
        "location.street.number": number,
        "nat": nationality,
        "email": f"{name}mailbox@{name}domain.example",
        "registered.date": f"19{number % 100:02}-05-17T10:11:12.131Z",
    }


def markers(name: str, paths: Iterable[str]) -> set[str]:
    """Return what is looked for of some fields; a nationality of two letters is anywhere."""
    values = {**planted(name), "registered.date": planted(name)["registered.date"][:10]}
    return {str(values[path]) for path in paths} - {"NO", "DK"}


def source_of(policy: PrivacyPolicy, folder: Path) -> PolicySource:
    """Write a policy as an operator does, the key in a file of its own."""
    written = settings_of(policy)
    key = folder / "key"
    key.touch(mode=0o600)
    key.write_text(SECRET)
    if policy.email is not EmailTreatment.PSEUDONYMISE:
        del written["email_key"]
    assert policy.pseudonym_key is not None
    keys = ((policy.pseudonym_key.id, key),)
    return PolicySource(settings=json.dumps(written), keys=keys, origin=folder / "policy.toml")


def taken_in(policy: PrivacyPolicy, folder: Path) -> dict[str, bytes]:
    """Take everyone in, and read all that is in the files then."""
    records = [
        person(identity, born=born.isoformat(), planted=planted(name))
        for name, (identity, born, *_) in PEOPLE.items()
    ]
    source = SourceSettings(
        spec=str(write_lines(folder / "people.jsonl", records)), once=True, stop=Event()
    )
    at_rest = folder / "at rest"
    at_rest.mkdir()
    store = at_rest / "profiles.db"
    own = EngineSettings(store=store, as_of=AS_OF, policy=source_of(policy, folder))
    with embedded_engine(own) as engine:
        assert engine.run(open_source(source))
        assert engine.tally.read == len(PEOPLE)
    return {path.name: path.read_bytes() for path in at_rest.iterdir()}


def is_admitted(name: str, policy: PrivacyPolicy) -> bool:
    _, born, nationality, _ = PEOPLE[name]
    years = AS_OF.year - born.year - ((AS_OF.month, AS_OF.day) < (born.month, born.day))
    country = planted(name)["location.country"]
    return years >= policy.minimum_age_of(nationality=nationality, country=country)


@given(policies())
@settings(max_examples=30)
def test_what_the_policy_drops_is_in_no_byte_at_rest(policy: PrivacyPolicy) -> None:
    with TemporaryDirectory() as folder:
        files = taken_in(policy, Path(folder))

    kept = set(policy.profile_rules)
    if policy.email is EmailTreatment.DROP:
        kept -= {"email"}
    store = {name: content for name, content in files.items() if name != "log.sqlite"}
    assert set(files) == {"profiles.db", "log.sqlite", "ledger.sqlite"}
    for name, (identity, born, _, number) in PEOPLE.items():
        mailbox, domain = f"{name}mailbox", f"{name}domain"
        if not is_admitted(name, policy):
            assert found([name, identity, born.isoformat(), str(number)], files) == []
            continue
        dropped = markers(name, (path for path, of in MADE_OF.items() if not of & kept))
        assert found(dropped, files) == []
        # An address that is dropped or pseudonymised is in the log for 24 hours, for its domain.
        if not kept & {"email", "email_domain"}:
            assert found([mailbox, domain], files) == []
        if "email" not in kept or policy.email is not EmailTreatment.KEEP:
            assert found([mailbox], store) == []
            assert "email_domain" in kept or found([domain], store) == []
        assert found([born.isoformat()], store) == []
        assert identity.encode() in files["log.sqlite"]
    assert found([SECRET, bytes.fromhex(SECRET).decode("latin-1")], files) == []


@given(policies())
@settings(max_examples=10)
def test_what_the_policy_keeps_is_where_it_belongs(policy: PrivacyPolicy) -> None:
    """Else nothing would be found above because nothing was written."""
    with TemporaryDirectory() as folder:
        files = taken_in(policy, Path(folder))

    kept = set(policy.profile_rules)
    for name in filter(lambda each: is_admitted(each, policy), PEOPLE):
        for path, fields in MADE_OF.items():
            if path in {"nat", "location.street.number"}:
                continue
            for marker in markers(name, [path]):
                assert (marker.encode() in files["profiles.db"]) == bool(fields & kept)
                assert (marker.encode() in files["log.sqlite"]) == bool(fields & kept)
