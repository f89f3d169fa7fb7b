"""Real Kafka, Cassandra and MongoDB for tests: found, started, killed, started again, removed.

Which servers a test gets is decided in `choice`. Tests name a fixture of `fixtures`; fault tests
get a `Service` and may kill it.
"""

from tests.support.services.service import NAMES, Name, Service, ServiceError

__all__ = ["NAMES", "Name", "Service", "ServiceError"]
