from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sync.client import Client, Lost, MediaFile, Moment, Offline, Refused, Request, Response
from tests.sync.village import Village, answer, lost_request, problem, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Watch:
    """The device's clock, moved by the test."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 3, 10, 2, tzinfo=UTC)

    def __call__(self) -> Moment:
        return Moment(wall=self.wall, mono_ms=1_000, boot_id="boot")


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def device(tmp_path: Path, village: Village, watch: Watch) -> Iterator[Client]:
    client = Client(tmp_path / "device.db", transport=village, sign_in=sign_in, clock=watch, pause=lambda _: None)
    yield client
    client.close()


def note(device: Client, text: str = "备注") -> str:
    return device.capture("comment.add", "0195d3a0-0000-7000-8000-000000000001", {"text": text})


def test_numbers_are_contiguous_and_given_at_capture(device: Client, village: Village) -> None:
    for _ in range(3):
        note(device)
    device.push()
    note(device)
    device.push()
    assert village.seqs() == [[1, 2, 3], [4]]


def test_a_batch_is_signed_over_its_exact_bytes(device: Client, village: Village) -> None:
    note(device)
    device.push()
    padded = device.identity.public_key + "=="
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(padded))
    scheme, _, signature = village.signatures[0].partition("=")
    assert scheme == "ed25519"
    key.verify(base64.urlsafe_b64decode(signature + "=="), village.pushed[0])


def test_a_lost_answer_brings_the_same_bytes_again(device: Client, village: Village) -> None:
    note(device)
    village.faults.append(village.losing_the_answer)
    receipts = device.push()
    assert len(village.pushed) == 2
    assert village.pushed[0] == village.pushed[1]
    assert village.signatures[0] == village.signatures[1]
    assert [receipt["status"] for receipt in receipts] == ["applied"]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_busy_server_gets_the_same_bytes_again(device: Client, village: Village, status: int) -> None:
    note(device)
    village.faults.append(problem(status, "busy"))
    device.push()
    assert village.pushed[0] == village.pushed[1]


def test_without_a_network_everything_waits_and_the_bytes_stay(device: Client, village: Village) -> None:
    op_id = note(device)
    village.faults.extend([lost_request] * 6)
    with pytest.raises(Offline):
        device.push()
    assert device.outbox.waiting() == 1
    assert device.outbox.receipt(op_id) is None
    device.push()
    assert len(set(village.pushed)) == 1
    assert device.outbox.waiting() == 0


def test_pauses_grow_and_obey_retry_after(tmp_path: Path, village: Village) -> None:
    pauses: list[float] = []
    device = Client(tmp_path / "device.db", transport=village, sign_in=sign_in, pause=pauses.append)
    note(device)
    waiting = Response(status=429, headers={"retry-after": "40"}, body=b"{}")
    village.faults.extend([lost_request, lost_request, lambda _: waiting])
    device.push()
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0
    assert 41.0 <= pauses[2] <= 42.0  # what was asked for, and a part of its own, so that no two come back together
    device.close()


def test_an_ended_login_is_renewed_and_the_same_bytes_go_again(device: Client, village: Village) -> None:
    note(device)
    village.faults.append(problem(401, "unauthenticated"))
    device.push()
    assert village.logins == 1
    assert village.pushed[0] == village.pushed[1]


def test_an_invalid_signature_brings_a_new_enrolment_and_a_new_signature(device: Client, village: Village) -> None:
    note(device)
    village.faults.append(problem(403, "signature_invalid"))
    device.push()
    assert village.device_ids == [device.identity.device_id]
    assert village.signatures[0] != village.signatures[1]


def test_a_forked_device_becomes_another_and_keeps_its_operations(device: Client, village: Village) -> None:
    old = device.identity.device_id
    note(device)
    device.push()
    ids = [note(device), note(device)]
    village.faults.append(problem(409, "device_forked"))
    device.push()
    last = json.loads(village.pushed[-1])
    assert last["device_id"] != old
    assert village.device_ids == [last["device_id"]]
    assert [(op["op_id"], op["seq"]) for op in last["ops"]] == [(ids[0], 1), (ids[1], 2)]


def test_a_reused_batch_id_is_replaced(device: Client, village: Village) -> None:
    note(device)
    village.faults.append(problem(409, "batch_id_reused"))
    device.push()
    first, second = (json.loads(body) for body in village.pushed)
    assert first["batch_id"] != second["batch_id"]
    assert first["ops"] == second["ops"]


@pytest.mark.parametrize("status", [400, 413, 415])
def test_a_batch_that_cannot_be_taken_is_halved_until_only_the_bad_operation_is_set_aside(
    device: Client, village: Village, status: int
) -> None:
    for number in range(8):
        note(device, "poison" if number == 5 else "good")

    def picky(request: Request) -> Response:
        body = village.pushed[-1]
        village.faults.append(picky)
        return answer(status, code="batch_malformed") if b"poison" in body else village.taken(body)

    village.faults.append(picky)
    device.push()
    assert device.outbox.waiting() == 0
    assert len(village.stored) == 7
    aside = device.outbox.set_aside()
    assert [op["payload"]["text"] for op in aside] == ["poison"]
    assert "batch_malformed" in aside[0]["fault"]
    village.faults.clear()
    device.outbox.again(aside[0]["op_id"])
    device.push()
    assert (len(village.stored), device.outbox.set_aside()) == (8, [])


def test_the_number_of_an_operation_set_aside_is_abandoned(device: Client, village: Village) -> None:
    note(device)
    village.faults.append(problem(400, "batch_malformed"))
    device.push()
    note(device)
    device.push()
    last = json.loads(village.pushed[-1])
    assert (last["abandon_seq"], [op["seq"] for op in last["ops"]]) == ([1], [2])
    note(device)
    device.push()
    assert json.loads(village.pushed[-1])["abandon_seq"] == []


def test_numbers_that_the_server_misses_and_the_device_lost_are_abandoned(device: Client, village: Village) -> None:
    village.greeting["gaps"] = [7]
    note(device)
    device.push()
    assert json.loads(village.pushed[0])["abandon_seq"] == [7]


def test_batches_hold_at_most_fifty_operations(device: Client, village: Village) -> None:
    for _ in range(120):
        note(device)
    assert len(device.push()) == 120
    assert [len(seqs) for seqs in village.seqs()] == [50, 50, 20]


def test_a_new_epoch_brings_acknowledged_operations_again(device: Client, village: Village) -> None:
    op_id = note(device)
    device.push()
    village.greeting["epoch"] = "two"
    device.push()
    assert [json.loads(body)["ops"][0]["op_id"] for body in village.pushed] == [op_id, op_id]
    assert village.seqs() == [[1], [1]]


def test_acknowledged_operations_are_deleted_after_seven_days(device: Client, village: Village, watch: Watch) -> None:
    note(device)
    device.push()
    watch.wall += timedelta(days=8)
    note(device)
    device.push()
    village.greeting["epoch"] = "two"
    device.push()
    assert village.seqs() == [[1], [2], [2]]


def test_other_refusals_are_told_and_lose_nothing(device: Client, village: Village) -> None:
    note(device)
    village.faults.append(problem(403, "device_revoked", wipe=True))
    with pytest.raises(Refused, match="device_revoked"):
        device.push()
    assert device.outbox.waiting() == 1


def test_text_is_composed_and_a_lone_surrogate_spoils_no_batch(device: Client, village: Village) -> None:
    note(device, "e\u0301")
    note(device, "\ud800")
    device.push()
    texts = [op["payload"]["text"] for op in json.loads(village.pushed[0])["ops"]]
    assert texts == ["\u00e9", "\ud800"]


_KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, os.getcwd())
from sync.client import Client
from tests.sync.village import Village, sign_in
village = Village()
def die(request):
    Path(sys.argv[2]).write_bytes(village.pushed[-1])
    os.kill(os.getpid(), signal.SIGKILL)
village.faults.append(die)
device = Client(Path(sys.argv[1]), transport=village, sign_in=sign_in)
for _ in range(3):
    device.capture("comment.add", "0195d3a0-0000-7000-8000-000000000001", {})
device.push()
"""


def test_a_killed_process_sends_the_very_same_bytes_when_it_lives_again(tmp_path: Path, village: Village) -> None:
    file, sent = tmp_path / "device.db", tmp_path / "sent"
    command = [sys.executable, "-c", _KILLED, file, sent]
    killed = subprocess.run(command, check=False, env=os.environ)  # noqa: S603 - our own words
    assert killed.returncode == -signal.SIGKILL
    device = Client(file, transport=village, sign_in=sign_in, pause=lambda _: None)
    note(device)
    device.push()
    assert village.pushed[0] == sent.read_bytes()
    assert village.seqs() == [[1, 2, 3], [4]]
    device.close()


def page(*changes: dict[str, Any], cursor: str = "c", consistent: bool = True) -> dict[str, Any]:
    return {"epoch": "one", "cursor": cursor, "has_more": not consistent, "consistent": consistent, "changes": changes}


def put(id_: str, version: int, **members: Any) -> dict[str, Any]:
    return {"k": "put", "e": "task", "id": id_, "v": version, "d": members}


def test_pulled_rows_only_move_forward(device: Client) -> None:
    device.mirror.apply(page(put("a", 3, state="open"), put("b", 1)))
    device.mirror.apply(page(put("a", 2, state="old"), {"k": "del", "e": "task", "id": "b", "v": 2}))
    assert device.mirror.all("task") == {"a": {"state": "open", "version": 3}}


def test_a_dropped_row_leaves_the_outbox_alone(device: Client) -> None:
    note(device)
    device.mirror.apply(page(put("a", 1)))
    device.mirror.apply(page({"k": "drop", "e": "task", "id": "a", "reason": "reassigned"}))
    assert device.mirror.find("task", "a") is None
    assert device.outbox.waiting() == 1


def test_a_late_receipt_replaces_the_one_that_was_held(device: Client) -> None:
    op_id = note(device)
    device.mirror.apply(page({"k": "receipt", "op_id": op_id, "status": "applied", "from": "held"}))
    receipt = device.outbox.receipt(op_id)
    assert receipt is not None
    assert receipt["status"] == "applied"


def puller(pages: list[Callable[[Request], Response]], asked: list[str]) -> Callable[[Request], Response]:
    def transport(request: Request) -> Response:
        asked.append(request.path)
        return pages.pop(0)(request)

    return transport


@pytest.mark.parametrize("code", ["cursor_foreign", "cursor_expired", "epoch_changed"])
def test_a_lost_cursor_costs_a_snapshot_and_what_does_not_come_again_is_removed(tmp_path: Path, code: str) -> None:
    asked: list[str] = []
    rest = {"has_more": True, "consistent": False}
    pages = [
        lambda _: answer(200, **page(put("a", 1), put("b", 1), cursor="first")),
        problem(410, code),
        lambda _: answer(200, epoch="two", gaps=[]),
        lambda _: answer(200, **{**page(put("a", 1), cursor="second"), **rest}),
        lambda _: answer(200, **{**page(put("c", 1), cursor="third"), **rest, "has_more": False}),
        lambda _: answer(200, **page(put("d", 1), cursor="fourth")),
    ]
    device = Client(tmp_path / "device.db", transport=puller(pages, asked), sign_in=sign_in)
    op_id = note(device)
    device.pull()
    device.pull()
    assert sorted(device.mirror.all("task")) == ["a", "c", "d"]
    assert [path.partition("?")[0] for path in asked] == [
        "/sync/pull",
        "/sync/pull",
        "/sync/handshake",
        "/sync/snapshot",
        "/sync/snapshot",
        "/sync/pull",
    ]
    assert ("cursor=" in asked[0], "cursor=third" in asked[-1]) == (False, True)
    assert device.outbox.waiting() == 1
    assert device.outbox.receipt(op_id) is None
    device.close()


def test_a_snapshot_goes_on_after_the_process_was_killed(tmp_path: Path) -> None:
    asked: list[str] = []
    pages = [
        problem(410, "cursor_expired"),
        lambda _: answer(200, epoch="one", gaps=[]),
        lambda _: answer(200, **{**page(put("a", 1), cursor="second"), "has_more": True, "consistent": False}),
        lambda request: answer(500) if json.loads(request.body)["cursor"] == "second" else answer(400),
    ]
    device = Client(tmp_path / "device.db", transport=puller(pages, asked), sign_in=sign_in, pause=lambda _: None)
    device.mirror.apply(page(put("z", 1), cursor="old"))
    with pytest.raises(IndexError):
        device.pull()
    device.close()
    pages += [
        lambda request: (
            answer(200, **{**page(put("b", 1), cursor="third"), "consistent": False})
            if json.loads(request.body)["cursor"] == "second"
            else answer(400)
        ),
        lambda _: answer(200, **page(cursor="fourth")),
    ]
    again = Client(tmp_path / "device.db", transport=puller(pages, asked), sign_in=sign_in)
    again.pull()
    assert sorted(again.mirror.all("task")) == ["a", "b"]
    again.close()


def test_a_revoked_device_is_wiped_only_when_its_outbox_is_empty(tmp_path: Path) -> None:
    village = Village()
    device = Client(tmp_path / "device.db", transport=village, sign_in=sign_in)
    device.mirror.apply(page(put("a", 1)))
    note(device)
    revoked = Client(tmp_path / "device.db", transport=problem(403, "device_revoked", wipe=True), sign_in=sign_in)
    with pytest.raises(Refused):
        revoked.pull()
    assert revoked.mirror.all("task")
    device.push()
    with pytest.raises(Refused):
        revoked.pull()
    assert not revoked.mirror.all("task")
    device.close()
    revoked.close()


class Shelf:
    """A tus server on paper for one file; ``cuts`` are the bytes that get through before the line breaks."""

    def __init__(self, cuts: list[int]) -> None:
        self.cuts, self.held, self.length, self.methods = cuts, b"", 0, []

    def __call__(self, request: Request) -> Response:
        self.methods.append(request.method)
        if request.method == "POST":
            self.length = int(request.headers["Upload-Length"])
            self.metadata = request.headers["Upload-Metadata"]
        if request.method == "PATCH":
            self._append(request)
        headers = {"upload-offset": str(len(self.held)), "location": "/api/v1/media/x"}
        return Response(status=200, headers=headers, body=b"")

    def _append(self, request: Request) -> None:
        assert int(request.headers["Upload-Offset"]) == len(self.held)
        digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
        assert request.headers["Upload-Checksum"] == f"sha256 {digest}"
        if self.cuts:
            self.held += request.body[: self.cuts.pop(0)]
            raise Lost("cut")
        self.held += request.body


@pytest.fixture
def photo(tmp_path: Path) -> MediaFile:
    path = tmp_path / "photo.jpg"
    path.write_bytes(os.urandom(3_000_000))
    return MediaFile(id="0195d3a0-0000-7000-8000-00000000000a", path=path, mime="image/jpeg")


def test_a_cut_upload_goes_on_where_the_server_stands(tmp_path: Path, photo: MediaFile) -> None:
    shelf = Shelf(cuts=[400_000, 0, 700_000])
    device = Client(tmp_path / "device.db", transport=shelf, sign_in=sign_in, pause=lambda _: None)
    device.capture("media.declare", photo.id, {}, media=[photo])
    assert device.uploads.run() == 1
    assert shelf.held == photo.path.read_bytes()
    assert shelf.methods.count("POST") == 1
    assert shelf.methods.count("HEAD") == 3
    assert device.uploads.waiting() == 0
    device.close()


def test_an_upload_that_the_server_can_never_take_holds_up_no_other(tmp_path: Path, photo: MediaFile) -> None:
    shelf = Shelf(cuts=[])
    other = MediaFile(id="0195d3a0-0000-7000-8000-00000000000b", path=photo.path, mime="text/plain")

    def choosy(request: Request) -> Response:
        is_text = base64.b64encode(b"text/plain").decode() in request.headers.get("Upload-Metadata", "")
        return answer(422, code="media_type_unknown") if is_text else shelf(request)

    device = Client(tmp_path / "device.db", transport=choosy, sign_in=sign_in, pause=lambda _: None)
    device.capture("media.declare", photo.id, {}, media=[other, photo])
    assert device.uploads.run() == 1
    assert device.uploads.waiting() == 0
    device.uploads.again(photo.id)
    assert device.uploads.waiting() == 0  # it was stored
    device.uploads.again(other.id)
    assert device.uploads.waiting() == 1
    device.close()


def test_the_manifest_states_length_and_hash(photo: MediaFile) -> None:
    facts = photo.manifest()
    assert facts["bytes"] == 3_000_000
    assert facts["sha256"] == hashlib.sha256(photo.path.read_bytes()).hexdigest()
