"""`python -m tests.support.chaos --seed N --minutes M`: a storm over servers of its own.

Prints each fault, and at the end one line. If anything is not as it must be, it says how to repeat
the same storm, and keeps what the commands have said.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support.chaos.site import StormSite
from tests.support.chaos.spark import StormSparkSite
from tests.support.chaos.storm import Tally, storm
from tests.support.cluster_site import Addresses
from tests.support.networks import networks
from tests.support.services.pool import Pool, this_machine
from tests.support.services.service import NAMES

SEEDS = 1_000_000
SITES: dict[str, type[StormSite]] = {"process": StormSite, "spark": StormSparkSite}


def main() -> int:
    parser = argparse.ArgumentParser(prog="nox -s chaos --", description=__doc__)
    parser.add_argument("--seed", type=int, help="which storm; another one each time by default")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long it lasts (default: 1)")
    parser.add_argument(
        "--engine", choices=SITES, default="process", help="what reads the log (default: process)"
    )
    arguments = parser.parse_args()
    seed = secrets.randbelow(SEEDS) if arguments.seed is None else arguments.seed
    repeat = f"nox -s chaos -- --seed {seed} --minutes {arguments.minutes:g}"
    repeat += f" --engine {arguments.engine}" * (arguments.engine != "process")
    logging.disable()  # the drivers' own warnings that servers do not answer
    say(f"{repeat}  # repeats this storm")
    folder = Path(tempfile.mkdtemp(prefix="profiles-chaos-"))
    try:
        site = SITES[arguments.engine]
        tally = pass_over_own_servers(site, folder, seed=seed, seconds=arguments.minutes * 60)
    except BaseException:
        say(f"Failed, for the reason that follows. What the commands said is in {folder}.")
        say(f"Repeat it: {repeat}")
        raise
    shutil.rmtree(folder)
    say(str(tally))
    return 0


def pass_over_own_servers(
    make: type[StormSite], folder: Path, *, seed: int, seconds: float
) -> Tally:
    """Start servers and a site, and end all that was started."""
    with Pool(this_machine(), to_be_killed=True) as pool, ExitStack() as stack:
        for name in NAMES:
            pool.begin(name)
        kafka, cassandra, mongo = services = [pool.service(name) for name in NAMES]
        addresses = Addresses(kafka.address, cassandra.address, mongo.address)
        ways = stack.enter_context(networks(kafka, cassandra, mongo))
        site = make(addresses, folder, stack, through=ways.addresses)
        return storm(site, services, ways, seed=seed, seconds=seconds, tell=say)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
