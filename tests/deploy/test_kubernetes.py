"""The manifests are what Kubernetes itself says of their kinds, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSIONS = ["1.25", "1.30", kubernetes_validate.latest_version()]
"""The first one is the oldest whose schemas are known here."""


def documents() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            name = f"{path.stem}-{document['kind']}"
            yield pytest.param(document, id=name)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", [*documents()])
def test_every_field_is_known_and_of_its_type(document: dict[str, Any], version: str) -> None:
    judged_by = kubernetes_validate.validate(document, version, strict=True)

    assert version.startswith(judged_by)


def test_a_field_that_is_misspelt_or_of_another_type_is_found_out() -> None:
    (deployment,) = [each.values[0] for each in documents() if each.id == "process-Deployment"]
    misspelt, of_another_type = deepcopy(deployment), deepcopy(deployment)
    pod = misspelt["spec"]["template"]["spec"]
    pod["containers"][0]["readynessProbe"] = pod["containers"][0].pop("readinessProbe")
    of_another_type["spec"]["replicas"] = "two"

    for broken in (misspelt, of_another_type):
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)
