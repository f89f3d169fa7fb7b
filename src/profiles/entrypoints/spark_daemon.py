"""Spark's daemon on this machine: it has loaded what the Python workers need before it forks them.

Spark names it to Python by the setting `spark.python.daemon.module`. Its own daemon loads nothing
but itself, so that each worker loads everything anew; and Spark puts archives of PySpark's source
before all other folders, so that this is compiled at each start (decision 0253).
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Final

sys.path.sort(key=lambda place: place.endswith(".zip"))
# Cassandra's driver loads NumPy where there is one: whoever forks had better have one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_NEEDED: Final = (
    "pyspark.worker",
    "profiles.adapters.spark.worker",
    "profiles.entrypoints.composition.spark",
    "profiles.adapters.kafka",
    "profiles.adapters.mongo",
    "profiles.adapters.cassandra",
)
for module in _NEEDED:
    with suppress(ImportError):  # of an extra that nobody has asked for, or the worker will say it
        import_module(module)


def main() -> None:
    """Listen for Spark, and fork a worker for each that it asks for."""
    import_module("pyspark.daemon").manager()


if __name__ == "__main__":
    main()
