"""What a running job says of itself is read whole, also while it is not ready."""

from __future__ import annotations

import pytest

from profiles.adapters.prometheus import MetricsServer, PrometheusMetrics
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally
from profiles.entrypoints.composition.leak_services import metrics_of, page_of, persons_read


def test_metrics_and_health_are_read_of_a_job_that_is_not_ready() -> None:
    metrics = PrometheusMetrics()
    with MetricsServer(metrics, host="127.0.0.1", port=0) as server:
        assert persons_read(server.url) == 0
        metrics.counted(Tally(read=3, stored=3))

        said = b"".join(metrics_of(server.url))

        assert persons_read(server.url) == 3
    assert b'profiles_persons_total{outcome="stored",reason=""} 3.0' in said
    assert b'"alive"' in said
    assert b'"ready": false' in said


def test_what_does_not_answer_proves_nothing() -> None:
    with MetricsServer(PrometheusMetrics(), host="127.0.0.1", port=0) as server:
        url = server.url
        with pytest.raises(ProfilesError, match="did not answer; nothing is proved"):
            list(page_of(url))  # it serves no page
    with pytest.raises(ProfilesError, match="did not answer; nothing is proved"):
        list(metrics_of(url))
