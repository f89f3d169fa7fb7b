"""Files of JSON lines, and everything that can be wrong with them."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import random
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.jsonl import JsonlSource
from profiles.adapters.jsonl import source as jsonl
from profiles.application.errors import SourceError
from profiles.application.ports.sources import Delivery
from profiles.domain.errors import UsageError
from tests.support.patience import PATIENCE_S

A_DAY_S = 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "persons.jsonl"


def source(path: Path | None, *, once: bool = True, stop: Event | None = None) -> JsonlSource:
    return JsonlSource(path, once=once, stop=stop or Event())


def values(deliveries: list[Delivery]) -> list[bytes]:
    return [value for delivery in deliveries for value in delivery.values]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", []),
        (b"{}\n", [b"{}"]),
        (b"{}", [b"{}"]),
        (b"{}\n \n\n[]\n", [b"{}", b"[]"]),
        (b"{}\r\n[]\r\n", [b"{}\r", b"[]\r"]),
        (codecs.BOM_UTF8 + b"{}\n", [b"{}"]),
        (b"{}\n" + codecs.BOM_UTF8 + b"[]\n", [b"{}", codecs.BOM_UTF8 + b"[]"]),
        (b"{}\n\xff\xfe\n\x00\n", [b"{}", b"\xff\xfe", b"\x00"]),
        ("{}\n\u2028{}\n".encode(), [b"{}", "\u2028{}".encode()]),
        (b"\x1e{}\n\x1e[]\n", [b"{}", b"[]"]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_is_a_value_whatever_it_holds(
    path: Path, content: bytes, expected: list[bytes], *, packed: bool
) -> None:
    path.write_bytes(gzip.compress(content) if packed else content)

    assert values(list(source(path).deliveries())) == expected


def test_the_position_is_that_of_the_uncompressed_bytes(path: Path) -> None:
    path.write_bytes(gzip.compress(b'{"a":1}\n{"b":2}\n'))

    assert [delivery.position for delivery in source(path).deliveries()] == [16]


def test_a_line_longer_than_a_delivery_is_one_value(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 10)
    lines = [b"1" * 35, b"2", b"3" * 10, b"4" * 9, b"5" * 100]
    path.write_bytes(b"\n".join(lines) + b"\n")

    whole = list(source(path).deliveries())

    assert values(whole) == lines
    for number, delivery in enumerate(whole, 1):
        assert delivery.position is not None
        assert list(source(path).deliveries(start=delivery.position)) == whole[number:]


def test_a_line_without_end_stops_the_source_before_memory_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 10)
    monkeypatch.setattr(jsonl, "MAXIMUM_LINE", 50)
    path.write_bytes(b"{}\n" + b"x" * 200)
    deliveries = source(path).deliveries()

    assert next(deliveries).values == [b"{}"]
    with pytest.raises(SourceError, match="a line of more than 50 bytes"):
        list(deliveries)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_values_are_told_with_their_lines_also_by_a_later_run(
    path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes, *, packed: bool
) -> None:
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 20)
    lines = [b"" if number % 5 == 0 else b'{"n":%d}' % number for number in range(1, 60)]
    content = end.join(lines)
    path.write_bytes(gzip.compress(content) if packed else content)

    whole = list(source(path).deliveries())
    again = [
        delivery
        for start in [whole[3].position, whole[9].position]
        for delivery in source(path).deliveries(start=start or 0)
    ]

    for delivery in [*whole, *again]:
        assert delivery.places is not None
        for index, value in enumerate(delivery.values):
            number = int(value.strip()[5:-1])
            assert delivery.places.of(index) == f"line {number}"


# --- Changed files -------------------------------------------------------------------------

LINES = [b'{"n":%d}' % number for number in range(10, 60)]
TOLD = "is not the file any more that was read up to byte"


def written(path: Path, content: bytes, *, packed: bool = False) -> None:
    """Write into the file that is there, as `cp` and many programs do."""
    with path.open("wb") as file:
        file.write(gzip.compress(content, 1) if packed else content)


def read_half(path: Path, monkeypatch: pytest.MonkeyPatch, *, packed: bool = False) -> Delivery:
    """Read some of a file of lines; return the delivery after which it was interrupted."""
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 100)
    content = b"\n".join(LINES) + b"\n"
    path.write_bytes(gzip.compress(content) if packed else content)
    return list(source(path).deliveries())[2]


def resumed(path: Path, after: Delivery) -> list[bytes]:
    assert after.position is not None
    return values(
        list(source(path).deliveries(start=after.position, fingerprint=after.fingerprint))
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_was_rewritten_in_place_is_read_from_its_beginning_and_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, packed: bool
) -> None:
    half = read_half(path, monkeypatch, packed=packed)
    others = [line.replace(b"n", b"m") for line in LINES]
    written(path, b"\n".join(others) + b"\n", packed=packed)

    assert resumed(path, half) == others
    (line,) = caplog.messages
    assert line.startswith(f"{path} {TOLD} {half.position}: it is read from the beginning")


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_was_appended_to_goes_on_where_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, packed: bool
) -> None:
    half = read_half(path, monkeypatch, packed=packed)
    rest = resumed(path, half)
    written(path, b"\n".join([*LINES, b"{}", b"[]"]) + b"\n", packed=packed)

    assert resumed(path, half) == [*rest, b"{}", b"[]"]
    assert caplog.messages == []


def test_a_file_that_has_become_shorter_is_read_from_its_beginning_and_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    half = read_half(path, monkeypatch)
    written(path, b"{}\n")

    assert resumed(path, half) == [b"{}"]
    assert TOLD in caplog.text


@given(data=st.data(), documents=st.booleans())
def test_any_change_before_the_position_is_noticed_and_none_behind_it_matters(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, *, documents: bool
) -> None:
    path = tmp_path_factory.mktemp("file") / "persons"
    content = b"[" + b",\n".join(LINES) + b"]" if documents else b"\n".join(LINES) + b"\n"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jsonl, "DELIVERY_BYTES", 100)
        whole = list(source(path).deliveries())
        number = data.draw(st.integers(0, len(whole) - 1))
        half = whole[number]
        assert half.position is not None
        changed = data.draw(st.integers(0, len(content) - 1))
        written(path, content[:changed] + b"7" + content[changed + 1 :])
        from_the_beginning = values(list(source(path).deliveries()))

        rest = resumed(path, half)

    if content[changed : changed + 1] == b"7" or changed >= half.position:
        assert rest == from_the_beginning[len(from_the_beginning) - len(rest) :]
        assert len(rest) < len(from_the_beginning)
    else:
        assert rest == from_the_beginning


def test_once_the_digest_is_deleted_the_state_of_the_file_decides(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    half = read_half(path, monkeypatch)
    assert half.fingerprint is not None
    later = replace(half, fingerprint=half.fingerprint._replace(content=None))
    assert resumed(path, later) == resumed(path, half)
    assert caplog.messages == []

    written(path, b"\n".join([*LINES, b"{}"]) + b"\n")

    assert resumed(path, later) == [*LINES, b"{}"]
    assert TOLD in caplog.text


def test_a_position_without_a_fingerprint_is_believed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier releases kept none."""
    half = read_half(path, monkeypatch)

    assert resumed(path, replace(half, fingerprint=None)) == resumed(path, half)


def test_one_content_read_twice_has_two_digests(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a digest tells nothing to who has not the key beside it."""
    first, second = read_half(path, monkeypatch), read_half(path, monkeypatch)

    assert first.position == second.position
    assert first.fingerprint is not None
    assert second.fingerprint is not None
    assert first.fingerprint.content != second.fingerprint.content
    assert repr(first.fingerprint) == "Fingerprint(...)"


# --- Names ---------------------------------------------------------------------------------


def test_another_file_of_the_same_name_is_another_source(tmp_path: Path, path: Path) -> None:
    path.write_bytes(b"{}\n")
    first = source(path).name
    other = tmp_path / "other"
    other.write_bytes(b"{}\n")
    other.replace(path)

    assert source(path).name != first


def test_the_same_file_by_another_way_is_the_same_source(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"{}\n")
    monkeypatch.chdir(tmp_path)

    assert source(Path(path.name)).name == source(path).name


def test_a_file_that_is_moved_or_deleted_meanwhile_keeps_its_name(path: Path) -> None:
    path.write_bytes(b"{}\n")
    opened = source(path)
    name = opened.name
    deliveries = opened.deliveries()
    next(deliveries)

    path.unlink()

    assert list(deliveries) == []
    assert opened.name == name


# --- What can be wrong ---------------------------------------------------------------------


def test_a_missing_file_is_wrong_usage(path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        source(path)


def test_a_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        source(tmp_path)


def test_a_pipe_with_a_name_is_wrong_usage(path: Path) -> None:
    os.mkfifo(path)

    with pytest.raises(UsageError, match="is no file"):
        source(path)


def test_a_file_that_is_gone_when_it_is_read_is_a_failure(path: Path) -> None:
    path.write_bytes(b"{}\n")
    opened = source(path)
    path.unlink()

    with pytest.raises(SourceError, match="can't be read"):
        list(opened.deliveries())


def packed_lines(count: int) -> tuple[list[bytes], bytes]:
    draws = random.Random(1)
    lines = [b"%d" % draws.getrandbits(256) for _ in range(count)]
    return lines, gzip.compress(b"\n".join(lines) + b"\n")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.9999])
def test_of_a_file_cut_short_whole_lines_are_delivered_before_it_says_so(
    path: Path, share: float
) -> None:
    lines, packed = packed_lines(5_000)
    path.write_bytes(packed[: int(len(packed) * share)])
    delivered: list[Delivery] = []

    with pytest.raises(SourceError, match="damaged or cut short"):
        delivered.extend(source(path).deliveries())

    found = values(delivered)
    assert found == lines[: len(found)]
    assert len(found) > len(lines) * share * 0.8


def test_a_whole_file_in_its_place_is_read_on_from_there(path: Path) -> None:
    lines, packed = packed_lines(5_000)
    path.write_bytes(packed[: len(packed) // 2])
    first = next(iter(source(path).deliveries()))
    path.write_bytes(packed)
    assert first.position is not None

    rest = list(source(path).deliveries(start=first.position))

    assert values([first, *rest]) == lines


def test_a_file_damaged_before_where_it_goes_on_is_a_failure(path: Path) -> None:
    _, packed = packed_lines(5_000)
    path.write_bytes(packed[: len(packed) // 4])

    with pytest.raises(SourceError, match="damaged or cut short"):
        list(source(path).deliveries(start=250_000))


def test_a_damaged_compressed_file_is_an_error(path: Path) -> None:
    _, packed = packed_lines(5_000)
    middle = len(packed) // 2
    path.write_bytes(packed[:middle] + b"\xff" * 50 + packed[middle + 50 :])

    with pytest.raises(SourceError, match="damaged or cut short"):
        list(source(path).deliveries())


# --- Following a file ----------------------------------------------------------------------


def test_a_file_that_grows_is_followed_until_it_is_stopped(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "FOLLOW_S", 0.001)
    path.write_bytes(b"1\n2\n")
    stop = Event()
    deliveries = source(path, once=False, stop=stop).deliveries()
    assert next(deliveries) == Delivery(values=[b"1", b"2"], position=4)

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b"3\n4")

    growing = Thread(target=grow)
    growing.start()
    assert next(deliveries) == Delivery(values=[b"3"], position=6)
    growing.join()
    stop.set()

    # The line that has no end yet is read whole by whoever goes on from 6.
    assert list(deliveries) == []
    assert values(list(source(path).deliveries(start=6))) == [b"4"]


class WaitedFor(Event):
    """Tells when somebody begins to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waited_for = Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.is_waited_for.set()
        return super().wait(timeout)


def test_a_stop_ends_a_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "FOLLOW_S", A_DAY_S)
    path.touch()
    stop = WaitedFor()
    found: list[Delivery] = []
    following = Thread(
        target=lambda: found.extend(source(path, once=False, stop=stop).deliveries())
    )
    following.start()
    assert stop.is_waited_for.wait(PATIENCE_S)
    stop.set()
    following.join(PATIENCE_S)

    assert not following.is_alive()
    assert found == []


def test_a_file_that_is_emptied_while_it_is_followed_is_read_from_its_beginning_and_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jsonl, "FOLLOW_S", 0.001)
    path.write_bytes(b"1\n2\n")
    deliveries = source(path, once=False).deliveries()
    assert next(deliveries).position == 4

    written(path, b"3\n")

    assert next(deliveries) == Delivery(values=[b"3"], position=2)
    assert TOLD in caplog.text


def test_a_packed_file_ends_even_if_it_is_followed(path: Path) -> None:
    path.write_bytes(gzip.compress(b"1\n"))

    assert values(list(source(path, once=False).deliveries())) == [b"1"]


# --- Standard input ------------------------------------------------------------------------


def test_standard_input_delivers_what_is_there_without_waiting_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, write = os.pipe()
    with io.TextIOWrapper(os.fdopen(read, "rb")) as stdin, os.fdopen(write, "wb", 0) as pipe:
        monkeypatch.setattr("sys.stdin", stdin)
        opened = source(None, once=False)
        deliveries = opened.deliveries()
        pipe.write(b"1\n2\n3")
        assert next(deliveries) == Delivery(values=[b"1", b"2"])
        pipe.write(b"3\n")
        assert next(deliveries) == Delivery(values=[b"33"])
        pipe.write(b"4")
        pipe.close()
        assert list(deliveries) == [Delivery(values=[b"4"])]
        assert opened.name == "jsonl:-"
