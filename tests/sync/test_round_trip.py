"""The reference client against the real application on a real database, over a line that breaks."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select, text

from inspection_api.accounts import service as accounts
from inspection_api.inspections.models import Inspection
from inspection_api.media.models import Media
from sync.client import Client, Credentials, Lost, MediaFile, Moment, Refused, Request, Response
from tests.factories import PASSWORD
from tests.sync.phone import Street, calm_answers, fix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


@dataclass
class Line:
    """Carries requests into the application; loses answers of pushes and cuts chunks when told to."""

    client: FlaskClient
    lose_answers: int = 0
    cut_chunks: int = 0
    replayed: list[bool] = field(default_factory=list)
    is_up: bool = True

    def __call__(self, request: Request) -> Response:
        if not self.is_up:
            raise Lost("down")
        body = request.body
        cuts = request.method == "PATCH" and self.cut_chunks > 0
        if cuts:
            self.cut_chunks -= 1
            body = body[: len(body) // 2]
        sent = {name: value for name, value in request.headers.items() if not (cuts and name == "Upload-Checksum")}
        answer = self.client.open(request.target, method=request.method, data=body, headers=sent)
        if request.path == "/sync/push" and answer.status_code == 200:
            self.replayed.append(answer.json["replayed"])
            if self.lose_answers:
                self.lose_answers -= 1
                raise Lost("answer")
        if cuts:
            raise Lost("cut")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status_code, headers=headers, body=answer.data)


@dataclass
class Officer:
    """An officer with the reference client, and what he finds in his street."""

    client: Client
    line: Line
    street: Street
    clock: Clock
    folder: Path

    def photo(self, item: str) -> tuple[MediaFile, dict[str, Any]]:
        path = self.folder / f"{uuid4()}.jpg"
        Image.effect_noise((640, 480), 50).save(path, "JPEG")
        file = MediaFile(id=str(uuid4()), path=path, mime="image/jpeg")
        moment = self.client.clock().wire()
        return file, {**file.manifest(), "kind": "photo", "item": item, "captured": moment, "fix": fix()}

    def visit(self, checkpoint_id: Any, task_id: Any) -> tuple[str, str]:
        """Capture a good visit of twenty minutes; return the inspection's id and the operation's."""
        scan = {"qr": self.street.plate(checkpoint_id), "at": self.client.clock().wire(), "fixes": [fix()]}
        self.clock.advance(minutes=10)
        taken = [self.photo(item) for item in ("power_kwh", "tax_ytd")]
        self.clock.advance(minutes=10)
        payload = {
            "checkpoint_id": str(checkpoint_id),
            "task_id": str(task_id),
            "template_version_id": str(self.street.portfolio.version_id),
            "scan": scan,
            "fixes": [fix()],
            "answers": calm_answers(),
            "media": [manifest for _, manifest in taken],
        }
        inspection_id = str(uuid4())
        files = [file for file, _ in taken]
        return inspection_id, self.client.capture("inspection.submit", inspection_id, payload, media=files)


@contextmanager
def officer_with(transport: FlaskClient, world: World, clock: Clock, folder: Path) -> Iterator[Officer]:
    """Put the reference client into an officer's hands; nobody is logged in or enrolled yet."""
    line = Line(transport)
    client = Client(
        folder / "device.db",
        transport=line,
        sign_in=lambda: Credentials(bank=world.bank.code, username="officer", password=PASSWORD),
        clock=lambda: Moment(wall=clock.now, mono_ms=int(clock.now.timestamp() * 1000) % 10**11, boot_id="boot"),
        pause=lambda _: None,
    )
    with closing(client):
        yield Officer(client, line, Street(world), clock, folder)


@pytest.fixture
def officer(committed_app: Flask, committed_world: World, clock: Clock, tmp_path: Path) -> Iterator[Officer]:
    with officer_with(committed_app.test_client(), committed_world, clock, tmp_path) as officer:
        yield officer


def approve(officer: Officer, world: World) -> None:
    path = f"/api/v1/devices/{officer.client.identity.device_id}/approve"
    assert officer.line.client.post(path, headers=world.headers("manager")).status_code == 200


def test_a_day_offline_ends_accepted_though_the_line_breaks(officer: Officer, committed_world: World) -> None:
    checkpoint_id = officer.street.add()
    task_id = officer.street.make_tasks()[checkpoint_id]
    device = officer.client
    assert device.enrol()["status"] == "pending"
    with pytest.raises(Refused, match="device_unapproved"):
        device.pull()
    approve(officer, committed_world)
    device.handshake()
    device.pull()
    assert device.mirror.all("task")[str(task_id)]["state"] == "pending"

    officer.line.is_up = False
    inspection_id, op_id = officer.visit(checkpoint_id, task_id)
    officer.line.is_up, officer.line.lose_answers, officer.line.cut_chunks = True, 1, 1
    device.synchronise()

    receipt = device.outbox.receipt(op_id)
    assert receipt is not None
    assert (receipt["status"], officer.line.replayed) == ("applied", [False, True])
    assert device.uploads.waiting() == 0
    found = device.mirror.find("inspection", inspection_id)
    assert found is not None
    assert found[1]["state"] == "accepted"
    assert device.mirror.all("task")[str(task_id)]["state"] == "done"


def end_user(world: World, clock: Clock) -> None:
    with world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, world.people["officer"])


def end_device(officer: Officer, world: World) -> None:
    path = f"/api/v1/devices/{officer.client.identity.device_id}/revoke"
    assert officer.line.client.post(path, headers=world.headers("manager")).status_code == 200


@pytest.fixture
def out_with_work(officer: Officer, committed_world: World) -> Officer:
    """Return an officer whose phone holds two visits with photos, and rows of the bank."""
    points = [officer.street.add() for _ in range(2)]
    tasks = officer.street.make_tasks()
    officer.client.enrol()
    approve(officer, committed_world)
    officer.client.synchronise()
    for point in points:
        officer.visit(point, tasks[point])
    return officer


@pytest.mark.parametrize("cause", ["user_disabled", "device_revoked"])
def test_a_device_that_has_ended_says_everything_with_its_media_and_forgets(
    out_with_work: Officer, committed_world: World, clock: Clock, cause: str
) -> None:
    officer, device = out_with_work, out_with_work.client
    if cause == "user_disabled":
        end_user(committed_world, clock)
    else:
        end_device(officer, committed_world)
    officer.line.lose_answers, officer.line.cut_chunks = 1, 1
    receipts = device.synchronise()
    assert [(each["status"], each["code"]) for each in receipts] == [("quarantined", cause)] * 2
    assert (device.outbox.waiting(), device.uploads.waiting(), device.mirror.all("task")) == (0, 0, {})
    with committed_world.transaction() as ctx:
        assert {each.status for each in ctx.session.scalars(select(Media))} == {"stored"}
        assert {tuple(each.blockers) for each in ctx.session.scalars(select(Inspection))} == {("quarantine",)}
    listed = officer.line.client.get("/api/v1/sync/quarantine", headers=committed_world.headers("manager"))
    assert len(listed.json["items"]) == 2
    with pytest.raises(Refused):
        device.synchronise()


def test_a_wrong_password_costs_a_device_nothing(out_with_work: Officer, committed_world: World) -> None:
    officer, device = out_with_work, out_with_work.client
    with committed_world.transaction() as ctx:
        ctx.session.execute(text("UPDATE session_token SET revoked_at = now()"))
        ctx.session.execute(text("UPDATE user_account SET password_hash = 'x' WHERE username = 'officer'"))
    for _ in range(2):
        with pytest.raises(Refused, match="401"):
            device.synchronise()
    assert (device.outbox.waiting(), device.uploads.waiting(), len(device.mirror.all("checkpoint"))) == (2, 4, 2)
    with committed_world.transaction() as ctx:
        assert ctx.session.scalars(select(Inspection)).all() == []
    assert officer.line.is_up


def test_a_foreign_cursor_is_answered_with_everything_again(officer: Officer, committed_world: World) -> None:
    officer.street.add()
    officer.street.make_tasks()
    device = officer.client
    device.enrol()
    approve(officer, committed_world)
    device.pull()
    before = device.mirror.all("task")
    device.mirror.apply({"cursor": "AAAA", "consistent": False, "changes": []})
    device.pull()
    assert before
    assert device.mirror.all("task") == before


def test_a_device_that_lost_a_row_finds_out_and_gets_it_again(officer: Officer, committed_world: World) -> None:
    officer.street.add()
    officer.street.make_tasks()
    device = officer.client
    device.enrol()
    approve(officer, committed_world)
    assert device.verify() == []
    before = device.mirror.all("task")
    (task_id,) = [id_ for id_ in before if before[id_]["period_start"].startswith("2026-03")]
    lost = {"cursor": device.mirror.cursor, "consistent": True, "changes": [{"k": "drop", "e": "task", "id": task_id}]}
    device.mirror.apply(lost)
    assert device.verify() == [{"entity": "task", "bucket": task_id[:2]}]
    assert device.mirror.all("task") == before
    assert device.verify() == []


def test_the_pulled_rows_are_plain_json(officer: Officer, committed_world: World) -> None:
    officer.street.add()
    device = officer.client
    device.enrol()
    approve(officer, committed_world)
    device.pull()
    assert json.dumps(device.mirror.all("checkpoint"))
    assert device.mirror.all("template_version")
