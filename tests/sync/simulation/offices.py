"""What the bank's people do to papers and alerts meanwhile; each function returns what the history says about it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import select

from checkpoints.models import Checkpoint
from inspection_api.alerts import service as alerts
from inspection_api.alerts.models import Alert
from inspection_api.core.errors import Problem
from inspection_api.core.periods import local_day
from inspection_api.inspections.models import Inspection
from kiosk_print import service as papers
from kiosk_print.errors import AnswersIncomplete
from kiosk_print.models import UnlockRequest
from tests.alerts.test_evaluation import put_facts

if TYPE_CHECKING:
    from random import Random
    from uuid import UUID

    from tests.sync.simulation.simulator import Simulation
    from tests.sync.simulation.towns import Town


def handle_paper(simulation: Simulation, town: Town, random: Random) -> str:
    """Print a paper that is open, ask for one that is locked, decide what was asked."""
    with town.world.transaction() as ctx:
        near = Inspection.checkpoint_id.in_(town.checkpoints[:4])
        accepted = select(Inspection.id, Inspection.checkpoint_id).where(Inspection.accepted_at.is_not(None), near)
        found = ctx.session.execute(accepted.order_by(Inspection.accepted_at)).all()
    record = random.choice(sorted(found, key=lambda each: town.checkpoints.index(each.checkpoint_id))).id
    with town.as_user("manager") as ctx:
        state = papers.view(ctx, record).state
    if state == "open":
        with suppress(AnswersIncomplete):  # accepted by a supervisor although something was not answered
            papers.print_paper(lambda: town.as_user("manager"), record, idempotency_key=str(uuid4()), verify_url="")
    elif state == "locked":
        with town.as_user("manager") as ctx:
            papers.request_unlock(ctx, record, reason_code="missed", reason="客户经理出差在外，未能按时打印")
    else:
        _decide(town, record, random)
    return str(state)


def _decide(town: Town, record: UUID, random: Random) -> None:
    """Let somebody decide who has not asked."""
    with town.as_user("second_manager") as ctx:
        pending = (UnlockRequest.inspection_id == record) & (UnlockRequest.status == "pending")
        request_id = ctx.session.scalars(select(UnlockRequest.id).where(pending)).one()
        papers.decide_unlock(ctx, request_id, approved=random.random() < 0.7, days=3, reason="情况属实")


def read_meters(simulation: Simulation, town: Town, random: Random) -> str:
    """Let an enterprise stand still or run for three days, and judge it; somebody may confirm what was seen before."""
    place, energy = random.choice(town.checkpoints[:4]), random.choice(("1", "1", "500"))
    with town.world.transaction() as ctx:
        customer_id = ctx.session.get_one(Checkpoint, place).customer_id
        last = local_day(ctx.now) - timedelta(days=1)
    put_facts(town.world, customer_id, energy, energy, energy, first=last - timedelta(days=2))
    with town.world.transaction() as ctx:
        raised = alerts.evaluate(ctx, last, [customer_id])
    return f"{energy} {raised} {_confirm(town, customer_id) if random.random() < 0.3 else ''}"


def _confirm(town: Town, customer_id: UUID) -> str:
    with town.as_user("risk_manager") as ctx:
        found = ctx.session.scalars(select(Alert.id).where(Alert.customer_id == customer_id).order_by(Alert.episode))
        try:
            return "".join(alerts.confirm(ctx, alert_id, note=None).handling for alert_id in found.all()[-1:])
        except Problem as problem:
            return problem.code
