"""Finding out whose profile a request is about: everybody held is compared, few are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.log.deciding import Rules, decide_chunk
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.policy.adopting import adopt
from profiles.application.rights import finding
from profiles.application.rights.finding import find_persons, missing_keys, not_kept
from profiles.domain.matching import Match, search_for
from profiles.domain.person import Birth, Login, Person, PersonId
from profiles.domain.policy import DEFAULT_POLICY, EmailTreatment, PrivacyPolicy
from profiles.domain.pseudonym import PseudonymKey

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARTITION = LogPartition("topic")
OLD = PseudonymKey(id="k0", secret=b"0" * 32)
NEW = PseudonymKey(id="k1", secret=b"1" * 32)


def identity(number: int) -> PersonId:
    return PersonId(f"00000000-0000-4000-8000-{number:012}")


def pseudonymising(key: PseudonymKey) -> PrivacyPolicy:
    return PrivacyPolicy(email=EmailTreatment.PSEUDONYMISE, pseudonym_key=key)


class Site:
    """A store that takes persons in, under one policy after another."""

    def __init__(self) -> None:
        self.store = MemoryDecidingStore()
        self._end = 0

    def take(self, *emails: str, policy: PrivacyPolicy = DEFAULT_POLICY) -> None:
        adopt(self.store, policy, accept=True, now=NOW + timedelta(seconds=self._end))
        start, self._end = self._end, self._end + len(emails)
        records = [
            LogRecord(offset, NOW, b"", codec.encode(self._person(offset, email)))
            for offset, email in enumerate(emails, start)
        ]
        chunk = decide_chunk(
            PARTITION,
            records,
            start=start,
            end=self._end,
            rules=Rules(policy=policy, decode=codec.decode),
            read_at=NOW,
        )
        self.store.apply(chunk, MemoryLedger())

    @staticmethod
    def _person(number: int, email: str) -> Person:
        return Person(login=Login(uuid=identity(number)), dob=Birth(date="1990-05-17"), email=email)


def test_everybody_who_matches_is_named_with_the_fields_that_do() -> None:
    site = Site()
    site.take("ada@example.com", "bea@example.com", "ADA@example.com")

    findings = find_persons(site.store, search_for(email="ada@example.com"), limit=10)

    assert findings.found == [
        Match(id=identity(0), fields=("email",), weaker=()),
        Match(id=identity(2), fields=("email",), weaker=("email",)),
    ]
    assert (findings.more, findings.looked_at) == (0, 3)


def test_who_is_restricted_is_found_too() -> None:
    site = Site()
    site.take("ada@example.com", "bea@example.com")
    ledger = MemoryLedger()
    ledger.restrict(identity(0))
    site.store.apply_ledger(ledger)

    findings = find_persons(site.store, search_for(email="ada@example.com"), limit=10)

    assert [match.id for match in findings.found] == [identity(0)]
    assert findings.looked_at == 2


def test_an_empty_store_has_nobody() -> None:
    findings = find_persons(MemoryDecidingStore(), search_for(username="ada"), limit=10)

    assert (list(findings.found), findings.more, findings.looked_at) == ([], 0, 0)


@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
def test_all_that_is_held_is_looked_at_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(finding, "LOOKED_AT_ONCE", at_once)
    site = Site()
    site.take("ada@example.com", "bea@example.com", "ada@example.com")
    told: list[int] = []

    findings = find_persons(
        site.store, search_for(email="ada@example.com"), limit=10, progress=told.append
    )

    assert [match.id for match in findings.found] == [identity(0), identity(2)]
    assert findings.looked_at == told[-1] == 3
    assert told == sorted(told)
    assert told[0] == min(at_once, 3)


def test_beyond_the_limit_who_matches_is_counted() -> None:
    site = Site()
    site.take(*["ada@example.com"] * 5)

    findings = find_persons(site.store, search_for(email="ada@example.com"), limit=2)

    assert [match.id for match in findings.found] == [identity(0), identity(1)]
    assert findings.more == 3


def test_addresses_and_pseudonyms_under_any_key_are_found() -> None:
    site = Site()
    site.take("ada@example.com")
    site.take("ada@example.com", policy=pseudonymising(OLD))
    site.take("ada@example.com", "bea@example.com", policy=pseudonymising(NEW))

    both = find_persons(site.store, search_for(email="ada@example.com", keys=[OLD, NEW]), limit=10)
    one = find_persons(site.store, search_for(email="ada@example.com", keys=[NEW]), limit=10)

    assert [match.id for match in both.found] == [identity(0), identity(1), identity(2)]
    assert [match.id for match in one.found] == [identity(0), identity(2)]


def test_keys_that_pseudonyms_were_made_with_and_that_are_not_at_hand_are_named() -> None:
    site = Site()
    site.take("ada@example.com", policy=pseudonymising(OLD))
    site.take("ada@example.com", policy=pseudonymising(NEW))

    assert missing_keys(site.store, pseudonymising(NEW), ["k0", "k1"]) == []
    assert missing_keys(site.store, pseudonymising(NEW), ["k1"]) == ["k0"]
    assert missing_keys(site.store, DEFAULT_POLICY, []) == ["k0", "k1"]
    assert missing_keys(MemoryDecidingStore(), DEFAULT_POLICY, []) == []


def test_fields_that_the_policy_does_not_keep_are_told() -> None:
    search = search_for(email="ada@example.com", username="ada")
    dropping = PrivacyPolicy(email=EmailTreatment.DROP)
    rules = {name: r for name, r in DEFAULT_POLICY.profile_rules.items() if name != "username"}

    assert not_kept(search, DEFAULT_POLICY) == []
    assert not_kept(search, dropping) == ["email"]
    assert not_kept(search, PrivacyPolicy(profile_rules=rules)) == ["username"]
    assert not_kept(search_for(username="ada"), dropping) == []
