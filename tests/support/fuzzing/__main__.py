"""Examine many mutations and print what was seen: `nox -s fuzz -- --count 1000000 --seed 1`."""

from __future__ import annotations

import argparse
import faulthandler
import json
import sys
import time
from collections.abc import Iterator

from tests.support.fuzzing.checking import Failure, examine
from tests.support.fuzzing.mutations import Mutation, Mutations

PATIENCE_S = 300.0
"""How long nothing may happen: then a reader has not come back, and is shown where it is."""
A_STEP = 20_000
COUNT = 1_000_000
COUNT_OF_ENGINES = 100_000


def main(arguments: list[str]) -> int:
    """Do as asked; return the exit code."""
    parser = argparse.ArgumentParser(prog="nox -s fuzz --", description=__doc__)
    parser.add_argument("--count", type=int, help="Mutations. Default: 1,000,000; 100,000 of them.")
    parser.add_argument("--seed", type=int, default=1, help="Others for each. Default: 1.")
    parser.add_argument("--first", type=int, default=0, help="The number of the first one.")
    parser.add_argument(
        "--engines", action="store_true", help="Through Kafka, `process` and Spark instead."
    )
    chosen = parser.parse_args(arguments)
    numbers = range(
        chosen.first,
        chosen.first + (chosen.count or (COUNT_OF_ENGINES if chosen.engines else COUNT)),
    )
    began = time.monotonic()
    mutations = Mutations(chosen.seed)
    try:
        if chosen.engines:
            from tests.support.fuzzing.engines import through_engines  # noqa: PLC0415 - drivers

            document = through_engines(mutations.make(number) for number in numbers)
        else:
            findings = examine(_reported(mutations, numbers))
            document = {
                "mutations": findings.mutations,
                "kinds": dict(findings.kinds.most_common()),
                "outcomes": dict(findings.outcomes.most_common()),
                "slowest": {"number": findings.slowest, "ms": round(findings.slowest_s * 1e3, 1)},
                "memory_grown_mb": round(findings.grown_mb),
            }
    except Failure as failure:
        cause = failure.__cause__
        _say(f"{failure} {cause!r}" if cause else str(failure))
        _say(f"Again: nox -s fuzz -- --seed {chosen.seed} --first {failure.number} --count 1")
        return 1
    seconds = round(time.monotonic() - began)
    sys.stdout.write(json.dumps({"seed": chosen.seed, "seconds": seconds, **document}) + "\n")
    return 0


def _reported(mutations: Mutations, numbers: range) -> Iterator[Mutation]:
    for number in numbers:
        if number % A_STEP == 0:
            faulthandler.dump_traceback_later(PATIENCE_S, exit=True)
            _say(f"{number - numbers.start:,} of {len(numbers):,}")
        yield mutations.make(number)
    faulthandler.cancel_dump_traceback_later()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
