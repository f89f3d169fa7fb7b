"""Judging what a job is joined to: facts in, checks out; nothing is asked or changed here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from profiles.application.errors import LedgerError, LogError, StoreError
from profiles.application.policy.adopting import compared, told
from profiles.application.policy.minors import minors_warning
from profiles.application.ports.probes import SchemaFacts, ServerFacts, TableFacts, TopicFacts
from profiles.application.ports.stores import StoreProgress
from profiles.domain.decision_dates import TOLERANCE
from profiles.domain.errors import ProfilesError
from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import settings_of

CLOCKS_APART: Final = timedelta(seconds=30)
"""A tenth of what a record may come from the future before it is rejected."""

LAST_EPOCH: Final = 1_000
"""A version has room for 1,023."""

_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at and found; where that is not well, what mends it."""

    what: str
    ok: bool
    found: str
    remedy: str | None = None


def failed(what: str, failure: ProfilesError) -> Check:
    """Turn a failure into a finding."""
    if isinstance(failure, StoreError | LogError | LedgerError):
        return Check(what=what, ok=False, found=failure.happened, remedy=failure.remedy)
    return Check(what=what, ok=False, found=str(failure), remedy="Do as it says, and ask again.")


def server_checks(name: str, facts: ServerFacts) -> Iterator[Check]:
    """Judge a server."""
    yield Check(what=name, ok=True, found=facts.found)
    if facts.copies is not None:
        yield Check(
            what=f"{name}: copies",
            ok=facts.copies > 1,
            found=f"{facts.copies}",
            remedy=None
            if facts.copies > 1
            else "The deciding store is on one disk, and is lost with it. Add members to the"
            " replica set; for trying out one is enough.",
        )
    if facts.ahead is not None:
        yield clock_check(f"{name}: clock", facts.ahead)


def clock_check(what: str, ahead: timedelta) -> Check:
    """Judge how far a clock is from this machine's."""
    seconds = ahead.total_seconds()
    well = abs(ahead) <= CLOCKS_APART
    return Check(
        what=what,
        ok=well,
        found=f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine's",
        remedy=None
        if well
        else "Records from the future are rejected, and ages are counted for the log's day. Let"
        " NTP set all clocks.",
    )


def log_time_check(what: str, ahead: timedelta) -> Check:
    """Judge how far the time of the embedded log's newest record is after the present."""
    well = ahead <= TOLERANCE
    found = "none is in the future" if well else f"the newest is {ahead} in the future"
    remedy = (
        "The clock was ahead when it was logged, or is behind now. Let NTP set it, then start"
        " `profiles run`: such records get the present time, and leave the log in 24 hours."
    )
    return Check(what=what, ok=well, found=found, remedy=None if well else remedy)


def schema_check(what: str, facts: SchemaFacts) -> Check:
    """Tell of which schema a store is, and whether an earlier release has made it."""
    parts = [f"there, of this release's schema ({facts.version})"]
    for from_version, on, added in facts.migrations:
        lacked = f", when it lacked {', '.join(added)}" if added else ""
        parts.append(f"brought forward from schema {from_version} on {on}{lacked}")
    return Check(what=what, ok=True, found="; ".join(parts))


def table_checks(name: str, facts: TableFacts) -> Iterator[Check]:
    """Judge a following store's table."""
    yield schema_check(f"{name}: table", facts.schema)
    fewest = min(facts.copies.values(), default=0)
    yield Check(
        what=f"{name}: copies",
        ok=fewest > 1,
        found=", ".join(f"{dc} {count}" for dc, count in sorted(facts.copies.items())) or "none",
        remedy=None
        if fewest > 1
        else "With one copy no row can be read while its node is down. Raise the replication of the"
        " keyspace to 3 with ALTER KEYSPACE, and repair; for trying out one is enough.",
    )
    yield Check(
        what=f"{name}: durable writes",
        ok=facts.durable,
        found="on" if facts.durable else "off",
        remedy=None
        if facts.durable
        else "A node that dies forgets what it had acknowledged. ALTER KEYSPACE … WITH"
        " durable_writes = true.",
    )
    remembered = facts.grace >= facts.wanted_grace
    yield Check(
        what=f"{name}: memory of deletions",
        ok=remembered,
        found=f"{_days(facts.grace)} days",
        remedy=None
        if remembered
        else "A deletion that is forgotten before every node has it brings a person back. ALTER"
        f" TABLE … WITH gc_grace_seconds = {facts.wanted_grace.total_seconds():.0f}.",
    )


def _days(time: timedelta) -> str:
    return f"{time / timedelta(days=1):g}"


def topic_checks(facts: TopicFacts) -> Iterator[Check]:
    """Judge a topic's settings and copies."""
    what = f"topic {facts.name}"
    yield Check(
        what=f"{what}: settings",
        ok=not facts.differences,
        found="as they should be"
        if not facts.differences
        else "; ".join(
            f"{name}={found}, not {wanted}" for name, (found, wanted) in facts.differences.items()
        ),
        remedy=None
        if not facts.differences
        else f"kafka-configs.sh --alter --topic {facts.name} --add-config "
        + ",".join(f"{name}={wanted}" for name, (_, wanted) in facts.differences.items()),
    )
    well = facts.copies > 1 and 1 < facts.agreeing <= facts.copies
    yield Check(
        what=f"{what}: copies",
        ok=well,
        found=f"{facts.copies}, and a write waits for {facts.agreeing} of them",
        remedy=None
        if well
        else "A write is lost with the only broker that has it. Give the topic 3 replicas, and"
        " min.insync.replicas=2; for trying out one is enough.",
    )


def progress_checks(facts: TopicFacts, progress: StoreProgress) -> Iterator[Check]:
    """Compare a topic with what the deciding store has read of it."""
    what = f"topic {facts.name}: read by the store"
    known = [topic_id for topic_id, _ in progress.topics]
    if len(known) >= LAST_EPOCH:
        yield Check(
            what=f"{what}: epochs",
            ok=False,
            found=f"{len(known)} of 1,023 are used up",
            remedy="Each new topic or number of partitions takes one. Start with empty stores.",
        )
    if facts.id not in known:
        yield Check(
            what=what,
            ok=not known,
            found="nothing yet" if not known else "nothing of this topic, but of another",
            remedy=None
            if not known
            else "If the topic was created again, or this is its successor, go on: what was read of"
            " the old one stays. Otherwise name the old one with --topic.",
        )
        return
    positions = {
        number: progress.positions[facts.id, number]
        for number in facts.bounds
        if (facts.id, number) in progress.positions
    }
    lost = [n for n, position in positions.items() if position < facts.bounds[n][0]]
    short = [n for n, position in positions.items() if position > facts.bounds[n][1]]
    behind = sum(
        max(0, end - positions.get(number, first)) for number, (first, end) in facts.bounds.items()
    )
    trouble = [
        *(f"partition {n} has lost records that were not decided" for n in lost),
        *(f"partition {n} ends before what was read of it" for n in short),
    ]
    yield Check(
        what=what,
        ok=not trouble,
        found="; ".join(trouble) or f"up to {behind:,} records before the ends",
        remedy=None
        if not trouble
        else "The job stops there. Restore the log; or start with empty stores and let the"
        " sources deliver again.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file that is there, with the rights on it."""

    path: Path
    mode: int


def file_check(facts: FileFacts) -> Check:
    """Judge who may read a file."""
    well = not facts.mode & _OTHERS
    return Check(
        what=f"file {facts.path}",
        ok=well,
        found=f"mode {facts.mode & 0o777:03o}",
        remedy=None if well else f"chmod 600 {facts.path}: it holds personal data.",
    )


def minimum_age_check(policy: PrivacyPolicy) -> Check:
    """Tell from which age on persons are admitted, aloud where some of them are minors."""
    found = f"{policy.minimum_age} years"
    if (warning := minors_warning(policy.minimum_age, policy.minimum_age_in)) is not None:
        found += f": {warning}"
    return Check(what="minimum age", ok=True, found=found)


def policy_change_check(progress: StoreProgress, policy: PrivacyPolicy) -> Check:
    """Tell where the policy at hand differs from that which the store was written under."""
    what = "policy of the store"
    if not progress.policies and not progress.topics:
        return Check(what=what, ok=True, found="none: nothing was written yet")
    found = compared(progress.policies, settings_of(policy))
    if not found:
        return Check(what=what, ok=True, found="the one that is in force here")
    return Check(
        what=what,
        ok=False,
        found="another than here. " + " ".join(told(found)),
        remedy="Use one policy for all commands of a store. If it is to change, the next job that"
        " starts with it takes it over, and `profiles apply-policy` brings what is held under it.",
    )


def policy_check(policy: PrivacyPolicy) -> Check:
    """Tell what the policy does with e-mail addresses."""
    found = {
        EmailTreatment.KEEP: "kept as they are given",
        EmailTreatment.PSEUDONYMISE: "pseudonymised",
        EmailTreatment.DROP: "dropped",
    }[policy.email]
    return Check(what="e-mail addresses", ok=True, found=found)


def page_check(k: int | None) -> Check:
    """Judge the page's rounding."""
    well = k is None or k > 1
    return Check(
        what="page: k",
        ok=well,
        found="not set: the page's own" if k is None else f"{k}",
        remedy=None
        if well
        else "With k = 1 the page can reveal a single person. Set k to 5 or more.",
    )
