"""Counting what a transaction changes: each version where it was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from profiles.application.log.epochs import Epoch, writer_of
from profiles.application.log.records import Writer
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.statistics import Statistics, bounded
from profiles.domain.version import Origin


def count(
    unit: UnitOfWork, differences: Mapping[Origin, Statistics], epochs: Sequence[Epoch]
) -> None:
    """Add to the statistics of every writer that counts one of these versions.

    Who moves to another partition is taken from the writer that has counted her, and so leaves
    nothing there. E-mail domains are bounded for each writer.
    """
    by_writer: dict[Writer, Statistics] = {}
    for origin, difference in differences.items():
        writer = writer_of(origin, epochs)
        before = by_writer.get(writer)
        by_writer[writer] = difference if before is None else before + difference
    for writer, difference in by_writer.items():
        domains = difference.email_domains
        if domains:
            domains = bounded(domains, unit.email_domains(writer))
        unit.add_statistics(writer, Statistics(cells=difference.cells, email_domains=domains))
