"""Numbers whose errors show, and codes that cannot be guessed."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.errors import NotFound
from kiosk_print.rules import codes

KEY, TAG = b"k" * 32, "0a1b2c3d"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_number(text: str) -> bool:
    """Tell whether the last character fits what stands before it."""
    _, organisation, month, sequence, _ = text.split("-")
    return sequence.isdigit() and codes.print_number(organisation, month, int(sequence)) == text


def test_a_number_names_organisation_month_and_sequence() -> None:
    number = codes.print_number("6101a", "202603", 42)
    assert number.startswith("MBZ-6101A-202603-000042-")
    assert is_number(number)


@given(st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True), st.integers(1, 10**7), st.data())
def test_one_wrong_character_is_always_noticed(code: str, sequence: int, data: st.DataObject) -> None:
    number = codes.print_number(code, "202603", sequence)
    assert is_number(number)
    places = [place for place, character in enumerate(number) if place > 3 and character != "-"]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([character for character in ALPHABET if character != number[place]]))
    assert not is_number(number[:place] + other + number[place + 1 :])


@given(st.uuids())
def test_a_code_is_read_back_and_is_genuine(print_id: UUID) -> None:
    parts = codes.parse_code(codes.print_code(KEY, TAG, print_id))
    assert (parts.tag, parts.print_id, len(parts.mac) * 8) == (TAG, print_id, 128)
    assert codes.is_genuine(KEY, parts)
    assert not codes.is_genuine(b"x" * 32, parts)


@given(st.data())
def test_no_changed_character_leaves_a_code_genuine(data: st.DataObject) -> None:
    code = codes.print_code(KEY, TAG, uuid4())
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != code[place]))
    changed = code[:place] + other + code[place + 1 :]
    try:
        assert not codes.is_genuine(KEY, codes.parse_code(changed))
    except NotFound:
        assert changed != code


def test_a_second_spelling_of_the_same_bits_is_none() -> None:
    code = codes.print_code(KEY, TAG, UUID(int=0))
    place = code.rindex(".") - 1
    codes.parse_code(code)
    with pytest.raises(NotFound):
        codes.parse_code(code[:place] + "B" + code[place + 1 :])


@pytest.mark.parametrize("text", ["", "XP1", "XP1.0a1b2c3d.A.B", "x" * 2048, "<script>", "XP1.０a1b2c3d"])
def test_what_is_not_shaped_like_a_code_is_none(text: str) -> None:
    with pytest.raises(NotFound):
        codes.parse_code(text)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("陕西秦岭机械有限公司", "陕****公司"),
        ("张三", "张****"),
        ("公司", "公****"),
        ("甲公司", "甲****"),
        ("", "****"),
    ],
)
def test_a_masked_name_keeps_its_first_character_only(name: str, masked: str) -> None:
    assert codes.masked_name(name) == masked
