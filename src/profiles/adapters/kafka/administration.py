"""Kafka's client for questions about the cluster; it knows where it was not let in."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import ErrorListener, client_settings
from profiles.adapters.kafka.errors import error_of, failure

_LOOK_S: Final = 0.2


class Administration(AdminClient):
    """Asks a cluster.

    A request of who is not let in only times out; why is told beside it, to a callback.
    """

    def __init__(self, address: Address, *, name: str) -> None:
        """Prepare for a cluster.

        name: see `client_settings`.

        Raises:
            UsageError: the address has another form.
        """
        self._address = address
        settings = client_settings(address, name=name)
        self._listener = ErrorListener(settings["error_cb"])
        settings["error_cb"] = self._listener
        super().__init__(settings)

    @property
    def access_denied(self) -> KafkaError | None:
        """Tell why nobody is let in, as far as it has been heard of; no waiting mends that."""
        self.poll(0)
        return self._listener.access_denied

    def answer(self, asked: Any) -> Any:  # noqa: ANN401 - the driver's futures have no types
        """Wait for the answer to a request, or for the news that nobody is let in.

        Raises:
            KafkaException: the request failed, or nobody is let in.
        """
        while True:
            try:
                return asked.result(timeout=_LOOK_S)
            except TimeoutError:
                if (error := self.access_denied) is not None:
                    raise KafkaException(error) from None

    @contextmanager
    def map_exceptions(self) -> Generator[None]:
        """Turn the driver's exceptions into ours, without their text."""
        try:
            yield
        except KafkaException as raised:
            raise failure(self._address, self.access_denied or error_of(raised)) from None
