"""Blobs: content-addressed files under one folder per bank tag, partial files of running uploads, passing files.

Every path is made from a tag, a hash or a UUID of ours, never from what a user sent. A blob is immutable and appears
all at once (write, fsync, link, fsync of the folder), so whoever sees it sees all of it. The length of a partial file
*is* the upload's offset (sync.md §7); nothing else is believed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from inspection_api.core.errors import Locked, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from uuid import UUID

_TAG = re.compile(r"[0-9a-f]{8}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK_BYTES = 1 << 16


class BlobMissing(NotFound):
    """The bytes are not in the store."""

    code = "blob_missing"
    title = "文件内容不在存储中"


class PartialMoved(Locked):
    """The partial file does not end where this writer stands: somebody else has written, or thrown it away."""

    code = "upload_moved"
    title = "该文件正由另一个请求上传，请重新查询进度"


class Storage:
    """All blobs of the installation, under ``root``."""

    def __init__(self, root: Path) -> None:
        """Keep the folder; it is made with the first file."""
        self._root = root

    def put(self, tag: str, data: bytes) -> str:
        """Store ``data`` and return its SHA-256 (hex); storing the same bytes again changes nothing."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self.find_size(tag, sha256) is None:
            draft = self._file(self._partial(tag, f"{uuid4()}.tmp"))
            draft.write_bytes(data)
            self._adopt(tag, draft, sha256)
            draft.unlink()
        return sha256

    def find_size(self, tag: str, sha256: str) -> int | None:
        """Return the blob's length in bytes, None if there is no such blob."""
        path = self._blob(tag, sha256)
        return path.stat().st_size if path.is_file() else None

    def open(self, tag: str, sha256: str) -> BinaryIO:
        """Open a blob for reading.

        Raises:
            BlobMissing: it is not there.
        """
        try:
            return self._blob(tag, sha256).open("rb")
        except FileNotFoundError:
            raise BlobMissing from None

    def partial_size(self, tag: str, upload_id: UUID) -> int:
        """Return how many bytes of an upload are here: its offset; 0 if nothing has come yet."""
        path = self._partial(tag, str(upload_id))
        return path.stat().st_size if path.is_file() else 0

    def append(
        self,
        tag: str,
        upload_id: UUID,
        chunks: Iterable[bytes],
        *,
        offset: int,
        undo: type[Exception] | tuple[()] = (),
    ) -> int:
        """Write ``chunks`` behind byte ``offset`` and return the new length, fsynced.

        When ``chunks`` raises (the line was cut), what had come stays, but for an exception of the kind ``undo``. Two
        writers can never interleave: each chunk is written, and undone, under a lock, and only while the file still
        ends where this writer left it.

        Raises:
            PartialMoved: the file does not end where it should.
        """
        path = self._file(self._partial(tag, str(upload_id)))
        end = offset
        with path.open("ab", buffering=0) as file:
            try:
                for chunk in chunks:
                    end = _write_at(file, end, chunk)
            except undo:
                _cut_at(file, end, offset)
                raise
            finally:
                os.fsync(file.fileno())
                _sync_folder(path.parent)
        return end

    def cut(self, tag: str, upload_id: UUID, length: int, *, end: int) -> None:
        """Throw away what lies behind byte ``length`` of a partial file, unless it no longer ends at ``end``.

        A writer that was overtaken thus never throws away what its rival has written, nor a blob made of it.
        """
        with suppress(FileNotFoundError), self._partial(tag, str(upload_id)).open("r+b", buffering=0) as file:
            _cut_at(file, end, length)

    def drop(self, tag: str, upload_id: UUID) -> None:
        """Throw a partial file away, if there is one."""
        self._partial(tag, str(upload_id)).unlink(missing_ok=True)

    def stash(self, tag: str, file_id: UUID, write: Callable[[BinaryIO], object]) -> None:
        """Keep a file that is not for ever; ``write`` gets it open, and it appears all at once.

        The same id again replaces it.
        """
        path = self._file(self._stashed(tag, file_id))
        draft = path.with_suffix(f".{uuid4()}.tmp")
        try:
            with draft.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)

    def open_stashed(self, tag: str, file_id: UUID) -> BinaryIO:
        """Open a stashed file for reading.

        Raises:
            BlobMissing: it is not there.
        """
        try:
            return self._stashed(tag, file_id).open("rb")
        except FileNotFoundError:
            raise BlobMissing from None

    def unstash(self, tag: str, file_id: UUID) -> None:
        """Throw a stashed file away, if there is one."""
        self._stashed(tag, file_id).unlink(missing_ok=True)

    def digest(self, tag: str, upload_id: UUID, algorithm: str, *, start: int = 0) -> bytes:
        """Return the digest of a partial file's bytes from ``start`` on."""
        with self._partial(tag, str(upload_id)).open("rb") as file:
            file.seek(start)
            return hashlib.file_digest(file, algorithm).digest()

    def head(self, tag: str, upload_id: UUID, length: int) -> bytes:
        """Return the first ``length`` bytes of a partial file."""
        with self._partial(tag, str(upload_id)).open("rb") as file:
            return file.read(length)

    def keep(self, tag: str, upload_id: UUID, sha256: str) -> None:
        """Make a blob of a finished upload whose hash the caller has checked.

        The partial file stays until :meth:`drop`, so a crash before the database knows costs nothing.
        """
        self._adopt(tag, self._partial(tag, str(upload_id)), sha256)

    def _adopt(self, tag: str, source: Path, sha256: str) -> None:
        blob = self._file(self._blob(tag, sha256))
        with source.open("rb") as file:
            os.fsync(file.fileno())
        draft = blob.with_suffix(f".{uuid4()}.tmp")
        os.link(source, draft)
        draft.replace(blob)
        draft.unlink(missing_ok=True)
        _sync_folder(blob.parent)

    def _blob(self, tag: str, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not a SHA-256 in hex")
        return self._bank(tag) / "blobs" / sha256[:2] / sha256[2:4] / sha256

    def _partial(self, tag: str, name: str) -> Path:
        return self._bank(tag) / "partial" / name

    def _stashed(self, tag: str, file_id: UUID) -> Path:
        return self._bank(tag) / "stash" / str(file_id)

    def _bank(self, tag: str) -> Path:
        if not _TAG.fullmatch(tag):
            raise ValueError("not a bank's tag")
        return self._root / tag

    def _file(self, path: Path) -> Path:
        """Return ``path`` once its folder exists, durably."""
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in path.parent.relative_to(self._root).parents:
                _sync_folder(self._root / folder)
        return path


def in_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield an open file's bytes in chunks and close it."""
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _write_at(file: BinaryIO, offset: int, chunk: bytes) -> int:
    """Append ``chunk`` if the file still ends at ``offset``; return where it ends now."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        if os.fstat(file.fileno()).st_size != offset:
            raise PartialMoved
        rest = memoryview(chunk)
        while rest:
            rest = rest[file.write(rest) :]
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
    return offset + len(chunk)


def _cut_at(file: BinaryIO, end: int, length: int) -> None:
    """Cut the file to ``length`` if it still ends at ``end``."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        if os.fstat(file.fileno()).st_size == end:
            os.ftruncate(file.fileno(), length)
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
