"""How tall a form will be: lines counted as typst breaks them, more text never less tall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.typesetting import page_count, render
from kiosk_print.fitting import foreseen_scale, form_height, line_count
from kiosk_print.paper import Fact, PaperSheet, Paragraph

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.text("汉字，。a1-、 ", max_size=200)


def form(remark: str, name: str = "甲") -> PaperSheet:
    return PaperSheet(
        title="明白纸",
        organisation="高新支行",
        number="1",
        copy=1,
        printed_by="王建国",
        printed_at="2026-03-10 10:05",
        qr_text="",
        head=(Fact(label="客户名称", text=name),),
        sections=(),
        conclusion=None,
        paragraphs=(Paragraph(number="1", label="说明", text=remark),),
        facts=(),
        instructions=(),
    )


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("", 5, 1),
        ("汉" * 5, 5, 1),
        ("汉" * 6, 5, 2),
        ("2026-01-10、2026-01-10", 7, 2),
        ("a\nb", 9, 2),
        ("x" * 30, 5, 4),
    ],
)
def test_lines_are_counted_and_figures_stay_whole(text: str, room: float, lines: int) -> None:
    assert line_count(text, room) == lines


@given(TEXTS)
def test_no_text_takes_less_room_than_its_characters(text: str) -> None:
    assert line_count(text, 5) * 5 >= sum(0.57 if each < "\u1100" else 1 for each in text)
    assert form_height(form(text)) >= form_height(form(""))


def test_a_form_too_tall_is_made_smaller_but_not_beyond_reading() -> None:
    assert foreseen_scale(form("短")) == 1
    assert 0.75 < foreseen_scale(form("汉" * 36 * 50)) < 1
    assert foreseen_scale(form("汉" * 36 * 500)) == 0.75


@pytest.mark.parametrize("pages", [1, 3, 40])
def test_pages_are_counted_as_a_reader_counts_them(tmp_path: Path, pages: int) -> None:
    template = tmp_path / "pages.typ"
    template.write_text("#for each in range(data.pages) { page[#each] }")
    pdf = render(template, {"pages": pages})
    assert page_count(pdf) == pages == len(pypdfium2.PdfDocument(pdf))
