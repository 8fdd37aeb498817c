from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.context import Assignment
from inspection_api.core.permissions import Role
from inspection_api.customers import rules
from inspection_api.customers.errors import UsccInvalid

# Published codes of well-known companies and the standard's own example.
KNOWN = ("91350100M000100Y43", "91100000100003962T", "914403001922038216", "91110000802100433B")


@pytest.mark.parametrize("code", KNOWN)
def test_published_codes_are_valid(code: str) -> None:
    assert rules.ensure_uscc(f" {code.lower()} ") == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        "91350100M000100Y4",
        "91350100M000100Y433",
        "91350100M000100Y44",
        "9135010OM000100Y43",
        "91350100M000100I43",
        "９1350100M000100Y43",
    ],
)
def test_a_code_of_wrong_form_or_check_character_is_refused(code: str) -> None:
    with pytest.raises(UsccInvalid):
        rules.ensure_uscc(code)


@given(serial=st.integers(min_value=0, max_value=99_999_999))
def test_every_generated_code_is_valid(serial: int) -> None:
    assert rules.is_uscc(rules.next_uscc(serial))


@given(
    serial=st.integers(min_value=0, max_value=99_999_999),
    place=st.integers(min_value=0, max_value=17),
    other=st.sampled_from(rules.ALPHABET),
)
def test_any_single_wrong_character_is_noticed(serial: int, place: int, other: str) -> None:
    code = rules.next_uscc(serial)
    changed = code[:place] + other + code[place + 1 :]
    assert rules.is_uscc(changed) == (changed == code)


def test_generated_codes_differ() -> None:
    assert len({rules.next_uscc(serial) for serial in range(5000)}) == 5000


@pytest.mark.parametrize("serial", [-1, 100_000_000])
def test_a_serial_out_of_range_makes_no_code(serial: int) -> None:
    with pytest.raises(ValueError, match="serial"):
        rules.next_uscc(serial)


def held(role: Role, path: str) -> Assignment:
    return Assignment(role=role, organisation_id=uuid4(), path=path)


def test_an_officer_fits_where_one_of_his_roles_inspects_at_the_place_or_above_it() -> None:
    assert rules.fits([held(Role.AUDITOR, "a"), held(Role.LOAN_OFFICER, "a.b")], "a.b.c")
    for roles in ([], [held(Role.AUDITOR, "a")], [held(Role.LOAN_OFFICER, "a.b.c.d")]):
        assert not rules.fits(roles, "a.b.c")
