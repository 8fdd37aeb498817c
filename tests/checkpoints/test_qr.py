from __future__ import annotations

from io import BytesIO

import zxingcpp
from PIL import Image

from checkpoints import qr
from checkpoints.rules import plate

TEXT = plate.plate_text("0a1b2c3d", plate.next_public_id(), 123_456, b"k" * 32)


def test_an_independent_reader_reads_the_png() -> None:
    image = Image.open(BytesIO(qr.png(TEXT))).convert("L")
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == TEXT


def test_a_plate_needs_at_most_33_modules_and_has_its_quiet_zone() -> None:
    rows = qr.matrix(TEXT)
    assert len(rows) <= 33 + 2 * qr.QUIET_MODULES
    assert not any(rows[0]) and not any(row[-1] for row in rows)  # noqa: PT018 - one statement about the border


def test_the_svg_draws_every_dark_module_once() -> None:
    rows = qr.matrix(TEXT)
    runs = qr.svg(TEXT).split('d="')[1].split('"')[0].split("M")[1:]
    drawn = sum(int(run.split("h")[1].split("v")[0]) for run in runs)
    assert drawn == sum(sum(row) for row in rows)
