"""What a scan leaves behind: the first scan of a re-issued plate ends the older ones (domain.md §0, QR plate)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from inspection_api.core.context import Context

_NOTE = text(
    """
    WITH fresh AS (
        SELECT p.checkpoint_id, p.generation
        FROM checkpoint_plate p
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:generations AS int[])) AS s (id, generation)
             ON s.id = p.checkpoint_id AND s.generation = p.generation
        WHERE p.first_scanned_at IS NULL
        ORDER BY p.checkpoint_id, p.generation FOR NO KEY UPDATE OF p
    )
    UPDATE checkpoint_plate p
    SET first_scanned_at = CASE WHEN (p.checkpoint_id, p.generation) IN (SELECT checkpoint_id, generation FROM fresh)
                                THEN :now ELSE p.first_scanned_at END,
        revoked_at = CASE WHEN p.generation < f.latest
                          THEN GREATEST(p.issued_at, LEAST(p.revoked_at, :now)) ELSE p.revoked_at END
    FROM (SELECT checkpoint_id, max(generation) AS latest FROM fresh GROUP BY checkpoint_id) f
    WHERE p.checkpoint_id = f.checkpoint_id AND p.generation <= f.latest
    """
)


def note_scans(ctx: Context, scans: Iterable[tuple[UUID, int]]) -> None:
    """Note the scans of (checkpoint, plate generation) pairs, in one statement; only a plate's first one matters."""
    pairs = sorted(set(scans))
    if pairs:
        ids, generations = zip(*pairs, strict=True)
        ctx.session.flush()
        values = {"ids": list(ids), "generations": list(generations), "now": ctx.now}
        ctx.session.execute(_NOTE, values)
