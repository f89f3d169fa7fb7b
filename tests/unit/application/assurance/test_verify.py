"""What `profiles verify` proves, what it takes for a finding, and what it repairs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest

from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore, MemoryLedger
from profiles.application.assurance import rechecking, reconciliation, verify
from profiles.application.assurance.checks import Check
from profiles.application.assurance.reconciliation import Repair
from profiles.application.assurance.verify import Verification, Verifier
from profiles.application.errors import LedgerError, SnapshotTooOldError, StoreError
from profiles.application.following.outbox import Outbox
from profiles.application.log.records import LogPartition
from profiles.application.policy.adopting import adopt
from profiles.application.ports.ledger import KnownLedger
from profiles.application.ports.stores import Following, StoreProgress, StoreSnapshot
from profiles.domain.ledger_entry import START, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import read_policy
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from profiles.domain.statistics import Cell, Statistics
from profiles.domain.tally import Tally
from profiles.domain.version import Version
from tests.support.histories import (
    ADA,
    BEA,
    CLEO,
    ERASED,
    IDS,
    NOW,
    TOPIC,
    About,
    chunk,
    profile,
    stored,
    version,
)

TODAY = NOW.date()


class TamperedStore(MemoryDecidingStore):
    """A deciding store into which somebody else has written.

    when_opened: what jobs do when a snapshot is open. when_read: when all is read without one.
    when_asked: after somebody was looked up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.extra: list[tuple[Profile, int]] = []
        self.told: Statistics | None = None
        self.tally: Tally | None = None
        self.is_too_old = False
        self.when_opened: list[Callable[[], object]] = []
        self.when_read: list[Callable[[], object]] = []
        self.when_asked: list[Callable[[], object]] = []

    @contextmanager
    def snapshot(self) -> Generator[StoreSnapshot]:
        with super().snapshot() as snapshot:
            for write in self.when_opened:
                write()
            yield TamperedSnapshot(snapshot, self)

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        for write in self.when_read:
            write()
        yield from super().profiles()
        yield from self.extra

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        found = super().held(persons)
        for write in self.when_asked:
            write()
        return found

    def statistics(self) -> Statistics:
        return super().statistics() if self.told is None else self.told

    def counts(self) -> Tally:
        return super().counts() if self.tally is None else self.tally


@dataclass
class TamperedSnapshot:
    """A tampered store as of one moment."""

    snapshot: StoreSnapshot
    store: TamperedStore

    def progress(self) -> StoreProgress:
        return self.snapshot.progress()

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        if self.store.is_too_old:
            raise SnapshotTooOldError("store", "it no longer keeps it", "Keep it for longer.")
        yield from self.snapshot.profiles()
        yield from self.store.extra

    def statistics(self) -> Statistics:
        return self.snapshot.statistics() if self.store.told is None else self.store.told

    def counts(self) -> Tally:
        return self.snapshot.counts() if self.store.tally is None else self.store.tally


@dataclass
class Bench:
    store: TamperedStore = field(default_factory=TamperedStore)
    following: MemoryFollowingStore | None = field(
        default_factory=lambda: MemoryFollowingStore(clock=lambda: NOW)
    )
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    now: datetime = NOW
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    """What jobs do, each in a pause of its own."""
    paused_s: float = 0.0

    def decide(self, *abouts: About) -> Following:
        """Let the deciding store decide; return what the following store has to do."""
        position = self.store.position(TOPIC) or 0
        applied = self.store.apply(chunk(*abouts, start=position), self.ledger, followed=False)
        return Following(held=applied.stored, absent=applied.deleted)

    def hold(self, *persons: PersonId) -> None:
        """Take persons into both stores, as the job does."""
        following = self.decide(*map(stored, persons))
        if self.following is not None:
            self.following.follow(following)

    def pause(self, seconds: float) -> None:
        """Let the jobs go on."""
        self.paused_s += seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def verify(
        self, *, repair: bool = False, policy: PrivacyPolicy = DEFAULT_POLICY
    ) -> Verification:
        return Verifier(
            store=self.store,
            following=self.following,
            ledger=self._ledger,
            policy=policy,
            clock=lambda: self.now,
            pause=self.pause,
        ).run(repair=repair)

    @contextmanager
    def _ledger(self, applied: int) -> Generator[KnownLedger]:
        assert applied <= self.store.ledger().head.number
        yield self.ledger

    def finding(self, *, repair: bool = False) -> Check:
        """Return the only finding."""
        (found,) = [check for check in self.verify(repair=repair).checks if not check.ok]
        assert found.remedy
        assert not any(person in str(found) for person in IDS)
        return found


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.hold(ADA, BEA, CLEO)
    return bench


def follow(bench: Bench, rows: Mapping[PersonId, tuple[Profile, int]]) -> None:
    """Write rows into the following store of which the deciding store does not know."""
    assert bench.following is not None
    bench.following.follow(Following(held=rows, absent={}))


def test_it_proves_what_is_in_order(bench: Bench) -> None:
    verification = bench.verify()

    assert (verification.held, verification.followed, verification.repaired) == (3, 3, None)
    assert [(c.what, c.ok, c.found, c.remedy) for c in verification.checks] == [
        ("statistics", True, "equal to a recount", None),
        ("minors", True, "none", None),
        ("against the policy in force", True, "none", None),
        ("ages that do not fit the month of birth", True, "none", None),
        ("expired", True, "none", None),
        ("policy of the store", True, "the one that is in force here", None),
        ("tallies", True, "add up to the 3 that were read", None),
        ("following store", True, "equal to the deciding store, row by row", None),
        ("outbox", True, "empty", None),
        ("erased persons", True, "0 are held, by a ledger of 0 entries", None),
        ("at rest", True, "yes", None),
    ]


def test_without_a_following_store_it_speaks_of_none(bench: Bench) -> None:
    bench.following = None

    verification = bench.verify(repair=True)

    assert (verification.followed, verification.repaired) == (None, None)
    assert "following store" not in [check.what for check in verification.checks]
    assert verification.checks[-2].found == "0 are held, by a ledger of 0 entries"


def test_empty_stores_are_in_order() -> None:
    assert all(check.ok for check in Bench().verify().checks)


# --- The deciding store ----------------------------------------------------------------------


def test_statistics_that_are_not_a_recount_are_found_and_never_repaired(bench: Bench) -> None:
    cell = Cell("DK", "female", "1985-03")
    bench.store.told = Statistics(cells={cell: 4}, email_domains={"example.com": 2, "gone.org": 1})

    found = bench.finding(repair=True)

    assert (found.what, found.found) == (
        "statistics",
        "1 cells and 2 e-mail domains differ from a recount",
    )
    assert bench.store.statistics() == bench.store.told


def test_a_profile_that_nobody_counted_is_found(bench: Bench) -> None:
    bench.store.extra = [(profile(IDS[4], nationality="FR", email_domain="new.org"), version(1))]
    bench.following = None

    assert bench.finding().found == "1 cells and 1 e-mail domains differ from a recount"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"age": 17}, ["minors", "ages that do not fit the month of birth"]),
        ({"birth_month": "2010-05"}, ["minors", "ages that do not fit the month of birth"]),
        ({"age": 30}, ["ages that do not fit the month of birth"]),
        ({"expires_at": TODAY}, ["expired"]),
        ({"expires_at": TODAY + timedelta(days=1)}, []),
        ({"birth_month": "2008-11", "age": 18}, []),
        ({"expires_at": TODAY + timedelta(days=366)}, []),
        ({"expires_at": TODAY + timedelta(days=367)}, ["against the policy in force"]),
        ({"birth_month": "2008-12", "age": 17}, ["minors"]),
    ],
)
def test_minors_and_the_expired_are_counted(
    bench: Bench, changes: dict[str, object], what: list[str]
) -> None:
    bench.following = None
    bench.store.extra = [(profile(IDS[4], **changes), version(1))]

    found = [check for check in bench.verify().checks if not check.ok]

    assert [check.what for check in found if check.what != "statistics"] == what
    assert all(check.found == "1 profiles" for check in found if check.what != "statistics")


def against(bench: Bench, policy: PrivacyPolicy) -> str:
    """Say how many are held against another policy, which the store has adopted."""
    adopt(bench.store, DEFAULT_POLICY, accept=True, now=NOW)
    adopt(bench.store, policy, accept=True, now=NOW)
    (found,) = bench.verify(policy=policy).checks[2:3]
    assert found.what == "against the policy in force"
    return found.found


def test_who_is_held_against_the_policy_in_force_is_counted(bench: Bench) -> None:
    assert against(bench, PrivacyPolicy(minimum_age=60)) == "3 profiles"


def test_pseudonyms_by_an_earlier_key_are_not_against_the_policy(bench: Bench) -> None:
    keys = [PseudonymKey(id=name, secret=b"x" * 32) for name in ("k1", "k2")]
    policies = [PrivacyPolicy(email=EmailTreatment.PSEUDONYMISE, pseudonym_key=k) for k in keys]
    bench.store.extra = [
        (profile(IDS[4], email=pseudonym("a@b.example", keys[0])), version(1)),
    ]
    adopt(bench.store, policies[0], accept=False, now=NOW)

    assert against(bench, policies[1]) == "3 profiles"


def test_a_shorter_retention_is_against_what_is_held(bench: Bench) -> None:
    assert against(bench, read_policy({"retention": "90d"})) == "3 profiles"


def test_tallies_that_do_not_add_up_are_found(bench: Bench) -> None:
    bench.store.tally = Tally(read=4, stored=3)

    assert bench.finding().found == "4 read, 3 with an outcome or a reason"


# --- The following store ----------------------------------------------------------------------


def same(bench: Bench) -> bool:
    assert bench.following is not None
    rows = {p.id: (p, v) for p, v in bench.following.profiles()}
    return rows == {p.id: (p, v) for p, v in bench.store.profiles()}


@pytest.fixture
def behind(bench: Bench) -> Bench:
    """Give stores of which the following missed the last chunks, and a deletion."""
    assert bench.following is not None
    following, bench.following = bench.following, None
    bench.hold(BEA, IDS[3])
    bench.store.apply(chunk((CLEO, ERASED), start=5), bench.ledger)
    bench.following = following
    return bench


def test_what_the_following_store_missed_is_found(behind: Bench) -> None:
    found = behind.finding()

    assert found.found == "1 missing, 1 extra, 1 older"
    assert found.remedy == "`profiles verify --repair` makes it equal again."
    assert not same(behind)


def test_it_is_repaired_and_then_in_order(behind: Bench) -> None:
    verification = behind.verify(repair=True)

    assert all(check.ok for check in verification.checks)
    assert verification.repaired == Repair(written=2, deleted=1, left=0)
    assert "1 missing, 1 extra, 1 older; made equal again" in str(verification.checks)
    assert same(behind)
    assert behind.verify(repair=True).repaired == Repair()


def test_a_repair_goes_through_many_persons_some_at_a_time(
    behind: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "AT_ONCE", 1)

    assert behind.verify(repair=True).repaired == Repair(written=2, deleted=1, left=0)
    assert same(behind)


def test_an_empty_following_store_is_filled(bench: Bench) -> None:
    bench.following = MemoryFollowingStore(clock=lambda: NOW)

    assert bench.verify(repair=True).repaired == Repair(written=3)
    assert same(bench)


def test_a_row_that_is_different_in_its_own_version_can_not_be_repaired(bench: Bench) -> None:
    bench.following = MemoryFollowingStore(clock=lambda: NOW)
    rows = bench.store.held([ADA, BEA, CLEO])
    follow(bench, {**rows, ADA: (profile(ADA, city="Elsewhere"), rows[ADA][1])})

    found = bench.finding(repair=True)

    assert found.found == "1 different; 1 can't be made equal"
    assert "Elsewhere" not in str(found)


def test_rows_from_beyond_the_position_are_left_for_the_job_to_catch_up(bench: Bench) -> None:
    """The deciding store is an earlier copy: it comes to write the same versions again."""
    later = {
        ADA: (profile(ADA), version(7)),
        IDS[4]: (profile(IDS[4]), version(8)),
        IDS[5]: (profile(IDS[5]), version(9)),
    }
    follow(bench, later)

    assert bench.finding().found == "3 ahead"
    verification = bench.verify(repair=True)

    assert verification.repaired == Repair(written=1, deleted=0, left=3)
    assert bench.following is not None
    assert bench.following.held(list(later)) == later


def test_rows_from_beyond_the_position_go_where_the_ledger_says_so(bench: Bench) -> None:
    """The log may hold their records no longer, and the job that would tell can't catch up."""
    erased, restricted, other = IDS[3:6]
    bench.ledger.suppress(erased)
    bench.ledger.restrict(restricted)
    follow(bench, {person: (profile(person), version(9)) for person in (erased, restricted, other)})

    verification = bench.verify(repair=True)

    assert verification.repaired == Repair(written=0, deleted=2, left=1)
    assert bench.following is not None
    assert bench.following.held([erased, restricted, other]).keys() == {other}


@pytest.mark.parametrize("topic", [LogPartition("unknown", 0, 1), LogPartition(TOPIC.topic_id, 1)])
def test_rows_of_a_log_that_the_store_never_read_are_left_alone(
    bench: Bench, topic: LogPartition
) -> None:
    epoch = 2 if topic.topic_id == "unknown" else 1
    elsewhere = Version(epoch, 0, topic.number).number()
    follow(bench, {IDS[4]: (profile(IDS[4]), elsewhere)})

    assert bench.finding(repair=True).found == "1 ahead; 1 can't be made equal"


def test_a_row_of_no_epoch_is_left_alone(bench: Bench) -> None:
    follow(bench, {IDS[4]: (profile(IDS[4]), 5)})

    assert bench.finding().found == "1 ahead"


def test_who_has_expired_may_be_gone_from_the_following_store(bench: Bench) -> None:
    bench.now = NOW + timedelta(days=400)
    assert bench.following is not None
    bench.following.clock = lambda: bench.now

    found = bench.finding()

    assert (found.what, found.found) == ("expired", "3 profiles")


# --- Beside jobs ------------------------------------------------------------------------------


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Give stores to which jobs write as soon as the deciding store was counted."""

    bench.store.when_opened = [lambda: bench.hold(IDS[5])]
    return bench


def found(bench: Bench, *, repair: bool = False) -> dict[str, str]:
    return {check.what: check.found for check in bench.verify(repair=repair).checks}


def test_what_jobs_write_meanwhile_is_no_finding(busy: Bench) -> None:
    verification = busy.verify()

    assert all(check.ok for check in verification.checks)
    assert (verification.held, verification.followed) == (3, 4)
    assert verification.checks[-1].found == (
        f"no, jobs were writing: the counts are as of {NOW:%H:%M:%S} UTC"
    )


def test_a_difference_beside_jobs_is_found_all_the_same(busy: Bench) -> None:
    assert busy.following is not None
    busy.following.follow(Following(held={}, absent={ADA: version(90)}))
    busy.store.extra = [(profile(IDS[4], age=12), version(1))]

    checks = {check.what: check.found for check in busy.verify().checks if not check.ok}

    assert checks == {
        "statistics": "1 cells and 1 e-mail domains differ from a recount",
        "minors": "1 profiles",
        "ages that do not fit the month of birth": "1 profiles",
        "following store": "1 missing",
    }


def test_a_difference_has_to_stand_still_for_longer_beside_jobs(behind: Bench) -> None:
    behind.verify()
    assert behind.paused_s == rechecking.IDLE_S

    behind.paused_s = 0
    behind.meanwhile = [lambda: behind.hold(IDS[6])]
    behind.verify()

    assert behind.paused_s == rechecking.BUSY_S


@pytest.mark.parametrize(("late", "paused_s"), [(0, 0.25), (2, 1.75)])
def test_what_the_following_store_follows_late_is_no_finding(
    bench: Bench, late: int, paused_s: float
) -> None:
    following = bench.following
    assert following is not None
    to_follow = bench.decide(stored(ADA, city="Elsewhere"), stored(IDS[3]), (BEA, ERASED))

    bench.meanwhile = [lambda: None for _ in range(late)]
    bench.meanwhile.append(lambda: following.follow(to_follow))

    assert found(bench)["following store"] == "equal to the deciding store, row by row"
    assert bench.paused_s == paused_s


def test_a_person_who_is_in_the_middle_of_changing_gets_more_time(bench: Bench) -> None:
    """She differs at every look, but never in the same way."""
    following = bench.following
    assert following is not None
    last = [bench.decide(stored(ADA, city="0"))]

    def follow_and_decide() -> None:
        behind_by_one = last.pop()
        last.append(bench.decide(stored(ADA, city=str(len(bench.meanwhile)))))
        following.follow(behind_by_one)

    bench.meanwhile = [follow_and_decide for _ in range(10)]
    bench.meanwhile.append(lambda: following.follow(last[0]))

    assert all(check.ok for check in bench.verify().checks)
    assert bench.paused_s > rechecking.BUSY_S


def test_a_person_who_never_agrees_is_a_finding_in_the_end(bench: Bench) -> None:
    """The job writes to the deciding store only: nothing follows."""
    bench.meanwhile = [
        partial(bench.decide, stored(ADA, city=str(number))) for number in range(1_000)
    ]
    bench.decide(stored(ADA, city="first"))

    assert bench.finding().found == "1 older"
    assert bench.paused_s == rechecking.MOST_S


def test_a_row_that_the_store_decides_meanwhile_is_no_finding(bench: Bench) -> None:
    """The deciding store is an earlier copy, and catches up."""
    follow(bench, {IDS[4]: (profile(IDS[4]), version(3))})
    bench.meanwhile = [lambda: bench.decide(stored(IDS[4]))]

    assert all(check.ok for check in bench.verify().checks)


def test_a_row_that_is_decided_between_two_questions_is_never_deleted(bench: Bench) -> None:
    """A deletion in the version of the row would hide what the job writes in the same version."""
    follow(bench, {IDS[4]: (profile(IDS[4]), version(4))})

    def decide_in_the_last_look() -> None:
        if bench.paused_s == rechecking.BUSY_S and bench.store.position(TOPIC) == 4:
            bench.decide(stored(IDS[4]))

    bench.meanwhile = [lambda: bench.hold(IDS[5])]
    bench.store.when_asked = [decide_in_the_last_look]

    assert bench.verify(repair=True).repaired == Repair(left=1)
    assert same(bench)


def test_many_who_differ_are_waited_for_some_at_a_time(
    behind: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rechecking, "AT_ONCE", 1)
    monkeypatch.setattr(reconciliation, "AT_ONCE", 1)

    assert behind.finding().found == "1 missing, 1 extra, 1 older"
    assert behind.paused_s == 3 * rechecking.IDLE_S


def test_what_was_followed_before_a_repair_is_not_written_again(bench: Bench) -> None:
    following = bench.following
    assert following is not None
    to_follow = bench.decide(stored(ADA, city="Elsewhere"))
    bench.meanwhile = [lambda: following.follow(to_follow)]

    assert bench.verify(repair=True).repaired == Repair()


def test_a_repair_undoes_nothing_that_a_job_writes_meanwhile(behind: Bench) -> None:
    """It writes what was held at the last look; what came after it has a higher version."""
    job = behind.following
    assert job is not None

    class Late(MemoryFollowingStore):
        def follow(self, following: Following) -> None:
            to_follow = behind.decide(stored(BEA, city="Elsewhere"), (IDS[3], ERASED))
            super().follow(to_follow)
            super().follow(following)

    behind.following = late = Late(clock=lambda: NOW)
    MemoryFollowingStore.follow(
        late, Following(held={p.id: (p, v) for p, v in job.profiles()}, absent={})
    )

    verification = behind.verify(repair=True)

    assert verification.repaired == Repair(written=2, deleted=1, left=0)
    assert all(check.ok for check in verification.checks)
    assert late.held([BEA])[BEA][0].city == "Elsewhere"
    assert same(behind)


def test_where_the_store_no_longer_keeps_the_moment_all_is_counted_as_it_comes(
    bench: Bench,
) -> None:
    bench.store.is_too_old = True

    assert all(check.ok for check in bench.verify().checks)


def test_what_was_counted_as_it_came_is_proof_only_at_rest(bench: Bench) -> None:
    bench.following = None
    bench.store.is_too_old = True
    bench.store.when_read = [lambda: bench.hold(IDS[5])]

    checks = {check.what: check for check in bench.verify().checks if not check.ok}

    assert checks.keys() == {"statistics", "at rest"}
    assert "longer than the store keeps a moment" in checks["at rest"].found
    assert checks["at rest"].remedy == "Keep it for longer."


def test_who_is_erased_meanwhile_is_no_finding(bench: Bench) -> None:
    bench.ledger.suppress(ADA)

    def carry_out() -> None:
        bench.store.apply_ledger(bench.ledger, followed=True)

    def deliver() -> None:
        Outbox(store=bench.store, following=bench.following).deliver()

    bench.meanwhile = [lambda: None, carry_out, deliver]
    verification = bench.verify()

    assert all(check.ok for check in verification.checks)


def test_who_is_readmitted_meanwhile_is_no_finding(bench: Bench) -> None:
    bench.ledger.suppress(ADA)
    bench.meanwhile = [lambda: bench.ledger.readmit(ADA)]

    assert found(bench)["erased persons"] == "0 are held, by a ledger of 1 entries"


def test_deletions_that_are_delivered_meanwhile_are_no_finding(bench: Bench) -> None:
    erase_and_be_killed(bench, ADA)
    outbox = Outbox(store=bench.store, following=bench.following)
    following, bench.following = bench.following, None
    assert following is not None
    bench.meanwhile = [outbox.deliver]

    assert found(bench)["outbox"] == "what was in it was delivered meanwhile"


# --- The ledger -------------------------------------------------------------------------------


def test_an_erased_person_who_is_held_is_found(bench: Bench) -> None:
    bench.ledger.suppress(ADA)
    bench.ledger.suppress(IDS[6])

    assert bench.finding().found == "1 are held, by a ledger of 2 entries"


def test_an_erased_person_who_is_held_goes_from_both_stores_by_a_repair(bench: Bench) -> None:
    bench.ledger.suppress(ADA)

    assert all(check.ok for check in bench.verify(repair=True).checks)

    assert {profile.id for profile, _ in bench.store.profiles()} == {BEA, CLEO}
    assert same(bench)
    assert bench.store.ledger()[:2] == (bench.ledger.view().head, 1)


def test_an_erased_person_in_the_following_store_alone_is_found_and_repaired(
    bench: Bench,
) -> None:
    bench.ledger.suppress(ADA)
    bench.store.apply(chunk(start=3), bench.ledger)

    found = [check.found for check in bench.verify().checks if not check.ok]

    assert found == ["1 extra"]
    assert all(check.ok for check in bench.verify(repair=True).checks)
    assert same(bench)


def test_a_ledger_that_cannot_be_read_is_a_finding(bench: Bench) -> None:
    def gone(applied: int) -> None:
        raise LedgerError("ledger", f"is missing ({applied})", "Restore it.")

    verifying = Verifier(
        store=bench.store,
        following=None,
        ledger=gone,  # type: ignore[arg-type]  # it never gets to a context
        policy=DEFAULT_POLICY,
        clock=lambda: NOW,
        pause=bench.pause,
    )

    (found,) = [check for check in verifying.run(repair=False).checks if not check.ok]

    assert (found.what, found.found) == ("erased persons", "is missing (0)")


def test_a_store_that_does_not_answer_is_no_finding(bench: Bench) -> None:
    class Silent(MemoryLedger):
        def view(self, *, at_least: LedgerHead = START) -> LedgerView:
            raise StoreError("store", "it did not answer", f"Start it ({at_least.number}).")

    bench.ledger = Silent()

    with pytest.raises(StoreError, match="did not answer"):
        bench.verify()


def test_nothing_that_is_found_names_anybody(behind: Bench) -> None:
    behind.ledger.suppress(ADA)
    behind.store.extra = [(profile(IDS[6], age=12), version(1))]

    shown = str(behind.verify())

    assert not any(person in shown for person in IDS)


# --- Deletions that the following store has still to make -------------------------------------


def erase_and_be_killed(bench: Bench, person: PersonId) -> None:
    """Do what a process does that ends between the two stores."""
    bench.ledger.suppress(person)
    bench.store.apply_ledger(bench.ledger, followed=True)


def test_deletions_that_were_not_delivered_are_found(bench: Bench) -> None:
    erase_and_be_killed(bench, ADA)

    checks = {check.what: check for check in bench.verify().checks if not check.ok}

    assert checks.keys() == {"outbox", "following store"}
    assert checks["outbox"].found == "1 deletions to be delivered"
    assert "verify --repair" in str(checks["outbox"].remedy)


def test_deletions_that_were_not_delivered_are_delivered_by_a_repair(bench: Bench) -> None:
    erase_and_be_killed(bench, ADA)

    assert all(check.ok for check in bench.verify(repair=True).checks)

    assert bench.store.outbox(limit=9) == {}
    assert all(check.ok for check in bench.verify().checks)


def test_many_deletions_are_not_counted_to_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "AT_ONCE", 2)
    bench.following = None
    bench.store.transactions.run(lambda unit: unit.add_to_outbox(dict.fromkeys(IDS, version(0))))

    found = bench.finding()

    assert found.found == "2 or more deletions to be delivered"
    assert "Name the following store" in str(found.remedy)
