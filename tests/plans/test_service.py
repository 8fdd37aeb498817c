"""Plans on the database: who gets one, who belongs to it, at which cost."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation
from inspection_api.plans import service
from inspection_api.plans.errors import AlreadyMember, RuleNameTaken, TemplateUnpublished
from inspection_api.plans.models import InspectionRule, Plan, PlanMembership
from inspection_api.templates import service as templates
from tests.portfolio import FORM, Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.factories import World


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def planned(portfolio: Portfolio) -> set[str]:
    """Return the names of the organisations that have a plan."""
    with portfolio.world.transaction() as ctx:
        statement = select(Organisation.name).join(Plan, Plan.organisation_id == Organisation.id)
        return set(ctx.session.scalars(statement))


def stays(portfolio: Portfolio) -> list[PlanMembership]:
    with portfolio.world.transaction() as ctx:
        return list(ctx.session.scalars(select(PlanMembership)))


def members(portfolio: Portfolio) -> set[UUID]:
    return {stay.checkpoint_id for stay in stays(portfolio)}


def test_every_organisation_of_the_type_below_the_owner_gets_one_plan(portfolio: Portfolio) -> None:
    portfolio.create_rule("branch")
    assert planned(portfolio) == {"sub_branch", "sibling"}


def test_a_plan_takes_the_days_of_its_rule(portfolio: Portfolio) -> None:
    rule = portfolio.create_rule("branch", end_on=date(2026, 12, 31))
    with portfolio.world.transaction() as ctx:
        plan = ctx.session.scalars(select(Plan).where(Plan.rule_id == rule.id).limit(1)).one()
    assert (plan.start_on, plan.end_on, plan.recorded_on) == (date(2026, 1, 1), date(2026, 12, 31), date(2026, 3, 10))
    assert plan.active


def test_a_new_organisation_of_the_type_gets_its_plan_in_the_same_transaction(portfolio: Portfolio) -> None:
    portfolio.create_rule("branch")
    portfolio.world.add_organisation("newcomer", "sub_branch", "branch")
    portfolio.world.add_organisation("outlet", "outlet", "newcomer")
    portfolio.world.add_organisation("elsewhere", "sub_branch", "other_branch")
    assert planned(portfolio) == {"sub_branch", "sibling", "newcomer"}


def test_a_rule_without_automatic_plans_leaves_new_organisations_alone(portfolio: Portfolio) -> None:
    portfolio.create_rule("branch", auto_create_plan=False)
    portfolio.world.add_organisation("newcomer", "sub_branch", "branch")
    assert planned(portfolio) == {"sub_branch", "sibling"}


def test_points_in_force_anywhere_below_the_plan_are_members(portfolio: Portfolio) -> None:
    portfolio.world.add_organisation("outlet", "outlet", "sub_branch")
    covered = {portfolio.add_checkpoint(), portfolio.add_checkpoint("outlet", state="unbound")}
    portfolio.add_checkpoint("branch")
    portfolio.add_checkpoint("foreign")
    portfolio.add_checkpoint(state="exited")
    portfolio.create_rule("branch")
    assert members(portfolio) == covered


def test_a_branch_rule_covers_the_points_of_its_sub_branches(portfolio: Portfolio) -> None:
    covered = {portfolio.add_checkpoint("sub_branch"), portfolio.add_checkpoint("branch")}
    portfolio.create_rule("province", org_type="branch")
    assert members(portfolio) == covered


def test_a_point_created_later_joins_at_once(portfolio: Portfolio) -> None:
    portfolio.create_rule("branch")
    point = portfolio.add_checkpoint(effective_from=date(2026, 2, 3))
    portfolio.add_checkpoint("foreign")
    [stay] = stays(portfolio)
    assert stay.checkpoint_id == point
    assert (stay.joined_on, stay.recorded_on, stay.left_on) == (date(2026, 2, 3), date(2026, 3, 10), None)
    assert stay.source == "auto"


def test_without_automatic_joining_only_points_added_by_hand_are_members(portfolio: Portfolio) -> None:
    point, _ = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    rule = portfolio.create_rule("branch", auto_join=False)
    assert members(portfolio) == set()
    with portfolio.world.transaction("branch_manager") as ctx:
        plan_id = ctx.session.scalars(
            select(Plan.id).where(
                Plan.rule_id == rule.id, Plan.organisation_id == portfolio.world.organisations["sub_branch"]
            )
        ).one()
        assert service.add_member(ctx, plan_id, checkpoint_id=point).source == "manual"
        with pytest.raises(AlreadyMember):
            service.add_member(ctx, plan_id, checkpoint_id=point)
    assert members(portfolio) == {point}


def test_a_rules_name_is_unique_for_its_owner_only(portfolio: Portfolio) -> None:
    portfolio.create_rule("branch")
    portfolio.create_rule("other_branch")
    with pytest.raises(RuleNameTaken):
        portfolio.create_rule("branch")


def test_a_template_without_a_published_version_is_refused(portfolio: Portfolio) -> None:
    with portfolio.world.transaction() as ctx:
        template = templates.create_template(ctx, code="empty", name="空", family="empty")
        with pytest.raises(TemplateUnpublished):
            service.create_rule(
                ctx,
                organisation_id=portfolio.world.organisations["branch"],
                name="规则",
                template_id=template.id,
                **FORM,
            )


def test_creating_a_rule_takes_the_same_queries_for_any_number_of_points(
    portfolio: Portfolio, queries: Callable[[], list[str]]
) -> None:
    counts = []
    for round_number in range(2):
        for _ in range(1 + 10 * round_number):
            portfolio.add_checkpoint()
        seen = queries()
        portfolio.create_rule("branch", name=f"规则{round_number}")
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "change",
    [{"interval": 0}, {"end_on": date(2025, 12, 31)}, {"unit": "hour"}, {"org_type": "bank"}, {"history_valid": -1}],
)
def test_the_schema_itself_refuses_a_broken_rule(portfolio: Portfolio, change: dict[str, object]) -> None:
    rule = portfolio.create_rule("branch")
    with portfolio.world.transaction() as ctx, pytest.raises(IntegrityError), ctx.session.begin_nested():
        ctx.session.execute(update(InspectionRule).where(InspectionRule.id == rule.id).values(**change))


def test_the_schema_itself_refuses_a_second_plan_and_a_second_open_stay(portfolio: Portfolio) -> None:
    portfolio.create_rule("branch")
    portfolio.add_checkpoint()
    with portfolio.world.transaction() as ctx:
        plan = ctx.session.scalars(select(Plan).limit(1)).one()
        stay = ctx.session.scalars(select(PlanMembership)).one()
        again = {name: getattr(plan, name) for name in ("rule_id", "organisation_id", "start_on", "recorded_on")}
        with pytest.raises(IntegrityError), ctx.session.begin_nested():
            ctx.session.execute(insert(Plan).values(**again))
        names = ("plan_id", "checkpoint_id", "joined_on", "source", "recorded_on")
        with pytest.raises(IntegrityError), ctx.session.begin_nested():
            ctx.session.execute(insert(PlanMembership).values(**{name: getattr(stay, name) for name in names}))
        assert ctx.session.get(Checkpoint, stay.checkpoint_id) is not None


def test_a_rule_that_begins_to_let_points_join_by_themselves_asks_from_the_switch_day_on(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    rule = portfolio.create_rule(auto_join=False)
    with portfolio.world.transaction("province_manager") as ctx:
        service.edit_rule(ctx, rule.id, version=1, effective_from=date(2026, 3, 10), auto_join=True)
    assert members(portfolio) == {point}
    portfolio.generate()
    assert [task.period_start for task in portfolio.tasks(point)] == [date(2026, 4, 1)]


def test_an_organisation_of_another_kind_has_the_plans_of_that_kind_at_once(portfolio: Portfolio) -> None:
    world, point = portfolio.world, portfolio.add_checkpoint()
    organisation_id = world.organisations["sub_branch"]
    rules = {kind: portfolio.create_rule("branch", name=kind, org_type=kind) for kind in ("sub_branch", "outlet")}
    portfolio.generate()

    def become(kind: str, version: int) -> dict[str, tuple[date | None, set[UUID]]]:
        with world.transaction() as ctx:
            accounts.edit_organisation(ctx, organisation_id, version=version, kind=kind)
        with world.transaction() as ctx:
            plans = {
                plan.rule_id: plan
                for plan in ctx.session.scalars(select(Plan).where(Plan.organisation_id == organisation_id))
            }
            stays = ctx.session.scalars(select(PlanMembership).where(PlanMembership.left_on.is_(None))).all()
        held = {name: plans.get(rule.id) for name, rule in rules.items()}
        return {
            name: (plan.end_on, {stay.checkpoint_id for stay in stays if stay.plan_id == plan.id})
            for name, plan in held.items()
            if plan is not None
        }

    today = date(2026, 3, 10)
    assert become("outlet", 1) == {"sub_branch": (today, {point}), "outlet": (None, {point})}
    portfolio.generate()
    assert [(task.rule_id, task.period_start) for task in portfolio.tasks(point) if task.state == "pending"] == [
        (rules["sub_branch"].id, date(2026, 3, 1)),
        (rules["outlet"].id, date(2026, 3, 1)),
        (rules["outlet"].id, date(2026, 4, 1)),
    ]
    assert become("sub_branch", 2) == {"sub_branch": (None, {point}), "outlet": (today, {point})}


def test_a_new_name_leaves_the_plans_alone(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule("branch")
    before = stays(portfolio)
    with portfolio.world.transaction() as ctx:
        accounts.edit_organisation(ctx, portfolio.world.organisations["sub_branch"], version=1, name="城东支行")
    assert [stay.generated_through for stay in stays(portfolio)] == [stay.generated_through for stay in before]
    assert planned(portfolio) == {"城东支行", "sibling"}
