"""What `profiles doctor` takes for well and for a finding, and how it asks."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryKeyring, MemoryLedger
from profiles.application.assurance.checks import Check, FileFacts
from profiles.application.assurance.doctor import Doctor, LogToExamine
from profiles.application.errors import LedgerError, LogError, StoreError
from profiles.application.log.records import LogRecord, Notice
from profiles.application.ports.ledger import AppliedLedger, KnownLedger
from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.application.ports.probes import (
    Migration,
    SchemaFacts,
    ServerFacts,
    TableFacts,
    TopicFacts,
)
from profiles.application.ports.stores import StoreProgress
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.ledger_entry import LedgerHead
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import fingerprint_of, settings_of
from profiles.domain.pseudonym import PseudonymKey

T = TypeVar("T")

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ADA = PersonId("00000001-0000-4000-8000-000000000000")
WELL = TopicFacts(
    name="log",
    id="a-topic",
    partitions=2,
    copies=3,
    agreeing=2,
    bounds={0: (0, 10), 1: (5, 7)},
    newest=NOW,
)

ANSWERS = ServerFacts(found="answers")
THREE_MEMBERS = ServerFacts(found="answers", copies=3, ahead=timedelta(0))
SCHEMA_3 = SchemaFacts(version=3)
KEPT_WELL = TableFacts(
    copies={"dc1": 3},
    durable=True,
    grace=timedelta(days=10),
    wanted_grace=timedelta(days=10),
    schema=SchemaFacts(version=2),
)


@dataclass
class Deciding:
    name: str = "the store"
    facts: ServerFacts | ProfilesError = THREE_MEMBERS
    told: StoreProgress | ProfilesError = field(
        default_factory=lambda: StoreProgress(
            ledger=AppliedLedger(LedgerHead(1), 1),
            topics=[("a-topic", 2)],
            positions={("a-topic", 0): 10},
        )
    )
    kept_in: SchemaFacts = SCHEMA_3

    def server(self) -> ServerFacts:
        return _given(self.facts)

    def progress(self) -> StoreProgress:
        return _given(self.told)

    def schema(self) -> SchemaFacts:
        return self.kept_in


@dataclass
class Following:
    name: str = "the copy"
    facts: ServerFacts | ProfilesError = ANSWERS
    kept: TableFacts = KEPT_WELL

    def server(self) -> ServerFacts:
        return _given(self.facts)

    def table(self) -> TableFacts:
        return self.kept


@dataclass
class Log:
    name: str = "the cluster"
    facts: ServerFacts | ProfilesError = ANSWERS
    topics: dict[str, TopicFacts] = field(
        default_factory=lambda: {n: replace(WELL, name=n) for n in ("log", "rejected", "ledger")}
    )
    records: Mapping[int, Sequence[LogRecord]] = field(default_factory=dict)

    def server(self) -> ServerFacts:
        return _given(self.facts)

    def topic(self, name: str) -> TopicFacts | None:
        return self.topics.get(name)

    def newest(self, name: str, *, limit: int) -> Mapping[int, Sequence[LogRecord]]:
        assert (name, limit) == ("log", 500)
        return self.records

    def place(self, key: bytes, partitions: int) -> int:
        return key[0] % partitions


@dataclass
class EmbeddedLog:
    latest: datetime | ProfilesError | None = NOW
    name: str = "log log.sqlite"

    def newest(self) -> datetime | None:
        return _given(self.latest)


def _given(facts: T | ProfilesError) -> T:
    if isinstance(facts, ProfilesError):
        raise facts
    return facts


@dataclass
class Bench:
    deciding: Deciding = field(default_factory=Deciding)
    following: Following = field(default_factory=Following)
    log: Log = field(default_factory=Log)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    files: list[FileFacts] = field(default_factory=list)
    k: int | None = None
    doctor: Doctor = field(init=False)

    def __post_init__(self) -> None:
        self.ledger.suppress(ADA)
        self.doctor = Doctor(
            deciding=self.deciding,
            following=self.following,
            log=LogToExamine(
                probe=self.log,
                topic="log",
                rejected="rejected",
                ledger="ledger",
                decode=codec.decode,
            ),
            embedded_log=None,
            ledger=self._ledger,
            keyring=MemoryKeyring(),
            files=self.files,
            policy=DEFAULT_POLICY,
            k=None,
            urls=2,
            clock=lambda: NOW,
        )

    @contextmanager
    def _ledger(self, applied: int) -> Generator[KnownLedger]:
        assert applied in (0, 1)
        yield self.ledger

    def findings(self) -> dict[str, Check]:
        return {check.what: check for check in self.doctor.examine() if not check.ok}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_all_is_well_where_all_is_well(bench: Bench) -> None:
    checks = bench.doctor.examine()

    assert [check.what for check in checks if not check.ok] == []
    assert all(check.remedy is None for check in checks)
    assert [check.what for check in checks] == [
        *("the store", "the store: copies", "the store: clock", "the store: store"),
        *(
            "policy of the store",
            "the copy",
            "the copy: table",
            "the copy: copies",
            "the copy: durable writes",
        ),
        *("the copy: memory of deletions", "the cluster", "topic log: settings"),
        *("topic log: copies", "topic log: read by the store"),
        *("topic log: one partition a person", "topic rejected: settings"),
        *("topic rejected: copies", "topic ledger: settings", "topic ledger: copies"),
        *("erasure ledger", "ledger keys", "secrets in URLs", "minimum age"),
        *("e-mail addresses", "page: k"),
    ]


def test_a_job_without_kafka_and_cassandra_is_asked_about_what_it_has(bench: Bench) -> None:
    bench.doctor.log = bench.doctor.following = None
    bench.doctor.urls = 1
    bench.deciding.facts = ServerFacts(found="a file")

    checks = bench.doctor.examine()

    assert [check.what for check in checks] == [
        *("the store", "the store: store", "policy of the store"),
        *("erasure ledger", "ledger keys", "secrets in URLs"),
        *("minimum age", "e-mail addresses", "page: k"),
    ]
    assert checks[5].found == "none in 1 URL"


@pytest.mark.parametrize("latest", [None, NOW - timedelta(1), NOW, NOW + timedelta(minutes=5)])
def test_an_embedded_log_of_the_past_is_well(bench: Bench, latest: datetime | None) -> None:
    bench.doctor.embedded_log = EmbeddedLog(latest)

    found = {check.what: check.found for check in bench.doctor.examine()}

    assert bench.findings() == {}
    assert found["log log.sqlite: times of records"] == "none is in the future"


def test_records_of_the_embedded_log_from_the_future_are_found(bench: Bench) -> None:
    bench.doctor.embedded_log = EmbeddedLog(NOW + timedelta(days=3_653))

    (check,) = bench.findings().values()

    assert check.found == "the newest is 3653 days, 0:00:00 in the future"
    assert "start `profiles run`" in (check.remedy or "")


def test_an_embedded_log_that_cannot_be_read_is_found(bench: Bench) -> None:
    bench.doctor.embedded_log = EmbeddedLog(UsageError("It is of schema version 1."))

    assert bench.findings()["log log.sqlite"].found == "It is of schema version 1."


def test_it_tells_of_which_schema_the_stores_are_and_when_they_were_brought_forward(
    bench: Bench,
) -> None:
    bench.deciding.kept_in = SchemaFacts(
        version=4,
        migrations=[
            Migration(2, date(2026, 11, 26)),
            Migration(3, date(2027, 1, 5), ["title", "city"]),
        ],
    )

    found = {check.what: check.found for check in bench.doctor.examine()}

    assert found["the copy: table"] == "there, of this release's schema (2)"
    assert found["the store: store"] == (
        "there, of this release's schema (4); brought forward from schema 2 on 2026-11-26;"
        " brought forward from schema 3 on 2027-01-05, when it lacked title, city"
    )


def test_every_finding_says_what_mends_it(bench: Bench) -> None:
    bench.deciding.facts = ServerFacts(found="answers", copies=1, ahead=timedelta(minutes=-2))
    bench.following.kept = TableFacts(
        copies={"dc1": 3, "dc2": 1},
        durable=False,
        grace=timedelta(days=1),
        wanted_grace=timedelta(days=10),
        schema=SchemaFacts(version=2),
    )
    bench.log.topics["log"] = replace(
        WELL, copies=1, agreeing=1, differences={"retention.ms": ("-1", "86400000")}
    )
    bench.log.topics["rejected"] = replace(WELL, name="rejected", agreeing=1)
    bench.log.topics["ledger"] = replace(WELL, name="ledger", copies=2, agreeing=3)
    bench.files.append(FileFacts(path=Path("p.db"), mode=0o100640))
    bench.doctor.k = 1

    findings = bench.findings()

    assert {what: check.found for what, check in findings.items()} == {
        "the store: copies": "1",
        "the store: clock": "120 s behind this machine's",
        "the copy: copies": "dc1 3, dc2 1",
        "the copy: durable writes": "off",
        "the copy: memory of deletions": "1 days",
        "topic log: settings": "retention.ms=-1, not 86400000",
        "topic log: copies": "1, and a write waits for 1 of them",
        "topic rejected: copies": "3, and a write waits for 1 of them",
        "topic ledger: copies": "2, and a write waits for 3 of them",
        "file p.db": "mode 640",
        "page: k": "1",
    }
    assert all(check.remedy for check in findings.values())
    assert "--add-config retention.ms=86400000" in str(findings["topic log: settings"].remedy)
    assert "gc_grace_seconds = 864000" in str(findings["the copy: memory of deletions"].remedy)


def test_a_keyspace_without_copies_is_a_finding(bench: Bench) -> None:
    bench.following.kept = replace(bench.following.kept, copies={})

    assert bench.findings()["the copy: copies"].found == "none"


def test_what_does_not_answer_is_a_finding_and_the_rest_is_asked(bench: Bench) -> None:
    bench.deciding.facts = StoreError("the store", "no primary answered", "Start it.")
    bench.following.facts = UsageError("There is no such data centre.")
    bench.log.facts = LogError("the cluster", "it does not answer", "See that it is up.")

    checks = bench.doctor.examine()

    assert [(c.what, c.found, c.remedy) for c in checks if not c.ok] == [
        ("the store", "no primary answered", "Start it."),
        ("the copy", "There is no such data centre.", "Do as it says, and ask again."),
        ("the cluster", "it does not answer", "See that it is up."),
    ]
    assert ("erasure ledger", "1 entries") in [(c.what, c.found) for c in checks]


def test_a_missing_store_leaves_the_findings_about_its_server(bench: Bench) -> None:
    bench.deciding.told = UsageError("There is no profile store at p.db; make one.")

    checks = bench.doctor.examine()

    assert [c.what for c in checks][:4] == [
        *("the store", "the store: copies", "the store: clock", "the store"),
    ]
    assert not checks[3].ok
    assert "topic log: read by the store" not in [c.what for c in checks]


def test_a_ledger_that_is_shorter_than_what_was_applied_is_a_finding(bench: Bench) -> None:
    bench.ledger.lose()

    assert bench.findings()["erasure ledger"].found == "ends at entry 0, before 1"


def test_a_missing_topic_is_a_finding_with_the_command_that_makes_it(bench: Bench) -> None:
    bench.log.topics.clear()

    assert {what: check.remedy for what, check in bench.findings().items()} == {
        "topic log": "`profiles produce` makes it; or name another with --topic.",
        "topic rejected": "`profiles process` makes it.",
        "topic ledger": "`profiles process` makes it.",
    }


def test_a_ledger_in_a_file_needs_no_topic(bench: Bench) -> None:
    assert bench.doctor.log is not None
    bench.doctor.log = replace(bench.doctor.log, ledger=None)
    del bench.log.topics["ledger"]

    assert bench.findings() == {}


@pytest.mark.parametrize(("ahead_s", "well"), [(-900, True), (0, True), (30, True), (31, False)])
def test_a_newest_record_from_the_future_tells_of_the_brokers_clock(
    bench: Bench, *, ahead_s: int, well: bool
) -> None:
    bench.log.topics["log"] = replace(WELL, newest=NOW + timedelta(seconds=ahead_s))

    assert ("topic log: newest record" in bench.findings()) is not well


def test_a_topic_without_records_tells_of_no_clock(bench: Bench) -> None:
    bench.log.topics["log"] = replace(WELL, newest=None)

    assert bench.findings() == {}


LOST = "has lost records that were not decided"
PLACES = [
    (StoreProgress(), True, "nothing yet"),
    (StoreProgress(topics=[("old", 1)]), False, "nothing of this topic, but of another"),
    (StoreProgress(topics=[("a-topic", 2)]), True, "up to 12 records before the ends"),
    (
        StoreProgress(
            topics=[("old", 1), ("a-topic", 2)], positions={("a-topic", 0): 8, ("old", 1): 3}
        ),
        True,
        "up to 4 records before the ends",
    ),
    (
        StoreProgress(topics=[("a-topic", 2)], positions={("a-topic", 0): 11, ("a-topic", 1): 4}),
        False,
        f"partition 1 {LOST}; partition 0 ends before what was read of it",
    ),
]


@pytest.mark.parametrize(("progress", "well", "found"), PLACES)
def test_the_topic_is_compared_with_what_the_store_has_read(
    bench: Bench, *, progress: StoreProgress, well: bool, found: str
) -> None:
    bench.deciding.told = replace(progress, ledger=AppliedLedger(LedgerHead(1), 1))

    (check,) = [c for c in bench.doctor.examine() if c.what == "topic log: read by the store"]

    assert (check.ok, check.found) == (well, found)
    assert (check.remedy is None) is well


def test_epochs_that_are_nearly_used_up_are_a_finding(bench: Bench) -> None:
    topics = [(f"topic-{number}", 1) for number in range(999)]
    bench.deciding.told = StoreProgress(
        topics=[*topics, ("a-topic", 2)], ledger=AppliedLedger(LedgerHead(1), 1)
    )

    assert bench.findings()["topic log: read by the store: epochs"].found == (
        "1000 of 1,023 are used up"
    )


# --- One partition a person ------------------------------------------------------------------


def record(key: bytes | None, *persons: str, value: bytes | None = None) -> LogRecord:
    response = {"results": [{"login": {"uuid": person}} for person in persons]}
    text = json.dumps(response).encode() if value is None else value
    return LogRecord(offset=0, logged_at=NOW, key=key, value=text)


BEA = "00000002-0000-4000-8000-000000000000"
EVEN, ODD = b"\x00", b"\x01"


def placing(bench: Bench) -> Check:
    checks = bench.doctor.examine()
    return next(c for c in checks if c.what == "topic log: one partition a person")


def test_records_that_lie_where_their_keys_belong_are_well(bench: Bench) -> None:
    bench.log.records = {0: [record(EVEN, ADA), record(EVEN, ADA)], 1: [record(ODD, BEA)]}

    check = placing(bench)

    assert (check.ok, check.found) == (
        True,
        "of the 3 newest records all lie where their key belongs",
    )


def test_a_foreign_partitioner_missing_keys_and_persons_in_several_partitions_are_separate_findings(
    bench: Bench,
) -> None:
    bench.log.records = {
        0: [record(ODD, ADA), record(None, BEA), record(EVEN, value=b"{")],
        1: [record(ODD, ADA), record(ODD, "no uuid")],
    }

    check = placing(bench)

    assert not check.ok
    assert check.found == (
        "of the 5 newest records 1 have no key,"
        " 1 lie where another partitioner than Java's puts their key,"
        " 1 persons are in more than one partition"
    )
    assert ADA not in str(check)
    assert "murmur2_random" in str(check.remedy)


def test_a_tombstone_and_a_notice_name_nobody(bench: Bench) -> None:
    bench.log.records = {
        0: [
            LogRecord(offset=0, logged_at=NOW, key=EVEN, value=None),
            LogRecord(offset=1, logged_at=NOW, key=EVEN, value=Notice()),
        ]
    }

    assert placing(bench).ok


def test_a_topic_of_one_partition_keeps_everybody_together(bench: Bench) -> None:
    bench.log.topics["log"] = replace(WELL, partitions=1)
    bench.log.records = {0: [record(None, ADA)]}

    assert placing(bench) == Check(
        what="topic log: one partition a person", ok=True, found="the topic has one"
    )


# --- Settings --------------------------------------------------------------------------------


def entry(policy: PrivacyPolicy) -> PolicyEntry:
    settings = settings_of(policy)
    return PolicyEntry(
        at=NOW,
        event=PolicyEvent.ADOPTED,
        fingerprint=fingerprint_of(settings),
        settings=settings,
    )


def policy_of_the_store(bench: Bench, progress: StoreProgress) -> Check:
    bench.deciding.told = progress
    bench.doctor.log = None
    (check,) = [c for c in bench.doctor.examine() if c.what == "policy of the store"]
    return check


def test_it_tells_where_the_policy_differs_from_that_of_the_store(bench: Bench) -> None:
    stricter = StoreProgress(policies=[entry(PrivacyPolicy(minimum_age=21))])

    assert policy_of_the_store(bench, stricter) == Check(
        what="policy of the store",
        ok=False,
        found="another than here. The policy changes minimum_age from 21 to 18: it holds for new"
        " records; what is held stays, and what was not kept is gone.",
        remedy="Use one policy for all commands of a store. If it is to change, the next job that"
        " starts with it takes it over, and `profiles apply-policy` brings what is held under it.",
    )


def test_a_store_under_the_same_policy_is_well(bench: Bench) -> None:
    same = StoreProgress(policies=[entry(DEFAULT_POLICY)])
    of_an_earlier_release = StoreProgress(topics=[("a", 1)])

    for progress in (same, of_an_earlier_release):
        check = policy_of_the_store(bench, progress)
        assert (check.ok, check.found) == (True, "the one that is in force here")


def test_a_new_store_has_no_policy_yet(bench: Bench) -> None:
    check = policy_of_the_store(bench, StoreProgress())

    assert (check.ok, check.found) == (True, "none: nothing was written yet")


@pytest.mark.parametrize(
    ("years", "found"),
    [
        (21, "21 years"),
        (18, "18 years"),
        (
            16,
            (
                "16 years: the policy admits minors from 16 years on; children merit specific"
                " protection (GDPR Recital 38), and consent to online services needs Art. 8."
            ),
        ),
    ],
)
def test_a_policy_that_admits_minors_says_so_aloud(bench: Bench, years: int, found: str) -> None:
    bench.doctor.policy = PrivacyPolicy(minimum_age=years)

    (check,) = [c for c in bench.doctor.examine() if c.what == "minimum age"]

    assert check == Check(what="minimum age", ok=True, found=found)


@pytest.mark.parametrize(
    ("treatment", "found"),
    [
        (EmailTreatment.KEEP, "kept as they are given"),
        (EmailTreatment.PSEUDONYMISE, "pseudonymised"),
        (EmailTreatment.DROP, "dropped"),
    ],
)
def test_it_tells_what_becomes_of_addresses(
    bench: Bench, treatment: EmailTreatment, found: str
) -> None:
    key = PseudonymKey(id="2026", secret=b"0" * 32) if "pseudo" in treatment.value else None
    bench.doctor.policy = replace(DEFAULT_POLICY, email=treatment, pseudonym_key=key)

    (check,) = [c for c in bench.doctor.examine() if c.what == "e-mail addresses"]

    assert (check.ok, check.found) == (True, found)


def test_a_page_that_rounds_and_a_file_of_the_owner_are_well(bench: Bench) -> None:
    bench.doctor.k = 5
    bench.files.append(FileFacts(path=Path("p.db"), mode=0o100600))

    assert bench.findings() == {}


def test_the_finding_of_a_ledger_error_leaves_out_what_the_error_says_of_storing(
    bench: Bench,
) -> None:
    def missing(applied: int) -> None:
        raise LedgerError("user_ledger", f"is missing ({applied})", "Restore it.")

    bench.doctor.ledger = missing  # type: ignore[assignment]  # it never gets to a context

    found = bench.findings()["erasure ledger"]

    assert (found.found, found.remedy) == ("is missing (1)", "Restore it.")
