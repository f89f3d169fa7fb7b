"""Kafka's client for questions about the cluster; it knows where it was not let in."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings, error_of, failure

_LOGIN: Final = KafkaError._AUTHENTICATION  # noqa: SLF001 - the library's own errors are all named so
_TLS: Final = KafkaError._SSL  # noqa: SLF001 - see above
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
        self._access_denied: KafkaError | None = None
        settings = client_settings(address, name=name)
        tell_outage = settings["error_cb"]

        def heard(error: KafkaError) -> None:
            if _is_access_denied(error):
                self._access_denied = error
            else:
                tell_outage(error)

        settings["error_cb"] = heard
        super().__init__(settings)

    @property
    def access_denied(self) -> KafkaError | None:
        """Tell why nobody is let in, as far as it has been heard of; no waiting mends that."""
        self.poll(0)
        return self._access_denied

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


def _is_access_denied(error: KafkaError) -> bool:
    """Tell a wrong login or certificate from TLS that failed because a broker went away in it."""
    return error.code() == _LOGIN or (error.code() == _TLS and "certificate" in error.str())
