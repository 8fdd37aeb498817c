"""How pages are served, one way for all of them: what they may run, and their files with hashes and packed.

Pages stand outside the API. They run nothing but what comes from here: no other host, nothing inline.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AGE_S = 365 * 24 * 3600
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wasm": "application/wasm",
    ".json": "application/json",
    "": "text/plain",
}
"""What pages are made of; the last are licences."""
_AS_IT_IS = {".png"}
_WORTH_PACKING_BYTES = 512
_BEST = 9


def policy(**allowed: str) -> str:
    """Return a Content-Security-Policy that forbids everything but what is ``allowed`` (``script_src="'self'"``)."""
    closed = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}
    said = closed | {name.replace("_", "-"): sources for name, sources in allowed.items()}
    return "; ".join(f"{name} {sources}" for name, sources in said.items())


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: plain, and packed where that pays."""

    plain: bytes
    packed: bytes | None
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> Asset:
        """Read a file."""
        plain = path.read_bytes()
        pays = path.suffix not in _AS_IT_IS and len(plain) >= _WORTH_PACKING_BYTES
        packed = gzip.compress(plain, _BEST, mtime=0) if pays else None
        return cls(plain, packed, _TYPES[path.suffix], hashlib.sha256(plain).hexdigest()[:32])


@dataclass(frozen=True)
class Assets:
    """The files in some folders of ``root``, under ``<address>/<version>/<folder>/…``.

    The version is the hash of all of them, so an address never changes its content and browsers keep it for ever, and
    modules that import each other by relative paths are always of one version.
    """

    root: Path
    folders: tuple[str, ...]
    address: str

    @cached_property
    def files(self) -> dict[str, Asset]:
        """Return all files by their path below the root, read once."""
        return {path.relative_to(self.root).as_posix(): Asset.read(path) for path in self._paths()}

    @cached_property
    def version(self) -> str:
        """Return the hash of all files and their names."""
        lines = (f"{name} {asset.etag}\n" for name, asset in self.files.items())
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]

    def url(self, name: str) -> str:
        """Return the address of a file of the present version.

        Raises:
            KeyError: there is no such file.
        """
        self.files[name]
        return f"{self.address}/{self.version}/{name}"

    def send(self, version: str, name: str) -> Response:
        """Answer a request for a file.

        Raises:
            NotFound: there is none, or not in this version: its page is of another one and loads itself anew.
        """
        asset = self.files.get(name)
        if asset is None or version != self.version:
            raise NotFound
        response = _packed_or_plain(asset)
        response.set_etag(asset.etag)
        response.cache_control.public, response.cache_control.max_age = True, AGE_S
        response.cache_control.immutable = True
        response.make_conditional(request.environ)
        return response

    def _paths(self) -> Iterator[Path]:
        for folder in self.folders:
            yield from sorted(path for path in (self.root / folder).rglob("*") if path.is_file())


def _packed_or_plain(asset: Asset) -> Response:
    is_packed = asset.packed is not None and request.accept_encodings["gzip"] > 0
    response = Response(asset.packed if is_packed else asset.plain, content_type=asset.media_type)
    if is_packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    return response
