"""One thing of every kind that waits for a superior, brought about as it comes about in a bank."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from checkpoints.models import Checkpoint, CheckpointLocation
from inspection_api.alerts.models import Alert
from inspection_api.core.events import Claim, EventDelivery, deliver
from inspection_api.core.ids import new_id
from inspection_api.subscriptions import SUBSCRIPTIONS
from inspection_api.templates.default_template import DEFINITION
from tests.kiosk_print.conftest import Desk
from tests.portfolio import Portfolio
from tests.sync.drafting import Desk as Draft
from tests.sync.drafting import answer
from tests.sync.offices import store_media
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

API = "/api/v1"


def deliver_all(world: World) -> int:
    """Let the worker's hands tell everybody of what has happened; return how many deliveries that were."""
    with world.transaction() as ctx:
        waiting = select(EventDelivery.event_id).where(
            EventDelivery.handler == "tell_people", EventDelivery.done_at.is_(None)
        )
        ids = ctx.session.scalars(waiting.order_by(EventDelivery.event_id)).all()
    for id_ in ids:
        with world.transaction() as ctx:
            deliver(ctx, Claim(event_id=id_, handler="tell_people", attempt=1), SUBSCRIPTIONS)
    return len(ids)


@dataclass
class Matters:
    """Brings matters about in one world; each method returns the id of what waits."""

    client: FlaskClient
    world: World
    clock: Clock
    portfolio: Portfolio = field(init=False)
    desk: Desk = field(init=False)
    street: Street = field(init=False)
    phones: dict[tuple[str, int], Phone] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.portfolio = Portfolio(self.world)
        self.desk = Desk(self.world, self.portfolio)
        self.street = Street(self.world)
        self.street.portfolio = self.portfolio

    def post(self, user: str, path: str, status: int = 200, headers: dict[str, str] | None = None, **body: Any) -> Any:
        answered = self.client.post(API + path, json=body or None, headers=self.world.headers(user) | (headers or {}))
        assert answered.status_code == status, answered.json
        return answered.json

    def unlock(self, user: str = "officer", organisation: str = "sub_branch", officer: str = "officer") -> str:
        """A locked paper whose unlock is asked for; the clock stands where it stood."""
        self.clock.advance(days=-10)
        visit = self.desk.accept(organisation, officer)
        self.clock.advance(days=10)
        return str(self.desk.ask(self.client, visit, user).json["id"])

    def void(self, user: str = "officer") -> str:
        """A printed paper that somebody wants to be voided."""
        printed = self.desk.print(self.client, self.desk.accept()).json
        return str(self.desk.ask_void(self.client, printed["id"], user).json["id"])

    def opinion(self) -> str:
        return str(self.desk.accept(conclusion="strong_watch"))

    def proposal(self) -> str:
        """An officer's wish to change one of his checkpoints."""
        point = self.street.add()
        with self.world.transaction() as ctx:
            version = ctx.session.get_one(Checkpoint, point).version
        body = {"changes": {"address": "新华路 8 号"}, "reason": "企业搬了新址，门牌已换"}
        path = f"/checkpoints/{point}/proposals"
        return str(self.post("officer", path, 201, headers={"If-Match": f'"{version}"'}, **body)["id"])

    def device(self, user: str = "officer") -> str:
        return str(Phone(self.client, self.world, self.street, user, approved=False).id)

    def binding(self, user: str = "officer") -> str:
        point = self.portfolio.add_checkpoint(state="pending_confirm")
        with self.world.transaction(user) as ctx:
            fixes = [fix(lon=114.5, lat=38 + north / 111_000) for north in (5, 40, 80)]
            location = CheckpointLocation(
                checkpoint_id=point, generation=1, lon=114.5, lat=38.0, status="provisional", reasons=["coarse"],
                bound_by=self.world.people[user], bound_at=ctx.now, fixes=fixes, valid_from=ctx.now,
            )  # fmt: skip
            ctx.session.add(location)
            ctx.session.flush()
            ctx.record("checkpoint.bound", checkpoint_id=str(point), location_id=str(location.id), status="provisional")
            return str(location.id)

    def rival(self, location_id: str, user: str = "colleague") -> None:
        """Another phone's place of the same checkpoint, 70 m to the north of a doubtful one."""
        with self.world.transaction(user) as ctx:
            first = ctx.session.get_one(CheckpointLocation, UUID(location_id))
            ctx.session.add(CheckpointLocation(
                checkpoint_id=first.checkpoint_id, generation=1, lon=first.lon, lat=first.lat + 0.00063,
                status="provisional", reasons=["rival"], bound_by=self.world.people[user], bound_at=ctx.now,
                fixes=[fix(lon=first.lon, lat=first.lat + 0.00064)], valid_from=ctx.now,
            ))  # fmt: skip

    def exit(self, user: str = "manager") -> str:
        point = self.portfolio.add_checkpoint()
        body = {"exit_type": "exited", "reason": "贷款已结清退出", "effective_on": "2026-03-31"}
        return str(self.post(user, f"/checkpoints/{point}/exits", 201, **body)["id"])

    def phone(self, user: str = "officer", number: int = 0) -> Phone:
        """Return a person's first phone or his second; he has no more."""
        if (user, number) not in self.phones:
            self.phones[user, number] = phone = Phone(self.client, self.world, self.street, user)
            phone.shake_hands()
        return self.phones[user, number]

    def quarantine(self, phone: Phone | None = None) -> str:
        phone = phone or self.phone()
        payload = phone.visit(self.street.add())
        payload["scan"]["fixes"] = [fix(5000)]
        (result,) = phone.push(phone.operation("inspection.submit", new_id(), payload))
        assert result["status"] == "quarantined", result
        return str(result["op_id"])

    def amendment(self) -> str:
        """A change to an accepted visit, which waits for somebody else's decision."""
        phone = self.phone()
        visit = phone.submit(self.street.add())
        phone.push(visit)
        store_media(self.world)
        payload = {"reason": "电量填错了，以电表照片为准", **answer("tax_ytd", "8")}
        (result,) = phone.push(phone.operation("inspection.amend", visit["entity_id"], payload))
        assert result["status"] == "quarantined", result
        return str(result["op_id"])

    def conflict(self, *, submitted: bool = False) -> str:
        phones = [self.phone(number=number) for number in range(2)]
        draft = Draft(self.street)
        draft.save(phones[0], **answer("tax_ytd", "5"))
        if submitted:
            draft.submit(phones[1])
        else:
            draft.save(phones[1], **answer("tax_ytd", "6"))
        (conflict,) = [each for each in draft.conflicts() if each.inspection_id == draft.entity]
        return str(conflict.id)

    def alert(self, level: int = 3, exception_handler: str | None = None) -> str:
        point = self.portfolio.add_checkpoint()
        with self.world.transaction() as ctx:
            place = ctx.session.get_one(Checkpoint, point)
            place.exception_handler_id = self.world.people[exception_handler] if exception_handler else None
            day = date(2026, 3, 9)
            alert = Alert(
                rule="work_stopped", customer_id=place.customer_id, organisation_id=place.organisation_id, level=level,
                subject_date=day, episode=1, condition="active", handling="new", numbers={"peak": "1"},
                first_seen_on=day, last_seen_on=day, count=1, created_at=ctx.now,
            )  # fmt: skip
            ctx.session.add(alert)
            ctx.session.flush()
            ctx.record("alert.raised", alert_id=str(alert.id), rule=alert.rule, customer_id=str(alert.customer_id))
            return str(alert.id)

    def recompute(self) -> str:
        rule = self.portfolio.create_rule("branch", f"支行检查{next(self.portfolio.numbers)}")
        path = f"/rules/{rule.id}/recomputes"
        return str(self.post("branch_manager", path, 201, since="2026-01-20", reason="总行要求追溯调整")["id"])

    def template(self, user: str = "province_manager") -> str:
        number = next(self.portfolio.numbers)
        body = {"code": f"other_{number}", "name": f"另一张表{number}", "family": f"family_{number}"}
        template = self.post(user, "/templates", 201, **body)
        drafted = self.post(user, f"/templates/{template['id']}/versions", 201, definition=DEFINITION)
        path = f"/template-versions/{drafted['id']}/propose"
        self.post(user, path, headers={"If-Match": f'"{drafted["version"]}"'})
        return str(drafted["id"])
