from __future__ import annotations

import re
from io import BytesIO
from xml.etree import ElementTree as ET

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from checkpoints.rules import plate
from kiosk_print.labels import Label, Layout, Picture, draw_plate, render_labels

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


def test_a_character_that_the_font_lacks_is_printed_as_its_code_point() -> None:
    label = Label(code="CP-1", name="𪜁祥商行", qr_text="XJ1")
    with pypdfium2.PdfDocument(render_labels([label])) as document:
        assert "〔U+2A701〕祥商行" in document[0].get_textpage().get_text_bounded()


def test_a_picture_of_a_plate_has_the_size_of_the_plate_and_is_readable() -> None:
    (label,) = labels(1)
    image = Image.open(BytesIO(draw_plate(label, Picture.PNG)))
    assert [round(pixels / 600 * 25.4) for pixels in image.size] == [110, 150]
    assert texts(image.convert("L")) == {label.qr_text}


def test_an_svg_plate_is_paths_alone_and_readable() -> None:
    (label,) = labels(1)
    root = ET.fromstring(draw_plate(label, Picture.SVG))  # noqa: S314 - our own
    assert [round(float(root.attrib[side].removesuffix("pt")) / 72 * 25.4) for side in ("width", "height")] == [
        110,
        150,
    ]
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not names & {"image", "text", "foreignObject"}
    assert symbol_of(root) == label.qr_text


def symbol_of(root: ET.Element) -> str:
    """Return what the nested symbol says: its runs of modules, drawn again at eight pixels each."""
    (symbol,) = [element for element in root.iter("{http://www.w3.org/2000/svg}svg") if element is not root]
    side = int(symbol.attrib["viewBox"].split()[2])
    image = Image.new("L", (side, side), 255)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)", symbol[-1].attrib["d"]):
        image.paste(0, (int(x), int(y), int(x) + int(width), int(y) + 1))
    return texts(image.resize((side * 8, side * 8))).pop()
