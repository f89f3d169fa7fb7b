"""What a file is recognised as, and what is said about one that can't be read."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from profiles.adapters.jsonl import JsonlSource
from profiles.domain.errors import UsageError

LINE = json.dumps({"login": {"uuid": "PLANTED"}, "dob": {"date": "1990-02-28"}}) + "\n"


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("persons.jsonl", LINE)
    return packed.getvalue()


def tarred() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("persons.jsonl")
        member.size = len(LINE)
        archive.addfile(member, io.BytesIO(LINE.encode()))
    return packed.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE persons (id TEXT)")
    content = connection.serialize()
    connection.close()
    return content


FOREIGN: list[tuple[str, bytes | Callable[[], bytes]]] = [
    ("UTF-16", LINE.encode("utf-16")),
    ("UTF-16", LINE.encode("utf-16-le")),
    ("UTF-16", LINE.encode("utf-16-be")),
    ("UTF-32", LINE.encode("utf-32")),
    ("zip", zipped),
    ("zip", b"PK\x05\x06" + bytes(18)),
    ("bzip2", lambda: bz2.compress(LINE.encode())),
    ("xz", lambda: lzma.compress(LINE.encode())),
    ("zstd", b"\x28\xb5\x2f\xfd\x24\x01"),
    ("lz4", b"\x04\x22\x4d\x18\x64\x40"),
    ("7z", b"7z\xbc\xaf\x27\x1c\x00\x04"),
    ("gzip twice", lambda: gzip.compress(gzip.compress(LINE.encode()))),
    ("tar", tarred),
    ("tar", lambda: gzip.compress(tarred())),
    ("Parquet", b"PAR1\x15\x04\x15\x00"),
    ("Avro", b"Obj\x01\x04\x14avro.codec"),
    ("ORC", b"ORC\x0a\x03"),
    ("Arrow", b"ARROW1\x00\x00"),
    ("SQLite", database),
    ("PDF", b"%PDF-1.7\n"),
    ("CSV", b"gender,name.first\nfemale,Mira\nmale,Timo\n"),
    ("CSV", b'"gender";"name"\r\n"female";"PLANTED"\r\n'),
    ("CSV", b"gender\tname\nfemale\tMira\n"),
    ("CSV", "\ufeffgender,name\nfemale,Mira\n".encode()),
    ("CSV", lambda: gzip.compress(b"gender,name\nfemale,Mira\n")),
    ("HTML", b"<!DOCTYPE html>\n<html><script>\n{\n}\n</script></html>"),
    ("HTML", b"\n  <html><body>PLANTED</body></html>"),
    ("XML", b'<?xml version="1.0"?>\n<user><results/></user>'),
    ("YAML", b"---\nresults:\n  - gender: female\n"),
    ("YAML", b"- gender: female\n  nat: FI\n"),
    ("binary", b"\x8f\x01\x02\x03\x80\x81" * 9),
    ("CSV", b"gender,name,email"),
    ("text that is no JSON", b"Hello, world"),
    ("text that is no JSON", b"a,b\nc,d,e\n"),
    ("text that is no JSON", b"PLANTED\nMira\n"),
    ("text that is no JSON", b"{'login': 1}x\n"[1:]),
]


@pytest.mark.parametrize(("name", "content"), FOREIGN, ids=range(len(FOREIGN)))
def test_another_format_is_named_in_a_sentence_that_says_what_to_do(
    tmp_path: Path, name: str, content: bytes | Callable[[], bytes]
) -> None:
    path = tmp_path / "persons"
    path.write_bytes(content if isinstance(content, bytes) else content())

    with pytest.raises(UsageError) as refused:
        JsonlSource(path, once=True, stop=Event())

    assert name in str(refused.value)
    assert str(path) in str(refused.value)
    assert "PLANTED" not in str(refused.value)
    assert len(str(refused.value).removeprefix(f"The source {path}")) < 160


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"{}",
        b'{"a": 1',
        b"5\nnull\n",
        LINE.encode() * 3,
        b"garbage\n" + LINE.encode(),
        b"a,b\nc,d\n" + LINE.encode() + b"e,f\n",
        b"<!doctype html>\n" + LINE.encode(),
        json.dumps(LINE).encode() + b"\n",
        b"\0\0\0\0\1" + LINE.encode(),
        b"\0\0\0\1\2" + LINE.encode(),
        b'{"results": [' + b" " * 100_000 + b"]}\n",
        b"\xef\xbb\xbf" + LINE.encode(),
        b"\x1e" + LINE.encode(),
    ],
    ids=range(15),
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_holds_a_line_of_json_is_read(tmp_path: Path, content: bytes, *, packed: bool) -> None:
    path = tmp_path / "persons"
    path.write_bytes(gzip.compress(content) if packed else content)

    deliveries = JsonlSource(path, once=True, stop=Event()).deliveries()

    values = [value for delivery in deliveries for value in delivery.values]
    assert len(values) == len([line for line in content.split(b"\n") if line.strip()])


def test_another_format_on_standard_input_is_told_when_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, write = os.pipe()
    with io.TextIOWrapper(os.fdopen(read, "rb")) as stdin, os.fdopen(write, "wb", 0) as pipe:
        monkeypatch.setattr("sys.stdin", stdin)
        pipe.write(b"gender,name\nfemale,Mira\n")
        source = JsonlSource(None, once=True, stop=Event())

        with pytest.raises(UsageError, match="Standard input is CSV"):
            list(source.deliveries())


def test_documents_on_standard_input_are_delivered_without_waiting_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, write = os.pipe()
    person = json.dumps({"login": {"uuid": "x"}}, indent=1).encode()
    with io.TextIOWrapper(os.fdopen(read, "rb")) as stdin, os.fdopen(write, "wb", 0) as pipe:
        monkeypatch.setattr("sys.stdin", stdin)
        deliveries = JsonlSource(None, once=False, stop=Event()).deliveries()
        pipe.write(person + b"\n" + person[:10])
        assert next(deliveries).values == [person]
        pipe.write(person[10:] + b"\n")
        last = next(deliveries)
        assert (last.values, last.position) == ([person], None)
        pipe.close()
        assert list(deliveries) == []
