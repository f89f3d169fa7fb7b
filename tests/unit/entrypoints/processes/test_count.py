"""How many processes share a job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.processes import count
from profiles.entrypoints.processes.count import ProcessCount, read_count, shared, usable_processors

MONGO = "mongodb://m:27017/db?replicaSet=rs0"


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("4", 4), (" 16 ", 16), ("2048", 2_048)])
def test_a_number_is_taken_as_it_is(text: str, number: int) -> None:
    assert read_count(text) == ProcessCount(number)


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "1.5", "2049", "two", "٣", "1e3"])
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_count(text)

    assert str(refused.value) == (
        f"{text!r} is no number of processes; write one from 1 to 2,048, or auto."
    )


def test_auto_is_one_for_each_processor_that_may_be_used() -> None:
    assert read_count("auto") == ProcessCount(usable_processors(), auto=True)
    assert 1 <= usable_processors() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("quota", "processors"), [("100000 100000", 1), ("50000 100000", 1), ("150000 100000", 2)]
)
def test_a_control_group_that_may_not_fill_all_of_them_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, processors: int
) -> None:
    own = tmp_path / "system.slice" / "profiles.service"
    own.mkdir(parents=True)
    (own / "cpu.max").write_text(f"{quota}\n")
    (tmp_path / "cgroup").write_text("0::/system.slice/profiles.service\n")
    monkeypatch.setattr(count, "_CGROUPS", tmp_path)
    monkeypatch.setattr(count, "_OWN_CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)

    assert usable_processors() == processors


@pytest.mark.parametrize("quota", ["max 100000\n", "", "0 0\n"])
def test_a_control_group_without_a_limit_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str
) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(count, "_CGROUPS", tmp_path)
    monkeypatch.setattr(count, "_OWN_CGROUP", tmp_path / "missing")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)

    assert usable_processors() == 8


def test_one_process_does_a_job_alone() -> None:
    assert not shared(ProcessCount(1), read_stores([MONGO]))
    assert shared(ProcessCount(2), read_stores([MONGO]))


def test_sqlite_takes_one_writer_so_several_are_refused_and_auto_is_one() -> None:
    sqlite = read_stores(["sqlite:///p.db"])

    assert not shared(ProcessCount(4, auto=True), sqlite)
    with pytest.raises(UsageError, match="SQLite takes one writer at a time"):
        shared(ProcessCount(4), sqlite)
