"""Metrics in Prometheus's form, served over HTTP together with the job's health."""

from profiles.adapters.prometheus.metrics import PrometheusMetrics
from profiles.adapters.prometheus.server import MetricsServer

__all__ = ["MetricsServer", "PrometheusMetrics"]
