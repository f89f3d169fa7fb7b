"""Another policy is applied to what real stores hold, killed in the middle, beside a job."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from profiles.domain.conforming import key_of_pseudonym
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.version import Version
from tests.support.cluster_site import Running, Site, until
from tests.support.embedded_jobs import killed_program

MINIMUM_AGE = 30
STRICTER = f"""
[policy]
minimum_age = {MINIMUM_AGE}
email = "pseudonymise"
email_key = "k1"
email_keys = {{ k1 = "k1" }}
drop = ["city"]
retention = "90d"
"""
AFTER_A_TRANSACTION = killed_program(
    """
from profiles.application.policy.applying import PolicyApplication
PolicyApplication.add = kill
"""
)


def configure(folder: Path) -> None:
    key = folder / "k1"
    key.touch(mode=0o600)
    key.write_text("NEVERSHOWN" * 4)
    (folder / "profiles.toml").write_text(STRICTER)


def revised(site: Site) -> int:
    """Count who was changed without a record of the log."""
    return sum(Version.parts(version).revision > 0 for _, version in site.mongo.profiles())


def held(site: Site) -> list[Profile]:
    return [profile for profile, _ in site.mongo.profiles()]


def test_a_policy_is_applied_in_full_though_the_command_was_killed(site: Site) -> None:
    site.produce("simulator:seed=5,limit=2000").production()
    site.process().tally()
    before = len(held(site))
    configure(site.folder)

    running = site.apply_policy(program=AFTER_A_TRANSACTION)
    assert running.died(), running.said
    some = revised(site)
    assert 0 < some < before
    job = site.process(once=False)  # takes what is written from now on, under the new policy
    done = site.apply_policy().document()
    site.produce("simulator:seed=9,limit=50").production()
    until(site.is_through, job)

    assert done["finished"]
    assert done["changed"] == done["held"] - sum(done["deleted"].values()) - some
    followed = {profile.id: (profile, version) for profile, version in site.cassandra.profiles()}
    now = {profile.id: (profile, version) for profile, version in site.mongo.profiles()}
    assert followed == now
    assert site.mongo.outbox(limit=1) == {}
    kept = [profile for profile, _ in now.values()]
    assert site.mongo.statistics() == Statistics.recount(kept)
    assert min(profile.age for profile in kept) >= MINIMUM_AGE
    assert {profile.city for profile in kept} == {None}
    assert all(profile.email is None or key_of_pseudonym(profile.email) for profile in kept)
    latest = timedelta(days=91)
    assert all(profile.expires_at - profile.as_of <= latest for profile in kept)
    assert "NEVERSHOWN" not in running.said + job.said


def test_a_job_of_the_earlier_policy_stops_and_goes_on_under_the_new_one(site: Site) -> None:
    earlier = site.process(once=False)
    until(lambda: bool(site.ends()), earlier)
    site.produce("simulator:seed=3,limit=50").production()
    until(site.is_through, earlier)
    configure(site.folder)

    site.apply_policy().document()
    site.produce("simulator:seed=4,limit=50").production()
    until(lambda: not earlier.is_running())

    assert "The store is written under another privacy policy" in earlier.said
    site.process().tally()
    assert min(profile.age for profile in held(site)) >= MINIMUM_AGE


def test_the_embedded_store_is_brought_under_it_in_full_as_well(tmp_path: Path) -> None:
    run = ["run", "--source=simulator:seed=5,limit=6000", "--store=sqlite:///p.db", "--once"]
    Running(run, tmp_path).tally()
    configure(tmp_path)
    apply = ["apply-policy", "--store=sqlite:///p.db"]

    running = Running(apply, tmp_path, program=AFTER_A_TRANSACTION)
    assert running.died(), running.said
    with closing(sqlite3.connect(tmp_path / "p.db")) as look:
        revised = "SELECT count(*) FROM users WHERE version % 32"  # its revision has 5 bits
        (some,) = look.execute(revised).fetchone()
    done = Running(apply, tmp_path).document()
    verified = Running(["verify", "--store=sqlite:///p.db"], tmp_path).document()

    assert some > 0
    assert done["finished"]
    assert 0 < done["changed"] == done["held"] - sum(done["deleted"].values()) - some
    assert all(check["ok"] for check in verified["checks"])
