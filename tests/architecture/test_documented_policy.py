"""Every setting of a policy is documented, and nothing else is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from profiles.domain.policy_settings import KNOWN, read_policy
from profiles.domain.pseudonym import PseudonymKey
from profiles.entrypoints.policy import KEYS, TABLE

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")


def test_the_page_has_every_setting() -> None:
    documented = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

    assert sorted(documented) == sorted([*KNOWN, KEYS])


def test_the_pages_example_is_a_policy() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    settings = tomllib.loads(example)[TABLE]
    keys = [PseudonymKey(id=name, secret=b"x" * 32) for name in settings.pop(KEYS)]

    policy = read_policy(settings, keys)

    assert policy.minimum_age_in == {"KR": 19, "South Korea": 19}
    assert policy.retention.days == 30
