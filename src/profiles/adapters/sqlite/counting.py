"""How statistics lie in a SQLite file, what changes them, and how they are read.

A row of `cells` is a cohort with the counts of its twelve months, of all writers together: they
take turns in one file anyway, and the page reads a tenth of the rows. E-mail domains are counted
for each writer, because the bound on them is each writer's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from profiles.application.ports.policies import PolicyEntry
from profiles.application.ports.stores import Overview
from profiles.application.transaction.arrivals import recent
from profiles.domain.outcome import Outcome
from profiles.domain.statistics import Cohort, Statistics, cells_of, cohorts_of
from profiles.domain.tally import Tally

_MONTHS: Final = tuple(f"month_{number}" for number in range(1, 13))

CELLS: Final = f"""
    CREATE TABLE cells (
        nationality TEXT NOT NULL,
        gender TEXT NOT NULL,
        birth_year TEXT NOT NULL,
        {", ".join(f"{month} INTEGER NOT NULL" for month in _MONTHS)},
        PRIMARY KEY (nationality, gender, birth_year)
    ) STRICT, WITHOUT ROWID
"""
_ADDED: Final = ", ".join(f"{month} = {month} + excluded.{month}" for month in _MONTHS)
_ADD_COHORT: Final = f"""
    INSERT INTO cells VALUES (?, ?, ?, {", ".join("?" * 12)}) ON CONFLICT DO UPDATE SET {_ADDED}
"""  # noqa: S608 - this module's own words
_DELETE_EMPTY: Final = f"""
    DELETE FROM cells WHERE nationality = ? AND gender = ? AND birth_year = ?
    AND NOT ({" OR ".join(_MONTHS)})
"""  # noqa: S608 - this module's own words
_ADD_DOMAIN: Final = """
    INSERT INTO email_domains VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""


def add(connection: sqlite3.Connection, writer: int, difference: Statistics) -> None:
    """Add to a writer's statistics; a count that comes to zero goes."""
    cohorts = cohorts_of(difference.cells)
    connection.executemany(_ADD_COHORT, [(*cohort, *months) for cohort, months in cohorts.items()])
    connection.executemany(
        _DELETE_EMPTY, [cohort for cohort, months in cohorts.items() if min(months) < 0]
    )
    if difference.email_domains:
        domains = difference.email_domains.items()
        connection.executemany(_ADD_DOMAIN, [(writer, domain, count) for domain, count in domains])
        connection.execute("DELETE FROM email_domains WHERE writer = ? AND count = 0", (writer,))


def email_domains(connection: sqlite3.Connection, writer: int) -> dict[str, int]:
    """Return what a writer counts by e-mail domain."""
    return dict(
        connection.execute(
            "SELECT email_domain, count FROM email_domains WHERE writer = ?", (writer,)
        ).fetchall()
    )


def statistics(connection: sqlite3.Connection) -> Statistics:
    """Return the sum over all writers; as of one moment inside a transaction."""
    return Statistics(cells=cells_of(_cohorts(connection)), email_domains=_domains(connection))


def overview(connection: sqlite3.Connection, policies: Sequence[PolicyEntry]) -> Overview:
    """Return all that the page is made of; as of one moment inside a transaction."""
    return Overview(
        cohorts=_cohorts(connection),
        email_domains=_domains(connection),
        arrivals=arrivals(connection),
        counts=tally(connection),
        policies=policies,
    )


def _cohorts(connection: sqlite3.Connection) -> dict[Cohort, list[int]]:
    rows = connection.execute("SELECT * FROM cells")
    return {
        Cohort(nationality, gender, year): months for nationality, gender, year, *months in rows
    }


def _domains(connection: sqlite3.Connection) -> Mapping[str, int]:
    return dict(
        connection.execute(
            "SELECT email_domain, sum(count) FROM email_domains"
            " GROUP BY email_domain HAVING sum(count) <> 0"
        ).fetchall()
    )


def tally(connection: sqlite3.Connection) -> Tally:
    """Return the sum of all tallies."""
    rows = connection.execute(
        "SELECT kind, name, sum(count) FROM counts GROUP BY kind, name"
    ).fetchall()
    return Tally(
        **{name: count for kind, name, count in rows if kind != "reason"},
        reasons={name: count for kind, name, count in rows if kind == "reason"},
    )


def tally_rows(writer: int, counted: Tally) -> list[tuple[int, str, str, int]]:
    """Write a tally as rows of `counts`."""
    rows = [(writer, "read", "read", counted.read)]
    rows += [(writer, "outcome", o.value, counted.count(o)) for o in Outcome if counted.count(o)]
    rows += [(writer, "reason", name, count) for name, count in counted.reasons.items()]
    return rows


def arrivals(connection: sqlite3.Connection) -> dict[datetime, int]:
    """Return newly held persons by minute of log time."""
    rows = connection.execute("SELECT minute, sum(count) FROM arrivals GROUP BY minute").fetchall()
    return recent({datetime.fromisoformat(minute): count for minute, count in rows})
