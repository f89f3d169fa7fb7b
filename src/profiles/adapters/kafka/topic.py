"""Topics: made explicitly with the settings that privacy needs, and told apart by their ids."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Final, NamedTuple, TypeVar

import tenacity
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, NewTopic, ResourceType

from profiles.adapters.kafka.administration import Administration
from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.errors import NO_TOPIC, error_of, failure, permanent
from profiles.adapters.kafka.settings import TOPIC_MESSAGE_BYTES
from profiles.application.errors import LogError
from profiles.application.log.records import LogPartition
from profiles.domain.policy import LOG_RETENTION

DEFAULT_TOPIC: Final = "user_data_topic"

PATIENCE_S: Final = 120.0
"""Seconds for which a cluster that does not answer is waited for at the start."""

T = TypeVar("T")

_REQUEST_S: Final = 10.0
_PAUSE_S: Final = 0.5
_MILLISECONDS: Final = 1_000
_SEGMENT_MS: Final = 3_600_000  # 1 h: retention deletes whole segments, so it is late by one
_FOR_EVER: Final = "-1"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """A topic as it is to be.

    partitions: how many, where it has to be made.
    replication: of each partition; -1 for the cluster's own default.
    retention_ms: milliseconds after which a record goes, up to one segment (1 h) late; None for
        a topic that loses nothing, ever.
    message_bytes: the largest batch of messages that it lets in; None for the cluster's default.
    """

    name: str = DEFAULT_TOPIC
    partitions: int = 4
    replication: int = -1
    retention_ms: int | None = int(LOG_RETENTION.total_seconds()) * _MILLISECONDS
    message_bytes: int | None = TOPIC_MESSAGE_BYTES

    def configuration(self) -> Mapping[str, str]:
        """Return the topic's own settings, in Kafka's words."""
        kept = (
            {
                "retention.ms": _FOR_EVER,
                "retention.bytes": _FOR_EVER,
                "unclean.leader.election.enable": "false",
            }
            if self.retention_ms is None
            else {"retention.ms": str(self.retention_ms), "segment.ms": str(_SEGMENT_MS)}
        )
        size = {} if self.message_bytes is None else {"max.message.bytes": str(self.message_bytes)}
        return {
            "cleanup.policy": "delete",
            **kept,
            "message.timestamp.type": "LogAppendTime",
            **size,
        }


class Topic(NamedTuple):
    """A topic as Kafka knows it.

    id: Kafka's own, in the form that its tools show; another one each time it is made.
    """

    name: str
    id: str
    partitions: int

    def partition(self, number: int) -> LogPartition:
        """Name a partition."""
        return LogPartition(self.id, number, self.partitions)


class Topics:
    """Makes and describes topics."""

    def __init__(self, address: Address, *, request_s: float = _REQUEST_S) -> None:
        """Prepare for a cluster at `HOST:PORT`; it connects when asked.

        request_s: seconds for which one answer is waited for.
        """
        self._address = address
        self._request_s = request_s
        self._admin = Administration(address, name="profiles-topics")

    def ensure(
        self, settings: TopicSettings, *, stop: Event, within_s: float = PATIENCE_S
    ) -> Topic:
        """Make a topic where it is missing; say where an existing one differs, and leave it so.

        within_s: seconds for which to wait for a cluster that does not answer.

        Raises:
            LogError: it can't be made, or nothing answered in time, or `stop` was set.
        """
        return self._patiently(lambda: self._made(settings), stop=stop, within_s=within_s)

    def find(self, name: str, *, stop: Event, within_s: float = PATIENCE_S) -> Topic | None:
        """Describe a topic; None where Kafka says that there is none.

        within_s: as for `ensure`.

        Raises:
            LogError: this user may not see it, or nothing answered in time, or `stop` was set.
        """
        return self._patiently(lambda: self._found(name), stop=stop, within_s=within_s)

    def _patiently(self, ask: Callable[[], T], *, stop: Event, within_s: float) -> T:
        """Ask until there is an answer."""

        def can_pass(raised: BaseException) -> bool:
            if not isinstance(raised, KafkaException) or self._admin.access_denied is not None:
                return False
            return not permanent(error_of(raised))

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(can_pass),
            wait=tenacity.wait_fixed(_PAUSE_S),
            stop=tenacity.stop_any(
                tenacity.stop_after_delay(within_s), tenacity.stop_when_event_set(stop)
            ),
            sleep=tenacity.sleep_using_event(stop),
            before_sleep=self._waiting_told(),
            reraise=True,
        )
        try:
            return retrying(ask)
        except KafkaException as raised:
            error = self._admin.access_denied or error_of(raised)
            raise failure(self._address, error) from None

    def _waiting_told(self) -> Callable[[tenacity.RetryCallState], None]:
        """Say once what is waited for."""
        said = False

        def tell(state: tenacity.RetryCallState) -> None:
            nonlocal said
            raised = state.outcome.exception() if state.outcome else None
            # A topic that was just made is not known everywhere at once.
            just_made = isinstance(raised, KafkaException) and error_of(raised).code() in NO_TOPIC
            if not said and not just_made:
                _logger.warning("Waiting for Kafka at %s.", self._address)
                said = True

        return tell

    def _made(self, settings: TopicSettings) -> Topic:
        topic = self._found(settings.name)
        if topic is not None:
            self._log_differences(settings)
            return topic
        wanted = NewTopic(
            settings.name,
            num_partitions=settings.partitions,
            replication_factor=settings.replication,
            config=dict(settings.configuration()),
        )
        future = self._admin.create_topics([wanted], request_timeout=self._request_s)[settings.name]
        try:
            self._admin.answer(future)
        except KafkaException as raised:
            if error_of(raised).code() != KafkaError.TOPIC_ALREADY_EXISTS:  # somebody else did
                raise
        return self._described(settings.name)

    def existing(self, name: str) -> Topic | None:
        """Describe a topic, asking once; None where Kafka says that there is none.

        Raises:
            LogError: Kafka did not answer, or this user may not see it.
        """
        with self._admin.map_exceptions():
            return self._found(name)

    def _found(self, name: str) -> Topic | None:
        try:
            return self._described(name)
        except KafkaException as raised:
            if error_of(raised).code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
            return None

    def differences(self, settings: TopicSettings) -> Mapping[str, tuple[str, str]]:
        """Return what an existing topic has otherwise: by setting, what it has and should have.

        Raises:
            LogError: there is no such topic, or Kafka did not answer.
        """
        with self._admin.map_exceptions():
            return self._differences(settings)

    def _differences(self, settings: TopicSettings) -> Mapping[str, tuple[str, str]]:
        resource = ConfigResource(ResourceType.TOPIC, settings.name)
        answer = self._admin.describe_configs([resource], request_timeout=self._request_s)
        found = self._admin.answer(answer[resource])
        return {
            name: (str(found[name].value), wanted)
            for name, wanted in settings.configuration().items()
            if name in found and str(found[name].value) != wanted
        }

    def _log_differences(self, settings: TopicSettings) -> None:
        for name, (found, wanted) in self._differences(settings).items():
            _logger.warning(
                "Topic %s has %s=%s and should have %s. It was left as it is; change it with"
                " kafka-configs.sh --alter --topic %s --add-config %s=%s.",
                *(settings.name, name, found, wanted),
                *(settings.name, name, wanted),
            )

    def delete(self, *names: str) -> None:
        """Delete topics with all that they hold.

        Raises:
            LogError: Kafka did not do it.
        """
        futures = self._admin.delete_topics(list(names), request_timeout=self._request_s)
        with self._admin.map_exceptions():
            for future in futures.values():
                self._admin.answer(future)

    def ask(self, name: str) -> Any:  # noqa: ANN401 - the driver's future of a type it does not export
        """Begin to describe a topic; give the answer to `answered`."""
        names = TopicCollection([name])
        return self._admin.describe_topics(names, request_timeout=self._request_s)[name]

    def answered(self, name: str, asked: Any) -> Topic | None:  # noqa: ANN401 - see `ask`
        """Wait for an answer to `ask`; None if there was none.

        Raises:
            LogError: there is no such topic, or this user may not see it.
        """
        try:
            return _topic(name, asked.result())
        except KafkaException as raised:
            error = error_of(raised)
            if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise gone(name) from None
            if permanent(error):
                raise failure(self._address, error) from None
            return None

    def describe(self, name: str) -> Topic:
        """Describe a topic.

        Raises:
            LogError: there is no such topic, or Kafka did not answer.
        """
        try:
            return self._described(name)
        except KafkaException as raised:
            error = error_of(raised)
            if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise gone(name) from None
            raise failure(self._address, error) from None

    def _described(self, name: str) -> Topic:
        return _topic(name, self._admin.answer(self.ask(name)))


def gone(name: str) -> LogError:
    """Say that a topic is not there."""
    return LogError(
        f"Topic {name}",
        "it does not exist, or was deleted",
        "What the stores hold stays. Run the same command again: it creates the topic again.",
    )


def created_again(name: str) -> LogError:
    """Say that a topic is not the one that was read."""
    return LogError(
        f"Topic {name}",
        "it was deleted and created again while it was read",
        "Nothing of the new one was taken in. Run the same command again: it reads the new"
        " one from its beginning, and the stores keep what they hold.",
    )


def _topic(name: str, description: Any) -> Topic:  # noqa: ANN401 - the driver's own type, without types
    # Java writes a topic's id with the alphabet for URLs, and this driver with the other one.
    identity = str(description.topic_id).replace("+", "-").replace("/", "_")
    return Topic(name, identity, len(description.partitions))
