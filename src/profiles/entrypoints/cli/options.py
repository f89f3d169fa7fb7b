"""The options of the commands, and the types of their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from profiles.application.dashboard.disclosure import DEFAULT_K
from profiles.application.log.unwrapping import Envelope
from profiles.domain.decision_dates import LAST_ZONE
from profiles.domain.errors import UsageError
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.installation import DEFAULT_TOPIC
from profiles.entrypoints.policy import DEFAULT, PolicySource, policy_file
from profiles.entrypoints.processes.count import ProcessCount, read_count
from profiles.entrypoints.settings import seconds

Command = Callable[..., Any]

CONFIGURATION: Final = "profiles.configuration"
"""Under which a context has the path of the configuration file, if there is one."""

_FIRST_ZONE: Final = timezone(timedelta(hours=14))


class Duration(click.ParamType[float]):
    """A time: a number with `ms`, `s`, `m` or `h`; in seconds."""

    name = "duration"

    def __init__(self, least_s: float = 0.0) -> None:
        self._least_s = least_s

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Read a duration, or fail with what is wrong."""
        try:
            duration = seconds(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)
        if duration < self._least_s:
            self.fail(f"{value} is too short; the least is {self._least_s:g}s.", param, ctx)
        return duration


class _Day(click.ParamType[date]):
    """A civil date, `YYYY-MM-DD`, unless there is something against it."""

    name = "date"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> date:
        """Read a date, or fail with what is wrong."""
        try:
            day = datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a civil date
        except ValueError:
            self.fail(f"{value!r} is no date; write it like 2026-11-23.", param, ctx)
        if (refusal := self.refusal(day)) is not None:
            self.fail(refusal, param, ctx)
        return day

    def refusal(self, day: date) -> str | None:
        """Say what is wrong with a date and what to do, if anything is."""
        raise NotImplementedError


class DayThatHasBegun(_Day):
    """A civil date, `YYYY-MM-DD`, that has begun everywhere.

    Counted for a later one, ages would admit those who are children now.
    """

    def refusal(self, day: date) -> str | None:
        """Refuse a day that has not begun everywhere."""
        today = now().astimezone(LAST_ZONE).date()
        if day <= today:
            return None
        return (
            f"{day} has not begun everywhere, and would admit children; name {today} or an earlier"
            " day."
        )


class DayThatHasBegunSomewhere(_Day):
    """A civil date, `YYYY-MM-DD`, that has begun in the zone where days begin first (UTC+14)."""

    def refusal(self, day: date) -> str | None:
        """Refuse a day that has begun nowhere."""
        if day <= now().astimezone(_FIRST_ZONE).date():
            return None
        return f"{day} is still to come; name the day on which it came."


class Processes(click.ParamType[ProcessCount]):
    """A number of processes, or `auto`."""

    name = "processes"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> ProcessCount:
        """Read it, or fail with what is wrong."""
        try:
            return value if isinstance(value, ProcessCount) else read_count(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)


class WholeNumber(click.IntRange):
    """A whole number within bounds; `true` and `2.5` of a configuration file are none."""

    def __init__(self, least: int, most: int | None = None) -> None:
        super().__init__(least, most)
        self._bounds = f"from {least:,} on" if most is None else f"from {least:,} to {most:,}"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Read it, or fail with what is wrong."""
        bounds = self._bounds
        number = None if isinstance(value, (bool, float)) else _whole(str(value))
        if number is None:
            self.fail(f"{value!r} is no whole number; write one {bounds}.", param, ctx)
        if self.min is not None and number < self.min:
            self.fail(f"{number} is too small; write a whole number {bounds}.", param, ctx)
        if self.max is not None and number > self.max:
            self.fail(f"{number} is too large; write a whole number {bounds}.", param, ctx)
        return number


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


class Setting(click.Option):
    """An option that a variable or the configuration file can set, too: errors say which did."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Name what holds the value."""
        source = None if ctx is None else ctx.get_parameter_source(self.name or "")
        if ctx is not None and source is ParameterSource.DEFAULT_MAP:
            return f"'{self.opts[0].lstrip('-')}' in {ctx.meta[CONFIGURATION]}"
        if source is ParameterSource.ENVIRONMENT:
            return f"the variable {self.envvar}"
        if source is ParameterSource.COMMANDLINE:
            return f"'{self.opts[0]}'"
        return super().get_error_hint(ctx)


def option(*names: str, **settings: Any) -> Callable[[Command], Command]:  # noqa: ANN401 - click's own
    """Make an option that can also be set by a variable `PROFILES_<NAME>`."""
    variable = f"PROFILES_{names[0].lstrip('-').replace('-', '_').upper()}"
    return click.option(*names, cls=Setting, envvar=variable, show_envvar=True, **settings)


class GivenEachTime(click.Option):
    """An option of one request: no variable and no configuration file can set it for the next."""


def request_option(*names: str, **settings: Any) -> Callable[[Command], Command]:  # noqa: ANN401 - click's own
    """Make an option that is given with the command, or not at all."""
    return click.option(*names, cls=GivenEachTime, **settings)


def _source_of(
    context: click.Context, _parameter: click.Parameter, path: Path | None
) -> PolicySource:
    """Take the policy of the file that is named, else of the configuration file."""
    if path is not None:
        return policy_file(path)
    configured = context.find_object(PolicySource)
    return DEFAULT if configured is None else configured


policy = option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_source_of,
    is_eager=True,  # before those that add to it
    help="File with a table [policy], instead of that of the configuration file.",
)


def _accepted(context: click.Context, _parameter: click.Parameter, accepted: bool) -> None:  # noqa: FBT001 - click's own
    """Note in the policy's source that a weaker policy is meant."""
    source: PolicySource = context.params["policy"]
    context.params["policy"] = replace(source, accept_change=accepted)


accept_policy_change = option(
    "--accept-policy-change",
    is_flag=True,
    expose_value=False,
    callback=_accepted,
    help="Take a policy that admits or keeps more than the one that the store was written under.",
)


def job_policy(command: Command) -> Command:
    """Give a command that writes to a store the options of its policy."""
    return policy(accept_policy_change(command))


store = option(
    "--store",
    "stores",
    multiple=True,
    required=True,
    metavar="URL",
    help="Where profiles live, like sqlite:///profiles.db; once for each store.",
)
some_store = option(
    "--store",
    "stores",
    multiple=True,
    metavar="URL",
    help="Where profiles live, like sqlite:///profiles.db; once for each store.",
)
data = option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the log and the erasure ledger. Default: beside the store.",
)
ledger = option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the erasure ledger. Default: ledger.sqlite in the data folder.",
)
kafka_ledger = option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the erasure ledger, instead of its topic.",
)
ledger_topic = option(
    "--ledger-topic", default="user_ledger", show_default=True, help="Topic of the erasure ledger."
)
ledger_keys = option(
    "--ledger-keys",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the ledger's keys, of mode 0600. Default: ledger.keys beside the ledger's file.",
)
accept_new_ledger = option(
    "--accept-new-ledger",
    is_flag=True,
    help="Use a ledger that the store does not know, if it has applied none of the one it knows.",
)
some_kafka = option("--kafka", metavar="HOST:PORT", help="The cluster, unless SQLite has it all.")
some_ledger = option(
    "--ledger",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the erasure ledger. Default: its topic, or ledger.sqlite in the data folder.",
)
received = request_option(
    "--received",
    type=DayThatHasBegunSomewhere(),
    metavar="DATE",
    help="The day on which it was asked for; a month later is the deadline. Default: today.",
)
notify = option(
    "--notify",
    multiple=True,
    metavar="NAME=URL",
    help="Tell a recipient, by its name in the policy (GDPR Art. 19); once for each.",
)
port = option(
    "--port",
    type=WholeNumber(0, 65_535),
    default=8050,
    show_default=True,
    help="Port of the page.",
)
k = option(
    "--k",
    type=WholeNumber(1, 1_000),
    default=DEFAULT_K,
    show_default=True,
    help="Counts on the page are rounded down to multiples of this; 1 shows single persons.",
)
refresh = option(
    "--refresh", type=Duration(1.0), default="10s", show_default=True, help="Between updates."
)
as_of = option(
    "--as-of",
    type=DayThatHasBegun(),
    help="Count ages for this date instead of the day of each record.",
)
api_url = option("--api-url", metavar="URL", help="Another base URL of the API.")
source = option(
    "--source",
    required=True,
    metavar="SRC",
    help="randomuser, simulator[:seed=…,limit=…], a file of JSON (also gzip), or -.",
)
every = option(
    "--every", type=Duration(), default="5s", show_default=True, help="Between responses."
)
results = option("--results", type=WholeNumber(1, 5_000), help="Users a response. Default: 50.")
kafka = option(
    "--kafka", required=True, metavar="HOST:PORT", help="The cluster; several hosts with commas."
)
topic = option("--topic", default=DEFAULT_TOPIC, show_default=True, help="Topic of the log.")
partitions = option(
    "--partitions",
    type=WholeNumber(1, 2_048),
    default=4,
    show_default=True,
    help="Of a topic that has to be created.",
)
replication = option(
    "--replication",
    type=WholeNumber(-1, 32),
    default=-1,
    help="Of a topic that has to be created. Default: the cluster's.",
)
metrics = option(
    "--metrics",
    metavar="[HOST:]PORT",
    help="Serve metrics and health there. Without a host: for this machine only.",
)
envelope = option(
    "--envelope",
    type=click.Choice([envelope.value for envelope in Envelope]),
    help="Open what other systems put around a person. Default: such messages are rejected.",
)
processes = option(
    "--processes",
    type=Processes(),
    default="1",
    show_default=True,
    metavar="N|auto",
    help="Readers of the group, each a process; auto: one for each processor.",
)
once_of_log = option("--once", is_flag=True, help="End at the log's end as of the start.")
