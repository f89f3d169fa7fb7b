"""What Kafka's errors mean in our words."""

from __future__ import annotations

from confluent_kafka import KafkaError

from profiles.adapters.kafka.errors import failure, permanent


def test_who_may_not_use_the_ledgers_transactions_is_told_which_right_is_missing() -> None:
    refused = KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)

    assert permanent(refused)
    assert "describe and write the transactional id profiles-ledger-TOPIC" in str(
        failure("broker:9092", refused)
    )
