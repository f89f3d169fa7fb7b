"""What is read out of an expression, and what is refused."""

from __future__ import annotations

import pytest

from tests.support.promql import Asked, PromqlError, asked_by


def test_metrics_are_named_with_the_labels_that_select_them() -> None:
    asked = asked_by(
        'sum by (job) (rate(a_total{outcome="x", job=~"$job"}[5m])) / max(b) > 0.1'
        " and on (job) c == 0"
    )

    assert asked == Asked(
        metrics={"a_total": {"outcome", "job"}, "b": set(), "c": set()},
        grouped_by={"job"},
        texts={"outcome": {"x"}, "job": {"$job"}},
    )


@pytest.mark.parametrize(
    "expression",
    ["", "sum(a", "sum(a))", "sum(a}", "rat(a[5m])", "a[5 minutes]", "5 > 4", "a ? b", 'a{b="c}'],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(PromqlError):
        asked_by(expression)
