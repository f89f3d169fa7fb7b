"""The network breaks while everybody lives on: cut, silent, slow, or without the answers."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest

from tests.support.chaos.site import StormSite
from tests.support.cluster_site import Running, until
from tests.support.networks import (
    BATCH,
    END_TXN,
    EXECUTE,
    FETCH,
    OFFSET_COMMIT,
    PRODUCE,
    Asks,
    Networks,
    asks_cassandra,
    asks_kafka,
    asks_mongo_to_commit,
)
from tests.support.patience import PATIENCE_S
from tests.support.proxy import Cut, Proxy, Way

SEED = 1
LASTS_S = 0.3
PAUSE_S = 0.1
SLOW_S = 0.03
SOURCE = (
    "simulator:seed=3,limit=none,minors=0.1,boundary=0.05,hostile=0.05,duplicates=0.1,updates=0.2"
)
PEOPLE = "simulator:seed=9,limit=300"
AGAIN = "run the same command again"

Break = Callable[[Proxy], None]


@pytest.fixture
def site(storm_site: StormSite) -> StormSite:
    return storm_site


def after(seconds: float, *running: Running) -> None:
    """Let some time pass in which all processes go on."""
    over = time.monotonic() + seconds
    until(lambda: time.monotonic() > over, *running)


def refuse(proxy: Proxy) -> None:
    proxy.refuse()
    proxy.cut()
    after(LASTS_S)
    proxy.accept()


def lose_requests(proxy: Proxy) -> None:
    """Let what is sent get lost, and say so only later."""
    proxy.hold(Way.REQUESTS)
    after(LASTS_S)
    proxy.cut()
    proxy.release()


def lose_all_answers(proxy: Proxy) -> None:
    """Let the server do all that it is asked for, and nobody hear of it."""
    proxy.hold(Way.ANSWERS)
    after(LASTS_S)
    proxy.cut()
    proxy.release()


def delay_all(proxy: Proxy) -> None:
    proxy.hold(*Way)
    after(LASTS_S)
    proxy.release()


def slow_down(proxy: Proxy) -> None:
    proxy.delay(SLOW_S)
    after(LASTS_S)
    proxy.delay(0.0)


def lose_answer(asks: Asks | None) -> Break:
    def lose(proxy: Proxy) -> None:
        before = proxy.lost

        def is_lost() -> bool:
            if proxy.lost == before:
                proxy.lose_answers(asks)  # of the connections that there are by now
            return proxy.lost > before

        until(is_lost)
        proxy.mend()

    return lose


BREAKS: tuple[Break, ...] = (
    lambda proxy: proxy.cut(Cut.RESET),
    lambda proxy: proxy.cut(Cut.CLOSE),
    refuse,
    lose_requests,
    lose_all_answers,
    delay_all,
    slow_down,
    lose_answer(None),
)


def breaks(network: Networks) -> list[tuple[Proxy, Break]]:
    """Return all that can break, in random order."""
    all_of_them = [
        *product(network.by_name.values(), BREAKS),
        *((network.mongo, lose_answer(asks_mongo_to_commit)) for _ in range(2)),
        *((network.cassandra, lose_answer(asks_cassandra(BATCH))) for _ in range(2)),
        *(
            (network.kafka, lose_answer(asks_kafka(request)))
            for request in (PRODUCE, FETCH, OFFSET_COMMIT)
        ),
    ]
    random.Random(SEED).shuffle(all_of_them)
    return all_of_them


def test_whatever_breaks_in_the_network_under_load_nothing_is_lost_and_nothing_counts_twice(
    site: StormSite, network: Networks
) -> None:
    producing = site.produce(SOURCE, once=False, every="300ms")
    reading = site.process(once=False)
    until(site.has_begun, producing, reading)

    for proxy, break_it in breaks(network):
        break_it(proxy)
        after(PAUSE_S, producing, reading)

    network.mend()
    producing.ask_to_stop(signal.SIGTERM)
    production = producing.production()
    assert production.failed == 0
    until(site.is_through, reading)
    reading.ask_to_stop(signal.SIGTERM)
    tally = reading.tally()
    site.check()
    assert tally.read == site.mongo.counts().read == site.oracle.counts["read"]
    assert production.acknowledged == site.logged()


def test_connections_that_a_firewall_has_forgotten_are_given_up_and_made_anew(
    site: StormSite, network: Networks, people: Path
) -> None:
    site.produce(people).production()
    reading = site.process(once=False)
    until(lambda: site.decided() > 0, reading)

    network.mongo.forget()
    network.cassandra.forget()

    until(site.is_through, reading)
    reading.ask_to_stop(signal.SIGTERM)
    tally = reading.tally()
    site.check()
    assert tally.read == site.oracle.counts["read"]


def asks_for_another_try(command: Running) -> None:
    """See a command end with a failure that says what to do."""
    assert command.process.wait(PATIENCE_S) == 1, command.said
    assert AGAIN in " ".join(command.said.lower().split())


def completed(command: Callable[[], Running]) -> dict[str, Any]:
    """Run a command, and once more where it asks for that; return what it printed."""
    first = command()
    if first.process.wait(PATIENCE_S) == 0:
        return first.document()
    asks_for_another_try(first)
    return command().document()


def test_a_command_about_a_person_ends_where_a_server_is_silent_and_passes_where_answers_get_lost(
    site: StormSite, network: Networks
) -> None:
    through, direct = network.addresses, site.servers
    site.through = None
    site.produce(PEOPLE).production()
    site.process().tally()
    erased, corrected = (profile.id for profile, _ in islice(site.mongo.profiles(), 2))

    for proxy in network.by_name.values():
        proxy.hold(*Way)
    site.through = direct._replace(kafka=through.kafka)
    silent = [site.erasure(erased)]
    site.through = direct._replace(cassandra=through.cassandra)
    silent += [site.correction(corrected, "city=Skagen")]
    site.through = direct._replace(mongo=f"{through.mongo}&serverSelectionTimeoutMS=5000")
    silent += [site.erasure(erased)]
    for command in silent:
        asks_for_another_try(command)
    network.mend()

    site.through = through
    network.mongo.lose_answers(asks_mongo_to_commit, times=2)
    network.cassandra.lose_answers(asks_cassandra(EXECUTE))
    network.kafka.lose_answers(asks_kafka(PRODUCE, END_TXN), times=3)
    assert completed(lambda: site.erasure(erased))["ledger"]
    network.kafka.lose_answers(asks_kafka(PRODUCE, END_TXN), times=3)
    assert completed(lambda: site.correction(corrected, "city=Skagen"))["complete"]
    assert min(network.mongo.lost, network.cassandra.lost) > 0
    assert network.kafka.lost > 3

    site.process().tally()
    site.oracle.look()
    site.oracle.suppress({erased})
    site.check()
    assert site.oracle.corrections.keys() == {corrected}
    assert site.named([erased, corrected]).suppressed == {erased}
    checks = {each["what"]: each["ok"] for each in site.verification().document()["checks"]}
    assert checks["erased persons"]
