"""Markdown is read back by a parser, which rich brings: what is written stands for itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from profiles.entrypoints.markdown import document, items, names, table, text
from tests.strategies import clean_texts

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

texts = clean_texts | st.text("a\\`*_[]()|~&<>#-+.1! ", min_size=1, max_size=12).map(str.strip)


def shown(token_text: str) -> str:
    return " ".join(token_text.split())


def cells_of(written: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in READER.parse(written):
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline":
            kinds = {child.type for child in token.children or ()}
            assert kinds <= {"text", "text_special"}
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


@given(st.lists(st.tuples(texts.filter(bool), texts.filter(bool)), max_size=3))
def test_a_table_has_the_texts_that_were_put_in(rows: list[tuple[str, str]]) -> None:
    written = document(table(("a", "b"), ([text(cell) for cell in row] for row in rows)))

    expected = [["a", "b"], *([shown(cell) for cell in row] for row in rows)]
    assert [[shown(cell) for cell in row] for row in cells_of(written)] == expected


def test_a_line_break_does_not_end_a_row() -> None:
    assert text("a\nb") == "a b"


def test_blocks_stand_apart_and_empty_ones_are_left_out() -> None:
    assert document(["# a"], [], items(["b", "c"])) == "# a\n\n- b\n- c\n"


def test_names_are_code() -> None:
    assert names(["login.uuid", "nat"]) == "`login.uuid`, `nat`"
