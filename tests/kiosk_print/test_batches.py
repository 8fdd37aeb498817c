"""A batch of papers as one job: each a print of its own, one PDF, refusals listed, a worker killed in between."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pypdfium2
import pytest
from sqlalchemy import func, select

from inspection_api.core.events import Event
from inspection_api.inspections.models import Inspection
from inspection_api.worker import Outbox
from kiosk_print.models import PaperPrint, PaperSeries
from kiosk_print.rules import batch
from kiosk_print.rules.window import open_window
from kiosk_print.service.reserving import Wanted, reserve
from tests.jobs.stepping import steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from flask import Flask
    from flask.testing import FlaskClient

    from inspection_api.core.banks import BankCatalogue
    from inspection_api.core.storage import Storage
    from tests.factories import World
    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk

ROOT = Path(__file__).parents[2]
API = "/api/v1"
KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from inspection_api.core import migrations
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.db import Database, open_engine
from inspection_api.core.storage import Storage
from inspection_api.subscriptions import SUBSCRIPTIONS
from inspection_api.worker import Outbox
from kiosk_print.service import batches
url, root, code, now, sheets = sys.argv[1:]
rendered, left = batches.render, [int(sheets)]
def dying(row):
    left[0] -= 1
    return rendered(row) if left[0] >= 0 else os.kill(os.getpid(), signal.SIGKILL)
batches.render = dying
engine = open_engine(url)
banks = BankCatalogue(engine=engine, secret_key=b"test-secret-of-thirty-two-letters", head=migrations.head())
database = Database(
    engine, clock=lambda: datetime.fromisoformat(now), subscriptions=SUBSCRIPTIONS, storage=Storage(Path(root))
)
Outbox(database=database, banks=banks).drain(banks.find_by_code(code))
"""


def ask(client: FlaskClient, desk: Desk, visits: Sequence[UUID], user: str = "officer", key: str | None = None) -> Any:
    headers = {**desk.world.headers(user), "Idempotency-Key": key or str(uuid4())}
    body = {"inspection_ids": [str(each) for each in visits]}
    return client.post(f"{API}/paper-batches", json=body, headers=headers)


def follow(client: FlaskClient, world: World, job_id: str, part: str = "", user: str = "officer") -> Any:
    return client.get(f"{API}/jobs/{job_id}{part}", headers=world.headers(user))


def prints_of(world: World, visits: Sequence[UUID]) -> list[PaperPrint]:
    with world.transaction() as ctx:
        rows = ctx.session.scalars(select(PaperPrint).where(PaperPrint.inspection_id.in_(visits))).all()
    return sorted(rows, key=lambda row: visits.index(row.inspection_id))


def sequences(rows: Sequence[PaperPrint]) -> list[int]:
    return [int(row.number.split("-")[3]) for row in rows]


def words(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return ["".join(page.get_textpage().get_text_range().split()) for page in document]


@pytest.fixture
def outbox(world: World, catalogue: BankCatalogue) -> Outbox:
    return Outbox(database=world.database, banks=catalogue)


def test_a_batch_prints_each_paper_as_a_print_of_its_own_into_one_file(
    client: FlaskClient, desk: Desk, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "AT_ONCE", 2)
    visits = [desk.accept() for _ in range(5)]
    outbox.drain(desk.world.bank)
    job_id = ask(client, desk, [*visits, visits[0]]).json["id"]

    def look() -> tuple[str, int, int]:
        job = follow(client, desk.world, job_id).json
        return job["status"], job["done"], job["total"]

    seen = steps(outbox, desk.world, "on_paper_batch_due", look)
    numbered_then_rendered = (0, 2, 2, 4, 4, 5)
    assert seen == [*(("running", done, 5) for done in numbered_then_rendered), ("done", 5, 5)]
    job = follow(client, desk.world, job_id).json
    assert job["result"] == {"printed": 5, "refused": []}
    rows = prints_of(desk.world, visits)
    assert [(row.copy, row.status) for row in rows] == [(1, "valid")] * 5
    assert sequences(rows) == [1, 2, 3, 4, 5]
    answer = follow(client, desk.world, job_id, "/file")
    assert (answer.mimetype, answer.headers["Content-Disposition"]) == (
        "application/pdf",
        'attachment; filename="papers.pdf"',
    )
    pages = words(answer.data)
    assert [row.number in page for row, page in zip(rows, pages, strict=True)] == [True] * 5
    for row, page in zip(rows, pages, strict=True):
        kept = client.get(f"{API}/prints/{row.id}/pdf", headers=desk.world.headers("officer")).data
        assert words(kept) == [page]
    with desk.world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).where(Event.kind == "paper.printed")) == 5


def test_what_may_not_be_printed_is_listed_with_its_reason_and_fails_nothing_else(
    client: FlaskClient, desk: Desk, outbox: Outbox, clock: Clock
) -> None:
    clock.advance(days=-10)
    locked = desk.accept()
    clock.advance(days=10)
    refused = {
        locked: "locked",
        desk.accept(state="submitted", accepted_at=None): "paper_not_ready",
        desk.void(desk.accept()): "paper_voided",
        desk.accept(conclusion="exit"): "opinion_required",
        desk.accept("foreign", "foreign_officer"): "not_found",
        desk.accept(officer="colleague"): "not_found",
        uuid4(): "not_found",
    }
    often, sound = desk.accept(), desk.accept()
    for _ in range(5):
        desk.print(client, often)
    refused[often] = "print_limit"
    job_id = ask(client, desk, [*refused, sound]).json["id"]
    outbox.drain(desk.world.bank)
    job = follow(client, desk.world, job_id).json
    assert (job["status"], job["done"], job["total"], job["result"]["printed"]) == ("done", 9, 9, 1)
    assert {each["inspection_id"]: each["code"] for each in job["result"]["refused"]} == {
        str(visit_id): code for visit_id, code in refused.items()
    }
    [printed] = [row for row in prints_of(desk.world, [sound, often]) if row.inspection_id == sound]
    first, last = words(follow(client, desk.world, job_id, "/file").data)
    assert printed.number in first
    assert "未打印清单" in last
    assert "打印期限已过，明白纸已锁定" in last


def test_a_batch_of_which_nothing_prints_is_the_list_alone(client: FlaskClient, desk: Desk, outbox: Outbox) -> None:
    job_id = ask(client, desk, [desk.void(desk.accept())]).json["id"]
    outbox.drain(desk.world.bank)
    assert follow(client, desk.world, job_id).json["status"] == "done"
    (only,) = words(follow(client, desk.world, job_id, "/file").data)
    assert "检查记录已作废" in only


def test_a_record_that_cannot_be_rendered_holds_up_no_other_and_keeps_its_number(
    client: FlaskClient, desk: Desk, outbox: Outbox
) -> None:
    broken, sound = desk.accept(), desk.accept()
    outbox.drain(desk.world.bank)
    job_id = ask(client, desk, [broken, sound]).json["id"]
    outbox._deliver_one(desk.world.bank)
    with desk.world.transaction() as ctx:
        row = ctx.session.scalars(select(PaperPrint).where(PaperPrint.inspection_id == broken)).one()
        row.sheet = {}
        ctx.session.flush()
    outbox.drain(desk.world.bank)
    result = follow(client, desk.world, job_id).json["result"]
    assert (result["printed"], [each["code"] for each in result["refused"]]) == (1, ["print_unfinished"])
    assert [row.status for row in prints_of(desk.world, [broken, sound])] == ["reserved", "valid"]


def test_what_is_amended_between_number_and_sheet_is_not_in_the_file(
    client: FlaskClient, desk: Desk, outbox: Outbox
) -> None:
    changed, sound = desk.accept(), desk.accept()
    outbox.drain(desk.world.bank)
    job_id = ask(client, desk, [changed, sound]).json["id"]
    outbox._deliver_one(desk.world.bank)
    with desk.world.transaction() as ctx:
        ctx.record("inspection.amended", inspection_id=str(changed))
    outbox.drain(desk.world.bank)
    result = follow(client, desk.world, job_id).json["result"]
    assert (result["printed"], [each["code"] for each in result["refused"]]) == (1, ["print_ended"])


def test_the_lock_falls_between_two_steps_and_holds_for_what_is_not_numbered_yet(
    client: FlaskClient, desk: Desk, outbox: Outbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "AT_ONCE", 1)
    visits = [desk.accept(), desk.accept()]
    clock.now = open_window(1, clock.now).closes_at - timedelta(milliseconds=1)
    outbox.drain(desk.world.bank)
    job_id = ask(client, desk, visits).json["id"]
    outbox._deliver_one(desk.world.bank)
    clock.advance(milliseconds=1)
    outbox.drain(desk.world.bank)
    result = follow(client, desk.world, job_id).json["result"]
    assert (result["printed"], [each["code"] for each in result["refused"]]) == (1, ["locked"])


def test_the_same_key_is_the_same_batch_and_another_one_is_refused(
    client: FlaskClient, desk: Desk, outbox: Outbox
) -> None:
    visits = [desk.accept(), desk.accept()]
    first = ask(client, desk, visits, key="batch-of-march").json
    outbox.drain(desk.world.bank)
    assert ask(client, desk, visits, key="batch-of-march").json["id"] == first["id"]
    other = ask(client, desk, visits[:1], key="batch-of-march")
    assert (other.status_code, other.json["code"]) == (409, "job_key_reused")
    assert outbox.drain(desk.world.bank) == 0
    assert len(prints_of(desk.world, visits)) == 2
    again = ask(client, desk, visits).json["id"]
    outbox.drain(desk.world.bank)
    assert follow(client, desk.world, again).json["result"]["printed"] == 2
    assert sorted(row.copy for row in prints_of(desk.world, visits)) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("user", "status"),
    [(None, 401), ("auditor", 403), ("province_manager", 403), ("administrator", 403), ("manager", 202)],
)
def test_whoever_prints_one_paper_prints_many(client: FlaskClient, desk: Desk, user: str | None, status: int) -> None:
    headers = (desk.world.headers(user) if user else {}) | {"Idempotency-Key": str(uuid4())}
    body = {"inspection_ids": [str(desk.accept())]}
    assert client.post(f"{API}/paper-batches", json=body, headers=headers).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inspection_ids": []},
        {"inspection_ids": ["x"]},
        {"inspection_ids": [str(uuid4()) for _ in range(1001)]},
        {"inspection_ids": [str(uuid4())], "copies": 2},
    ],
)
def test_a_malformed_batch_is_refused(client: FlaskClient, desk: Desk, body: dict[str, Any]) -> None:
    headers = {**desk.world.headers("officer"), "Idempotency-Key": str(uuid4())}
    assert client.post(f"{API}/paper-batches", json=body, headers=headers).status_code == 422


def test_somebody_who_lost_his_role_meanwhile_prints_nothing(client: FlaskClient, desk: Desk, outbox: Outbox) -> None:
    visit_id = desk.accept(officer="colleague")
    job_id = ask(client, desk, [visit_id], "manager").json["id"]
    with desk.world.transaction() as ctx:
        held = ctx.session.get_one(Inspection, visit_id)
        held.organisation_id = desk.world.organisations["foreign"]
        ctx.session.flush()
    outbox.drain(desk.world.bank)
    result = follow(client, desk.world, job_id, user="manager").json["result"]
    assert [each["code"] for each in result["refused"]] == ["not_found"]


def test_a_step_costs_as_many_statements_for_ten_papers_as_for_two(desk: Desk, queries: Any) -> None:
    counts = []
    for number in (2, 10):
        wanted = [Wanted(inspection_id=desk.accept(), key=str(uuid4())) for _ in range(number)]
        with desk.world.transaction("officer") as ctx:
            reserve(ctx, wanted, verify_url="x")
            counts.append(len(queries()))
    assert counts[0] == counts[1]


@pytest.mark.long
def test_a_thousand_papers_are_one_file_without_a_gap(client: FlaskClient, desk: Desk, outbox: Outbox) -> None:
    visits = [desk.accept() for _ in range(1000)]
    job_id = ask(client, desk, visits).json["id"]
    outbox.drain(desk.world.bank)
    assert follow(client, desk.world, job_id).json["result"] == {"printed": 1000, "refused": []}
    rows = prints_of(desk.world, visits)
    assert sequences(rows) == list(range(1, 1001))
    with pypdfium2.PdfDocument(follow(client, desk.world, job_id, "/file").data) as document:
        assert len(document) == 1000


@pytest.mark.parametrize("sheets", [0, 3])
def test_a_worker_killed_between_number_and_sheet_costs_neither_number_nor_a_second_original(
    committed_app: Flask,
    committed_desk: Desk,
    catalogue: BankCatalogue,
    storage: Storage,
    clock: Clock,
    database_url: str,
    sheets: int,
) -> None:
    desk, client = committed_desk, committed_app.test_client()
    visits = [desk.accept() for _ in range(6)]
    job_id = ask(client, desk, visits).json["id"]
    root = str(storage._root)
    arguments = [database_url, root, desk.world.bank.code, clock.now.isoformat(), str(sheets)]
    died = subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=ROOT, check=False, timeout=120)  # noqa: S603
    assert died.returncode == -9
    assert [row.status for row in prints_of(desk.world, visits)] == ["reserved"] * 6
    numbers = [row.number for row in prints_of(desk.world, visits)]
    clock.advance(seconds=5)
    Outbox(database=desk.world.database, banks=catalogue).drain(desk.world.bank)
    assert follow(client, desk.world, job_id).json["result"] == {"printed": 6, "refused": []}
    rows = prints_of(desk.world, visits)
    assert [row.number for row in rows] == numbers
    assert [(row.copy, row.status) for row in rows] == [(1, "valid")] * 6
    assert sequences(rows) == [1, 2, 3, 4, 5, 6]
    with desk.world.transaction() as ctx:
        assert ctx.session.scalars(select(PaperSeries.last)).all() == [6]
    assert len(words(follow(client, desk.world, job_id, "/file").data)) == 6
