"""Is everything as it must be? All that a job is joined to is asked once, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from profiles.application.assurance.checks import (
    Check,
    FileFacts,
    clock_check,
    failed,
    file_check,
    log_time_check,
    minimum_age_check,
    page_check,
    policy_change_check,
    policy_check,
    progress_checks,
    schema_check,
    server_checks,
    table_checks,
    topic_checks,
)
from profiles.application.assurance.ledger_checks import keys_check, ledger_check
from profiles.application.assurance.partitioning import partitioning_check, partitioning_of
from profiles.application.ledger.joining import checked_view
from profiles.application.log.messages import Decode
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import NOT_APPLIED, Keyring, KnownLedger
from profiles.application.ports.probes import (
    DecidingProbe,
    EmbeddedLogProbe,
    FollowingProbe,
    LogProbe,
)
from profiles.application.ports.stores import StoreProgress
from profiles.domain.errors import ProfilesError
from profiles.domain.ledger_view import LedgerView
from profiles.domain.policy import PrivacyPolicy

NEWEST: Final = 500
"""Records of each partition that are looked at to tell where keys are put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogToExamine:
    """A log with the names of its topics; `ledger` is None where the ledger is a file."""

    probe: LogProbe
    topic: str
    rejected: str
    ledger: str | None
    decode: Decode = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Doctor:
    """Examines everything that a job is joined to.

    ledger: opens the erasure ledger where it is there, given the position that the store has
        applied; never makes it.
    keyring: where its keys lie, or None where no file is named.
    embedded_log: the embedded engine's, where there is one.
    files: those that hold persons. k: of the page, or None where it is not set.
    urls: how many were given; one with a secret in it would have been refused.
    """

    deciding: DecidingProbe
    following: FollowingProbe | None
    log: LogToExamine | None
    embedded_log: EmbeddedLogProbe | None
    ledger: Callable[[int], AbstractContextManager[KnownLedger]]
    keyring: Keyring | None
    files: Sequence[FileFacts]
    policy: PrivacyPolicy
    k: int | None
    urls: int
    clock: Clock
    _progress: StoreProgress | None = field(default=None, init=False)
    _view: LedgerView | None = field(default=None, init=False)

    def examine(self) -> Sequence[Check]:
        """Ask everything once; what does not answer is a finding and no failure."""
        checks = list(_ending(self.deciding.name, self._decides()))
        if self.following is not None:
            checks += _ending(self.following.name, self._follows(self.following))
        if self.log is not None:
            checks += _ending(self.log.probe.name, self._logs(self.log))
        if self.embedded_log is not None:
            checks += _ending(self.embedded_log.name, self._dates(self.embedded_log))
        checks += _ending("erasure ledger", self._forbids())
        checks += _ending("ledger keys", self._seals())
        checks += map(file_check, self.files)
        found = f"none in {self.urls} URL{'s' if self.urls > 1 else ''}"
        checks.append(Check(what="secrets in URLs", ok=True, found=found))
        policy = self.policy
        return [*checks, minimum_age_check(policy), policy_check(policy), page_check(self.k)]

    def _decides(self) -> Iterator[Check]:
        yield from server_checks(self.deciding.name, self.deciding.server())
        self._progress = self.deciding.progress()
        yield schema_check(f"{self.deciding.name}: store", self.deciding.schema())
        yield policy_change_check(self._progress, self.policy)

    @staticmethod
    def _follows(probe: FollowingProbe) -> Iterator[Check]:
        yield from server_checks(probe.name, probe.server())
        yield from table_checks(probe.name, probe.table())

    def _dates(self, probe: EmbeddedLogProbe) -> Iterator[Check]:
        now = self.clock()
        ahead = (probe.newest() or now) - now
        yield log_time_check(f"{probe.name}: times of records", ahead)

    def _logs(self, log: LogToExamine) -> Iterator[Check]:
        yield from server_checks(log.probe.name, log.probe.server())
        process = "`profiles process` makes it."
        made_by = {
            log.topic: "`profiles produce` makes it; or name another with --topic.",
            log.rejected: process,
        }
        if log.ledger is not None:
            made_by[log.ledger] = process
        for name, remedy in made_by.items():
            yield from _ending(f"topic {name}", self._topic(log, name, remedy))

    def _topic(self, log: LogToExamine, name: str, remedy: str) -> Iterator[Check]:
        facts = log.probe.topic(name)
        if facts is None:
            yield Check(what=f"topic {name}", ok=False, found="there is none", remedy=remedy)
            return
        yield from topic_checks(facts)
        if name != log.topic:
            return
        if facts.newest is not None and (ahead := facts.newest - self.clock()).total_seconds() > 0:
            yield clock_check(f"topic {name}: newest record", ahead)
        if self._progress is not None:
            yield from progress_checks(facts, self._progress)
        newest = log.probe.newest(name, limit=NEWEST)
        yield partitioning_check(
            name, partitioning_of(newest, facts.partitions, log.probe.place, log.decode)
        )

    def _forbids(self) -> Iterator[Check]:
        applied = None if self._progress is None else self._progress.ledger
        known = NOT_APPLIED if applied is None else applied
        with self.ledger(known.head.number) as ledger:
            self._view = checked_view(known, ledger)
        yield ledger_check(self._view, applied)

    def _seals(self) -> Iterator[Check]:
        yield keys_check(self.keyring, self._view)


def _ending(what: str, checks: Iterator[Check]) -> Iterator[Check]:
    """Pass checks on; a failure in between is the last of them."""
    try:
        yield from checks
    except ProfilesError as failure:
        yield failed(what, failure)
