"""Prometheus's own programs, which the session `deploy` provides."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def program(name: str) -> Path:
    """Find a program of Prometheus where the session has put it, else on the path."""
    folder = os.environ.get("PROFILES_TEST_PROMETHEUS")
    found = shutil.which(name, path=folder)
    if found is None:
        pytest.fail(f"{name} is missing. `nox -s deploy` gets it, or install Prometheus.")
    return Path(found)


@pytest.fixture
def promtool() -> Path:
    return program("promtool")


@pytest.fixture
def prometheus() -> Path:
    return program("prometheus")
