"""Which faults come when, and to whom: nothing but a seed decides."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

BETWEEN_S = (1.5, 5.0)
"""How many seconds, at least and at most, lie between two faults, whoever they come to."""
DOWN_S = 4.0
FROZEN_S = 6.0
LONGEST_S = 14.0
"""Longer than Kafka waits for a reader that is silent."""
LONG = 0.2
"""The share of processes that are frozen so long."""


class Kind(StrEnum):
    """What is done to a process, or to the network in front of a server.

    Attributes:
        KILL: it is killed (signal 9), and started again after a while.
        FREEZE: it is stopped in mid-work and goes on after a while (SIGSTOP, SIGCONT).
        RESTART: it is asked to end (SIGTERM), and started again.
        CUT: all connections are reset, and new ones are refused for a while.
        SILENCE: for a while bytes are taken, and passed only then; nobody is told.
        LOSS: for a while requests are passed and no answers, which get lost as all is cut.
    """

    KILL = "kill"
    FREEZE = "freeze"
    RESTART = "restart"
    CUT = "cut"
    SILENCE = "silence"
    LOSS = "loss"


OF_PROCESSES = (Kind.KILL, Kind.FREEZE, Kind.RESTART)
OF_NETWORKS = (Kind.CUT, Kind.SILENCE, Kind.LOSS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        at_s: seconds after the beginning; later where its target still has an earlier one.
        kind: what is done.
        target: the name of the process or network that it is done to.
        lasts_s: how long it is down, frozen, silent or without answers.
    """

    at_s: float
    kind: Kind
    target: str
    lasts_s: float


def plan(
    *, seed: int, seconds: float, targets: Sequence[str], networks: Sequence[str] = ()
) -> list[Fault]:
    """Draw faults for some time; a longer plan of the same seed and targets begins the same."""
    draws = random.Random(seed)
    deck = _deck(draws, [*product(targets, OF_PROCESSES), *product(networks, OF_NETWORKS)])
    faults = []
    at_s = 0.0
    while (at_s := at_s + draws.uniform(*BETWEEN_S)) < seconds:
        target, kind = next(deck)
        lasts_s = _duration(draws, kind)
        faults.append(Fault(at_s=at_s, kind=kind, target=target, lasts_s=lasts_s))
    return faults


def _deck(draws: random.Random, cards: list[tuple[str, Kind]]) -> Iterator[tuple[str, Kind]]:
    """Deal out all that can happen, shuffled, and again: nothing is left out by chance."""
    while True:
        draws.shuffle(cards)
        yield from cards


def _duration(draws: random.Random, kind: Kind) -> float:
    if kind == Kind.RESTART:
        return 0.0
    if kind in {Kind.KILL, Kind.CUT, Kind.LOSS}:
        return draws.uniform(0, DOWN_S)
    return draws.uniform(0.5, LONGEST_S if draws.random() < LONG else FROZEN_S)
