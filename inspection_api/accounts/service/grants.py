"""Grants: what each user holds, which is what his devices carry (sync.md §5, Scope)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.core import ahead

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from inspection_api.core.context import Context

_GRANT = text(
    "INSERT INTO access_grant (user_id, entity, entity_id)"
    " SELECT * FROM unnest(CAST(:users AS uuid[]), CAST(:entities AS text[]), CAST(:ids AS uuid[]))"
    " ON CONFLICT DO NOTHING"
)
_GRANT_WRITTEN = text(
    "INSERT INTO access_grant (user_id, entity, entity_id)"
    " SELECT g.user_id, :entity, g.id FROM unnest(CAST(:users AS uuid[]), CAST(:ids AS uuid[])) AS g (user_id, id)"
    " WHERE g.user_id IS NOT NULL ON CONFLICT DO NOTHING"
)
_REVOKE = text(
    "DELETE FROM access_grant g"
    " USING (SELECT set_config('xunji.reason', :reason, true)) AS why,"
    " unnest(CAST(:users AS uuid[]), CAST(:entities AS text[]), CAST(:ids AS uuid[])) AS r (user_id, entity, id)"
    " WHERE g.user_id = r.user_id AND g.entity = r.entity AND g.entity_id = r.id"
)


def grant(ctx: Context, grants: Iterable[tuple[UUID, str, UUID]]) -> None:
    """Give users access to things, in one statement; ``grants`` are (user, entity, entity id), repeats are harmless."""
    if columns := _columns(grants):
        ahead.send(ctx.session, _GRANT, columns)


def grant_written(ctx: Context, entity: str, *, users: str, ids: str) -> None:
    """Give users access to things of one kind; ``users`` (NULL: nobody) and ``ids`` are arrays that PostgreSQL wrote.

    For things just made, thousands at a time: what nobody else can hold yet needs no order, and no object for each id.
    """
    ctx.session.execute(_GRANT_WRITTEN, {"entity": entity, "users": users, "ids": ids})


def revoke(ctx: Context, grants: Iterable[tuple[UUID, str, UUID]], *, reason: str = "") -> None:
    """Take access away, in one statement; devices receive a ``drop`` with the ``reason``, a word that they know."""
    if columns := _columns(grants):
        ctx.session.execute(_REVOKE, {**columns, "reason": reason})


def _columns(grants: Iterable[tuple[UUID, str, UUID]]) -> dict[str, list[Any]]:
    rows = sorted(set(grants), key=lambda row: (row[0].int, row[1], row[2].int))
    return dict(zip(("users", "entities", "ids"), map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
