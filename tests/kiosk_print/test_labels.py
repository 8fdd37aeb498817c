from __future__ import annotations

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from checkpoints.rules import plate
from kiosk_print.labels import Label, Layout, render_labels

THERMAL_DPI = 203


def labels(count: int) -> list[Label]:
    return [
        Label(
            code=f"CP-{index:06d}",
            name=f"石家庄晨曦机械制造有限公司第{index}厂区原材料仓库及成品堆场" * (1 + index % 3),
            qr_text=plate.plate_text("0a1b2c3d", plate.next_public_id(), index + 1, b"k" * 32),
        )
        for index in range(count)
    ]


def pages(pdf: bytes) -> list[Image.Image]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.render(scale=THERMAL_DPI / 72, grayscale=True).to_pil() for page in document]


def texts(page: Image.Image) -> set[str]:
    return {found.text for found in zxingcpp.read_barcodes(page.convert("1", dither=Image.Dither.NONE).convert("L"))}


@pytest.mark.parametrize(("layout", "count", "page_count"), [(Layout.GRID, 17, 2), (Layout.SINGLE, 2, 2)])
def test_every_plate_is_readable_at_203_dpi_in_black_and_white(layout: Layout, count: int, page_count: int) -> None:
    wanted = labels(count)
    printed = pages(render_labels(wanted, layout))
    assert len(printed) == page_count
    assert set().union(*map(texts, printed)) == {label.qr_text for label in wanted}


def test_code_and_name_are_printed_for_people() -> None:
    (label,) = labels(1)
    with pypdfium2.PdfDocument(render_labels([label], Layout.SINGLE)) as document:
        words = document[0].get_textpage().get_text_bounded()
    assert label.code in words
    assert "石家庄晨曦机械制造有限公司" in words.replace("\r\n", "")


def test_a_grid_page_is_a4() -> None:
    with pypdfium2.PdfDocument(render_labels(labels(1))) as document:
        assert [round(side) for side in document[0].get_size()] == [595, 842]


def test_markup_in_a_name_is_only_text() -> None:
    label = Label(code="#A*B*", name='#panic("x") $x$ \\', qr_text="XJ1")
    with pypdfium2.PdfDocument(render_labels([label])) as document:
        assert '#panic("x")' in document[0].get_textpage().get_text_bounded()
