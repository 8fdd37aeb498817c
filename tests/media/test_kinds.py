"""Types by their first bytes: what is declared must be what the bytes say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.media.rules.kinds import KIND_OF_TYPE, container_of, is_type_of

HEADS = {
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "heif": b"\x00\x00\x00\x18ftypheic",
    "m4a": b"\x00\x00\x00\x1cftypM4A ",
    "mp4": b"\x00\x00\x00\x20ftypisom",
    "amr": b"#!AMR\n\x3c",
    "mp3": b"ID3\x04\x00",
    "adts": b"\xff\xf1\x50\x80",
    "opus": b"OggS" + bytes(24) + b"OpusHead",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
}


@pytest.mark.parametrize(("container", "head"), HEADS.items())
def test_each_container_is_known_by_its_head(container: str, head: bytes) -> None:
    assert container_of(head) == container


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<html>",
        b"<svg xmlns=",
        b"GIF89a",
        b"%PDF-1.7",
        b"OggS" + bytes(24) + b"\x01vorbis",
        b"\x1a\x45\xdf\xa3matroska",
    ],
)
def test_what_we_do_not_keep_has_no_container(head: bytes) -> None:
    assert container_of(head) is None


def test_html_named_jpeg_is_no_jpeg() -> None:
    assert not is_type_of(b"<html><script>", "image/jpeg")


def test_a_phone_may_write_sound_with_the_general_brand() -> None:
    assert is_type_of(HEADS["mp4"], "audio/mp4")
    assert not is_type_of(HEADS["m4a"], "video/mp4")


@given(st.binary(max_size=64), st.sampled_from(sorted(KIND_OF_TYPE)))
def test_no_bytes_break_the_sniffer(head: bytes, mime: str) -> None:
    assert is_type_of(head, mime) in {True, False}
