"""The schema of an export describes every field, and can be read by any validator."""

from __future__ import annotations

import json
from pathlib import Path

from profiles.application.rights.export_schema import export_schema
from profiles.domain.columns import NAMES

PUBLISHED = Path(__file__).parents[4] / "docs" / "reference" / "export.schema.json"


def test_a_profile_is_described_with_all_columns_in_their_order() -> None:
    profile, null = export_schema()["properties"]["profile"]["anyOf"]

    assert tuple(profile["properties"]) == NAMES
    assert profile["required"] == list(NAMES)
    assert null == {"type": "null"}
    assert profile["properties"]["id"] == {"type": "string", "format": "uuid"}
    assert profile["properties"]["registered_on"] == {
        "anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]
    }


def test_the_published_schema_is_this_one() -> None:
    """If it fails: write what `profiles export --schema` prints into that file."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == export_schema()
