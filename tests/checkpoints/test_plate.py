from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.errors import QrInvalid, QrRevoked
from checkpoints.rules import plate
from checkpoints.rules.plate import Plate

KEY, TAG = b"k" * 32, "0a1b2c3d"
PUBLIC_ID = "0123456789ABCDEF"
TEXT = plate.plate_text(TAG, PUBLIC_ID, 7, KEY)
ISSUED = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_genuine_plate_is_read() -> None:
    parts = plate.ensure_genuine(TEXT, bank_tag=TAG, key=KEY)
    assert (parts.bank_tag, parts.public_id, parts.generation) == (TAG, PUBLIC_ID, 7)


def test_the_text_has_only_characters_of_the_small_symbol() -> None:
    assert TEXT.startswith("XJ1.0A1B2C3D.0123456789ABCDEF.7.")
    assert set(TEXT) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.")


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.lower(),
        TEXT[:-1],
        TEXT + "A",
        TEXT + "\n",
        " " + TEXT,
        TEXT.replace(".7.", ".8."),
        TEXT.replace(".7.", ".07."),
        TEXT.replace(".7.", ".0."),
        TEXT.replace(".7.", ".٧."),
        TEXT.replace("XJ1", "XJ2"),
        "https://evil.example/" + TEXT,
        "<script>alert(1)</script>",
        "XJ1." + "A" * 2048,
        "\x00",
        "\ud800",
    ],
)
def test_anything_else_is_invalid_and_leaves_a_security_event(text: str) -> None:
    with pytest.raises(QrInvalid) as caught:
        plate.ensure_genuine(text, bank_tag=TAG, key=KEY)
    assert [trace.kind for trace in caught.value.trace] == ["security.qr_invalid"]
    assert text == "" or text not in str(caught.value.trace)


def test_a_forged_and_a_foreign_plate_answer_alike() -> None:
    foreign = plate.plate_text("ffffffff", PUBLIC_ID, 7, b"x" * 32)
    twin = plate.plate_text("ffffffff", PUBLIC_ID, 7, KEY)
    forged = plate.plate_text(TAG, PUBLIC_ID, 7, b"x" * 32)
    for text in (foreign, twin, forged):
        with pytest.raises(QrInvalid) as caught:
            plate.ensure_genuine(text, bank_tag=TAG, key=KEY)
        assert (caught.value.detail, caught.value.members) == ("", {})


@given(place=st.integers(0, len(TEXT) - 1), other=st.characters())
def test_any_changed_character_is_noticed(place: int, other: str) -> None:
    changed = TEXT[:place] + other + TEXT[place + 1 :]
    parts = plate.parse(changed)
    assert (parts is not None and plate.is_genuine(parts, bank_tag=TAG, key=KEY)) == (changed == TEXT)


@given(text=st.text(max_size=200))
def test_the_parser_never_fails(text: str) -> None:
    parts = plate.parse(text)
    assert parts is None or text.startswith("XJ1.")


@given(generation=st.integers(1, 999_999))
def test_every_public_id_and_generation_comes_back(generation: int) -> None:
    public_id = plate.next_public_id()
    text = plate.plate_text(TAG, public_id, generation, KEY)
    parts = plate.ensure_genuine(text, bank_tag=TAG, key=KEY)
    assert (parts.public_id, parts.generation) == (public_id, generation)
    assert len(text) <= plate.MAX_LENGTH


def test_a_plate_is_found_by_its_generation() -> None:
    issued = Plate(checkpoint_id=UUID(int=1), generation=2, issued_at=ISSUED)
    assert plate.find_plate([issued], 2) is issued
    assert plate.find_plate([issued], 1) is None


def test_a_re_issued_plate_counts_until_its_end() -> None:
    ends_at = ISSUED + timedelta(days=3)
    old = Plate(checkpoint_id=UUID(int=1), generation=1, issued_at=ISSUED, revoked_at=ends_at)
    plate.ensure_in_force(old, ends_at - timedelta(seconds=1))
    with pytest.raises(QrRevoked) as caught:
        plate.ensure_in_force(old, ends_at)
    assert caught.value.members == {"revoked_at": ends_at.isoformat()}


def test_a_plate_never_re_issued_counts_for_ever() -> None:
    only = Plate(checkpoint_id=UUID(int=1), generation=1, issued_at=ISSUED)
    plate.ensure_in_force(only, ISSUED + timedelta(days=9999))
    assert plate.next_revocation(only, ISSUED + timedelta(days=5)) == ISSUED + timedelta(days=5)


def test_the_earlier_end_wins_but_not_before_the_issue() -> None:
    ending = Plate(checkpoint_id=UUID(int=1), generation=1, issued_at=ISSUED, revoked_at=ISSUED + timedelta(days=30))
    assert plate.next_revocation(ending, ISSUED + timedelta(days=2)) == ISSUED + timedelta(days=2)
    assert plate.next_revocation(ending, ISSUED + timedelta(days=40)) == ISSUED + timedelta(days=30)
    assert plate.next_revocation(ending, ISSUED - timedelta(days=1)) == ISSUED


def test_a_code_made_for_a_nameless_checkpoint_reads_aloud() -> None:
    codes = {plate.next_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(code.startswith("JC") and set(code[2:]) <= set(plate.ALPHABET) for code in codes)
