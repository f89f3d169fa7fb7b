"""The command line is a contract: results, exit codes, and one clear sentence for bad input."""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from profiles.adapters.simulator import Simulator, parse
from profiles.domain.tally import Tally
from profiles.entrypoints.cli import cli
from tests.frozen.log import frozen_rows
from tests.frozen.stores import put_back_sqlite
from tests.support.cluster_site import Running, until
from tests.support.misbehaving_api import MisbehavingApi, error_in_body, of_version

AS_OF = "2026-11-23"


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def tally(self) -> dict[str, Any]:
        return dict(json.loads(self.out.splitlines()[-1]))


Profiles = Callable[..., Done]


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """Run the command in an empty folder, as a user would."""

    def run(
        *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "profiles", *arguments],
            cwd=tmp_path,
            input=stdin,
            env={**os.environ, **(env or {})},
            capture_output=True,
            check=False,
            timeout=60,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def people(spec: str) -> list[bytes]:
    settings = parse(spec)
    source = Simulator(
        **{name: getattr(settings, name) for name in type(settings).__dataclass_fields__},
        today=date.fromisoformat(AS_OF),
    )
    return [value for delivery in source.deliveries() for value in delivery.values]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.jsonl"
    path.write_bytes(b"\n".join(people("simulator:limit=300,minors=0.1,hostile=0.1")) + b"\n")
    return path


def users(store: Path) -> list[dict[str, Any]]:
    """Return all rows by column, without their versions."""
    with closing(sqlite3.connect(store)) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM users ORDER BY id")]
    return [{name: row[name] for name in row.keys() - {"version"}} for row in rows]


def versions(store: Path) -> list[int]:
    with closing(sqlite3.connect(store)) as connection:
        return [v for (v,) in connection.execute("SELECT version FROM users ORDER BY id")]


STORE = ("--store", "sqlite:///p.db")


def test_run_ends_with_a_tally_that_adds_up(profiles: Profiles, file: Path) -> None:
    done = profiles("run", "--once", "--as-of", AS_OF, "--source", str(file), *STORE)

    tally = done.tally
    assert done.code == 0
    assert list(tally) == [
        *("read", "stored", "withheld", "rejected", "suppressed", "restricted", "superseded"),
        *("erased", "reasons"),
    ]
    assert tally["read"] == 300
    assert tally["read"] == sum(n for name, n in tally.items() if name not in ("read", "reasons"))
    assert tally["reasons"]["minor"] == tally["withheld"] > 0
    assert tally["stored"] == len(users(file.parent / "p.db"))


def test_a_second_run_leaves_every_row_equal_but_for_the_version(
    profiles: Profiles, file: Path
) -> None:
    store = file.parent / "p.db"
    command = ("run", "--once", "--as-of", AS_OF, "--source", str(file), *STORE)
    first = profiles(*command).tally, users(store), versions(store)

    second = profiles(*command).tally, users(store), versions(store)

    assert first[:2] == second[:2]
    assert all(old < new for old, new in zip(first[2], second[2], strict=True))


def test_bad_records_cost_one_sentence_and_nothing_of_the_good(
    profiles: Profiles, file: Path
) -> None:
    file.write_bytes(people("simulator:limit=1")[0] + b"\nnot json\n{}\n")

    done = profiles("run", "--once", "--source", str(file), *STORE)

    assert done.code == 0
    assert done.tally["stored"] == 1
    assert done.tally["reasons"] == {"json": 1, "missing": 1}
    assert "2 records could not be read as persons (json 1, missing 1)" in done.err


def test_standard_input_gzip_and_a_file_give_the_same(profiles: Profiles, file: Path) -> None:
    packed = gzip.compress(file.read_bytes())
    file.with_suffix(".gz").write_bytes(packed)
    command = ("run", "--once", "--as-of", AS_OF, "--source")

    tallies = [
        profiles(*command, str(file), "--store", "sqlite:///a.db", "--data", "a").tally,
        profiles(*command, "people.gz", "--store", "sqlite:///b.db", "--data", "b").tally,
        profiles(
            *command, "-", "--store", "sqlite:///c.db", "--data", "c", stdin=file.read_bytes()
        ).tally,
        profiles(*command, "-", "--store", "sqlite:///d.db", "--data", "d", stdin=packed).tally,
    ]

    assert all(tally == tallies[0] for tally in tallies)


def test_files_are_for_their_owner_only(profiles: Profiles, tmp_path: Path) -> None:
    profiles("run", "--once", "--source", "simulator:limit=1", *STORE)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("p.db", "log.sqlite", "ledger.sqlite"), 0o600)


def test_as_of_decides_who_is_a_minor_and_expires_nobody(profiles: Profiles, file: Path) -> None:
    person = json.loads(people("simulator:limit=1")[0])
    person["dob"]["date"] = "2000-06-15T00:00:00.000Z"
    file.write_text(json.dumps(person) + "\n", "utf-8")
    command = ("run", "--once", "--source", str(file), "--as-of")

    before = profiles(*command, "2018-06-14", "--store", "sqlite:///a.db", "--data", "a").tally
    on_the_day = profiles(*command, "2018-06-15", "--store", "sqlite:///b.db", "--data", "b").tally

    assert (before["withheld"], on_the_day["stored"]) == (1, 1)


def test_export_prints_all_that_is_held(profiles: Profiles, file: Path) -> None:
    record = people("simulator:limit=1")[0]
    person = json.loads(record)
    file.write_bytes(record + b"\n")
    profiles("run", "--once", "--source", str(file), *STORE)

    done = profiles("export", person["login"]["uuid"].upper(), *STORE)

    exported = json.loads(done.out)
    assert done.code == 0
    assert exported["profile"]["email"] == person["email"]
    assert exported["log"][0]["person"]["dob"]["date"] == person["dob"]["date"][:10]
    assert person["login"]["password"] not in done.out
    assert set(exported["fields"]) == set(exported["profile"]) - {"version"}


def test_a_store_of_an_earlier_release_is_read_once_a_job_has_brought_it_forward(
    profiles: Profiles, tmp_path: Path
) -> None:
    store = tmp_path / "p.db"
    put_back_sqlite(store, schema=2)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE writers SET ledger_position = 0")  # there is no ledger here
    (row, *_) = frozen_rows()

    before = profiles("export", row["id"], *STORE)
    ran = profiles("run", "--once", "--source", "simulator:limit=1,seed=77", *STORE)
    after = profiles("export", row["id"], *STORE)

    assert (before.code, ran.code, after.code) == (2, 0, 0)
    assert len(before.err.strip().splitlines()) == 1
    assert "start `profiles run` or `profiles process` once" in before.err
    assert json.loads(after.out)["profile"] == row


LOCALES = [
    *({"PYTHONIOENCODING": name} for name in ("ascii", "latin-1", "utf-16", "cp1252:replace")),
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
]


@pytest.mark.parametrize("locale", LOCALES, ids=range(len(LOCALES)))
def test_all_output_is_utf_8_in_any_locale(
    profiles: Profiles, tmp_path: Path, locale: Mapping[str, str]
) -> None:
    identity = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"
    person = {"login": {"uuid": identity}, "dob": {"date": "1990-02-28"}, "nat": "Åland 例 🜂"}
    (tmp_path / "people.jsonl").write_text(json.dumps(person), "utf-8")
    taken = profiles("run", "--once", "--source", "people.jsonl", *STORE, env=locale)

    exported = profiles("export", identity, *STORE, env=locale)
    refused = profiles("run", "--source", "nowhere-Åland.jsonl", *STORE, env=locale)

    assert taken.tally["stored"] == 1
    assert json.loads(exported.out)["profile"]["nationality"] == "Åland 例 🜂"
    assert "Åland 例 🜂" in exported.out
    assert refused.code == 2
    assert "nowhere-" in refused.err


def test_export_of_someone_unknown_holds_nothing_and_succeeds(profiles: Profiles) -> None:
    profiles("run", "--once", "--source", "simulator:limit=1", *STORE)

    done = profiles("export", "00000000-0000-4000-8000-000000000000", *STORE)

    assert done.code == 0
    assert json.loads(done.out)["profile"] is None
    assert json.loads(done.out)["log"] == []
    assert done.err == "Nothing is held of this id.\n"


def test_the_schema_of_exports_is_printed_without_a_store(profiles: Profiles) -> None:
    done = profiles("export", "--schema")

    published = Path(__file__).parents[2] / "docs" / "reference" / "export.schema.json"
    assert (done.code, done.out) == (0, published.read_text("utf-8"))


KAFKA = ("--kafka", "127.0.0.1:1")
USAGE = [
    (("run",), "--source"),
    (("run", "--source", "nowhere.jsonl", *STORE), "No such file"),
    (("run", "--source", ".", *STORE), "is a folder"),
    (("run", "--source", "simulator:limt=1", *STORE), "no setting 'limt'"),
    (("run", "--source", "simulator", "--store", "p.db"), "takes a URL"),
    (("run", "--source", "simulator", "--store", "sqlite:///no/p.db"), "There is no folder no"),
    (("run", "--source", "simulator", "--store", "sqlite://p.db"), "sqlite:///relative"),
    (("run", "--source", "simulator", *STORE, "--store", "sqlite:///q.db"), "Exactly one"),
    (("run", "--source", "simulator", "--store", "cassandra://h/k"), "Exactly one"),
    (("run", "--source", "simulator", *STORE, "--as-of", "2026-02-30"), "is no date"),
    (("run", "--source", "simulator", *STORE, "--as-of", "2999-01-01"), "would admit children"),
    (("process", *KAFKA, *STORE, "--as-of", "2999-01-01"), "would admit children"),
    (("run", "--source", "simulator", *STORE, "--every", "soon"), "is no duration"),
    (("run", "--source", "randomuser", *STORE, "--results", "5001"), "5001"),
    (("export", "somebody", *STORE), "36 characters"),
    (("export", "00000000-0000-4000-8000-000000000000", *STORE), "no profile store at p.db"),
    (("dashboard", *STORE), "no profile store at p.db"),
    (("dashboard", *STORE, "--host", "192.0.2.1"), "say --behind-proxy"),
    (("dashboard", *STORE, "--host", "192.0.2.1", "--behind-proxy"), "no profile store at p.db"),
    (("dashboard", *STORE, "--k", "0"), "--k"),
    (("dashboard", *STORE, "--refresh", "500ms"), "the least is 1s"),
    (("spark", *KAFKA, *STORE), "--checkpoint"),
    (("spark", *KAFKA, *STORE, "--checkpoint=c", "--conf=spark.ui"), "takes NAME=VALUE"),
    (("spark", *KAFKA, *STORE, "--checkpoint=c", "--trigger=soon"), "is no duration"),
    (("spark", *KAFKA, *STORE, "--checkpoint=c", "--cores=0"), "--cores"),
    (("spark", *KAFKA, *STORE, "--checkpoint=c", "--master=spark://h:1"), "can't reach a store"),
    (("spark", "--kafka=nowhere", *STORE, "--checkpoint=c", "--master=local[1]"), "HOST:PORT"),
    (("process", "--kafka=nowhere", *STORE), "HOST:PORT"),
    (("process", *KAFKA, *STORE, "--processes=0"), "'0' is no number of processes; write one from"),
    (("process", *KAFKA, *STORE, "--processes=x"), "'x' is no number of processes; write one from"),
    (("process", *KAFKA, *STORE, "--processes=2"), "SQLite takes one writer at a time"),
    (("nonsense",), "No such command"),
    (("--config", "no.toml", "run"), "can't be read"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE)
def test_wrong_usage_gets_one_clear_sentence_and_exit_code_2(
    profiles: Profiles, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = profiles(*arguments)

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_a_url_is_refused_and_not_repeated(profiles: Profiles) -> None:
    done = profiles("run", "--source", "simulator", "--store", "mongodb://u:Opensesame@h/d")

    assert done.code == 2
    assert "password" in done.err
    assert "Opensesame" not in done.err


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(
    profiles: Profiles, tmp_path: Path
) -> None:
    (tmp_path / "profiles.toml").write_text(
        'store = ["sqlite:///file.db"]\nonce = true\n[run]\nsource = "simulator:limit=3"\n'
        'ledger = "ledger.sqlite"\n'
    )

    from_file = profiles("run", "--data", "a")
    from_variable = profiles("run", "--data", "b", env={"PROFILES_SOURCE": "simulator:limit=4"})
    from_flag = profiles(
        *("run", "--data", "c", "--source", "simulator:limit=5"),
        env={"PROFILES_SOURCE": "simulator:limit=4"},
    )

    assert [done.tally["read"] for done in (from_file, from_variable, from_flag)] == [3, 4, 5]
    assert (tmp_path / "file.db").is_file()


def test_a_flag_a_variable_or_the_file_makes_standard_error_json(
    profiles: Profiles, tmp_path: Path, file: Path
) -> None:
    command = ["run", "--once", "--as-of", AS_OF, "--source", str(file), *STORE]
    by_flag = profiles("--log-format=json", *command)
    by_variable = profiles(*command, env={"PROFILES_LOG_FORMAT": "json"})
    (tmp_path / "profiles.toml").write_text('log-format = "json"\n')
    by_file = profiles(*command)
    wrong_usage = profiles("--log-format", "json", "run")
    failed = profiles("--debug", "--log-format", "json", "run", "--source", "none", *STORE)
    overruled = profiles("--log-format=text", "run", "--source", "none", *STORE)

    told = [[json.loads(line) for line in done.err.splitlines()] for done in (by_flag, by_file)]
    told += [[json.loads(line) for line in by_variable.err.splitlines()]]
    assert all("could not be read as persons" in str(lines[-1]["message"]) for lines in told)
    assert by_flag.tally == by_file.tally
    (usage,) = map(json.loads, wrong_usage.err.splitlines())
    assert (usage["level"], wrong_usage.code) == ("ERROR", 2)
    assert "--source" in usage["message"]
    (failure,) = map(json.loads, failed.err.splitlines())
    assert failure["frames"][-1] == "UsageError"
    assert overruled.err.startswith("Error: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stoer = "x"', "unknown setting 'stoer'"),
        ("[rum]\nonce = true", "table [rum]"),
        ("[run]\nport = 1", "unknown setting 'port'"),
        ("not toml", "no TOML file in UTF-8 (line 1); mend it"),
        ('store = "x"\n\n[run\n', "(line 3)"),
        ("\ufeff[rum]\nonce = true", "table [rum]"),
        ('log-format = "xml"', "log-format of the configuration file"),
    ],
)
def test_a_mistake_in_the_configuration_file_is_named(
    profiles: Profiles, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "profiles.toml").write_text(text, "utf-8")

    done = profiles("run")

    assert done.code == 2
    assert said in done.err


def test_without_the_cli_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError(name='click')\n")

    done = subprocess.run(
        [sys.executable, "-m", "profiles", "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert b"pip install 'profiles[cli]'" in done.stderr


def test_who_interrupts_the_start_of_a_command_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")

    done = subprocess.run(
        [sys.executable, "-m", "profiles", "--help"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr == b"Error: Interrupted before anything was done.\n"


def test_an_unforeseen_error_shows_no_value_of_it(profiles: Profiles, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import profiles.application.ingest.embedded as e\n"
        "def broken(*a, **k): raise RuntimeError('ecalevoL'[::-1])\n"
        "e.admit_batch = broken\n"
    )

    done = profiles(
        *("--debug", "run", "--once", "--source", "simulator:limit=1", *STORE),
        env={"PYTHONPATH": str(tmp_path)},
    )

    assert done.code == 1
    assert "profiles failed (RuntimeError)" in done.err
    assert "in broken" in done.err
    assert "Lovelace" not in done.err


def test_the_api_is_read_through_the_command(profiles: Profiles) -> None:
    with MisbehavingApi(error_in_body(500)) as api:  # then good ones
        done = profiles(
            *("run", "--once", "--source", "randomuser", "--api-url", api.url),
            *("--results", "7", *STORE),
        )

    assert done.code == 0
    assert done.tally["stored"] == 7
    assert done.err.count("trying again") == 1


def test_a_rejected_record_of_a_file_is_told_with_its_line(
    profiles: Profiles, tmp_path: Path
) -> None:
    adult = '{"login":{"uuid":"0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"},"dob":{"date":"1990-02-28"}}'
    (tmp_path / "people.jsonl").write_text(f"{adult}\n\n{adult}\nPLANTED\n{adult}\n")

    done = profiles("run", "--once", "--source", "people.jsonl", *STORE)

    with closing(sqlite3.connect(tmp_path / "p.db")) as store:
        assert store.execute("SELECT reason, place FROM quarantine").fetchall() == [
            ("json", "line 4")
        ]
    assert done.code == 0


def test_an_older_version_of_the_api_is_a_failure_that_says_so(profiles: Profiles) -> None:
    with MisbehavingApi(of_version("1.1"), path="/api/1.1/") as api:
        done = profiles("run", "--source", "randomuser", "--api-url", api.url, *STORE)

    assert done.code == 1
    assert done.tally["read"] == 0
    assert "the API speaks version 1.1, and persons are read from version 1.3 on" in done.err
    assert done.err.count("\n") == 1


def test_demo_shows_people_without_network_and_ends_by_itself(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "profiles", "demo", "--port", "0", "--duration", "3"),
            *("--api-url", "http://127.0.0.1:9/"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(2)]
    url = lines[0].split()[4]
    page = urllib.request.urlopen(url, timeout=10).read()  # noqa: S310 - our own page
    out, _ = process.communicate(timeout=20)

    assert "using the simulator" in lines[1]
    assert b"_dash-config" in page
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["stored"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_stream_after_what_it_is_at(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "profiles", "run", "--every", "50ms", *STORE),
            *("--source", "simulator"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    store = tmp_path / "p.db"
    waiting = threading.Event()
    while process.poll() is None and not (store.is_file() and _held(store) >= 100):
        waiting.wait(0.05)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1])["stored"] == _held(store)


def _held(store: Path) -> int:
    try:
        return len(users(store))
    except sqlite3.OperationalError:  # not made yet
        return 0


@pytest.mark.parametrize("job", [["process"], ["spark", "--checkpoint=checkpoint"]])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_job_that_waits_for_its_store_to_begin(
    tmp_path: Path, job: list[str], number: signal.Signals
) -> None:
    store = "mongodb://127.0.0.1:1/db?replicaSet=rs0&serverSelectionTimeoutMS=100"
    waiting = Running([*job, "--kafka=127.0.0.1:1", f"--store={store}"], tmp_path)
    try:
        until(lambda: "The job waits to start" in waiting.said, waiting)
        waiting.ask_to_stop(number)
        tally = waiting.tally()
    finally:
        waiting.kill()

    assert tally == Tally()
    assert "Stopped while waiting at the start. Nothing was read." in waiting.said


def test_every_command_has_help_and_a_place_in_the_docs() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `profiles ([\w-]+)([^`]*)` \|", docs, re.MULTILINE))

    assert rows.keys() == cli.commands.keys()
    for name, command in cli.commands.items():
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert command.help, name
        assert all(option.help for option in options), name
        shown = set(re.findall(r"--[\w-]+", rows[name]))
        known = {flag for option in options for flag in option.opts}
        required = {option.opts[0] for option in options if option.required}
        assert required <= shown <= known, name


HELP_AND_MODULES = """
import sys
from profiles.entrypoints.cli import run_command
run_command(["run", "--help"])
print(sorted(sys.modules))
"""


def test_help_loads_no_driver() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            HELP_AND_MODULES,
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    loaded = set(ast.literal_eval(done.stdout.splitlines()[-1]))

    assert "click" in loaded
    assert not loaded & {"dash", "flask", "httpx", "pyspark", "plotly", "confluent_kafka"}
