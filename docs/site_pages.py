"""Make the pages of the site that lie outside `docs/`, and point links at them.

The documentation is read in two places: on a forge, where a link leads to a file of the
repository, and on the site. So links are written as the forge wants them, and here those that
leave `docs/` are led to a page of the site: README, CONTRIBUTING, CHANGELOG and SECURITY are pages
of their own, every other file that is linked gets a page that shows it, and a folder one that
lists it. A link to nothing is left as it is, and the strict build refuses it.
"""

from __future__ import annotations

import ast
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES_OF_ROOT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
FENCED = re.compile(r"^(`{3,}).*?^\1`*\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)\s#]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside `docs/`."""
    for name in PAGES_OF_ROOT:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    shown: set[str] = set()
    for file in files.documentation_pages():
        for place in _linked(file.content_string, _place_of(file)):
            if _is_shown(place):
                shown.add(place)
                if (ROOT / place).is_dir():
                    shown.update(_files_in(place))
    for place in sorted(shown):
        files.append(File.generated(config, _source_page(place), content=_source(place)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - called by name
    """Lead the links of a page that leave `docs/` to pages of the site."""
    if page.file.src_uri.startswith("source/"):
        return markdown
    here = _place_of(page.file)

    def led(match: re.Match[str]) -> str:
        place = _resolved(match[1], here)
        if place.startswith("docs/"):
            target = place.removeprefix("docs/")
            target += "/README.md" if (ROOT / place).is_dir() else ""
        elif place in PAGES_OF_ROOT:
            target = place
        elif _is_shown(place):
            target = _source_page(place)
        else:
            return match[0]
        return posixpath.relpath(target, posixpath.dirname(page.file.src_uri)) + (match[2] or "")

    pieces, at = [], 0
    for fenced in FENCED.finditer(markdown):
        pieces += [LINK.sub(led, markdown[at : fenced.start()]), fenced[0]]
        at = fenced.end()
    return "".join([*pieces, LINK.sub(led, markdown[at:])])


def _place_of(file: File) -> str:
    """Return where a page lies in the repository."""
    return file.src_uri if file.src_uri in PAGES_OF_ROOT else f"docs/{file.src_uri}"


def _linked(markdown: str, here: str) -> Iterator[str]:
    for match in LINK.finditer(FENCED.sub("", markdown)):
        yield _resolved(match[1], here)


def _resolved(target: str, here: str) -> str:
    """Return the place in the repository to which a page's relative link leads."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(here), target))


def _is_shown(place: str) -> bool:
    """Tell whether a file or folder of the repository gets a page that shows it."""
    inside = not place.startswith(("docs/", "..")) and place not in PAGES_OF_ROOT
    return inside and (ROOT / place).exists()


def _files_in(folder: str) -> list[str]:
    found = (path for path in (ROOT / folder).iterdir() if path.suffix == ".py")
    return [path.relative_to(ROOT).as_posix() for path in sorted(found) if path.stat().st_size]


def _source_page(place: str) -> str:
    folder = (ROOT / place).is_dir()
    return f"source/{place}/index.md" if folder else f"source/{place}.md"


def _source(place: str) -> str:
    """Write the page that shows a file or lists a folder; a search finds the documentation only."""
    head = f"---\nsearch: {{exclude: true}}\nhide: [toc]\n---\n# `{place}`\n\n"
    path = ROOT / place
    if path.is_dir():
        lines = [
            f"- [`{os.path.relpath(file, place)}`]({os.path.relpath(file, place)}.md):"
            f" {_summary(ROOT / file)}"
            for file in _files_in(place)
        ]
        return head + "\n".join(lines) + "\n"
    language = {".py": "python", ".toml": "toml", ".yaml": "yaml"}.get(path.suffix, "text")
    return f"{head}``````{language}\n{path.read_text('utf-8')}\n``````\n"


def _summary(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0]
