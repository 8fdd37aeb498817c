"""Pages: every row once, whatever is inserted meanwhile, and cursors that nobody can abuse."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select

from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.core.paging import CursorInvalid, _decoded, paginate
from inspection_api.media.models import Media

if TYPE_CHECKING:
    from tests.factories import World


def cursor_of(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(values)).encode()).decode()


def test_pages_hold_every_row_once_in_order(world: World) -> None:
    with world.transaction() as ctx:
        found, cursor = [], None
        while True:
            page = paginate(ctx.session, select(UserAccount), by=[UserAccount.username], limit=3, cursor=cursor)
            assert len(page.items) <= 3
            found += [user.username for user in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert found == sorted(world.people)


def test_a_full_last_page_has_no_next(world: World) -> None:
    with world.transaction() as ctx:
        page = paginate(ctx.session, select(UserAccount), by=[UserAccount.username], limit=len(world.people))
        assert page.next_cursor is None


def test_two_columns_order_together(world: World) -> None:
    by = [UserAccount.organisation_id, UserAccount.id]
    with world.transaction() as ctx:
        first = paginate(ctx.session, select(UserAccount), by=by, limit=5)
        rest = paginate(ctx.session, select(UserAccount), by=by, limit=200, cursor=first.next_cursor)
        keys = [(user.organisation_id, user.id) for user in [*first.items, *rest.items]]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(world.people)


def test_rows_of_several_columns_are_paged_like_objects(world: World) -> None:
    named = select(UserAccount.username, Organisation.name.label("organisation")).join(
        Organisation, Organisation.id == UserAccount.organisation_id
    )
    with world.transaction() as ctx:
        first = paginate(ctx.session, named, by=[UserAccount.username], limit=2)
        rest = paginate(ctx.session, named, by=[UserAccount.username], cursor=first.next_cursor)
    assert [row.username for row in [*first.items, *rest.items]] == sorted(world.people)
    assert {row.username: row.organisation for row in rest.items}["service_manager"] == "province"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "rubbish",
        "号",
        cursor_of(),
        cursor_of("a", "b"),
        cursor_of(None),
        cursor_of(5),
        cursor_of(["a"]),
        cursor_of("a\0b"),
        cursor_of("\ud800"),
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b"null").decode(),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
    ],
)
def test_a_cursor_that_was_not_given_out_is_refused(world: World, cursor: str) -> None:
    with world.transaction() as ctx, pytest.raises(CursorInvalid):
        paginate(ctx.session, select(UserAccount), by=[UserAccount.username], cursor=cursor)


@given(some.lists(some.none() | some.text() | some.integers() | some.floats(), max_size=3))
def test_no_cursor_makes_the_parser_fall_over(values: list[Any]) -> None:
    columns: list[Any] = [Organisation.id, Media.stored_at, Media.bytes]
    for column in columns:
        try:
            (parsed,) = _decoded(cursor_of(*values), [column])
        except CursorInvalid:
            continue
        assert isinstance(parsed, column.type.python_type)


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
def test_a_number_that_no_column_holds_is_refused(world: World, number: int) -> None:
    with world.transaction() as ctx, pytest.raises(CursorInvalid):
        paginate(ctx.session, select(Media), by=[Media.bytes], cursor=cursor_of(str(number)))


def test_a_cursor_of_one_list_is_none_of_another(world: World) -> None:
    with world.transaction() as ctx, pytest.raises(CursorInvalid):
        paginate(ctx.session, select(UserAccount), by=[UserAccount.id], cursor=cursor_of("officer"))
    with world.transaction() as ctx:
        page = paginate(ctx.session, select(UserAccount), by=[UserAccount.id], cursor=cursor_of(str(uuid4())))
        assert len(page.items) <= len(world.people)
