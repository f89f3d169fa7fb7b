"""A reader: the process of a job that takes its share of the partitions, and reports to a parent.

Started by `supervision` with the number of a file descriptor, the connection to the parent. The
parent alone decides when it ends: signals are ignored here, so that neither Ctrl-C in a terminal
nor a service manager that signals all processes of a service ends it in the middle.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Event

from profiles.entrypoints.composition.metrics import Observing
from profiles.entrypoints.composition.streaming import consuming
from profiles.entrypoints.processes.messages import Assignment, Counted, Opened
from profiles.entrypoints.processes.reporting import Parent, ReportedMetrics, serve


def main() -> None:
    """Be a reader: the argument names the file descriptor of the connection."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])), read_log)


def read_log(assignment: Assignment, parent: Parent, stop: Event) -> bool:
    """Take a share of the log into the stores."""
    settings = replace(
        assignment.settings,
        progress=lambda tally: parent.tell(Counted(tally)),
        observing=Observing(
            metrics=ReportedMetrics(parent),
            url="that of the parent" if assignment.observes else None,
        ),
    )
    with consuming(settings, stop=stop, once=assignment.once) as job:
        parent.tell(Opened(len(job.log.partitions())))
        return job.run(once=assignment.once, stop=stop)


if __name__ == "__main__":
    main()
