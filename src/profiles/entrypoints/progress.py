"""What a person at a terminal sees while a job runs; nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import (
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from profiles.domain.outcome import Outcome
from profiles.domain.tally import Tally


class Report(Protocol):
    """Takes the tally of each chunk."""

    def __call__(self, tally: Tally, /) -> None:
        """Count it."""
        ...

    def note(self, text: str, /) -> None:
        """Show something beside the counts, in place of what was noted before."""
        ...


class _RateColumn(ProgressColumn):
    """Persons a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        """Write the rate."""
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:,.0f}/s", style="progress.data.speed")


_SHOWN: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.STORED)


def _summary(tally: Tally) -> str:
    others = [f"{o.value} {tally.count(o):,}" for o in _SHOWN if tally.count(o)]
    return ", ".join([f"stored {tally.stored:,}", *others])


@contextmanager
def progress(console: Console) -> Generator[Report]:
    """Show counts and rate on a terminal; on anything else nothing."""
    shown = Progress(
        SpinnerColumn(),
        TextColumn("read {task.completed:,.0f}"),
        _RateColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
        speed_estimate_period=30.0,
    )
    with shown:
        yield _Shown(shown)


@contextmanager
def count_progress(console: Console, what: str) -> Generator[Callable[[int], None]]:
    """Show how far a count has come on a terminal; on anything else nothing.

    what: is counted, as in `profiles looked at`.
    """
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} {task.description}"),
        _RateColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with shown:
        task = shown.add_task(what, total=None)

        def count(number: int) -> None:
            shown.update(task, completed=number)

        yield count


class _Shown:
    """Counts, and shows what it has counted."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._task = shown.add_task("", total=None)
        self._total = Tally()
        self._note = ""

    def __call__(self, tally: Tally, /) -> None:
        self._total += tally
        self._show()

    def note(self, text: str, /) -> None:
        self._note = f"; {text}"
        self._show()

    def _show(self) -> None:
        description = _summary(self._total) + self._note
        self._shown.update(self._task, completed=self._total.read, description=description)
