"""A portfolio to plan for: a published template, customers with checkpoints, and a rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from checkpoints.models import Checkpoint, CheckpointLoan
from inspection_api.core.periods import local_day
from inspection_api.customers.models import Customer
from inspection_api.loans.models import Loan
from inspection_api.plans import service as plans
from inspection_api.tasks import service as tasks
from inspection_api.tasks.models import Task
from inspection_api.templates import service as templates

if TYPE_CHECKING:
    from inspection_api.plans.models import InspectionRule
    from tests.factories import World

FORM: dict[str, Any] = {
    "org_type": "sub_branch",
    "start_on": date(2026, 1, 1),
    "end_on": None,
    "unit": "month",
    "interval": 1,
    "window_mode": "calendar",
    "auto_join": True,
    "auto_create_plan": True,
    "first_rule": "current",
    "first_grace_days": 0,
    "exit_rule": "current",
    "history_valid": 1,
    "history_unit": "month",
    "min_gap_days": 0,
    "late_sync_hours": 72,
    "channels": ["onsite"],
}


@dataclass
class Portfolio:
    """What the tests of plans, tasks and reports work on; the clock of the tests says 10 March 2026."""

    world: World
    numbers: Any = field(default_factory=count)
    template_id: UUID = field(default_factory=uuid4)
    version_id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        with self.world.transaction() as ctx:
            version = templates.ensure_default_template(ctx)
            self.template_id, self.version_id = version.template_id, version.id

    def add_checkpoint(
        self,
        organisation: str = "sub_branch",
        officer: str | None = "officer",
        effective_from: date = date(2026, 1, 1),
        **changes: Any,
    ) -> UUID:
        """Add a customer with one checkpoint, as the rows that their slices write, and announce the checkpoint."""
        number = next(self.numbers)
        owner = {
            "organisation_id": self.world.organisations[organisation],
            "officer_id": self.world.people[officer] if officer else None,
        }
        with self.world.transaction() as ctx:
            customer = Customer(uscc=f"91110000{number:010d}", name=f"企业{number}", created_at=ctx.now, **owner)
            ctx.session.add(customer)
            ctx.session.flush()
            values: dict[str, Any] = {
                "code": f"CP{number:06d}",
                "public_id": f"P{number:06d}",
                "name": f"经营场所{number}",
                "kind": "premises",
                "customer_id": customer.id,
                "effective_from": effective_from,
                "state": "active",
                **owner,
                **changes,
            }
            checkpoint = Checkpoint(**values)
            ctx.session.add(checkpoint)
            ctx.session.flush()
            ctx.record("checkpoint.created", checkpoint_id=str(checkpoint.id))
            return checkpoint.id

    def add_loan(self, checkpoint_id: UUID, disbursed_on: date) -> None:
        """Add a loan of the checkpoint's customer that the checkpoint stands for."""
        with self.world.transaction() as ctx:
            loan = Loan(
                contract_no=f"J{next(self.numbers):06d}",
                customer_id=ctx.session.get_one(Checkpoint, checkpoint_id).customer_id,
                amount=Decimal(1),
                disbursed_on=disbursed_on,
                matures_on=disbursed_on + timedelta(days=1000),
                five_class="normal",
            )
            ctx.session.add(loan)
            ctx.session.flush()
            ctx.session.add(CheckpointLoan(checkpoint_id=checkpoint_id, loan_id=loan.id))

    def create_rule(self, owner: str = "province", name: str = "支行检查", **changes: Any) -> InspectionRule:
        with self.world.transaction() as ctx:
            return plans.create_rule(
                ctx,
                organisation_id=self.world.organisations[owner],
                name=name,
                template_id=self.template_id,
                **{**FORM, **changes},
            )

    def generate(self, as_of: date | None = None, **options: int) -> tasks.Generated:
        with self.world.transaction() as ctx:
            return tasks.generate(ctx, as_of or local_day(ctx.now), **options)

    def tasks(self, checkpoint_id: UUID | None = None) -> list[Task]:
        """Return the tasks, or those of one checkpoint, by period."""
        statement = select(Task).order_by(Task.period_start, Task.id)
        if checkpoint_id is not None:
            statement = statement.where(Task.checkpoint_id == checkpoint_id)
        with self.world.transaction() as ctx:
            return list(ctx.session.scalars(statement))
