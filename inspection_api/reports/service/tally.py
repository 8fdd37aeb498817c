"""Keep the tally of tasks short, and hold it to a full recount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from inspection_api.core.logs import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import RowMapping

    from inspection_api.core.context import Context

FOLD_LIMIT = 2_000
"""How many places are folded in one transaction."""

_FOLD = text("""
    WITH crowded AS (
        SELECT organisation_id, inspection_type, period_start, period_end, due_on FROM task_tally
        GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1 LIMIT :limit
    ), gone AS (
        DELETE FROM task_tally t USING crowded c
        WHERE (t.organisation_id, t.inspection_type, t.period_start, t.period_end, t.due_on)
            = (c.organisation_id, c.inspection_type, c.period_start, c.period_end, c.due_on)
        RETURNING t.*
    ), kept AS (
        INSERT INTO task_tally (organisation_id, inspection_type, period_start, period_end, due_on,
                                open, done, done_late, missed)
        SELECT organisation_id, inspection_type, period_start, period_end, due_on,
               sum(open), sum(done), sum(done_late), sum(missed)
        FROM gone GROUP BY 1, 2, 3, 4, 5
        HAVING sum(open) <> 0 OR sum(done) <> 0 OR sum(done_late) <> 0 OR sum(missed) <> 0
    )
    SELECT count(*) FROM crowded
""")
_RECOUNT = """
    SELECT organisation_id, inspection_type, period_start, period_end, due_on,
           count(*) FILTER (WHERE state IN ('pending', 'in_progress')) AS open,
           count(*) FILTER (WHERE state = 'done') AS done,
           count(*) FILTER (WHERE state = 'done_late') AS done_late,
           count(*) FILTER (WHERE state = 'missed') AS missed
    FROM task WHERE NOT backfilled AND state NOT IN ('cancelled', 'exempt')
    GROUP BY 1, 2, 3, 4, 5
"""
_DIFFERENCES = text(f"""
    WITH counted AS ({_RECOUNT}), tallied AS (
        SELECT organisation_id, inspection_type, period_start, period_end, due_on,
               sum(open) AS open, sum(done) AS done, sum(done_late) AS done_late, sum(missed) AS missed
        FROM task_tally GROUP BY 1, 2, 3, 4, 5
    )
    SELECT organisation_id, inspection_type, period_start, period_end, due_on,
           ARRAY[t.open, t.done, t.done_late, t.missed]::int[] AS tallied,
           ARRAY[c.open, c.done, c.done_late, c.missed]::int[] AS counted
    FROM tallied t FULL JOIN counted c USING (organisation_id, inspection_type, period_start, period_end, due_on)
    WHERE (coalesce(t.open, 0), coalesce(t.done, 0), coalesce(t.done_late, 0), coalesce(t.missed, 0))
       <> (coalesce(c.open, 0), coalesce(c.done, 0), coalesce(c.done_late, 0), coalesce(c.missed, 0))
    ORDER BY 1, 5, 3, 4, 2
""")  # noqa: S608 - constants of this file
_REFILL = text(f"""
    INSERT INTO task_tally (organisation_id, inspection_type, period_start, period_end, due_on,
                            open, done, done_late, missed) {_RECOUNT}
""")


def fold(ctx: Context) -> bool:
    """Make one row of all rows of a place; return whether more places may have several.

    Each row is taken by whoever deletes it, so a concurrent writer's row, or a second fold, changes no sum.
    """
    return bool(ctx.session.scalar(_FOLD, {"limit": FOLD_LIMIT}) == FOLD_LIMIT)


def verify(ctx: Context) -> Sequence[RowMapping]:
    """Return where the tally differs from a full recount of the tasks, as of one instant: nowhere, or there is a bug.

    Each row names its place; ``tallied`` and ``counted`` are [open, done, done_late, missed], null where there is none.
    """
    return ctx.session.execute(_DIFFERENCES).mappings().all()


def recount(ctx: Context) -> None:
    """Write the tally anew from the tasks, which nobody changes meanwhile."""
    ctx.session.execute(text("LOCK TABLE task IN SHARE MODE"))
    ctx.session.execute(text("DELETE FROM task_tally"))
    ctx.session.execute(_REFILL)
    log.warning("task_tally_recounted", bank=ctx.bank.tag)
