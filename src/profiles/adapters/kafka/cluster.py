"""A cluster, and how its brokers are reached: with a login, and over TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

DEFAULT_MECHANISM: Final = "SCRAM-SHA-512"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_LOGIN_MODULES: Final = {DEFAULT_MECHANISM: _SCRAM, "SCRAM-SHA-256": _SCRAM, "PLAIN": _PLAIN}
MECHANISMS: Final = tuple(_LOGIN_MODULES)
_FROM_ENVIRONMENT: Final = "org.apache.kafka.common.config.provider.EnvVarConfigProvider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where a cluster is, and what its brokers want to see.

    servers: `HOST:PORT`, or several with commas between them.
    username: of who logs in by SASL, or None. mechanism: one of `MECHANISMS`.
    tls: whether the connection is encrypted, and the broker's certificate checked. ca: a file with
        certificates of the authorities that are trusted; None for those of this machine.
    """

    servers: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: str = DEFAULT_MECHANISM
    tls: bool = False
    ca: Path | None = None

    def __str__(self) -> str:
        """Name it in messages."""
        return self.servers

    @property
    def protocol(self) -> str:
        """Kafka's name for how brokers are spoken to."""
        transport = "SSL" if self.tls else "PLAINTEXT"
        return transport if self.username is None else f"SASL_{transport}"

    @property
    def security(self) -> dict[str, str]:
        """What a client of librdkafka sets."""
        wanted = {"security.protocol": self.protocol}
        if self.username is not None:
            wanted |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.username,
                "sasl.password": self.password or "",
            }
        if self.tls and self.ca is not None:
            wanted["ssl.ca.location"] = str(self.ca)
        return wanted

    def java_security(self, *, password_variable: str) -> dict[str, str]:
        """Return what a client in Java sets, such as Spark's.

        password_variable: of its environment; the settings name it instead of the password
            (KIP-887), because Spark shows settings.
        """
        wanted = {"security.protocol": self.protocol}
        if self.username is not None:
            user = self.username.replace("\\", "\\\\").replace('"', '\\"')
            wanted |= {
                "sasl.mechanism": self.mechanism,
                "sasl.jaas.config": f'{_LOGIN_MODULES[self.mechanism]} required username="{user}"'
                f' password="${{env:{password_variable}}}";',
                "config.providers": "env",
                "config.providers.env.class": _FROM_ENVIRONMENT,
            }
        if self.tls and self.ca is not None:
            wanted |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(self.ca)}
        return wanted


Address = str | Cluster
"""`HOST:PORT[,HOST:PORT]`, or a cluster that wants to see more than that."""


def cluster_at(address: Address) -> Cluster:
    """Return the cluster at an address."""
    return address if isinstance(address, Cluster) else Cluster(servers=address)
