"""A simulator of the Random User Generator API, with all that the real one never sends.

Persons come in exactly the shape of its version 1.4, deterministically by seed, with any share
of minors, boundary birthdays, duplicates, later changes of the same person, and hostile records.
It needs nothing but the standard library.
"""

from profiles.adapters.simulator.settings import Simulation, parse
from profiles.adapters.simulator.source import Simulator

__all__ = ["Simulation", "Simulator", "parse"]
