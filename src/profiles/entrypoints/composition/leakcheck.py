"""The leak check: marked persons through a deployment's own configuration, in names of its own."""

from __future__ import annotations

import importlib.util
import json
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from profiles.adapters.simulator.encoding import encode
from profiles.adapters.simulator.marked import MarkedPerson
from profiles.adapters.sqlite.contents import file_bytes
from profiles.application.assurance.leaks import Kept, Part, Search
from profiles.domain.errors import ProfilesError, UsageError
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.leak_places import (
    Cleaning,
    Left,
    StorePlaces,
    TopicPlaces,
    folder_parts,
    own_url,
    remove_folder,
)
from profiles.entrypoints.composition.leak_planting import Planted, plant
from profiles.entrypoints.composition.leak_services import metrics_of, page_of, persons_read
from profiles.entrypoints.policy import DEFAULT, PolicySource
from profiles.entrypoints.subcommands import StoppedError, Subcommands

PREFIX: Final = "profiles_leakcheck_"
_SERVED: Final = r"http://127\.0\.0\.1:\d+"
_AGAIN_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakCheckSettings:
    """A deployment.

    stores: URLs. kafka: of the cluster, or None for the embedded engine.
    replication: of the topics that are made.
    checkpoint: a folder of this machine in which Spark may keep its own; None leaves Spark out.
    """

    stores: Sequence[str]
    kafka: str | None = None
    replication: int = -1
    checkpoint: Path | None = None
    policy: PolicySource = DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakReport:
    """What a check has found.

    left: what could not be removed.
    """

    name: str
    planted: Planted
    search: Search
    not_searched: Sequence[str]
    left: Sequence[Left]


def check_for_leaks(
    settings: LeakCheckSettings, *, stop: Event, named: Callable[[str], None] = lambda _name: None
) -> LeakReport:
    """Plant marked persons, run the commands of the deployment, and search every place.

    All that is made has a name of its own, and is removed however the check ends.

    stop: ends the check. named: told the name of all that is made, before it is.

    Raises:
        StoppedError: `stop` was set meanwhile.
        UsageError: the settings can't be used.
        ProfilesError: a command or a place failed, or nobody came through: nothing is proved.
    """
    if settings.checkpoint is not None and settings.kafka is None:
        raise UsageError("Spark reads from Kafka: name the cluster with --kafka, too.")
    token = f"qz{secrets.token_hex(4)}"
    planted = plant(token, settings.policy, log_forgets=settings.kafka is None)
    cleaning = Cleaning()
    name = f"{PREFIX}{token}"
    named(name)
    try:
        check = _Check(settings, name, planted, cleaning, stop)
        search = check.run()
    finally:
        cleaning.clean()
    if lacking := search.lacking():
        raise ProfilesError(
            f"No marked adult was found in {', '.join(lacking)}, where one has to be, so nothing is"
            " proved. What the check had made was removed. Look at the policy: does it let anybody"
            " in?"
        )
    return LeakReport(
        name=name,
        planted=planted,
        search=search,
        not_searched=check.not_searched(),
        left=cleaning.left,
    )


class _Check:
    """A check under way."""

    def __init__(
        self,
        settings: LeakCheckSettings,
        name: str,
        planted: Planted,
        cleaning: Cleaning,
        stop: Event,
    ) -> None:
        self.name = name
        self._settings = settings
        self._planted = planted
        self._folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self._removed_at_the_end(self._folder, cleaning)
        outputs = self._folder / "outputs"
        outputs.mkdir()
        self._stop = stop
        self._commands = Subcommands(folder=outputs, stop=stop)
        urls = [own_url(url, name, self._folder) for url in settings.stores]
        self._stores = StorePlaces(urls, cleaning)
        self._store_options = [f"--store={url}" for url in urls]
        policy = self._folder / "policy.toml"
        policy.write_text(settings.policy.text(), "utf-8")
        self._policy = f"--policy={policy}"
        self._topics: TopicPlaces | None = None
        if settings.kafka is not None:
            self._topics = TopicPlaces(brokers=cluster(settings.kafka), name=name)
            self._topics.clean_later(cleaning)
        self._checkpoint: Path | None = None
        if settings.checkpoint is not None:
            self._checkpoint = settings.checkpoint / name
            self._removed_at_the_end(self._checkpoint, cleaning)
        self._page: list[bytes] = []
        self._metrics: list[bytes] = []
        self._answers: dict[Path, tuple[Kept, str]] = {}

    @staticmethod
    def _removed_at_the_end(folder: Path, cleaning: Cleaning) -> None:
        what, do = f"The folder {folder}", f"rm -r {folder}"
        cleaning.later(lambda: remove_folder(folder), what=what, do=do)

    def run(self) -> Search:
        """Run the commands; search what they have left."""
        source = self._folder / "persons.jsonl"
        source.write_bytes(b"".join(each + b"\n" for each in self._planted.messages))
        if self._topics is None:
            self._run_embedded(source)
        else:
            self._run_on_kafka(source, self._topics)
        self._serve_page()
        search = Search(self._planted.markers)
        search.look(self._parts())
        return search

    def _run_embedded(self, source: Path) -> None:
        run, data = self._commands.run, f"--data={self._folder}"
        job = ("run", f"--source={source}", data, self._policy, *self._store_options)
        with self._streaming(*job, persons=len(self._planted.messages)):
            self._exercise_rights([data, *self._store_options], log=())
        run("verify", data, self._policy, *self._store_options)
        run("quarantine", data, *self._store_options)

    def _run_on_kafka(self, source: Path, topics: TopicPlaces) -> None:
        run, stores, policy = self._commands.run, self._store_options, self._policy
        kafka = f"--kafka={self._settings.kafka}"
        ledger = f"--ledger-topic={topics.ledger}"
        keys = f"--ledger-keys={self._folder / 'ledger.keys'}"
        copies = f"--replication={self._settings.replication}"
        of_log, of_foreign = f"--topic={topics.log}", f"--topic={topics.foreign}"
        run("produce", "--once", f"--source={source}", kafka, of_log, copies, policy)
        in_log = json.loads(self._commands.outputs[-2][1].read_bytes())["acknowledged"]
        reading = (kafka, ledger, keys, copies, policy, *stores)
        with self._streaming(
            "process", of_log, f"--group={self.name}", *reading, persons=int(in_log)
        ):
            self._exercise_rights([kafka, ledger, keys, *stores], log=[of_log])
        topics.publish(self._foreign_messages(), replication=self._settings.replication)
        if self._checkpoint is not None:
            checkpoint = f"--checkpoint={self._checkpoint}"
            run("spark", "--once", of_foreign, checkpoint, "--cores=1", *reading)
        else:
            run("process", "--once", of_foreign, f"--group={self.name}_foreign", *reading)
        run("verify", kafka, ledger, keys, policy, *stores)
        run("quarantine", kafka, ledger, *stores)

    @contextmanager
    def _streaming(self, *job: str, persons: int) -> Generator[None]:
        """Let a job run until it has read so many persons; keep what it then says of itself."""
        if not _has_metrics():
            self._commands.run(*job, "--once")
            yield
            return
        with self._commands.running(*job, "--metrics=127.0.0.1:0") as process:
            url = self._commands.wait_for(_SERVED, process)
            while persons_read(url) < persons:
                if self._stop.wait(_AGAIN_S):
                    raise StoppedError
            yield
            self._metrics = list(metrics_of(url))

    def _exercise_rights(self, places: Sequence[str], *, log: Sequence[str]) -> None:
        """Do for three adults what persons may ask for.

        places: options of all commands. log: more options, of those that need the log.
        """
        planted = self._planted
        if not planted.admitted:
            return
        if planted.corrections:
            values = self._folder / "corrections.json"
            values.write_bytes(encode(planted.corrections))
            about = (f"--from={values}", *log, self._policy)
            self._about(planted.corrected, "rectify", *about, *places)
        self._about(planted.restricted, "restrict", "--reason=legal-claims", *places)
        self._about(planted.erased, "erase", *log, self._policy, *places)
        about = (*log, self._policy, *places)
        self._about(planted.corrected, "export", *about, kept=Kept.COPY)

    def _about(
        self, person: MarkedPerson, command: str, *options: str, kept: Kept = Kept.ID
    ) -> None:
        """Run a command about a person; what it prints may hold that person only."""
        self._commands.run(command, person.values["login.uuid"], *options)
        self._answers[self._commands.outputs[-2][1]] = kept, person.whose

    def _foreign_messages(self) -> list[tuple[bytes, bytes]]:
        """Write what another producer sends: everybody, also in one response."""
        records = [person.record for person in self._planted.persons]
        response = encode({"results": records, "info": {"seed": "a", "version": "1.4"}})
        return [(b"%d" % n, each) for n, each in enumerate([*self._planted.messages, response])]

    def _serve_page(self) -> None:
        if not _has_page():
            return
        store = self._store_options[0]
        for option in self._store_options:
            if not option.startswith("--store=cassandra:"):
                store = option
        with self._commands.running("dashboard", store, "--port=0", "--k=1") as process:
            url = self._commands.wait_for(_SERVED, process)
            self._page = list(page_of(url))

    def _parts(self) -> Iterator[Part]:
        yield from self._stores.parts()
        if self._topics is None:
            for name, kept in (("log.sqlite", Kept.LOG), ("ledger.sqlite", Kept.NOTHING)):
                for content in file_bytes(self._folder / name):
                    yield Part(name, kept, content)
        else:
            yield from self._topics.parts()
        for command, path in self._commands.outputs:
            if path in self._answers:
                kept, whose = self._answers[path]
                yield Part(f"answer of profiles {command}", kept, path.read_bytes(), whose)
            else:
                yield Part(f"output of profiles {command}", Kept.NOTHING, path.read_bytes())
        for content in self._metrics:
            yield Part("metrics and health", Kept.NOTHING, content)
        for content in self._page:
            yield Part("page", Kept.NOTHING, content)
        if self._checkpoint is not None:
            yield from folder_parts(self._checkpoint, "checkpoint of Spark")

    def not_searched(self) -> list[str]:
        """Name the places that can't be reached from here, or are not there."""
        found = ["backups, copies and mirrors; memory and swap space"]
        if self._topics is not None:
            found += [
                "the files and logs of Kafka's brokers",
                f"topic {self._topics.foreign}, which holds what was put there as a foreign record",
            ]
            if self._checkpoint is None:
                found.append("Spark and its checkpoint, as --checkpoint names none")
        if any(url.startswith("mongodb") for url in self._settings.stores):
            found.append("the files, journal, oplog and logs of MongoDB")
        if self._stores.following is not None:
            found.append(
                "the files, commit log, hints, snapshots and logs of Cassandra; it makes a snapshot"
                " of the check's keyspace as that is removed (nodetool clearsnapshot)"
            )
        if not _has_page():
            found.append("the page, whose extra `dashboard` is not installed")
        if not _has_metrics():
            found.append("metrics and health, whose extra `metrics` is not installed")
        return found


def _has_page() -> bool:
    return importlib.util.find_spec("dash") is not None


def _has_metrics() -> bool:
    return importlib.util.find_spec("prometheus_client") is not None
