"""Draw the two pictures of the architecture: `python docs/pictures.py`.

They stand on a ground of their own and follow the reader's colours, so they can be read on light
and on dark pages. A test compares the files with what this draws.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).parent / "images"
COLUMNS = (20, 280, 540)
ROWS = (20, 170, 320, 470)
WIDTH, HEIGHT, GAP = 200, 104, 60

STYLE = """\
.ground{fill:#fff;stroke:#d0d7de}.title{font-size:16px;font-weight:600;text-anchor:middle}
.line{font-size:13px;text-anchor:middle}.note{font-size:13px;text-anchor:middle;fill:#57606a}
text{fill:#1b1f24}.edge{fill:#e8f4fc;stroke:#2b7bb9}.use{fill:#fff3d6;stroke:#b87700}
.rule{fill:#e3f6ef;stroke:#00805f}.arrow{stroke:#57606a;stroke-width:1.8;fill:none}.tip{fill:#57606a}
.step{fill:#57606a}.number{font-size:13px;font-weight:600;text-anchor:middle;fill:#fff}
@media (prefers-color-scheme:dark){.ground{fill:#161b22;stroke:#30363d}text{fill:#e6edf3}
.note{fill:#9ea7b3}.edge{fill:#0f2a3f;stroke:#58a6d6}.use{fill:#3a2a06;stroke:#e0a93b}
.rule{fill:#07301f;stroke:#3fb68b}.arrow{stroke:#9ea7b3}.tip,.step{fill:#9ea7b3}
.number{fill:#161b22}}"""


RULES = "pure functions: no clock, no I/O / policy · age · decide · resolve · statistics"


class Box(NamedTuple):
    """A box of the grid, `columns` wide: its title and up to three lines with ` / ` between."""

    kind: str
    column: int
    row: int
    title: str
    lines: str
    columns: int = 1

    def draw(self) -> str:
        """Return the box as SVG."""
        x, y = COLUMNS[self.column], ROWS[self.row]
        width = WIDTH * self.columns + GAP * (self.columns - 1)
        middle = x + width / 2
        texts = [f'<text class="title" x="{middle:g}" y="{y + 27}">{self.title}</text>']
        texts += [
            f'<text class="line" x="{middle:g}" y="{y + 50 + 19 * number}">{line}</text>'
            for number, line in enumerate(self.lines.split(" / "))
        ]
        shape = (
            f'<rect class="{self.kind}" x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="8"/>'
        )
        return "\n".join([shape, *texts])


class Arrow(NamedTuple):
    """An arrow from one point to another, with the number of its step in the middle."""

    start: tuple[int, int]
    end: tuple[int, int]
    step: int

    def draw(self) -> str:
        """Return the arrow as SVG."""
        (x1, y1), (x2, y2) = self.start, self.end
        x, y = (x1 + x2) // 2, (y1 + y2) // 2
        line = (
            f'<line class="arrow" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" marker-end="url(#tip)"/>'
        )
        return "\n".join(
            [
                line,
                f'<circle class="step" cx="{x}" cy="{y}" r="10"/>',
                f'<text class="number" x="{x}" y="{y + 5}">{self.step}</text>',
            ]
        )


def picture(title: str, description: str, parts: Sequence[Box | Arrow], notes: str = "") -> str:
    """Return a whole picture; the description is for those who can't see it."""
    drawn = "\n".join(part.draw() for part in parts)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 594" role="img" \
aria-labelledby="title description" font-family="system-ui, sans-serif">
<title id="title">{title}</title>
<desc id="description">{description}</desc>
<style>
{STYLE}
</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" \
orient="auto-start-reverse"><path class="tip" d="M0 0 10 5 0 10z"/></marker></defs>
<rect class="ground" x="1" y="1" width="758" height="592" rx="10"/>
{notes}{drawn}
</svg>
"""


def system() -> str:
    """Draw the system on servers."""
    return picture(
        "The system on servers",
        "A source is read by produce, which publishes adults to Kafka. Process or Spark decides the"
        " records and writes chunk by chunk to MongoDB, which decides what is held, and then to"
        " Cassandra, which follows. Rejected records go to a topic of their own. The erasure ledger"
        " is read for each chunk. The page reads counts from MongoDB.",
        [
            Box("edge", 0, 0, "source", "Random User API, files, / or the simulator"),
            Box("use", 1, 0, "profiles produce", "keeps minors out, / drops forbidden fields"),
            Box("edge", 2, 0, "Kafka", "user_data_topic, / 4 partitions, / kept 24 hours"),
            Box("edge", 0, 1, "erasure ledger", "topic user_ledger, / kept for ever"),
            Box(
                "use",
                1,
                1,
                "profiles process, or profiles spark",
                "decides each record, cuts chunks, / one writer for each partition",
                columns=2,
            ),
            Box(
                "edge",
                0,
                2,
                "rejected records",
                "user_data_topic.rejected: / reason and path, no value, / kept 7 days",
            ),
            Box(
                "edge",
                1,
                2,
                "Cassandra follows",
                "the same profiles, each / written with its version / as the timestamp",
            ),
            Box(
                "edge",
                2,
                2,
                "MongoDB decides",
                "profiles, statistics, / position and counts: / one transaction a chunk",
            ),
            Box("rule", 0, 3, "domain: the same rules everywhere", RULES, columns=2),
            Box("edge", 2, 3, "page", "rounded counts, / never a person"),
            Arrow((220, 72), (279, 72), 1),
            Arrow((480, 72), (539, 72), 2),
            Arrow((640, 124), (640, 169), 3),
            Arrow((220, 222), (279, 222), 4),
            Arrow((640, 274), (640, 319), 5),
            Arrow((380, 274), (380, 319), 6),
            Arrow((290, 274), (200, 319), 7),
            Arrow((640, 424), (640, 469), 8),
        ],
    )


def embedded() -> str:
    """Draw the embedded engine."""
    return picture(
        "The embedded engine",
        "In one process and one thread a source is read, checked by a gate, appended to a log in"
        " SQLite, decided, and written to a deciding store in SQLite in one transaction a chunk."
        " The erasure ledger is read for each chunk. The page reads counts from the store.",
        [
            Box("edge", 0, 0, "source", "Random User API, files, / or the simulator"),
            Box(
                "use", 1, 0, "gate", "keeps minors out, / drops forbidden fields, / leaves a notice"
            ),
            Box(
                "edge",
                2,
                0,
                "log.sqlite",
                "persons and notices, / the source's position, / kept 24 hours",
            ),
            Box("edge", 0, 1, "ledger.sqlite", "erased and restricted, / kept for ever"),
            Box(
                "use",
                1,
                1,
                "decide a chunk",
                "each record once: never below / the store's position",
                columns=2,
            ),
            Box("rule", 0, 2, "domain: the same rules everywhere", RULES, columns=2),
            Box(
                "edge",
                2,
                2,
                "profiles.db decides",
                "profiles, statistics, / position and counts: / one transaction a chunk",
            ),
            Box("edge", 2, 3, "page", "rounded counts, / never a person"),
            Arrow((220, 72), (279, 72), 1),
            Arrow((480, 72), (539, 72), 2),
            Arrow((640, 124), (640, 169), 3),
            Arrow((220, 222), (279, 222), 4),
            Arrow((640, 274), (640, 319), 5),
            Arrow((640, 424), (640, 469), 6),
        ],
        notes='<text class="note" x="250" y="505">profiles run: one process, one thread,</text>\n'
        '<text class="note" x="250" y="525">nothing but Python and three SQLite files</text>\n',
    )


PICTURES = {"system.svg": system, "embedded.svg": embedded}


def main(folder: Path) -> None:
    """Draw every picture into a folder."""
    for name, draw in PICTURES.items():
        (folder / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
