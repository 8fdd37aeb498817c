"""What supervisors decide meanwhile, and what the second opinion makes of it (sync.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from inspection_api.core.errors import Problem
from sync import service as sync
from sync.protocol.desk import Keep

if TYPE_CHECKING:
    from random import Random

    from tests.sync.simulation.simulator import Simulation
    from tests.sync.simulation.towns import Town

REASON = "电话核实无误"
_CONFLICTS = """
SELECT c.op_id::text, c.id, c.inspection_id::text, c.field, c.server, c.device, i.officer_id
FROM sync_conflict c JOIN inspection i ON i.id = c.inspection_id
WHERE c.state = 'open' ORDER BY c.field
"""
# What comes after a submission amends its record, and that takes a print window: it is not accepted here.
_QUARANTINE = """
SELECT q.op_id::text, q.officer_id, q.device_id::text, r.seq,
       q.raw IS NULL OR (q.type = 'inspection.save' AND (i.id IS NULL OR i.state = 'draft')) AS is_acceptable
FROM sync_quarantine q JOIN sync_receipt r USING (op_id) LEFT JOIN inspection i ON i.id = q.entity_id
WHERE q.state = 'open'
"""

WAITING = {"resolve": _CONFLICTS, "decide": _QUARANTINE}
"""What waits for each kind of decision."""


def resolve(simulation: Simulation, town: Town, random: Random) -> str:
    """Decide a conflict one way or the other."""
    conflicts = _in_order(simulation, town, _CONFLICTS)
    if not conflicts:
        return "none"
    conflict, keep = random.choice(conflicts), random.choice(list(Keep))
    try:
        with town.as_user(_superior(town, conflict.officer_id)) as ctx:
            sync.resolve(ctx, conflict.id, keep=keep, reason=REASON)
    except Problem as problem:
        return problem.code
    version = town.rows(f"SELECT version FROM inspection WHERE id = '{conflict.inspection_id}'")[0].version  # noqa: S608 - an id
    draft = simulation.books[town.name].drafts[conflict.inspection_id]
    name, value = conflict.field.removeprefix("answers."), conflict.device if keep is Keep.DEVICE else conflict.server
    draft.decide(name, _plain(value), version=version)
    return f"{name} {keep}"


def decide(simulation: Simulation, town: Town, random: Random) -> str:
    """Accept or refuse something that is quarantined."""
    waiting = _in_order(simulation, town, _QUARANTINE)
    if not waiting:
        return "none"
    row, book = random.choice(waiting), simulation.books[town.name]
    verb = random.choice((sync.accept, sync.refuse)) if row.is_acceptable else sync.refuse
    try:
        with town.as_user(_superior(town, row.officer_id)) as ctx:
            verb(ctx, UUID(row.op_id), reason=REASON)
    except Problem as problem:
        return problem.code
    if verb is sync.accept:
        book.accept(row.op_id, device_id=row.device_id, seq=row.seq)
    return f"{verb.__name__} {book.captured[row.op_id].label}"


def _in_order(simulation: Simulation, town: Town, statement: str) -> list[Any]:
    """Return what waits in the order in which it was captured: ids are not the same in two plays of one script."""
    captured = simulation.books[town.name].captured
    return sorted(town.rows(statement), key=lambda row: int(captured[row.op_id].label.partition(".")[2]))


def _superior(town: Town, officer_id: Any) -> str:
    return "foreign_manager" if officer_id == town.world.people["foreign_officer"] else "second_manager"


def _plain(value: Any) -> str | None:
    """Return an answer's value, or a note, as the second opinion knows it."""
    plain = value.get("value") if isinstance(value, dict) else value
    return None if plain is None else str(plain)
