"""Where metrics are served, as it is written."""

from __future__ import annotations

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.listening import ListenAddress, read_listen_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0", ("127.0.0.1", 0)),
        ("192.0.2.7:9464", ("192.0.2.7", 9464)),
        ("metrics-1.internal:80", ("metrics-1.internal", 80)),
        ("[::1]:9464", ("::1", 9464)),
        ("[::]:65535", ("::", 65_535)),
    ],
)
def test_only_this_machine_can_connect_unless_told_otherwise(
    text: str, address: tuple[str, int]
) -> None:
    assert read_listen_address(text) == ListenAddress(*address)


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "localhost:", "65536", "::1", "a b:1", "http://h:1", "h:1/x", "-1", "٣"],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"like 127\.0\.0\.1:9464"):
        read_listen_address(text)
