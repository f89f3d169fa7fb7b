"""`profiles spark` as a real process on real servers, and what is special about it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cassandra.cluster import Cluster, Session
from pymongo import MongoClient

from profiles.domain.tally import Tally
from tests.support.cluster_site import Running, Site
from tests.support.patience import PATIENCE_S

HIDE = "import sys; sys.modules.update(numpy=None, pandas=None, pyarrow=None)"
"""Python's start where there is nothing of what PySpark can use and the extra does not bring."""


@contextmanager
def closing_cluster(host: str, port: int) -> Iterator[Session]:
    cluster = Cluster([host], port=port, protocol_version=4)
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()


@dataclass
class SparkSite(Site):
    """A site whose log is read by Spark: the checkpoint says how far, and no group does."""

    def checkpoint(self, name: str = "a") -> Path:
        return self.folder / f"checkpoint-{name}"

    def lose_stores(self) -> None:
        """Lose all that both stores hold, as where they are restored from before the beginning."""
        with MongoClient[dict[str, object]](self.servers.mongo) as client:
            client.drop_database(self.name)
        host, _, port = self.servers.cassandra.rpartition(":")
        with closing_cluster(host, int(port)) as session:
            session.execute(f"DROP KEYSPACE {self.name}", timeout=PATIENCE_S)

    def spark(
        self, *, checkpoint: str = "a", once: bool = True, more: Iterable[str] = ()
    ) -> Running:
        at_start = self.folder / "at-start"
        at_start.mkdir(exist_ok=True)
        (at_start / "sitecustomize.py").write_text(HIDE)
        path = os.pathsep.join(filter(None, [str(at_start), os.environ.get("PYTHONPATH")]))
        return self._start(
            ["--debug", "spark", *self.arguments(checkpoint), *["--once"] * once, *more],
            environment={**os.environ, "PYTHONPATH": path},
        )

    def arguments(self, checkpoint: str = "a") -> list[str]:
        """What the command and the script for `spark-submit` have in common."""
        return [
            f"--kafka={self.reached.kafka}",
            f"--topic={self.name}",
            f"--partitions={self.partitions}",
            *[f"--store={url}" for url in self.stores],
            f"--checkpoint={self.checkpoint(checkpoint)}",
            *self.ledger_options,
        ]

    def finish_on_spark(self, *, checkpoint: str = "a") -> Tally:
        """Read to the log's end, and check all there is; return the last tally."""
        tally = self.spark(checkpoint=checkpoint).tally()
        self.check()
        return tally

    def is_through(self, *, group: str = "a") -> bool:
        """Take the positions of the deciding store for it: Spark notes nothing in Kafka."""
        del group
        return True
