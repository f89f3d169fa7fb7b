from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.services.choice import Machine, Way, address_variable, choose
from tests.support.services.service import NAMES, Name, ServiceError

LACKING = "Java 17 is needed."


def machine(
    environ: Mapping[str, str] | None = None, *, docker: bool = False, lacking: str = ""
) -> Machine:
    return Machine(
        environ=environ or {}, docker_answers=lambda: docker, lacking=lambda _name: lacking
    )


def never() -> bool:
    pytest.fail("The Docker engine was asked.")


@pytest.mark.parametrize("name", NAMES)
def test_a_given_address_comes_first_and_asks_no_docker_engine(name: Name) -> None:
    given = Machine(
        environ={address_variable(name): "there:1"}, docker_answers=never, lacking=lambda _: LACKING
    )

    assert choose(name, given) == Way.ADDRESSES


def test_containers_come_next_then_processes() -> None:
    assert choose("kafka", machine(docker=True)) == Way.DOCKER
    assert choose("kafka", machine()) == Way.NATIVE


def test_each_server_goes_its_own_way() -> None:
    only_kafka = machine({"PROFILES_TEST_KAFKA": "there:1", "PROFILES_TEST_MONGO": ""})

    assert [choose(name, only_kafka) for name in NAMES] == [Way.ADDRESSES, Way.NATIVE, Way.NATIVE]


@pytest.mark.parametrize("way", [Way.DOCKER, Way.NATIVE])
def test_a_forced_way_goes_before_an_address(way: Way) -> None:
    environ = {"PROFILES_TEST_SERVERS": str(way), "PROFILES_TEST_KAFKA": "there:1"}

    assert choose("kafka", machine(environ, docker=True)) == way


def test_processes_can_be_forced_where_a_docker_engine_is_not_even_asked() -> None:
    environ = {"PROFILES_TEST_SERVERS": "native"}
    forced = Machine(environ=environ, docker_answers=never, lacking=lambda _: "")

    assert choose("mongo", forced) == Way.NATIVE


@pytest.mark.parametrize("name", NAMES)
def test_a_server_to_be_killed_is_never_one_at_a_given_address(name: Name) -> None:
    given = machine({address_variable(name): "there:1"})

    assert choose(name, given, to_be_killed=True) == Way.NATIVE


@pytest.mark.parametrize(
    ("environ", "to_be_killed", "says"),
    [
        ({}, False, LACKING),
        ({}, False, "Docker engine"),
        ({}, False, "PROFILES_TEST_KAFKA"),
        ({"PROFILES_TEST_SERVERS": "native"}, False, LACKING),
        ({"PROFILES_TEST_SERVERS": "docker"}, False, "no Docker engine answers"),
        ({"PROFILES_TEST_SERVERS": "addresses"}, False, "PROFILES_TEST_KAFKA"),
        ({"PROFILES_TEST_SERVERS": "addresses"}, True, "unset PROFILES_TEST_SERVERS"),
        ({"PROFILES_TEST_SERVERS": "podman"}, False, "addresses, docker, native"),
    ],
)
def test_where_no_way_works_the_error_says_what_to_do(
    environ: dict[str, str],
    to_be_killed: bool,  # noqa: FBT001 - a column of the table
    says: str,
) -> None:
    with pytest.raises(ServiceError, match=says):
        choose("kafka", machine(environ, lacking=LACKING), to_be_killed=to_be_killed)
