"""`profiles process --processes 2`, of which a reader is killed, and then the parent."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.support.cluster_site import Site, until
from tests.support.process_tree import command_of, descendants


def test_a_killed_reader_is_started_again_and_none_outlives_the_parent(
    site: Site, people: Path
) -> None:
    site.produce(people).production()
    job = site.process(once=False, options=["--processes=2"])
    until(lambda: site.decided() > 0, job)
    killed = descendants(job.process.pid)[0]

    os.kill(killed, signal.SIGKILL)
    until(lambda: "was killed (SIGKILL)" in job.said, job)
    until(lambda: site.is_through() and site.members() == 2, job)
    readers = descendants(job.process.pid)
    assert len(readers) == 2
    assert killed not in readers
    assert job.said.count("was killed") == 1

    assert job.kill()
    until(lambda: not any(command_of(reader) for reader in readers))
    site.check()
    assert site.finish().read == 0
