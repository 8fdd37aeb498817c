"""The store of bytes: what is there is whole, and nothing a user sends becomes a path."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from inspection_api.core.storage import BlobMissing, PartialMoved, Storage, in_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAG = "0a1b2c3d"
OTHER = "ffffffff"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "media")


def test_a_stored_blob_reads_back(storage: Storage) -> None:
    sha256 = storage.put(TAG, b"bytes")

    assert sha256 == hashlib.sha256(b"bytes").hexdigest()
    assert b"".join(in_chunks(storage.open(TAG, sha256))) == b"bytes"
    assert storage.find_size(TAG, sha256) == 5


def test_the_same_bytes_twice_are_one_file(storage: Storage, tmp_path: Path) -> None:
    assert storage.put(TAG, b"bytes") == storage.put(TAG, b"bytes")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_banks_do_not_share_blobs(storage: Storage) -> None:
    sha256 = storage.put(TAG, b"bytes")

    assert storage.find_size(OTHER, sha256) is None
    with pytest.raises(BlobMissing):
        storage.open(OTHER, sha256)


@pytest.mark.parametrize("sha256", ["../../../etc/passwd", "A" * 64, "ab", ""])
def test_only_a_hash_names_a_blob(storage: Storage, sha256: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        storage.find_size(TAG, sha256)


def test_only_a_tag_names_a_bank(storage: Storage) -> None:
    with pytest.raises(ValueError, match="tag"):
        storage.put("../up", b"bytes")


def test_an_upload_grows_and_becomes_a_blob(storage: Storage) -> None:
    upload = uuid4()
    assert storage.partial_size(TAG, upload) == 0
    assert storage.append(TAG, upload, [b"ab", b"cd"], offset=0) == 4
    assert storage.append(TAG, upload, [b"ef"], offset=4) == 6

    sha256 = storage.digest(TAG, upload, "sha256").hex()
    storage.keep(TAG, upload, sha256)
    storage.keep(TAG, upload, sha256)
    storage.drop(TAG, upload)

    assert b"".join(in_chunks(storage.open(TAG, sha256))) == b"abcdef"
    assert storage.partial_size(TAG, upload) == 0


def test_a_cut_line_keeps_what_had_come(storage: Storage) -> None:
    def cut_line() -> Iterator[bytes]:
        yield b"abc"
        raise ConnectionResetError

    upload = uuid4()
    with pytest.raises(ConnectionResetError):
        storage.append(TAG, upload, cut_line(), offset=0)

    assert storage.partial_size(TAG, upload) == 3
    assert storage.head(TAG, upload, 2) == b"ab"


def test_writing_at_another_offset_is_refused(storage: Storage) -> None:
    upload = uuid4()
    storage.append(TAG, upload, [b"abc"], offset=0)

    with pytest.raises(PartialMoved):
        storage.append(TAG, upload, [b"x"], offset=2)
    assert storage.partial_size(TAG, upload) == 3


def test_a_second_writer_stops_the_first_instead_of_interleaving(storage: Storage) -> None:
    upload = uuid4()

    def overtaken() -> Iterator[bytes]:
        yield b"abc"
        storage.append(TAG, upload, [b"def"], offset=3)
        yield b"xyz"

    with pytest.raises(PartialMoved):
        storage.append(TAG, upload, overtaken(), offset=0)
    assert storage.head(TAG, upload, 99) == b"abcdef"


def test_a_bad_chunk_is_cut_off_again(storage: Storage) -> None:
    upload = uuid4()
    storage.append(TAG, upload, [b"abc", b"bad"], offset=0)

    assert storage.digest(TAG, upload, "sha1", start=3) == hashlib.sha1(b"bad").digest()  # noqa: S324 - tus' checksum
    storage.cut(TAG, upload, 3, end=6)
    storage.cut(TAG, upload, 3, end=6)

    assert storage.partial_size(TAG, upload) == 3


def test_what_a_rival_has_written_is_not_cut_off(storage: Storage) -> None:
    upload = uuid4()
    storage.append(TAG, upload, [b"abc"], offset=0)
    storage.append(TAG, upload, [b"def"], offset=3)
    storage.cut(TAG, upload, 0, end=3)
    assert storage.head(TAG, upload, 99) == b"abcdef"

    storage.drop(TAG, upload)
    storage.cut(TAG, upload, 0, end=3)
    assert storage.partial_size(TAG, upload) == 0


def test_a_stashed_file_appears_all_at_once_is_replaced_and_thrown_away(storage: Storage) -> None:
    file_id = uuid4()
    for content in (b"first", b"second"):
        storage.stash(TAG, file_id, lambda file, content=content: file.write(content))
        with storage.open_stashed(TAG, file_id) as file:
            assert file.read() == content
    with pytest.raises(ZeroDivisionError):
        storage.stash(TAG, file_id, lambda file: file.write(b"half") / 0)
    with storage.open_stashed(TAG, file_id) as file:
        assert file.read() == b"second"
    for _ in range(2):
        storage.unstash(TAG, file_id)
    with pytest.raises(BlobMissing):
        storage.open_stashed(TAG, file_id)
    assert not any((storage._root / TAG / "stash").iterdir())
