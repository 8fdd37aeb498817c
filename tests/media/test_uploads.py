"""The rules of uploading: headers, declarations, offsets and completion."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.errors import Problem
from inspection_api.media import errors
from inspection_api.media.rules import uploads
from inspection_api.media.rules.kinds import Kind

SHA256 = hashlib.sha256(b"x").hexdigest()
MEDIA_ID = UUID("01890000-0000-7000-8000-000000000001")
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def encoded(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def declared(mime: str = "image/jpeg", length: int = 100, sha256: str = SHA256) -> uploads.Declaration:
    return uploads.Declaration(id=MEDIA_ID, mime=mime, bytes=length, sha256=sha256)


def test_metadata_declares_a_media() -> None:
    header = encoded(id=str(MEDIA_ID), sha256=SHA256.upper(), filetype="image/JPEG")

    assert uploads.parse_declaration(header, "100") == declared()
    assert declared().kind is Kind.PHOTO


def test_a_key_without_value_is_an_empty_text() -> None:
    assert uploads.parse_metadata("is_confidential, name YQ==") == {"is_confidential": "", "name": "a"}


@pytest.mark.parametrize(
    "header",
    [None, "", ",", "a !!", "a YQ==,a YQ==", "a /w==", "k" * 65, "x " + "A" * 5000, "ключ YQ=="],
)
def test_malformed_metadata_is_refused(header: str | None) -> None:
    with pytest.raises(errors.UploadHeaderInvalid):
        uploads.parse_metadata(header)


@pytest.mark.parametrize(
    "changed",
    [{"id": "1"}, {"sha256": "abc"}, {"id": ""}, {"sha256": SHA256 + "0"}],
)
def test_a_declaration_needs_a_uuid_and_a_sha256(changed: dict[str, str]) -> None:
    values = {"id": str(MEDIA_ID), "sha256": SHA256, "filetype": "image/jpeg"} | changed
    with pytest.raises(errors.UploadHeaderInvalid):
        uploads.parse_declaration(encoded(**values), "100")


def test_a_declaration_needs_all_three_keys() -> None:
    with pytest.raises(errors.UploadHeaderInvalid):
        uploads.parse_declaration(encoded(id=str(MEDIA_ID), sha256=SHA256), "100")


@pytest.mark.parametrize("header", [None, "", "-1", "1.5", "1e3", "x", "٣", "1" * 16])
def test_a_count_is_a_whole_number(header: str | None) -> None:
    with pytest.raises(errors.UploadHeaderInvalid):
        uploads.parse_count("Upload-Length", header)


@given(st.text(max_size=80))
def test_any_metadata_is_read_or_refused(header: str) -> None:
    try:
        uploads.parse_declaration(header, header)
    except Problem:
        return


def test_only_tus_1_0_0_is_spoken() -> None:
    uploads.ensure_tus_version("1.0.0")
    for other in (None, "0.2.2", "1.0"):
        with pytest.raises(errors.TusVersionUnknown):
            uploads.ensure_tus_version(other)


@pytest.mark.parametrize(
    ("mime", "limit"), [("image/jpeg", 15_000_000), ("audio/amr", 30_000_000), ("video/mp4", 200_000_000)]
)
def test_each_kind_has_its_limit(mime: str, limit: int) -> None:
    uploads.ensure_declarable(declared(mime, limit))
    with pytest.raises(errors.MediaTooLarge):
        uploads.ensure_declarable(declared(mime, limit + 1))


def test_an_empty_file_and_a_foreign_type_are_not_declarable() -> None:
    with pytest.raises(errors.UploadHeaderInvalid):
        uploads.ensure_declarable(declared(length=0))
    with pytest.raises(errors.MediaTypeUnknown):
        uploads.ensure_declarable(declared("image/svg+xml"))


def test_a_checksum_is_read_or_refused() -> None:
    digest = hashlib.sha256(b"x").digest()
    header = f"sha256 {base64.b64encode(digest).decode()}"

    assert uploads.parse_checksum(None) is None
    assert uploads.parse_checksum(header) == uploads.Checksum(algorithm="sha256", digest=digest)
    with pytest.raises(errors.ChecksumUnknown):
        uploads.parse_checksum("md5 YQ==")
    with pytest.raises(errors.UploadHeaderInvalid):
        uploads.parse_checksum("sha1 !")


def test_an_append_starts_where_the_file_ends() -> None:
    uploads.ensure_appendable(10, stands_at=4, offset=4, coming=6)
    uploads.ensure_appendable(10, stands_at=4, offset=4, coming=None)
    with pytest.raises(errors.OffsetMismatch) as caught:
        uploads.ensure_appendable(10, stands_at=4, offset=5, coming=1)
    assert caught.value.members == {"upload_offset": 4}


def test_no_more_than_declared_may_come() -> None:
    with pytest.raises(errors.MediaTooLarge):
        uploads.ensure_appendable(10, stands_at=4, offset=4, coming=7)


@pytest.mark.parametrize(
    ("sha256", "head", "verdict"),
    [
        (SHA256, b"\xff\xd8\xff\xe0", None),
        ("0" * 64, b"\xff\xd8\xff\xe0", uploads.Refusal.SHA256_MISMATCH),
        (SHA256, b"<svg>", uploads.Refusal.TYPE_MISMATCH),
    ],
)
def test_bytes_are_stored_only_when_they_are_what_was_declared(
    sha256: str, head: bytes, verdict: uploads.Refusal | None
) -> None:
    assert uploads.decide_completion(declared(), sha256=sha256, head=head) == verdict


def test_a_lease_ends() -> None:
    assert not uploads.is_leased(None, NOW)
    assert uploads.is_leased(NOW + timedelta(seconds=1), NOW)
    assert not uploads.is_leased(NOW, NOW)


def test_a_chunk_says_that_it_is_one() -> None:
    uploads.ensure_chunk_type("application/offset+octet-stream")
    with pytest.raises(errors.ContentTypeUnknown):
        uploads.ensure_chunk_type("image/jpeg")


def test_any_media_id_survives_the_header() -> None:
    media_id = uuid4()
    header = encoded(id=str(media_id), sha256=SHA256, filetype="audio/ogg", filename="录音 1.ogg")

    assert uploads.parse_declaration(header, "1").id == media_id
