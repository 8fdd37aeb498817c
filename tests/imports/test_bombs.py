"""Files made to hurt: refused before they unfold, in bounded memory and time (security.md, abuse cases 20 and 21)."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

import pytest

from inspection_api.imports import workbook
from inspection_api.imports.errors import TableTooLarge, TableUnreadable
from tests.imports.tables import Desk, book, customer, packed

if TYPE_CHECKING:
    from collections.abc import Callable

SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def rewritten(change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """Return a good workbook with its parts changed, left out, or added to."""
    good, buffer = zipfile.ZipFile(io.BytesIO(packed(book(customers=[customer(1)])))), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for part in good.infolist():
            content = change(part.filename, good.read(part))
            if content is not None:
                made.writestr(part.filename, content)
        for name, content in more.items():
            made.writestr(name, content)
    return buffer.getvalue()


def with_sheet(content: bytes) -> bytes:
    return rewritten(lambda name, before: content if name == SHEET else before)


def lying(content: bytes) -> bytes:
    """Return the archive with the sheet's unpacked size understated in its directory."""
    place = content.rindex(SHEET.encode()) - 46
    return content[: place + 24] + struct.pack("<I", 100) + content[place + 28 :]


def huge_sheet() -> bytes:
    """A sheet of a gigabyte in a zip of a megabyte."""
    buffer = io.BytesIO()
    row = b'<row><c t="inlineStr"><is><t>' + b"A" * 4_000 + b"</t></is></c></row>"
    made = zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9)
    with made, made.open(SHEET, "w", force_zip64=True) as part:
        part.write(HEAD)
        for _ in range(250):
            part.write(row * 1_000)
    return buffer.getvalue()


def refused(desk: Desk, content: bytes) -> tuple[int, str]:
    answer = desk.bring(content)
    return answer.status_code, answer.json["code"]


def test_a_gigabyte_in_a_small_zip_is_refused_at_once(desk: Desk) -> None:
    content = huge_sheet()
    assert len(content) < 5 << 20
    desk.world.headers("manager")
    tracemalloc.start()
    begun = time.perf_counter()
    assert refused(desk, content) == (413, "table_too_large")
    took_s, (_, peak) = time.perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (took_s < 5, peak < 64 << 20) == (True, True), (took_s, peak)


def test_a_part_that_packs_too_well_is_refused(desk: Desk) -> None:
    rows = b"".join(b"<row/>" for _ in range(1_000_000))
    assert refused(desk, with_sheet(HEAD + rows + b"</sheetData></worksheet>")) == (413, "table_too_large")


def test_texts_that_would_fill_the_memory_are_refused(desk: Desk) -> None:
    noise = bytes(range(32, 48)) * 100
    content = rewritten(lambda _, before: before, **{"xl/media/a.bin": noise * 40_000})
    assert refused(desk, content) == (413, "table_too_large")


def test_an_archive_of_countless_parts_is_refused(desk: Desk) -> None:
    content = rewritten(lambda _, before: before, **{f"xl/media/{number}": b"" for number in range(300)})
    assert refused(desk, content) == (413, "table_too_large")


def test_a_directory_that_lies_about_a_size_makes_no_table(desk: Desk) -> None:
    assert refused(desk, lying(packed(book(customers=[customer(1)])))) == (422, "table_unreadable")


@pytest.mark.parametrize(
    "sheet",
    [
        b"",
        b"<worksheet",
        HEAD,
        b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]>' + HEAD.partition(b"?>")[2] + b"&c;",
        HEAD + b'<row r="1"><c r="A1" t="s"><v>999999</v></c></row></sheetData></worksheet>',
        HEAD + b'<row r="x"><c r="A1"><v>1</v></c></row></sheetData></worksheet>',
        HEAD + b'<row r="1"><c r="A1" t="n"><v>one</v></c></row></sheetData></worksheet>',
    ],
)
def test_a_broken_sheet_is_a_clear_refusal(desk: Desk, sheet: bytes) -> None:
    status, code = refused(desk, with_sheet(sheet))
    assert (status, code) in {(422, "table_unreadable"), (422, "rows_invalid")}


@pytest.mark.parametrize("part", ["xl/workbook.xml", "[Content_Types].xml", SHEET])
def test_a_workbook_without_a_part_is_a_clear_refusal(desk: Desk, part: str) -> None:
    status, code = refused(desk, rewritten(lambda name, before: None if name == part else before))
    assert (status, code) in {(422, "table_unreadable"), (422, "rows_invalid")}


def test_rows_that_go_backwards_or_jump_are_bounded(desk: Desk) -> None:
    cell = b'<c r="A%d" t="inlineStr"><is><t>x</t></is></c>'
    jumping = b"".join(b'<row r="%d">%b</row>' % (number, cell % number) for number in (1, 1_048_576, 2, 1_048_576))
    begun = time.perf_counter()
    status, code = refused(desk, with_sheet(HEAD + jumping + b"</sheetData></worksheet>"))
    assert (status, code) in {(413, "table_too_large"), (422, "table_unreadable"), (422, "rows_invalid")}
    assert time.perf_counter() - begun < 10


FRAGMENTS = (
    b"<",
    b">",
    b'"',
    b"&",
    b"\x00",
    b"9" * 12,
    b"-1",
    b't="s"',
    b't="d"',
    b't="e"',
    b"&#0;",
    b"</v>",
    b"1e999",
)


def mutated(content: bytes, random: Random) -> bytes:
    found = bytearray(content)
    for _ in range(random.randint(1, 6)):
        place, kind = random.randrange(len(found) + 1), random.random()
        if kind < 0.5:
            found[place:place] = random.choice(FRAGMENTS)
        elif kind < 0.75:
            found[place : place + 1] = bytes([random.randrange(256)])
        else:
            del found[place : place + random.randint(1, 30)]
    return bytes(found)


@pytest.mark.parametrize("seed", range(4))
def test_no_broken_workbook_breaks_the_reader(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    good = packed(book(customers=[customer(1)]))
    names = zipfile.ZipFile(io.BytesIO(good)).namelist()
    for _ in range(60):
        broken = random.choice(names)
        content = rewritten(lambda name, before, broken=broken: mutated(before, random) if name == broken else before)
        content = content if random.random() < 0.8 else mutated(good, random)
        with suppress(TableUnreadable, TableTooLarge):
            sheets = workbook.Sheets(io.BytesIO(content))
            for title in sheets.titles:
                assert sheets.merged(title) is not None
                assert all(isinstance(cells, list) for cells in sheets.rows(title))
