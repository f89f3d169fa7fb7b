from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from tests.support.chaos.plan import LONGEST_S, OF_NETWORKS, OF_PROCESSES, Kind, plan

TARGETS = ["producer", "consumer", "kafka"]
NETWORKS = ["network of kafka"]
seeds = st.integers(0, 2**32)


@given(seeds, st.integers(0, 600))
def test_the_same_seed_gives_the_same_plan(seed: int, seconds: int) -> None:
    assert plan(seed=seed, seconds=seconds, targets=TARGETS) == plan(
        seed=seed, seconds=seconds, targets=TARGETS
    )


def test_another_seed_gives_another_plan() -> None:
    assert len({tuple(plan(seed=seed, seconds=60, targets=TARGETS)) for seed in range(100)}) == 100


@given(seeds)
def test_a_longer_plan_begins_as_the_shorter_one(seed: int) -> None:
    short = plan(seed=seed, seconds=60, targets=TARGETS)

    assert plan(seed=seed, seconds=120, targets=TARGETS)[: len(short)] == short


@given(seeds, st.integers(1, 600))
def test_faults_come_in_order_and_within_the_time(seed: int, seconds: int) -> None:
    faults = plan(seed=seed, seconds=seconds, targets=TARGETS)

    assert all(earlier.at_s < later.at_s for earlier, later in pairwise(faults))
    assert all(0 < fault.at_s < seconds for fault in faults)
    assert all(0 <= fault.lasts_s <= LONGEST_S for fault in faults)
    assert len(faults) >= seconds // 5  # the longest time between two


@given(seeds)
def test_everything_has_happened_to_every_target_before_anything_happens_again(seed: int) -> None:
    faults = plan(seed=seed, seconds=600, targets=TARGETS, networks=NETWORKS)
    every = [*product(TARGETS, OF_PROCESSES), *product(NETWORKS, OF_NETWORKS)]

    for start in range(0, len(faults) - len(every), len(every)):
        happened = [(each.target, each.kind) for each in faults[start : start + len(every)]]
        assert Counter(happened) == Counter(every)


def test_each_kind_of_fault_is_for_processes_or_for_networks() -> None:
    assert sorted((*OF_PROCESSES, *OF_NETWORKS)) == sorted(Kind)
