from __future__ import annotations

import pickle

import pytest
from hypothesis import given

from profiles.domain import version as module
from profiles.domain.errors import ProfilesError
from profiles.domain.version import Version, VersionRangeError
from tests.strategies import versions


def test_a_version_has_the_bits_of_the_design() -> None:
    bits = (module.EPOCH_BITS, module.OFFSET_BITS, module.PARTITION_BITS, module.REVISION_BITS)

    assert bits == (10, 37, 11, 5)
    assert sum(bits) == 63
    assert module.OFFSET_STEP == 2**16


@pytest.mark.parametrize(
    ("version", "number"),
    [
        (Version(0, 0, 0), 0),
        (Version(0, 0, 0, 1), 1),
        (Version(0, 0, 1), 2**5),
        (Version(0, 1, 0), 2**16),
        (Version(1, 0, 0), 2**53),
        (Version(1, 2, 3, 4), 2**53 + 2 * 2**16 + 3 * 2**5 + 4),
        (Version(2**10 - 1, 2**37 - 1, 2**11 - 1, 2**5 - 1), 2**63 - 1),
    ],
)
def test_a_version_is_packed_epoch_first(version: Version, number: int) -> None:
    assert version.number() == number
    assert Version.parts(number) == version


def test_the_log_writes_revision_0() -> None:
    assert Version(1, 2, 3).revision == 0


@given(versions)
def test_what_was_packed_is_unpacked(version: Version) -> None:
    number = version.number()

    assert 0 <= number < 2**63
    assert Version.parts(number) == version
    assert isinstance(Version.parts(number), Version)


@given(versions)
def test_the_last_revision_is_above_all_others_of_a_version_and_below_the_next(
    version: Version,
) -> None:
    last = Version.last_revision(version.number())

    assert Version.parts(last) == version._replace(revision=2**5 - 1)
    assert Version.revised(last) is None


@given(versions, versions)
def test_numbers_are_ordered_as_the_parts_are(one: Version, other: Version) -> None:
    assert (one < other) == (one.number() < other.number())


@given(versions)
def test_from_one_offset_to_the_next_is_one_step(version: Version) -> None:
    if version.offset < 2**37 - 1:
        following = version._replace(offset=version.offset + 1)

        assert following.number() - version.number() == module.OFFSET_STEP


@pytest.mark.parametrize(
    ("version", "part", "value"),
    [
        (Version(2**10, 0, 0), "epoch", 2**10),
        (Version(-1, 0, 0), "epoch", -1),
        (Version(0, 2**37, 0), "offset", 2**37),
        (Version(0, -1, 0), "offset", -1),
        (Version(0, 0, 2**11), "partition", 2**11),
        (Version(0, 0, -1), "partition", -1),
        (Version(0, 0, 0, 2**5), "revision", 2**5),
        (Version(0, 0, 0, -1), "revision", -1),
    ],
)
def test_what_does_not_fit_is_refused(version: Version, part: str, value: int) -> None:
    with pytest.raises(VersionRangeError) as refused:
        version.number()

    error = refused.value
    assert isinstance(error, ProfilesError)
    assert (error.part, error.value) == error.args == (part, value)
    assert str(error) == (
        f"{part} {value} of the log does not fit into a version. Nothing was written. Start with"
        " empty stores and a new topic with fewer partitions."
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes
