"""The year behind the demo bank: made by the services, so that whatever holds of a bank holds of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from checkpoints.models import CheckpointExit, CheckpointLocation
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.alerts.models import Alert
from inspection_api.core.events import EventDelivery
from inspection_api.core.periods import local_day
from inspection_api.demo.past import living
from inspection_api.demo.past.findings import findings
from inspection_api.demo.past.rounds import diligence
from inspection_api.demo.seed import seed
from inspection_api.inspections.models import Inspection
from inspection_api.media.models import Media
from inspection_api.reports import service as reports
from inspection_api.reports.catalogue import REPORTS
from inspection_api.reports.models import MonthClosing
from inspection_api.tasks import service as tasks
from inspection_api.tasks.models import Task
from inspection_api.templates import forms
from inspection_api.templates.default_template import DEFINITION
from kiosk_print.models import PaperPrint, UnlockRequest
from sync.models import SyncQuarantine
from tests.factories import World, pages
from tests.reports.reading import numbers

if TYPE_CHECKING:
    from flask import Flask

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from inspection_api.core.db import Database
    from inspection_api.http.runtime import Runtime
    from tests.fixtures import Clock

YEAR = {"from": "2025-03-01", "to": "2026-03-31"}
WHEN: dict[str, dict[str, Any]] = {"start": YEAR, "month": {"month": "2026-01"}, "year": {"year": 2025}}


@pytest.fixture
def lived(
    runtime: Runtime, committed_database: Database, committed_bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> World:
    """A branch with two sub-branches and a year behind it; of so few checkpoints a larger share leaves."""
    monkeypatch.setattr(living, "_EXIT_SHARE", 0.05)
    seed(replace(runtime, database=committed_database), committed_bank.code, small=True, with_past=True)
    world = World(database=committed_database, bank=committed_bank)
    with world.transaction() as ctx:
        world.people = {row.username: row.id for row in ctx.session.scalars(select(UserAccount))}
        world.organisations = {row.code: row.id for row in ctx.session.scalars(select(Organisation))}
    return world


def states(ctx: Context, column: Any) -> Counter[str]:
    return Counter(dict(ctx.session.execute(select(column, func.count()).group_by(column)).all()))


def asked(world: World, report: Any) -> dict[str, Any]:
    """Return what is asked of a report about the whole province."""
    when = next(days for name, days in WHEN.items() if name in report.query().fields)
    if report.code == "comparison":
        return {"organisation_ids": [str(world.organisations[code]) for code in ("0101", "0102")], **when}
    about = {"organisation_id": str(world.organisations["P"]), **when}
    return about if report.code != "series" else {**about, "by": "month"}


def test_the_past_is_a_banks_past(lived: World, committed_app: Flask, clock: Clock) -> None:
    with lived.transaction() as ctx:
        assert reports.verify(ctx) == []
        assert set(states(ctx, Task.state)) >= {"pending", "done", "done_late", "missed", "cancelled"}
        assert set(states(ctx, Inspection.conclusion)) >= {"normal", "watch"}
        assert ctx.session.scalars(select(MonthClosing.month)).all()
        assert states(ctx, CheckpointExit.status)["approved"] + states(ctx, CheckpointExit.status)["reactivated"]
        assert states(ctx, PaperPrint.status)["valid"]
        assert states(ctx, UnlockRequest.status)
        assert states(ctx, Alert.handling)
        assert states(ctx, SyncQuarantine.state)
        assert set(states(ctx, Media.status)) == {"stored"}
        assert not ctx.session.scalar(select(func.count()).where(EventDelivery.done_at.is_(None)))
        assert tasks.generate(ctx, local_day(clock.now)).created == 0
    client, headers = committed_app.test_client(), lived.headers("hq")
    for report in REPORTS:
        answer: Any = client.get(f"/api/v1/reports/{report.code}", query_string=asked(lived, report), headers=headers)
        assert answer.status_code == 200, (report.code, answer.json)
        found = [each for each in numbers(answer.json) if isinstance(each[0], int)]
        assert any(number for number, *_ in found), report.code
        for number, listing, drill in found:
            rows = list(pages(client, f"/api/v1/reports/{report.code}/{listing}", headers, limit=200, **drill))
            assert len(rows) == number, (report.code, listing, drill)


def test_the_first_sub_branch_has_its_running_month_before_it(lived: World) -> None:
    with lived.transaction() as ctx:
        mine = select(Task.state, func.count()).where(
            Task.organisation_id == lived.organisations["0101"], Task.period_start == date(2026, 3, 1)
        )
        found = dict(ctx.session.execute(mine.group_by(Task.state)).all())
        assert found.pop("in_progress") == 1, "the one that two phones filled in otherwise"
        assert set(found) <= {"pending", "cancelled", "exempt"}


def test_superiors_find_matters_on_their_desks(lived: World, committed_app: Flask) -> None:
    client = committed_app.test_client()
    waiting = {
        user: {row["kind"] for row in pages(client, "/api/v1/todos", lived.headers(user))} for user in ("m0101", "b01")
    }
    assert waiting["m0101"] >= {"unlock", "void", "proposal", "quarantine", "conflict", "binding"}
    assert "exit" in waiting["b01"]
    mine = lived.headers("m0101")
    (conflict,) = pages(client, "/api/v1/sync/conflicts", mine, state="open")
    assert (conflict["field"], conflict["server"]["device_name"], conflict["device"]["device_name"]) == (
        "answers.tax_ytd",
        "工作手机",
        "备用手机",
    )
    with lived.transaction() as ctx:
        (reasons,) = ctx.session.scalars(
            select(CheckpointLocation.reasons).where(CheckpointLocation.status == "provisional")
        )
        assert reasons == ["coarse", "far_from_registered"]
    devices = pages(client, "/api/v1/devices", lived.headers("m0101"))
    assert {row["status"] for row in devices if row["user_id"]} == {"revoked"}


def test_every_finding_is_a_good_form() -> None:
    form = forms.compile_form(DEFINITION)
    random = Random(1)  # noqa: S311 - a reproducible mix, no secret
    media = [forms.Medium(item=item, kind="photo") for item in ("power_kwh", "tax_ytd")]
    raised: set[str] = set()
    for number in range(2000):
        verdict = forms.validate(form, findings(random, is_troubled=number % 2 == 0), media)
        assert (verdict.errors, verdict.evidence_missing) == ({}, ())
        raised |= set(verdict.indicators)
    assert raised == {f"W{number:02d}" for number in range(1, 11)}


def test_sub_branches_differ_and_stay_as_they_are() -> None:
    found = {code: diligence(f"{code}-001") for code in ("0101", "0102", "0201", "1401")}
    assert len(set(found.values())) == len(found)
    assert all(0.6 < share < 1 for share in found.values())
    assert found == {code: diligence(f"{code}-014") for code in found}
