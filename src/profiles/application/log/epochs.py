"""Epochs: what a store numbers afresh when a topic is created again or gets more partitions.

The epoch is the highest part of a version, so that everything logged in a later one is newer,
although offsets begin again and keys move to other partitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from profiles.application.log.records import LogPartition, Writer
from profiles.domain.version import Origin, Version


class Epoch(NamedTuple):
    """A topic as long as it has one number of partitions.

    number: counts the epochs of all topics that a store has read, from 1 on.
    firsts: the first offset of this epoch, by partition. A partition is missing here if nothing of
        it had been decided when the epoch began: then all of its records belong to this epoch.
    """

    number: int
    topic_id: str
    partitions: int
    firsts: Mapping[int, int]


class EarlierEpoch(NamedTuple):
    """An epoch of a topic that is over, as one partition sees it.

    end: the first offset of the partition that belongs to a later epoch.
    """

    number: int
    end: int


def current_epoch(partition: LogPartition, epochs: Sequence[Epoch]) -> Epoch | None:
    """Return the epoch in which a partition is read; None if it has still to be entered.

    epochs: all that the store knows, in the order of their numbers.

    A reader that does not know yet that its topic has grown gets the newest epoch, too.
    """
    of_topic = [epoch for epoch in epochs if epoch.topic_id == partition.topic_id]
    if not of_topic or of_topic[-1].partitions < partition.partitions:
        return None
    return of_topic[-1]


def next_epoch(
    partition: LogPartition, epochs: Sequence[Epoch], positions: Mapping[int, int]
) -> Epoch:
    """Return the epoch that begins with a topic, or with its new number of partitions.

    positions: the first offset not yet decided of each partition of which something was decided.
    """
    return Epoch(len(epochs) + 1, partition.topic_id, partition.partitions, dict(positions))


def earlier_epochs(partition: LogPartition, epochs: Sequence[Epoch]) -> Sequence[EarlierEpoch]:
    """Return the epochs of a partition's topic before the current one, oldest first."""
    of_topic = [epoch for epoch in epochs if epoch.topic_id == partition.topic_id]
    return [
        EarlierEpoch(before.number, after.firsts.get(partition.number, 0))
        for before, after in pairwise(of_topic)
    ]


def version_of(partition: LogPartition, offset: int, epochs: Sequence[Epoch]) -> int | None:
    """Return the version in which a record was decided; None if nothing was of its topic."""
    of_offset = [
        epoch.number
        for epoch in epochs
        if epoch.topic_id == partition.topic_id and epoch.firsts.get(partition.number, 0) <= offset
    ]
    return Version(of_offset[-1], offset, partition.number).number() if of_offset else None


def writer_of(origin: Origin, epochs: Sequence[Epoch]) -> Writer:
    """Return the writer that counts what was decided in an epoch of a partition."""
    return Writer(epochs[origin.epoch - 1].topic_id, origin.partition)
