"""Printing over HTTP: originals and copies, the lock to the millisecond, numbers without gaps, verification."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from inspection_api.core.events import Event
from inspection_api.core.permissions import Role
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import Amendment
from inspection_api.inspections.service.amending import amend
from kiosk_print import service
from kiosk_print.models import PaperPrint, PaperWindow
from kiosk_print.rules import codes
from kiosk_print.rules.window import open_window
from tests.kiosk_print.conftest import RISKS

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy.orm import Session

    from inspection_api.core.storage import Storage
    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk

DAY = timedelta(days=1)
ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from uuid import UUID
from inspection_api.accounts.queries import assignments_on
from inspection_api.core import migrations
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.context import Actor
from inspection_api.core.db import Database, open_engine
from inspection_api.core.periods import local_day
from inspection_api.core.storage import Storage
from inspection_api.subscriptions import SUBSCRIPTIONS
from kiosk_print.service import prints
url, root, code, now, user, visit, at = sys.argv[1:]
rendered = prints.render
def dying(row):
    if at == "rendered":
        rendered(row)
    os.kill(os.getpid(), signal.SIGKILL)
prints.render = dying
engine = open_engine(url)
bank = BankCatalogue(
    engine=engine, secret_key=b"test-secret-of-thirty-two-letters", head=migrations.head()
).find_by_code(code)
database = Database(
    engine, clock=lambda: datetime.fromisoformat(now), subscriptions=SUBSCRIPTIONS, storage=Storage(Path(root))
)
user = UUID(user)
with database.transaction(bank) as ctx:
    actor = Actor(user_id=user, assignments=assignments_on(ctx.session, [user], local_day(ctx.now))[user])
begin = lambda: database.transaction(bank, actor=actor)
prints.print_paper(begin, UUID(visit), idempotency_key="intention-1", verify_url="x")
"""


def test_acceptance_opens_the_window_and_tells_the_inspection(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    visit_id = desk.accept()
    paper = desk.paper(client, visit_id)
    closes = open_window(1, clock.now).closes_at
    assert (paper["state"], paper["unlock_count"], paper["deciders"]) == ("open", 0, [])
    assert [window["number"] for window in paper["windows"]] == [1]
    with desk.world.transaction() as ctx:
        visit = ctx.session.get_one(Inspection, visit_id)
        assert (visit.print_opens_at, visit.print_closes_at) == (clock.now, closes)


def test_a_hundred_acceptances_cost_as_many_statements_as_one(desk: Desk, queries: Any) -> None:
    counts = []
    for number in (1, 5):
        ids = [desk.accept(state="submitted", accepted_at=None) for _ in range(number)]
        with desk.world.transaction() as ctx:
            ctx.session.execute(
                Inspection.__table__.update()
                .where(Inspection.id.in_(ids))
                .values(state="accepted", accepted_at=ctx.now)
            )
            for each in ids:
                ctx.record("inspection.accepted", inspection_id=str(each))
            seen = queries()
        counts.append(len(seen))
        with desk.world.transaction() as ctx:
            assert ctx.session.scalar(select(func.count()).where(PaperWindow.inspection_id.in_(ids))) == number
    assert counts[0] == counts[1]


def test_the_first_print_is_the_original_and_the_next_one_a_copy(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    first, second = desk.print(client, visit_id), desk.print(client, visit_id)
    assert (first.status_code, first.json["copy"], first.json["status"]) == (201, 1, "valid")
    assert (second.json["copy"], second.json["number"]) == (2, first.json["number"])
    assert "-202603-000001-" in first.json["number"]
    assert [each["copy"] for each in desk.paper(client, visit_id)["prints"]] == [1, 2]


def test_the_same_key_is_the_same_print(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    visit_id = desk.accept()
    first = desk.print(client, visit_id, key="intention-1").json
    clock.advance(days=30)
    assert desk.print(client, visit_id, key="intention-1").json == first
    other = desk.print(client, desk.accept(), key="intention-1")
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")


def test_numbers_run_per_organisation_and_month(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    numbers = [desk.print(client, desk.accept()).json["number"] for _ in range(2)]
    numbers.append(desk.print(client, desk.accept("foreign", "foreign_officer"), "foreign_officer").json["number"])
    clock.advance(days=30)
    numbers.append(desk.print(client, desk.accept()).json["number"])
    assert [number.split("-")[2:4] for number in numbers] == [
        ["202603", "000001"], ["202603", "000002"], ["202603", "000001"], ["202604", "000001"],
    ]  # fmt: skip
    assert len({number.split("-")[1] for number in numbers}) == 2


def test_the_lock_falls_at_midnight_to_the_millisecond(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    visit_id = desk.accept()
    closes = open_window(1, clock.now).closes_at
    clock.now = closes - timedelta(milliseconds=1)
    assert desk.print(client, visit_id).status_code == 201
    clock.now = closes
    refused = desk.print(client, visit_id)
    assert (refused.status_code, refused.json["code"]) == (423, "locked")
    names = {each["name"] for each in refused.json["unlock"]["deciders"]}
    assert names == {"姓名manager", "姓名second_manager"}
    assert desk.paper(client, visit_id)["state"] == "locked"


def test_nothing_is_printed_before_acceptance_or_after_voiding(client: FlaskClient, desk: Desk) -> None:
    early = desk.print(client, desk.accept(state="submitted", accepted_at=None))
    assert (early.status_code, early.json["code"]) == (409, "paper_not_ready")
    voided = desk.print(client, desk.void(desk.accept()))
    assert (voided.status_code, voided.json["code"]) == (410, "paper_voided")


def test_a_paper_with_empty_required_answers_is_not_printed_and_says_which(client: FlaskClient, desk: Desk) -> None:
    whole = {"op_status": "normal", "power_kwh": "1", "tax_ytd": "3", "conclusion": "normal"} | dict.fromkeys(
        RISKS, False
    )  # type: ignore[arg-type] # mixed values
    for without in ("tax_ytd", "ctrl_event", "power_kwh", "conclusion"):
        answers = {key: {"value": value} for key, value in whole.items() if key != without}
        refused = desk.print(client, desk.accept(answers=answers))
        assert (refused.status_code, refused.json["code"]) == (409, "answers_incomplete")
        assert [each["field"] for each in refused.json["errors"]] == [f"answers.{without}"]
    raised = {key: {"value": value} for key, value in (whole | {"ent_dispute": True, "remark": "原告"}).items()}
    unexplained = desk.print(client, desk.accept(answers=raised))
    assert unexplained.json["code"] == "answers_incomplete"
    raised["conclusion"]["note"] = "企业为原告"
    assert desk.print(client, desk.accept(answers=raised)).status_code == 201


def test_a_window_has_five_prints(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    assert [desk.print(client, visit_id).status_code for _ in range(6)] == [201] * 5 + [409]


def test_a_grave_conclusion_waits_for_the_superiors_opinion(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept(conclusion="strong_watch")
    assert desk.print(client, visit_id).json["code"] == "opinion_required"
    path, body = f"/api/v1/inspections/{visit_id}/paper/opinion", {"text": "同意，压降授信"}
    given = client.post(path, json=body, headers=desk.world.headers("approver"))
    assert given.status_code == 201
    assert desk.print(client, visit_id).status_code == 201
    assert desk.paper(client, visit_id)["opinion"]["text"] == "同意，压降授信"


def test_whoever_is_second_with_an_opinion_reads_the_firsts_name(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept(conclusion="strong_watch")
    desk.world.add_user("second_approver", Role.APPROVER, "branch")
    path, body = f"/api/v1/inspections/{visit_id}/paper/opinion", {"text": "同意，压降授信"}
    assert client.post(path, json=body, headers=desk.world.headers("second_approver")).status_code == 201
    again = client.post(path, json={"text": "不同意"}, headers=desk.world.headers("approver"))
    assert (again.status_code, again.json["code"]) == (409, "opinion_given")
    assert again.json["detail"] == "该记录已由姓名second_approver签署上级意见"
    assert again.json["decided_by_name"] == "姓名second_approver"
    assert desk.paper(client, visit_id)["opinion"]["text"] == "同意，压降授信"


def test_an_opinion_after_the_print_is_too_late(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    desk.print(client, visit_id)
    path = f"/api/v1/inspections/{visit_id}/paper/opinion"
    answer = client.post(path, json={"text": "同意"}, headers=desk.world.headers("approver"))
    assert (answer.status_code, answer.json["code"]) == (409, "opinion_after_print")


def test_a_changed_content_supersedes_and_a_voided_visit_voids_the_print(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    path = f"/api/v1/inspections/{visit_id}/paper/opinion"
    numbers = []
    for kind in ("amended", "voided"):
        given = client.post(path, json={"text": "同意"}, headers=desk.world.headers("approver"))
        assert given.status_code == 201
        printed = desk.print(client, visit_id).json
        assert printed["copy"] == 1
        numbers.append(printed["number"])
        if kind == "voided":
            desk.void(visit_id)
        else:
            with desk.world.transaction() as ctx:
                ctx.record("inspection.amended", inspection_id=str(visit_id))
    paper = desk.paper(client, visit_id)
    assert {each["number"]: each["status"] for each in paper["prints"]} == {
        numbers[0]: "superseded",
        numbers[1]: "voided",
    }
    assert paper["opinion"] is None


def test_the_pdf_is_stored_once_and_every_download_is_recorded(client: FlaskClient, desk: Desk) -> None:
    printed = desk.print(client, desk.accept()).json
    assert client.get(f"/api/v1/prints/{printed['id']}", headers=desk.world.headers("auditor")).json == printed
    path = f"/api/v1/prints/{printed['id']}/pdf"
    answers = [client.get(path, headers=desk.world.headers(user)) for user in ("officer", "manager")]
    assert answers[0].data == answers[1].data
    assert len(answers[0].data) == printed["bytes"]
    assert answers[0].headers["Content-Disposition"] == f'attachment; filename="{printed["number"]}-1.pdf"'
    with desk.world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).where(Event.kind == "paper.downloaded")) == 2
        assert ctx.session.scalar(select(func.count()).where(Event.kind == "paper.printed")) == 1


def test_anybody_verifies_a_paper_by_its_code_and_sees_a_masked_name(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    desk.name_customer(visit_id, "陕西秦岭机械有限公司")
    printed = desk.print(client, visit_id).json
    pdf = client.get(f"/api/v1/prints/{printed['id']}/pdf", headers=desk.world.headers("officer")).data
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=203 / 72).to_pil()
    url = zxingcpp.read_barcodes(image)[0].text
    assert url.startswith("http://127.0.0.1:8000/verify/XP1.")
    answer = client.get(f"/api/v1{url.removeprefix('http://127.0.0.1:8000')}")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "valid",
        "status_text": "有效",
        "number": printed["number"],
        "copy": 1,
        "organisation": "sub_branch",
        "printed_on": "2026-03-10",
        "customer": "陕****公司",
        "sha256_prefix": printed["sha256"][:12],
        "is_same_file": None,
    }


def test_a_forged_a_foreign_and_an_unknown_code_answer_alike(client: FlaskClient, desk: Desk) -> None:
    bank = desk.world.bank
    print_id = desk.print(client, desk.accept()).json["id"]
    key = bank.derived_key("paper")
    genuine = codes.print_code(key, bank.tag, UUID(print_id))
    assert client.get(f"/api/v1/verify/{genuine}").status_code == 200
    wrong = [
        codes.print_code(b"k" * 32, bank.tag, UUID(print_id)),
        codes.print_code(key, bank.tag, uuid4()),
        codes.print_code(key, "00000000", UUID(print_id)),
        "anything",
    ]
    answers = [client.get(f"/api/v1/verify/{code}") for code in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.json["code"], answer.json["title"]) for answer in answers}) == 1


def test_a_print_that_was_not_finished_is_finished_by_the_same_key_or_by_the_sweep(
    client: FlaskClient, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = desk.accept()
    with monkeypatch.context() as patch:
        patch.setattr("kiosk_print.service.prints.render", lambda _: 1 / 0)
        assert desk.print(client, visit_id, key="interrupted").status_code == 500
        assert desk.print(client, visit_id, key="abandoned").status_code == 500
    first, second = desk.paper(client, visit_id)["prints"]
    assert (first["status"], second["status"], second["copy"]) == ("reserved", "reserved", 2)
    unfinished = client.get(f"/api/v1/prints/{first['id']}/pdf", headers=desk.world.headers("officer"))
    assert (unfinished.status_code, unfinished.json["code"]) == (409, "print_unfinished")
    finished = desk.print(client, visit_id, key="interrupted").json
    assert (finished["id"], finished["status"], finished["number"]) == (first["id"], "valid", first["number"])
    clock.advance(minutes=6)
    with desk.world.transaction() as ctx:
        assert service.sweep(ctx) == 1
    assert [each["status"] for each in desk.paper(client, visit_id)["prints"]] == ["valid", "valid"]


def test_a_print_that_cannot_be_rendered_holds_up_neither_the_others_nor_the_locks(
    client: FlaskClient, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = desk.accept(), desk.accept()
    with monkeypatch.context() as patch:
        patch.setattr("kiosk_print.service.prints.render", lambda _: 1 / 0)
        answers = [desk.print(client, visit_id) for visit_id in (broken, sound)]
        assert [answer.status_code for answer in answers] == [500, 500]
    with desk.world.transaction() as ctx:
        empty = update(PaperPrint).where(PaperPrint.inspection_id == broken).values(sheet={})
        ctx.session.execute(empty)
    clock.advance(days=10)
    with desk.world.transaction() as ctx:
        assert service.sweep(ctx) == 3
        assert sorted(event.kind for event in ctx.pending) == ["paper.locked", "paper.locked", "paper.printed"]
        assert service.sweep(ctx) == 0


def test_a_preview_is_a_draft_and_counts_nowhere(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    answer = client.get(f"/api/v1/inspections/{visit_id}/paper/preview", headers=desk.world.headers("officer"))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert "草稿" in pypdfium2.PdfDocument(answer.data)[0].get_textpage().get_text_range()
    assert desk.paper(client, visit_id)["prints"] == []


def test_the_sweep_reminds_once_and_locks_once(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    unprinted, printed = desk.accept(), desk.accept()
    desk.print(client, printed)
    clock.now = open_window(1, clock.now).closes_at - timedelta(hours=12)
    with desk.world.transaction() as ctx:
        assert service.sweep(ctx) == 1
        assert [event.data["inspection_id"] for event in ctx.pending] == [str(unprinted)]
        assert service.sweep(ctx) == 0
    clock.advance(days=1)
    with desk.world.transaction() as ctx:
        assert service.sweep(ctx) == 2
        assert {event.kind for event in ctx.pending} == {"paper.locked"}
        assert service.sweep(ctx) == 0


ENDPOINTS = [
    ("get", "/api/v1/inspections/{visit}/paper", "administrator"),
    ("get", "/api/v1/inspections/{visit}/paper/preview", "service_manager"),
    ("post", "/api/v1/inspections/{visit}/paper/opinion", "officer"),
    ("post", "/api/v1/inspections/{visit}/prints", "province_manager"),
    ("get", "/api/v1/prints/{print}", "nobody"),
    ("get", "/api/v1/prints/{print}/pdf", "administrator"),
]


@pytest.mark.parametrize(("method", "path", "wrong_role"), ENDPOINTS)
def test_anonymous_wrong_role_and_other_organisation_are_refused(
    client: FlaskClient, desk: Desk, method: str, path: str, wrong_role: str
) -> None:
    visit_id = desk.accept("foreign", "foreign_officer")
    print_id = desk.print(client, visit_id, "foreign_officer").json["id"]
    call, url = getattr(client, method), path.format(visit=visit_id, print=print_id)
    more = {"json": {"text": "同意"}} if path.endswith("opinion") else {}
    foreigner = "approver" if path.endswith("opinion") else "officer"
    key = {"Idempotency-Key": str(uuid4())}
    assert call(url, headers=key, **more).status_code == 401
    assert call(url, headers={**desk.world.headers(wrong_role), **key}, **more).status_code == 403
    assert call(url, headers={**desk.world.headers(foreigner), **key}, **more).status_code == 404


def test_a_colleague_sees_no_paper_of_another_officer(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    assert desk.print(client, visit_id, "colleague").status_code == 404
    assert desk.print(client, visit_id, "manager").status_code == 201


@pytest.mark.parametrize("key", [None, "short", "x" * 101, "with space in it"])
def test_a_print_needs_a_proper_key(client: FlaskClient, desk: Desk, key: str | None) -> None:
    headers = desk.world.headers("officer") | ({"Idempotency-Key": key} if key else {})
    assert client.post(f"/api/v1/inspections/{desk.accept()}/prints", headers=headers).status_code == 422


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": "x" * 501}, {"text": "\u0000"}, {"text": "好", "by": "我"}]
)
def test_a_malformed_opinion_is_refused(client: FlaskClient, desk: Desk, body: dict[str, Any]) -> None:
    path = f"/api/v1/inspections/{desk.accept()}/paper/opinion"
    assert client.post(path, json=body, headers=desk.world.headers("approver")).status_code == 422


def test_the_database_refuses_two_living_originals(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    desk.print(client, visit_id)
    with desk.world.transaction() as ctx:
        table = PaperPrint.__table__
        row = ctx.session.execute(select(table).where(table.c.inspection_id == visit_id)).one()._asdict()
        twin = row | {"id": uuid4(), "number": "MBZ-2", "idempotency_key": "another"}
        with pytest.raises(IntegrityError, match="uq_paper_print_original"), ctx.session.begin_nested():
            ctx.session.execute(insert(table).values(**twin))


def test_two_first_prints_at_once_are_one_original_and_one_copy(committed_app: Flask, committed_desk: Desk) -> None:
    visit_id = committed_desk.accept()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: committed_desk.print(committed_app.test_client(), visit_id), range(4)))
    assert sorted(answer.json["copy"] for answer in answers) == [1, 2, 3, 4]
    assert len({answer.json["number"] for answer in answers}) == 1


def test_one_key_sent_twice_at_once_is_one_print(committed_app: Flask, committed_desk: Desk) -> None:
    visit_id = committed_desk.accept()
    with ThreadPoolExecutor(3) as pool:
        answers = list(
            pool.map(lambda _: committed_desk.print(committed_app.test_client(), visit_id, key="the-same"), range(3))
        )
    assert len({answer.json["id"] for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {201}


def test_a_print_waits_for_an_amendment_that_is_not_yet_committed(committed_app: Flask, committed_desk: Desk) -> None:
    """Else a valid paper would say what the record no longer says."""
    desk, visit_id = committed_desk, committed_desk.accept()
    with ThreadPoolExecutor(1) as pool:
        with desk.world.transaction("manager") as ctx:
            change = {"conclusion": {"value": "watch"}}
            officer = desk.world.people["officer"]
            amend(ctx, Amendment(inspection_id=visit_id, op_id=uuid4(), author_id=officer, answers=change))
            answer = pool.submit(desk.print, committed_app.test_client(), visit_id)
            wait_for_a_lock(ctx.session)
            assert not answer.done()
        printed = answer.result().json
    with desk.world.transaction() as ctx:
        sheet = ctx.session.get_one(PaperPrint, UUID(printed["id"])).sheet
    choices = sheet["conclusion"]["blanks"][0]["choices"]
    assert [each["label"] for each in choices if each["ticked"]] == ["关注"]
    assert [each["status"] for each in desk.paper(committed_app.test_client(), visit_id)["prints"]] == ["valid"]


def wait_for_a_lock(session: Session) -> None:
    """Return once another connection waits for what this one holds."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(200):
        if session.execute(waits).scalar_one():
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def crowd(app: Flask, desk: Desk, prints: int, threads: int) -> list[int]:
    """Print so many visits of one organisation at once, each in a transaction of its own; return their numbers."""
    visits = [desk.accept() for _ in range(prints)]
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda each: desk.print(app.test_client(), each), visits))
    assert {(answer.status_code, answer.json["copy"], answer.json["status"]) for answer in answers} == {
        (201, 1, "valid")
    }
    return sorted(int(answer.json["number"].split("-")[3]) for answer in answers)


def test_many_prints_at_once_leave_no_gap(committed_app: Flask, committed_desk: Desk) -> None:
    assert crowd(committed_app, committed_desk, 40, 8) == list(range(1, 41))


@pytest.mark.long
def test_a_thousand_prints_at_once_leave_no_gap(committed_app: Flask, committed_desk: Desk) -> None:
    assert crowd(committed_app, committed_desk, 1000, 16) == list(range(1, 1001))


@pytest.mark.parametrize("at", ["reserved", "rendered"])
def test_a_server_killed_in_the_middle_of_a_print_loses_no_number(
    committed_app: Flask, committed_desk: Desk, storage: Storage, clock: Clock, database_url: str, at: str
) -> None:
    desk, client, visit_id = committed_desk, committed_app.test_client(), committed_desk.accept()
    officer = str(desk.world.people["officer"])
    arguments = [database_url, str(storage._root), desk.world.bank.code, clock.now.isoformat(), officer, str(visit_id)]
    died = subprocess.run([sys.executable, "-c", KILLED, *arguments, at], cwd=ROOT, check=False, timeout=120)  # noqa: S603
    assert died.returncode == -9
    [left] = desk.paper(client, visit_id)["prints"]
    assert (left["status"], left["copy"], left["number"].split("-")[3]) == ("reserved", 1, "000001")
    other = desk.print(client, desk.accept()).json
    assert other["number"].split("-")[3] == "000002"
    again = desk.print(client, visit_id, key="intention-1").json
    assert (again["id"], again["status"], again["number"]) == (left["id"], "valid", left["number"])
    assert [each["copy"] for each in desk.paper(client, visit_id)["prints"]] == [1]
