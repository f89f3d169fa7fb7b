"""What all tests share: how hard hypothesis tries, and which tests need the real things."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, settings

pytest_plugins = ["tests.support.services.fixtures"]

INTEGRATION = Path(__file__).parent / "integration"

# No deadline: on a busy machine a slow example says nothing about the code.
settings.register_profile("default", max_examples=100, deadline=None)
settings.register_profile("thorough", max_examples=5_000, deadline=None)
# On every supported Python: what differs between them is no matter of examples.
settings.register_profile("quick", max_examples=15, deadline=None)
# The same examples for each mutant, or chance would decide which of them survive. That one kills
# it is all there is to know: looking for a smaller one can take a minute.
settings.register_profile(
    "mutation",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if INTEGRATION in item.path.parents:
            item.add_marker(pytest.mark.integration)
