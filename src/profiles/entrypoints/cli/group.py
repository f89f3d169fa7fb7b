"""The command `profiles` itself: which settings its commands begin with."""

from __future__ import annotations

from pathlib import Path

import click

from profiles.entrypoints.cli.logging_options import SETTING, begin_logging, configured_format
from profiles.entrypoints.cli.options import CONFIGURATION, GivenEachTime, option
from profiles.entrypoints.log_output import LogFormat
from profiles.entrypoints.policy import TABLE, PolicySource
from profiles.entrypoints.settings import read_file


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="profiles")
@option(
    "--config", type=click.Path(path_type=Path), help="Settings in TOML. Default: profiles.toml"
)
@option("--debug", is_flag=True, help="Show where an error came from; never the values in it.")
@option(
    "--log-format",
    type=click.Choice([each.value for each in LogFormat]),
    help="How standard error is written. Default: text",
)
@click.pass_context
def cli(
    context: click.Context,
    config: Path | None,
    *,
    debug: bool,  # noqa: ARG001 - of `run_command`
    log_format: str | None,
) -> None:
    """Stream user profiles under privacy law: adults only, and nothing that is not needed.

    Settings come from a flag, else from its variable, else from the configuration file.
    """
    known = {
        name: frozenset(
            option
            for parameter in command.params
            for option in (_flag(parameter),)
            if option is not None
        )
        for name, command in cli.commands.items()
    }
    file = read_file(config, known, tables=[TABLE], general=[SETTING])
    if log_format is None and SETTING in file.general:
        begin_logging(configured_format(file.general[SETTING]))
    context.meta[CONFIGURATION] = file.path
    context.default_map = {
        name: {_parameter(cli.commands[name], key): value for key, value in values.items()}
        for name, values in file.commands.items()
    }
    if file.path is not None and TABLE in file.tables:
        context.obj = PolicySource.of_table(file.path, file.tables[TABLE])


def _flag(parameter: click.Parameter) -> str | None:
    """Return the name of an option as the configuration file has it; None if it has none there."""
    if isinstance(parameter, GivenEachTime) or not parameter.opts[0].startswith("-"):
        return None
    return parameter.opts[0].lstrip("-").replace("-", "_")


def _parameter(command: click.Command, flag: str) -> str:
    """Return the name of the parameter that an option fills."""
    return next(p.name or flag for p in command.params if _flag(p) == flag)
