"""The PDF itself: one page, every word on it, a code that a decoder reads at 203 dpi."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from checkpoints import qr
from inspection_api.core.typesetting import visible
from inspection_api.templates import default_template
from inspection_api.templates.forms import compile_form
from kiosk_print.paper import PaperSheet, Paragraph, render_paper
from kiosk_print.rules.sheet import Opinion, Printing, Visit, compose

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2026, 3, 10, 2, 5, tzinfo=UTC)
CODE = "http://127.0.0.1:8000/api/v1/verify/XP1.0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXY2.ABCDEFGHIJKLMNOPQRSTUVWXY2"
RISKS = [item["key"] for item in default_template.DEFINITION["items"] if item["type"] == "yes_no"]


@pytest.fixture(scope="module")
def sheet() -> PaperSheet:
    values = {"op_status": "semi", "power_kwh": "120345.6", "tax_ytd": "12.3", "conclusion": "watch"}
    values |= {"remark": "停一条线，预计四月恢复"} | dict.fromkeys(RISKS, False)  # type: ignore[arg-type] # mixed values
    loan = {"amount": "1234567.89", "disbursed_on": "2025-08-15", "matures_on": "2026-08-14", "five_class": "normal"}
    visit = Visit(
        answers={key: {"value": value} for key, value in values.items()},
        snapshot={"customer_name": "陕西秦岭精密机械制造有限公司", "loans": [loan]},
        inspector="李小明",
        performed_at=AT,
        verdict="inside",
        distance_m=22.6,
        media={"photo": 6},
        template_number=1,
        amendments=0,
    )
    printing = Printing(
        organisation="高新支行", printed_by="王建国", printed_at=AT, number="MBZ-6101-202603-000123-K", qr_text=CODE
    )
    return compose(compile_form(default_template.DEFINITION).definition, visit, None, printing)


def texts(pdf: bytes) -> list[str]:
    """Return the text of each page, without blanks and breaks."""
    pages = pypdfium2.PdfDocument(pdf)
    return ["".join(page.get_textpage().get_text_range().split()) for page in pages]


def test_an_ordinary_visit_is_one_a4_page_with_every_field(sheet: PaperSheet) -> None:
    pdf = render_paper(sheet)
    (page,) = texts(pdf)
    assert tuple(round(side) for side in pypdfium2.PdfDocument(pdf)[0].get_size()) == (595, 842)
    expected = [sheet.title, sheet.number, "原件", *sheet.instructions]
    expected += [fact.text for fact in (*sheet.head, *sheet.facts)] + [each.text for each in sheet.paragraphs]
    for section in sheet.sections:
        for line in section.lines:
            expected += [line.label, *(blank.text + blank.unit for blank in line.blanks if blank.text)]
    assert [text for text in expected if "".join(text.split()) not in page] == []


def spoken(element: Any) -> Iterator[str]:
    """Yield what a screen reader says instead of pictures, in the order of the tree of tags."""
    size = pdfium.FPDF_StructElement_GetAltText(element, None, 0)
    buffer = (pdfium.c_char * size)()
    if pdfium.FPDF_StructElement_GetAltText(element, buffer, size) > 2:
        yield bytes(buffer).decode("utf-16-le").rstrip("\0")
    for index in range(pdfium.FPDF_StructElement_CountChildren(element)):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, index)
        yield from spoken(child) if child else ()


def test_a_page_is_read_aloud_with_its_ticks(sheet: PaperSheet) -> None:
    page = pypdfium2.PdfDocument(render_paper(sheet))[0]
    tree = pdfium.FPDF_StructTree_GetForPage(page)
    places = range(pdfium.FPDF_StructTree_CountChildren(tree))
    parts = [pdfium.FPDF_StructTree_GetChildAtIndex(tree, at) for at in places]
    said = [words for part in parts for words in spoken(part)]
    assert Counter(said) == {"核验二维码": 1, "已勾选": 2 + len(RISKS), "未勾选": 2 + 3 + len(RISKS)}
    assert said[1:4] == ["未勾选", "未勾选", "已勾选"]


def test_the_code_is_read_from_the_page_at_203_dpi(sheet: PaperSheet) -> None:
    image = pypdfium2.PdfDocument(render_paper(sheet))[0].render(scale=203 / 72).to_pil()
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [CODE]


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=52, max_size=52))
@settings(max_examples=30)
def test_any_code_is_read_at_203_dpi(secret: str) -> None:
    """The mask of a paper's symbol is always the same: it must be good enough for every code."""
    code = f"https://xunji.bank.example/verify/XP1.0a1b2c3d.{secret[:26]}.{secret[26:]}"
    modules = qr.matrix(code, mask=3)
    image = Image.new("L", (len(modules), len(modules)))
    image.putdata([0 if dark else 255 for row in modules for dark in row])
    printed = image.resize((176, 176), Image.Resampling.BILINEAR)  # 22 mm at 203 dpi
    assert [found.text for found in zxingcpp.read_barcodes(printed)] == [code]


def test_only_our_fonts_are_embedded_and_the_second_one_only_where_needed(sheet: PaperSheet) -> None:
    pdf = render_paper(sheet)
    assert b"NotoSansSC" in pdf
    assert pdf.count(b"/FontFile") == 1
    rare = render_paper(replace(sheet, printed_by="𠮷田"))
    assert b"XunjiHanB" in rare
    assert rare.count(b"/FontFile") == 2


@pytest.mark.parametrize("name", ["𠮷", "䶮", "㛃", "𪚥"])
def test_a_rare_name_is_drawn_and_read_back(sheet: PaperSheet, name: str) -> None:
    """Two different characters of the second font differ on the page: neither is a blank nor the box of a lack."""

    def drawn(text: str) -> bytes:
        pdf = render_paper(replace(sheet, head=(replace(sheet.head[0], text=text),)))
        assert text.strip() in texts(pdf)[0]
        return pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil().tobytes()

    assert len({drawn(name), drawn("𠀀"), drawn("　")}) == 3


@pytest.mark.parametrize("character", ["龘", "W", "\n"])
def test_long_texts_go_on_under_the_same_number_and_are_never_cut(sheet: PaperSheet, character: str) -> None:
    remark = "始" + f"{character}口" * 249 + "终"
    long = [replace(each, text=remark) for each in sheet.paragraphs]
    pages = texts(render_paper(replace(sheet, paragraphs=tuple(long))))
    assert all(sheet.number in page for page in pages)
    assert len(pages) > 1
    whole = "".join(pages)
    assert whole.count("口") == 2 * 249
    assert (whole.count("始"), whole.count("终"), whole.count("（下接续页）")) == (2, 2, 2)
    assert "续页" in pages[1]


def test_a_long_reason_of_the_conclusion_goes_on_too(sheet: PaperSheet) -> None:
    assert sheet.conclusion is not None
    note = "始" + "龘口" * 249 + "终"
    first, second = texts(render_paper(replace(sheet, conclusion=replace(sheet.conclusion, note=note))))
    assert "理由：始" in first
    assert "检查初步结论（续）" in second
    assert (first + second).count("口") == 249
    assert "终" in second


def test_the_first_page_holds_the_form_however_long_names_are(sheet: PaperSheet) -> None:
    head = tuple(replace(fact, text=fact.text + "很长" * 15) for fact in sheet.head)
    signed = Paragraph(number="19", label="意见", text="同意" * 90, signature="赵行长")
    pdf = render_paper(replace(sheet, head=head, paragraphs=(signed, signed)))
    assert len(texts(pdf)) == 1
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=1).to_pil().convert("L")
    assert min(page.crop((560, 30, 595, 800)).get_flattened_data()) > 150  # only the watermark in the right margin


@pytest.mark.parametrize("length", range(0, 120, 10))
def test_a_form_that_grows_past_the_page_is_made_smaller_in_time(sheet: PaperSheet, length: int) -> None:
    """Whether the guess of its height was right or wrong by a line, it is one page, counted right, and whole."""
    head = tuple(replace(fact, text="长" * length + "末") for fact in sheet.head)
    signed = Paragraph(number="19", label="意见", text="同意" * 70, signature="赵行长")
    pages = texts(render_paper(replace(sheet, head=head, paragraphs=(signed, signed))))
    assert len(pages) == 1
    assert "第1页/共1页" in pages[0]
    assert pages[0].count("末") >= len(head)
    assert all(each in pages[0] for each in ("".join(text.split()) for text in sheet.instructions))


def test_a_later_copy_says_which_one_it_is(sheet: PaperSheet) -> None:
    (page,) = texts(render_paper(replace(sheet, copy=3)))
    assert "补打第3次" in page
    assert "原件" not in page


def test_a_draft_says_so_and_carries_no_code(sheet: PaperSheet) -> None:
    pdf = render_paper(replace(sheet, qr_text="", number=""))
    assert "草稿" in texts(pdf)[0]
    assert zxingcpp.read_barcodes(pypdfium2.PdfDocument(pdf)[0].render(scale=3).to_pil()) == []


def test_the_watermark_names_who_printed_when_and_what(sheet: PaperSheet) -> None:
    image = pypdfium2.PdfDocument(render_paper(replace(sheet, qr_text="x")))[0].render(scale=1).to_pil().convert("L")
    margin = image.crop((20, 760, 560, 800))
    assert any(150 < shade < 250 for shade in margin.get_flattened_data())


@pytest.mark.parametrize(
    ("text", "shown"), [("䶮㛃𠮷", "䶮㛃𠮷"), ("\U0002a701", "〔U+2A701〕"), ("a\n好", "a\n好"), ("🙂", "〔U+1F642〕")]
)
def test_a_character_is_printed_or_visibly_marked_as_missing(text: str, shown: str) -> None:
    assert visible({"name": [text]}) == {"name": [shown]}


def test_an_opinion_stands_with_its_signature(sheet: PaperSheet) -> None:
    opinion = Opinion(text="同意", author="赵行长", given_at=AT)
    assert opinion.author == "赵行长"
    signed = replace(sheet.paragraphs[1], text=opinion.text, signature="赵行长　2026-03-10 10:05")
    (page,) = texts(render_paper(replace(sheet, paragraphs=(sheet.paragraphs[0], signed))))
    assert "赵行长2026-03-1010:05" in page
