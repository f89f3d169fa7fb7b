from __future__ import annotations

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.composition.cluster import cluster


def test_an_unknown_mechanism_is_refused_with_those_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROFILES_KAFKA_PASSWORD", "Opensesame")

    assert cluster("u@h:9092?mechanism=PLAIN").mechanism == "PLAIN"
    with pytest.raises(UsageError, match="SCRAM-SHA-512, SCRAM-SHA-256, PLAIN"):
        cluster("u@h:9092?mechanism=GSSAPI")
