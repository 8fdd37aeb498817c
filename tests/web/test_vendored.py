"""What others wrote and stands in this repository: every file is the one that its manifest names, with its licence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import vendoring
from tests.vendoring import FOLDERS, Library, libraries, sha256, write

if TYPE_CHECKING:
    from pathlib import Path

LIBRARIES = [library for folder in FOLDERS for library in libraries(folder)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(vendoring.ROOT).as_posix())
def test_a_folder_holds_what_its_manifest_names_and_nothing_else(folder: Path) -> None:
    named = {name: origin["sha256"] for library in libraries(folder) for name, origin in library.files.items()}
    there = {path for path in folder.rglob("*") if path.is_file() and path.name != vendoring.MANIFEST}
    assert {path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in there} == named


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
def test_a_library_stands_here_with_version_licence_and_reason(library: Library) -> None:
    assert [int(part) for part in library.version.split(".")]
    assert library.licence in {"MIT", "MPL-2.0"}
    assert len(library.reason) > 20
    assert any(name.endswith("/LICENSE") for name in library.files)


def test_a_file_with_another_hash_is_told_and_not_written(tmp_path: Path) -> None:
    good, bad = ({"path": path, "sha256": sha256(b"as it was")} for path in ("good.js", "bad.js"))
    library = Library(tmp_path, "some", "1.0.0", "MIT", "", {"some/good.js": good, "some/bad.js": bad})
    (told,) = write(library, {"good.js": b"as it was", "bad.js": b"as it was not"})
    assert told.startswith("some 1.0.0: bad.js has ")
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["good.js"]
