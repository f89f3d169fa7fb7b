"""The right of access: an export has all that is held of a person, and of nobody else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given

from profiles.adapters import codec
from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryKeyring,
    MemoryLedger,
    MemoryLog,
)
from profiles.application.following.outbox import Outbox
from profiles.application.log.deciding import Rules, decide_chunk
from profiles.application.log.records import Notice
from profiles.application.ports.stores import Following
from profiles.application.rights.access import (
    FORMAT,
    LedgerToRead,
    Named,
    PersonExporter,
    has_the_id_alone,
)
from profiles.application.rights.export_schema import export_schema
from profiles.application.rights.log_records import TopicSearcher
from profiles.domain.columns import COLUMNS, ColumnKind
from profiles.domain.correcting import correction_of
from profiles.domain.ledger_entry import Action, Draft, Reason
from profiles.domain.minimising import minimise
from profiles.domain.outcome import WithheldReason
from profiles.domain.person import Birth, Login, Person, PersonId, Registration
from profiles.domain.policy import DEFAULT_POLICY, Accountability, PrivacyPolicy
from profiles.domain.profile import Profile
from tests.strategies import profiles
from tests.support.json_schema import violations
from tests.support.memory_streams import MemoryLogSearch, MemoryTopic

ADA = PersonId("00000000-0000-4000-8000-00000000000a")
BEA = PersonId("00000000-0000-4000-8000-00000000000b")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = Rules(policy=DEFAULT_POLICY, decode=codec.decode)


def person(identity: PersonId, *, born: str = "1990-05-17") -> Person:
    return Person(
        login=Login(uuid=identity),
        dob=Birth(date=f"{born}T04:12:00.000Z"),
        registered=Registration(date="2015-02-03T10:00:00.000Z"),
        email="ada@example.com",
    )


@dataclass
class Site:
    """Stores and logs in memory, with what they hold."""

    following: MemoryFollowingStore | None = None
    log: MemoryLog | None = None
    topic: MemoryTopic | None = None
    policy: PrivacyPolicy = DEFAULT_POLICY
    ledger: LedgerToRead | None = None
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)

    def export(self, identity: PersonId = ADA) -> dict[str, Any]:
        """Export through JSON, as the command does; the document fits its schema."""
        exporter = PersonExporter(
            named=Named(deciding="a store", following="another" if self.following else None),
            store=self.store,
            following=self.following,
            log=self.log,
            topic=None
            if self.topic is None
            else TopicSearcher(
                topic=MemoryLogSearch(self.topic),
                decode=codec.decode,
                policy=self.policy,
                read_at=NOW,
            ),
            policy=self.policy,
            ledger=self.ledger,
        )
        document: dict[str, Any] = json.loads(json.dumps(exporter.export(identity, now=NOW)))
        assert violations(document, export_schema()) == []
        return document

    def take_in(self, *persons: Person) -> None:
        """Log persons, and decide them."""
        self.log = MemoryLog("topic", encode=codec.encode)
        kept_out = Notice(withheld={WithheldReason.MINOR: 1})
        self.log.append(persons, kept_out, logged_at=NOW, source="", expected=0, position=None)
        records = self.log.read(0, limit=10)
        chunk = decide_chunk(
            self.log.partition, records, start=0, end=len(records), rules=RULES, read_at=NOW
        )
        self.store.apply(chunk, MemoryLedger())

    def follow(self) -> MemoryFollowingStore:
        """Let a following store hold the same."""
        self.following = MemoryFollowingStore(clock=lambda: NOW)
        held = {profile.id: (profile, version) for profile, version in self.store.profiles()}
        self.following.follow(Following(held=held, absent={}))
        return self.following


def test_an_export_has_the_profile_with_every_field_and_its_version() -> None:
    site = Site()
    site.take_in(person(BEA), person(ADA))

    exported = site.export()

    held = site.store.profile(ADA)
    assert held is not None
    assert (exported["format"], exported["id"], exported["held"]) == (FORMAT, ADA, True)
    assert exported["made_at"] == NOW.isoformat()
    assert tuple(exported["profile"]) == (*Profile._fields, "version")
    assert exported["profile"]["registered_on"] == "2015-02-03"
    assert exported["profile"]["expires_at"] == "2027-11-23"
    assert exported["profile"]["version"] == held[1]
    assert exported["stores"] == {
        "deciding": {"name": "a store", "holds": True, "kept_apart": False},
        "following": None,
    }


def test_an_export_tells_what_was_corrected() -> None:
    site = Site()
    site.take_in(person(BEA), person(ADA))
    assert site.log is not None
    correction = correction_of(ADA, {"city": "Oslo", "email": None}, [])
    site.log.append_record(ADA, json.dumps(correction).encode(), logged_at=NOW)
    (*_, record) = site.log.read(0, limit=10)
    chunk = decide_chunk(
        site.log.partition,
        [record],
        start=record.offset,
        end=record.offset + 1,
        rules=RULES,
        read_at=NOW,
    )
    site.store.apply(chunk, MemoryLedger())

    exported = site.export()

    assert exported["corrected"] == ["city", "email"]
    assert exported["profile"]["city"] == "Oslo"
    assert [one["correction"] for one in exported["log"]] == [
        None,
        {"set": {"city": "Oslo", "email": None}, "release": []},
    ]
    assert [one["person"] is None for one in exported["log"]] == [False, True]
    assert site.export(BEA)["corrected"] == []


def test_an_export_tells_of_which_record_the_profile_was_made() -> None:
    site = Site()
    site.take_in(person(BEA), person(ADA))

    assert site.export()["source"]["record"] == {
        "topic_id": "topic",
        "partition": 0,
        "offset": 1,
        "revision": 0,
    }


def test_the_record_of_a_topic_that_the_store_does_not_remember_is_told_without_it() -> None:
    site = Site()
    profile = _profile(ADA)
    site.store = _Holding(profile, version=5)

    assert site.export()["source"]["record"] == {
        "topic_id": None,
        "partition": 0,
        "offset": 0,
        "revision": 5,
    }


def test_an_export_has_the_records_of_the_log_as_they_were_taken_in() -> None:
    site = Site()
    site.take_in(person(BEA), person(ADA))

    exported = site.export()

    (record,) = exported["log"]
    assert (record["offset"], record["logged_at"]) == (1, NOW.isoformat())
    assert record["person"]["login"]["uuid"] == ADA
    assert record["person"]["dob"]["date"] == "1990-05-17T04:12:00.000Z"
    assert record["complete"]
    assert exported["searched"] == [
        {"log": record["log"], "partitions": [{"partition": 0, "first": 0, "end": 3}]}
    ]


def test_an_export_has_the_records_of_the_topic_as_well() -> None:
    site = Site(topic=MemoryTopic())
    site.take_in(person(ADA))
    assert site.topic is not None
    site.topic.append(1, codec.encode(minimise(person(ADA), DEFAULT_POLICY)), ADA.encode())

    exported = site.export()

    assert [record["log"] for record in exported["log"]] == [
        "log of the embedded engine",
        "topic of a test",
    ]
    assert exported["log"][1]["person"]["dob"] == {"date": "1990-05-17"}
    assert len(exported["searched"]) == 2


def test_an_export_says_whether_the_following_store_holds_the_same() -> None:
    site = Site()
    site.take_in(person(ADA))
    following = site.follow()

    same = site.export()
    following.follow(Following(held={}, absent={ADA: same["profile"]["version"]}))
    other = site.export()

    assert same["stores"]["following"] == {
        "name": "another",
        "holds": True,
        "agrees": True,
        "profile": same["profile"],
    }
    assert other["stores"]["following"] == {
        "name": "another",
        "holds": False,
        "agrees": False,
        "profile": None,
    }
    assert other["held"]


def test_what_only_the_following_store_holds_is_told() -> None:
    site = Site()
    site.take_in(person(ADA))
    site.follow()
    site.store, site.log = MemoryDecidingStore(), None

    exported = site.export()

    assert exported["held"]
    assert exported["profile"] is None
    assert exported["source"]["record"] is None
    assert exported["stores"]["following"]["profile"]["email"] == "ada@example.com"
    assert not exported["stores"]["following"]["agrees"]


def test_stores_that_are_written_meanwhile_are_read_again() -> None:
    site = Site()
    site.take_in(person(ADA))
    site.following = _LateStore(site.follow())

    assert site.export()["stores"]["following"]["agrees"]


def test_an_export_says_why_each_field_is_kept_on_what_basis_and_for_how_long() -> None:
    site = Site()
    site.take_in(person(ADA))

    exported = site.export()

    assert tuple(exported["fields"]) == Profile._fields
    assert exported["fields"]["email"] == {
        "purpose": "write to the person",
        "legal_basis": "GDPR Art. 6(1)(b)",
        "retention_days": 365,
    }
    assert exported["log_fields"]["dob.date"]["retention_hours"] == 24


def test_an_export_says_who_answers_and_to_whom_data_goes() -> None:
    site = Site(
        policy=PrivacyPolicy(
            accountability=Accountability(
                controller="Shop Ltd", contact="privacy@shop.example", recipients=("Post",)
            )
        )
    )

    exported = site.export()

    assert (exported["controller"], exported["contact"]) == ("Shop Ltd", "privacy@shop.example")
    assert (exported["recipients"], exported["transfers"]) == (["Post"], [])


def test_the_unknown_and_the_withheld_get_the_same_answer_which_shows_nobody_else() -> None:
    site = Site(topic=MemoryTopic())
    site.take_in(person(BEA), person(ADA, born="2010-05-17"))
    site.log = None
    site.follow()

    withheld = site.export(ADA)
    unknown = site.export(PersonId(ADA.replace("a", "c")))

    assert not withheld["held"]
    assert withheld["profile"] is None
    assert withheld["log"] == []
    assert withheld["stores"]["deciding"] == {
        "name": "a store",
        "holds": False,
        "kept_apart": False,
    }
    assert {**withheld, "id": None} == {**unknown, "id": None}
    assert BEA not in json.dumps(withheld)


@given(profiles())
def test_an_exported_profile_that_is_read_again_is_equal(profile: Profile) -> None:
    site = Site()
    site.store = _Holding(profile, version=1 << 53 | 32)

    exported = site.export(profile.id)["profile"]

    version = exported.pop("version")
    days = {c.name for c in COLUMNS if c.kind in {ColumnKind.DAY, ColumnKind.MIDNIGHT}}
    read: dict[str, Any] = {
        name: date.fromisoformat(value) if name in days and value is not None else value
        for name, value in exported.items()
    }
    assert Profile(**read) == profile
    assert version == 1 << 53 | 32


def _profile(identity: PersonId) -> Profile:
    site = Site()
    site.take_in(person(identity))
    held = site.store.profile(identity)
    assert held is not None
    return held[0]


class _Holding(MemoryDecidingStore):
    """A store that holds a profile, wherever that came from."""

    def __init__(self, profile: Profile, *, version: int) -> None:
        super().__init__()
        self._held_pair = profile, version

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        return self._held_pair if person == self._held_pair[0].id else None


class _LateStore(MemoryFollowingStore):
    """A following store that is a moment behind."""

    def __init__(self, store: MemoryFollowingStore) -> None:
        super().__init__(clock=lambda: NOW)
        self._store, self._asked = store, 0

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        self._asked += 1
        return self._store.profile(person) if self._asked > 1 else None


def test_an_export_has_a_profile_that_is_kept_apart() -> None:
    site = Site()
    site.take_in(person(ADA))
    site.follow()
    before, ledger = site.export(), MemoryLedger()
    ledger.restrict(ADA)
    site.store.apply_ledger(ledger, followed=True)
    Outbox(store=site.store, following=site.following).deliver()

    exported = site.export()

    assert exported["held"]
    assert exported["profile"] == before["profile"]
    assert exported["source"] == before["source"]
    assert exported["stores"]["deciding"]["kept_apart"]
    assert exported["stores"]["following"]["agrees"]
    assert not exported["stores"]["following"]["holds"]


# The erasure ledger ------------------------------------------------------------------------------


def test_an_export_has_what_the_ledger_says_of_the_person_though_nothing_is_held() -> None:
    keyring = MemoryKeyring()
    ledger = MemoryLedger(keyring)
    ledger.enter(
        [
            Draft(
                action=Action.SUPPRESS,
                person=ADA,
                reason=Reason.OBJECTION,
                deadline=date(2026, 12, 23),
            ),
            Draft(action=Action.SUPPRESS, person=BEA),
            Draft(action=Action.NOTIFY, refers=1, recipient="the shop"),
            Draft(action=Action.COMPLETE, refers=2),
        ],
        at=NOW,
    )
    site = Site(ledger=LedgerToRead(history=ledger, keyring=keyring))

    exported = site.export()

    assert not exported["held"]
    assert exported["ledger"] == [
        {
            "number": 1,
            "action": "suppress",
            "reason": "objection",
            "at": NOW.isoformat(),
            "deadline": "2026-12-23",
            "refers": None,
            "recipient": None,
        },
        {
            "number": 3,
            "action": "notify",
            "reason": None,
            "at": NOW.isoformat(),
            "deadline": None,
            "refers": 1,
            "recipient": "the shop",
        },
    ]
    assert site.export(PersonId(ADA.replace("a", "c")))["ledger"] == []


def test_of_who_was_erased_the_log_has_the_id_alone_for_a_day() -> None:
    site = Site()
    site.take_in(person(BEA))
    assert not has_the_id_alone(site.export(BEA))
    assert not has_the_id_alone(site.export(ADA))

    assert site.log is not None
    site.log.forget([BEA])
    assert not has_the_id_alone(site.export(BEA))
    site.store = MemoryDecidingStore()
    exported = site.export(BEA)

    assert (exported["held"], exported["profile"]) == (True, None)
    assert [(r["deletion"], r["person"]) for r in exported["log"]] == [(True, None)]
    assert has_the_id_alone(exported)
    site.take_in(person(BEA))
    site.follow()
    site.store = MemoryDecidingStore()
    assert site.log is not None
    site.log.forget([BEA])
    assert not has_the_id_alone(site.export(BEA))


def test_a_ledger_that_is_not_looked_into_is_null() -> None:
    assert Site().export()["ledger"] is None
