"""Label sheets of a whole organisation, as a job: asked for, followed, fetched (domain.md §0, QR plate)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from sqlalchemy import select

from checkpoints.rules import plate
from inspection_api.core.events import Event
from inspection_api.worker import Outbox
from kiosk_print.service import sheets
from tests.jobs.stepping import steps
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock

API = "/api/v1"


@pytest.fixture
def outbox(world: World, catalogue: BankCatalogue) -> Outbox:
    return Outbox(database=world.database, banks=catalogue)


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def fill(portfolio: Portfolio, amount: int = 1, **changes: Any) -> None:
    for _ in range(amount):
        portfolio.add_checkpoint(public_id=plate.next_public_id(), **changes)


def ask(client: FlaskClient, world: World, user: str | None, organisation: str = "sub_branch", **more: Any) -> Any:
    headers = world.headers(user) if user else {}
    body = {"organisation_id": str(world.organisations[organisation]), **more}
    return client.post(f"{API}/label-sheets", json=body, headers=headers)


def follow(client: FlaskClient, world: World, user: str, job_id: str, part: str = "") -> Any:
    return client.get(f"{API}/jobs/{job_id}{part}", headers=world.headers(user))


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("officer", 403),
        ("auditor", 403),
        ("administrator", 403),
        ("foreign_manager", 404),
        ("manager", 202),
        ("province_manager", 202),
    ],
)
def test_managers_ask_for_the_sheets_of_their_subtree(
    client: FlaskClient, world: World, portfolio: Portfolio, user: str | None, status: int
) -> None:
    fill(portfolio)
    assert ask(client, world, user).status_code == status


def test_bad_requests_are_refused(client: FlaskClient, world: World, portfolio: Portfolio) -> None:
    empty = ask(client, world, "manager")
    assert (empty.status_code, empty.json["code"]) == (409, "nothing_to_print")
    fill(portfolio, 1, state="exited")
    assert ask(client, world, "manager").status_code == 409
    assert ask(client, world, "manager", layout="a3").status_code == 422


def test_more_labels_than_a_file_holds_are_asked_for_in_parts(
    client: FlaskClient, world: World, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_LABELS", 1)
    fill(portfolio, 2)
    answer = ask(client, world, "manager")
    assert (answer.status_code, answer.json["code"], answer.json["labels"]) == (413, "too_many_labels", 2)


def test_a_sub_branch_is_printed_in_steps_into_one_file(
    client: FlaskClient,
    world: World,
    portfolio: Portfolio,
    outbox: Outbox,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheets, "AT_ONCE", 15)
    fill(portfolio, 32)
    fill(portfolio, 1, state="exited")
    fill(portfolio, 1, organisation="sibling")
    outbox.drain(world.bank)
    job_id = ask(client, world, "manager").json["id"]
    unfinished = follow(client, world, "manager", job_id, "/file")
    assert (unfinished.status_code, unfinished.json["code"]) == (409, "job_unfinished")

    def look() -> tuple[str, int, int]:
        job = follow(client, world, "manager", job_id).json
        return job["status"], job["done"], job["total"]

    assert steps(outbox, world, "on_label_sheets_due", look) == [
        ("running", 15, 32),
        ("running", 30, 32),
        ("running", 32, 32),
        ("done", 32, 32),
    ]
    fetched = follow(client, world, "manager", job_id, "/file")
    assert (fetched.status_code, fetched.mimetype) == (200, "application/pdf")
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="labels.pdf"'
    with pypdfium2.PdfDocument(fetched.data) as document:
        words = [page.get_textpage().get_text_bounded() for page in document]
    assert len(words) == 3
    assert [f"CP{number:06d}" in "".join(words) for number in (0, 15, 31)] == [True, True, True]
    clock.advance(hours=24)
    gone = follow(client, world, "manager", job_id, "/file")
    assert (gone.status_code, gone.json["code"]) == (410, "job_file_expired")


def test_a_job_is_its_requesters_alone(client: FlaskClient, world: World, portfolio: Portfolio, outbox: Outbox) -> None:
    fill(portfolio)
    job_id = ask(client, world, "manager").json["id"]
    outbox.drain(world.bank)
    for part in ("", "/file"):
        assert follow(client, world, "second_manager", job_id, part).status_code == 404
        assert client.get(f"{API}/jobs/{job_id}{part}").status_code == 401
        assert follow(client, world, "manager", job_id, part).status_code == 200
    listed = client.get(f"{API}/jobs", headers=world.headers("manager")).json["items"]
    assert [job["id"] for job in listed] == [job_id]
    assert client.get(f"{API}/jobs", headers=world.headers("second_manager")).json["items"] == []


@pytest.mark.parametrize(("kind", "mime"), [("png", "image/png"), ("svg", "image/svg+xml")])
def test_a_plate_maker_gets_the_plate_as_a_picture(
    client: FlaskClient, world: World, portfolio: Portfolio, kind: str, mime: str
) -> None:
    checkpoint_id = portfolio.add_checkpoint(public_id=plate.next_public_id())
    url = f"{API}/checkpoints/{checkpoint_id}/plate.{kind}"
    answer = client.get(url, headers=world.headers("manager"))
    assert (answer.status_code, answer.mimetype) == (200, mime)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="plate-')
    with world.transaction() as ctx:
        events = ctx.session.scalars(select(Event.data).where(Event.kind == "plate.printed")).all()
    assert events == [{"checkpoint_ids": [str(checkpoint_id)], "layout": kind}]
    refused = {
        user: client.get(url, headers=world.headers(user)).status_code for user in ("officer", "foreign_manager")
    }
    assert refused == {"officer": 403, "foreign_manager": 404}
    assert client.get(url).status_code == 401
