"""Mutations of persons, responses, envelopes and bytes, and what must be true of each.

`tests/strategies.py` makes small examples and shrinks those that fail. Here are as many as one has
time for, a million in some minutes: `nox -s fuzz`. A mutation is made of a seed and a number
alone, so that one that fails can be made again by itself.
"""

from tests.support.fuzzing.checking import Failure, Findings, examine
from tests.support.fuzzing.mutations import Mutation, Mutations
from tests.support.fuzzing.values import MARKER

__all__ = ["MARKER", "Failure", "Findings", "Mutation", "Mutations", "examine"]
