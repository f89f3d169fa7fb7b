"""The unit for systemd runs our command with our settings, as a user without rights."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from profiles.entrypoints.cli import cli
from tests.architecture.test_documentation import options_of

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = FOLDER / "profiles-process.service"
ENVIRONMENT = FOLDER / "process.env"
PROGRAM = "/opt/profiles/bin/profiles"

HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "LimitCORE": "0",
    "MemorySwapMax": "0",
}


def settings(path: Path) -> dict[str, list[str]]:
    """Every setting with its values; a section's name is not told."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, sign, value = line.partition("=")
            assert sign, line
            found[name].append(value)
    return found


def test_the_unit_is_hardened() -> None:
    unit = settings(UNIT)

    assert {name: unit[name] for name in HARDENED} == {n: [v] for n, v in HARDENED.items()}
    assert unit["User"] == ["profiles"]
    assert "@system-service" in unit["SystemCallFilter"]
    assert set(unit["RestrictAddressFamilies"][0].split()) == {"AF_INET", "AF_INET6", "AF_UNIX"}


def test_it_runs_process_and_stops_and_starts_it_as_the_command_line_promises() -> None:
    unit = settings(UNIT)
    program, *words = shlex.split(unit["ExecStart"][0])

    assert program == PROGRAM
    assert words == ["process"]
    assert unit["KillSignal"] == ["SIGTERM"]
    assert unit["Restart"] == ["on-failure"]
    assert unit["RestartPreventExitStatus"] == ["2"]


def test_its_environment_holds_settings_of_the_command_and_files_of_passwords() -> None:
    environment = {name: value for name, (value,) in settings(ENVIRONMENT).items()}
    options = options_of(cli.commands["process"]) | options_of(cli)
    files = {name: value for name, value in environment.items() if name.endswith("_PASSWORD_FILE")}
    others = {name.removeprefix("PROFILES_") for name in environment.keys() - files.keys()}

    assert [n for n in others if f"--{n.lower().replace('_', '-')}" not in options] == []
    assert set(files) == {
        f"PROFILES_{server}_PASSWORD_FILE" for server in ("KAFKA", "MONGO", "CASSANDRA")
    }
    assert all(value.startswith("/etc/profiles/") for value in files.values())
    assert settings(UNIT)["EnvironmentFile"] == ["/etc/profiles/process.env"]


def test_the_command_takes_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (value,) in settings(ENVIRONMENT).items():
        monkeypatch.setenv(name, value)

    context = cli.commands["process"].make_context("process", [])

    assert len(context.params["stores"]) == 2
    assert context.params["metrics"] == "127.0.0.1:9464"


def test_systemd_has_nothing_to_say_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On machines with systemd; elsewhere that is said, and the tests above are all there is."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        with capsys.disabled():
            sys.stdout.write("\nNo systemd-analyze here: the unit was not verified by systemd.\n")
        assert not Path("/run/systemd/system").exists(), "systemd runs here, so it can verify"
        return
    copy = tmp_path / UNIT.name  # of a program that is there
    copy.write_text(UNIT.read_text("utf-8").replace(PROGRAM, sys.executable), "utf-8")

    assert _verified(analyze, copy) == (0, "")
    copy.write_text(re.sub("(?m)^ProtectHome=", "ProtectHomes=", copy.read_text("utf-8")), "utf-8")
    assert "ProtectHomes" in _verified(analyze, copy)[1]  # it would have said so


def _verified(analyze: str, unit: Path) -> tuple[int, str]:
    done = subprocess.run(
        [analyze, "verify", str(unit)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr + done.stdout
