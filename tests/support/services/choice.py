"""Where a server comes from: given addresses, else containers, else local processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.support.services.service import Name, ServiceError

FORCED = "PROFILES_TEST_SERVERS"


class Way(StrEnum):
    ADDRESSES = "addresses"
    DOCKER = "docker"
    NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What decides the way; each question is asked only if its answer matters.

    Attributes:
        environ: the environment's variables.
        docker_answers: whether a Docker engine does, decided within two seconds.
        lacking: what local processes lack here for this server, as sentences that say what to
            install; empty if nothing.
    """

    environ: Mapping[str, str]
    docker_answers: Callable[[], bool]
    lacking: Callable[[Name], str]


def address_variable(name: Name) -> str:
    """Name the variable that holds the address of a running server."""
    return f"PROFILES_TEST_{name.upper()}"


def choose(name: Name, machine: Machine, *, to_be_killed: bool = False) -> Way:
    """Choose the way to one server.

    Args:
        name: which server.
        machine: where the tests run.
        to_be_killed: the tests need a server of their own; one at a given address belongs to
            somebody else.

    Raises:
        ServiceError: no way works here, or not the one that is forced.
    """
    forced = machine.environ.get(FORCED, "")
    if forced not in {"", *Way}:
        raise ServiceError(f"{FORCED} is one of {', '.join(Way)}.")
    if forced == Way.ADDRESSES and to_be_killed:
        raise ServiceError(
            f"These tests kill {name}, and none at a given address is killed:"
            f" unset {FORCED}, or set it to docker or native."
        )
    given = bool(machine.environ.get(address_variable(name)))
    if forced == Way.ADDRESSES and not given:
        raise ServiceError(f"{FORCED}=addresses needs {address_variable(name)} to be set.")
    if given and not to_be_killed and forced in {"", Way.ADDRESSES}:
        return Way.ADDRESSES
    if forced != Way.NATIVE and machine.docker_answers():
        return Way.DOCKER
    if forced == Way.DOCKER:
        raise ServiceError(
            f"{FORCED}=docker, but no Docker engine answers: start it, or allow another way."
        )
    if lacking := machine.lacking(name):
        raise ServiceError(
            f"The tests need {name}. Start a Docker engine, or set {address_variable(name)} to"
            f" the address of a server made for tests, or mend this: {lacking}"
        )
    return Way.NATIVE
