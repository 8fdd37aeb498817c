"""Operations of older formats, said in today's by a table of pure steps; here of invented formats (sync.md §3.4)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.protocol.envelope import OP_FORMATS
from sync.protocol.upcasts import UPCASTS, is_known_format, upcast

KINDS = ("inspection.save", "visit.unmet")
NEWEST = 4
MEMBERS = st.dictionaries(st.sampled_from(["note", "remark", "steps"]), st.integers(0, 9))
CHANGED = st.sets(st.tuples(st.sampled_from(KINDS), st.integers(1, NEWEST - 1)))


def raw(members: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(members).encode())


def noting(op_format: int) -> Any:
    """Return a step that writes down that it was taken."""
    return lambda members: {**members, "taken": [*members.get("taken", []), op_format]}


@given(MEMBERS, st.sampled_from(KINDS), st.integers(1, NEWEST), CHANGED)
def test_an_operation_takes_every_step_of_its_type_from_its_format_to_the_newest_in_order(
    members: dict[str, Any], kind: str, op_format: int, changed: set[tuple[str, int]]
) -> None:
    table = {(each, at): noting(at) for each, at in changed}
    said = json.loads(bytes(upcast(kind, raw(members), op_format, upcasts=table, newest=NEWEST)))
    steps = sorted(at for each, at in changed if each == kind and at >= op_format)
    assert said == ({**members, "taken": steps} if steps else members)


@given(MEMBERS, st.sampled_from(KINDS), st.integers(1, NEWEST), CHANGED)
def test_the_way_by_any_format_between_is_the_way(
    members: dict[str, Any], kind: str, op_format: int, changed: set[tuple[str, int]]
) -> None:
    table = {(each, at): noting(at) for each, at in changed}
    at_once = upcast(kind, raw(members), op_format, upcasts=table, newest=NEWEST)
    for between in range(op_format, NEWEST):
        first = upcast(kind, raw(members), op_format, upcasts=table, newest=between)
        second = upcast(kind, first, between, upcasts=table, newest=NEWEST)
        assert json.loads(bytes(second)) == json.loads(bytes(at_once))


@given(st.binary())
def test_what_is_said_in_the_newest_format_is_not_touched(content: bytes) -> None:
    payload = msgspec.Raw(content)
    table = {(KINDS[0], at): noting(at) for at in range(1, NEWEST)}
    assert upcast(KINDS[0], payload, NEWEST, upcasts=table, newest=NEWEST) is payload


@pytest.mark.parametrize("members", [[], None, "x", {"steps": 1}, {"note": {}}])
def test_what_a_step_cannot_read_is_of_the_wrong_shape(members: Any) -> None:
    def picky(read: dict[str, Any]) -> dict[str, Any]:
        return {"note": read["note"] + "。"}

    with pytest.raises(msgspec.ValidationError):
        upcast(KINDS[0], raw(members), 1, upcasts={(KINDS[0], 1): picky}, newest=2)


@pytest.mark.parametrize(("op_format", "is_known"), [(0, False), (1, True), (2, False)])
def test_the_formats_that_the_handshake_tells_are_known_and_no_others(op_format: int, is_known: bool) -> None:  # noqa: FBT001 - a case
    assert is_known_format(op_format) is is_known


def test_every_step_starts_from_a_format_that_the_handshake_tells() -> None:
    assert all(OP_FORMATS[0] <= at < OP_FORMATS[1] for _, at in UPCASTS)
