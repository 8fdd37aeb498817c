"""`make vendor`: fetch the libraries that stand in this repository again, as the manifests beside them name them.

A manifest names packages of npm with their version, licence and reason, and which of their files stand here under which
hash. A file that comes with another hash is not written: whoever changes a version changes the hashes with it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT / "inspection_api/web/vendor", ROOT / "tests/web/vendor")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Library:
    """One library of a folder; ``files`` maps where a file stands to its path in the package and its SHA-256."""

    folder: Path
    name: str
    version: str
    licence: str
    reason: str
    files: Mapping[str, Mapping[str, str]]


def libraries(folder: Path) -> list[Library]:
    """Return the libraries that a folder's manifest names."""
    rows: list[dict[str, Any]] = json.loads((folder / MANIFEST).read_text())
    return [Library(folder, **row) for row in rows]


def sha256(content: bytes) -> str:
    """Return the hash by which a manifest knows a file."""
    return hashlib.sha256(content).hexdigest()


def write(library: Library, contents: Mapping[str, bytes]) -> Iterator[str]:
    """Write a package's files that are as the manifest says; yield a line about each that is not."""
    for name, origin in library.files.items():
        path, wanted = origin["path"], origin["sha256"]
        found = sha256(contents[path])
        if found != wanted:
            yield f"{library.name} {library.version}: {path} has {found}, the manifest says {wanted}"
            continue
        (library.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (library.folder / name).write_bytes(contents[path])


def fetch(library: Library) -> dict[str, bytes]:
    """Return the files of a package from npm by their paths in it."""
    with tempfile.TemporaryDirectory() as place:
        line = ["npm", "pack", f"{library.name}@{library.version}", "--pack-destination", place, "--silent"]
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - npm, which knows its registry
        (packed,) = Path(place).iterdir()
        with tarfile.open(packed) as archive:
            members = {member.name.removeprefix("package/"): archive.extractfile(member) for member in archive}
            return {name: file.read() for name, file in members.items() if file is not None}


def main() -> int:
    """Fetch everything; return the exit status."""
    wrong = [line for folder in FOLDERS for each in libraries(folder) for line in write(each, fetch(each))]
    print("\n".join(wrong) or "vendored files are as their manifests say", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
