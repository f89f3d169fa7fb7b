"""What the documentation names exists: files, links, commands, options, sessions, decisions."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import profiles
from profiles.entrypoints.cli import cli

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
]

FENCE = re.compile(r"^(`{3,})([^\n]*)\n(.*?)^\1`*$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\((?![a-z]+:)([^)\s#]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)

# A path of the repository: of one of its folders, or a file of its root. A `<name>` ends it.
FOLDERS = "src tests docs bench deploy requirements .ci".split()
NAMED_PATH = re.compile(
    rf"(?<![\w./-])(?:(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*"
    r"|(?:noxfile\.py|pyproject\.toml|mkdocs\.yml|compose\.yaml|[A-Z]{4,}\.md))(?![\w/])"
)
# Paths of the package are also named from inside it, as its layout does.
PACKAGES = "domain application adapters entrypoints".split()
NAMED_MODULE = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})/[\w./*-]*")

COMMAND = re.compile(r"(?:^|[\s`(]|bin/)profiles ((?:-\S+ )*)([a-z][a-z-]*)\b([^|;&#]*)")
SESSIONS = re.compile(r"\bnox (?:-[A-Za-z]+ )*-s ((?:[a-z_]+(?: |$))+)")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")

# Options of other programs, where the documentation names them without their command.
FOREIGN_FLAGS = frozenset(
    "--hypothesis-profile --packages --py-files --archives --deploy-mode --strict"
    " --require-hashes --no-deps --no-build-isolation --upgrade --only --quick --rounds"
    " --partitions --help --debug --config --version --wait --oplogSize"
    " --count --seed --engines".split()
)


def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Every fenced block, with its language."""
    for match in FENCE.finditer(text):
        yield match[2].strip(), match[3]


def prose(text: str) -> str:
    return FENCE.sub("", text)


def code(text: str) -> Iterator[str]:
    """Every piece of code: each inline one, and each command or line of a block."""
    yield from INLINE.findall(prose(text))
    for language, block in fences(text):
        lines = block.replace("\\\n", " ") if language in {"console", "sh"} else block
        yield from lines.splitlines()


def anchors_of(document: str) -> set[str]:
    """The anchors of a document's headings, as forges and the site make them."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(text_of(document))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-"))
    return found


def options_of(command: click.Command) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts} | {"--help"}


def commands_named_in(text: str) -> list[tuple[str, set[str]]]:
    """Every `profiles COMMAND` in code, with the options after it."""
    return [
        (match[2], set(FLAG.findall(match[3])))
        for piece in code(text)
        for match in COMMAND.finditer(piece)
        if not re.match(r"pip |from |import |cd |#", piece)
    ]


def sessions() -> set[str]:
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any("session" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_an_anchor_of_it(document: str) -> None:
    dead: list[str] = []
    for target, anchor in LINK.findall(prose(text_of(document))):
        there = (ROOT / document).parent / target if target else ROOT / document
        if not there.exists():
            dead.append(target)
        elif anchor and anchor not in anchors_of(there.resolve().relative_to(ROOT).as_posix()):
            dead.append(f"{target}#{anchor}")

    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_is_named_exists(document: str) -> None:
    text = text_of(document)
    named = {path.rstrip(".") for path in NAMED_PATH.findall(text)}
    modules = {f"src/profiles/{path.rstrip('.')}" for path in NAMED_MODULE.findall(text)}

    assert sorted(path for path in named | modules if not list(ROOT.glob(path))) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_and_option_that_is_named_exists(document: str) -> None:
    named = commands_named_in(text_of(document))

    assert [name for name, _ in named if name not in cli.commands] == []
    assert [
        (name, flag)
        for name, flags in named
        for flag in sorted(flags - options_of(cli.commands[name]))
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_option_that_is_named_alone_is_one_of_a_command(document: str) -> None:
    commands = [cli, *cli.commands.values()]
    known = {flag for command in commands for flag in options_of(command)}
    alone = [piece for piece in INLINE.findall(prose(text_of(document))) if piece.startswith("--")]
    flags = {flag for piece in alone for flag in FLAG.findall(piece)}

    assert sorted(flags - known - FOREIGN_FLAGS) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_session_that_is_named_exists(document: str) -> None:
    named = {name for found in SESSIONS.findall(text_of(document)) for name in found.split()}

    assert sorted(named - sessions()) == []


def test_every_session_is_explained_to_contributors() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", text_of("CONTRIBUTING.md"), re.MULTILINE)

    assert sorted(explained) == sorted(sessions())


def test_every_decision_is_in_the_index() -> None:
    index = (DECISIONS / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\d{4})\]\((\1-[\w-]+\.md)\) \| (.+?) \|", index, re.MULTILINE)
    kept = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")

    assert [(number, name) for number, name, _ in listed] == [(p.name[:4], p.name) for p in kept]
    assert [title for _, _, title in listed] == [
        re.sub(r"^# (?:\d{4}: )?", "", path.read_text("utf-8").partition("\n")[0]) for path in kept
    ]


def test_everything_that_profiles_exports_is_in_the_reference() -> None:
    reference = text_of("docs/reference/rules.md")

    assert re.findall(r"^::: profiles\.(\w+)$", reference, re.MULTILINE) != []
    assert sorted(re.findall(r"^::: profiles\.(\w+)$", reference, re.MULTILINE)) == sorted(
        profiles.__all__
    )


def test_every_page_is_in_the_menu_of_the_site() -> None:
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    listed = set(re.findall(r"^ +- (?:[\w ]+: )?(\S+\.md)$", menu, re.MULTILINE))
    pages = {
        document.removeprefix("docs/")
        for document in DOCUMENTS
        if not re.match(r"docs/decisions/\d", document)
    }

    assert listed == pages


def test_the_records_of_processing_are_what_the_command_prints(tmp_path: Path) -> None:
    """To print them again: profiles records --store sqlite:///profiles.db >docs/records.md."""
    set_apart = {name: value for name, value in os.environ.items() if "PROFILES_" not in name}
    printed = subprocess.run(
        [sys.executable, "-m", "profiles", "records", "--store", "sqlite:///profiles.db"],
        cwd=tmp_path,  # where there is no configuration file
        env=set_apart,
        check=True,
        capture_output=True,
    )

    assert printed.stdout.decode() == text_of("docs/records.md")


def test_the_pictures_are_what_their_script_draws(tmp_path: Path) -> None:
    script = ROOT / "docs" / "pictures.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)

    drawn = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text("utf-8") for path in (ROOT / "docs/images").glob("*.svg")}
    assert drawn == kept
