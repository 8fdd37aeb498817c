"""The conformance vectors beside the client, run against the server's rules and the reference client."""

from __future__ import annotations

import base64
import json
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from checkpoints.coordinates import Point
from checkpoints.rules import fence, plate
from inspection_api.inspections.evidence import weak_lacks
from inspection_api.inspections.rules import FieldChange, merge_fields
from inspection_api.templates.forms import Medium
from sync.client import Client, MediaFile, Moment, Refused, Request, Response
from sync.client.identity import Identity
from sync.client.parting import PartingLine
from sync.client.store import Store
from sync.errors import SignatureInvalid
from sync.protocol.digest import digests
from sync.protocol.signature import ensure_signed, upload_text
from tests.sync.village import Village, answer, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS = Path(__file__).parents[2] / "sync" / "client" / "vectors"
ENTITY_ID = "01950000-0000-7000-8000-00000000000e"


def cases(name: str, **only: str) -> Any:
    read = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    chosen = [each for each in read if only.items() <= each.items()]
    return pytest.mark.parametrize("case", chosen, ids=[each["name"] for each in chosen])


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


@cases("signature")
def test_signatures(case: dict[str, Any]) -> None:
    body, public = case["body"].encode(), raw(case["public_key"])
    mine = Identity(device_id="", key=Ed25519PrivateKey.from_private_bytes(raw(case["private_key"])))
    assert mine.public_key == case["public_key"]
    assert (mine.sign(body) == case["header"]) is case["valid"]
    if case["valid"]:
        ensure_signed(public, body, case["header"])
        return
    with pytest.raises(SignatureInvalid):
        ensure_signed(public, body, case["header"])


@cases("plate")
def test_plates(case: dict[str, Any]) -> None:
    parts = plate.parse(case["text"])
    names = ("bank_tag", "public_id", "generation", "mac")
    assert (None if parts is None else {name: getattr(parts, name) for name in names}) == case["parts"]


@cases("recognise")
def test_what_a_plate_means_to_a_device(case: dict[str, Any]) -> None:
    now = datetime.fromisoformat(case["now"])
    assert recognised(case["text"], case["bank_tag"], case["checkpoints"], now) == (case["state"], case["checkpoint"])


def recognised(text: str, bank_tag: str, held: list[dict[str, Any]], now: datetime) -> tuple[str, str | None]:
    """Put together what the server's own rules say of the same plates."""
    parts = plate.parse(text)
    if parts is None or parts.bank_tag != bank_tag:
        return ("not_a_plate" if parts is None else "other_bank"), None
    known = next((each for each in held if each["public_id"] == parts.public_id), None)
    if known is None:
        return "not_mine", None
    issued = plate.find_plate([issue(**each) for each in known["plates"]], parts.generation)
    if issued is None:
        return "unknown_plate", known["id"]
    if plate.is_revoked_at(issued, now):
        return "revoked", known["id"]
    return ("unbound" if known["state"] == "unbound" else "right"), known["id"]


def issue(generation: int, valid_until: str | None) -> plate.Plate:
    begin = datetime.fromisoformat("2026-01-01T00:00:00Z")
    end = datetime.fromisoformat(valid_until) if valid_until else None
    return plate.Plate(checkpoint_id=UUID(int=0), generation=generation, issued_at=begin, revoked_at=end)


@cases("geofence")
def test_geofence(case: dict[str, Any]) -> None:
    fixes = [fence.fix_as_received(each) for each in case["fixes"]]
    judged = fence.decide_verdict(fixes, Point(**case["centre"]), case["radius_m"])
    assert judged.verdict == case["verdict"]
    assert (centimetres(judged.distance_m), centimetres(judged.accuracy_m)) == (case["distance_m"], case["accuracy_m"])


def centimetres(metres: float | None) -> float | None:
    """Round as the server's own answers do."""
    return None if metres is None else round(metres, 2)


@cases("weak")
def test_what_a_weak_visit_lacks(case: dict[str, Any]) -> None:
    missing = weak_lacks([Medium(each["item"], each["kind"]) for each in case["media"]])
    assert [each.item for each in missing] == case["lacks"]


@cases("time")
def test_time_stamps(case: dict[str, Any]) -> None:
    moment = Moment(wall=datetime.fromisoformat(case["wall"]), mono_ms=case["mono_ms"], boot_id=case["boot_id"])
    assert moment.wire() == case["wire"]


@cases("merge")
def test_merges(case: dict[str, Any]) -> None:
    changes = {name: FieldChange(**change) for name, change in case["changes"].items()}
    options = {name: case[name] for name in ("base_version", "device_id", "seq", "is_whole")}
    merge = merge_fields(case["pushed"], case["current"], changes, **options)
    assert (merge.outcomes, merge.values) == (case["outcomes"], case["values"])


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def device(tmp_path: Path, village: Village) -> Iterator[Client]:
    client = Client(tmp_path / "device.db", transport=village, sign_in=sign_in, pause=lambda _: None)
    yield client
    client.close()


def hold(device: Client, rows: dict[str, int], entity: str = "task") -> None:
    changes = [{"k": "put", "e": entity, "id": id_, "v": version, "d": {}} for id_, version in rows.items()]
    device.mirror.apply({"cursor": "before", "consistent": False, "changes": changes})


@cases("digest")
def test_digests(device: Client, case: dict[str, Any]) -> None:
    for row in case["rows"]:
        hold(device, {row["id"]: row["v"]}, row["e"])
    assert device.mirror.digests() == case["digests"]
    theirs = {(entity, bucket): made for entity, held in case["digests"].items() for bucket, made in held.items()}
    assert digests((row["e"], UUID(row["id"]), row["v"]) for row in case["rows"]) == theirs


@cases("apply")
def test_pages(device: Client, case: dict[str, Any]) -> None:
    hold(device, case["held"])
    assert device.mirror.apply(case["page"]) is case["page"]["consistent"]
    assert {id_: row["version"] for id_, row in device.mirror.all("task").items()} == case["after"]
    assert device.mirror.cursor == case["page"]["cursor"]


def is_good(case: dict[str, Any]) -> bool:
    return bool(case["content_type"] == "application/json" and case["status"] == 200)


def said(case: dict[str, Any]) -> Response:
    wipe = {"wipe": True} if case["code"] == "device_revoked" and case["request"] != "push" else {}
    return answer(case["status"], content_type=case["content_type"], code=case["code"], **wipe)


def sent(village: Village, number: int) -> dict[str, Any]:
    return dict(json.loads(village.pushed[number]))


@cases("answers", request="push")
def test_answers_to_a_push(device: Client, village: Village, case: dict[str, Any]) -> None:
    captured = [device.capture("inspection.save", ENTITY_ID, {}) for _ in range(2)]
    village.faults.append(None if is_good(case) else lambda _: said(case))
    before, logins = device.identity.device_id, village.logins
    with suppress(Refused):
        device.push()
    first, last = sent(village, 0), sent(village, min(1, len(village.pushed) - 1))
    is_same = len(village.pushed) > 1 and village.pushed[0] == village.pushed[1]
    seen = {
        "store": len(village.pushed) == 1 and device.outbox.waiting() == 0,
        "same_bytes_later": is_same and village.logins == logins,
        "log_in_then_same_bytes": is_same and village.logins == logins + 1,
        "enrol_again_then_sign_again": village.device_ids == [before] and len(village.pushed) == 2,
        "become_another_device_and_renumber": last["device_id"] != first["device_id"],
        "new_batch_id": first["batch_id"] != last["batch_id"] and first["ops"] == last["ops"],
        "halve": len(last["ops"]) == 1,
        "give_up_and_keep": len(village.pushed) == 1 and device.outbox.waiting() == 2,
    }
    assert seen[case["does"]]
    if case["does"] != "give_up_and_keep":
        assert set(captured) == set(village.stored)


@cases("answers", request="parting")
def test_answers_to_a_device_that_has_ended(device: Client, village: Village, case: dict[str, Any]) -> None:
    for _ in range(2):
        device.capture("inspection.save", ENTITY_ID, {})
    hold(device, {ENTITY_ID: 1})
    village.faults.append(None if is_good(case) else lambda _: said(case))
    with suppress(Refused):
        device.part()
    first, last = sent(village, 0), sent(village, -1)
    seen = {
        "store_then_wipe": (1, 0, 0),
        "same_bytes_later": (2, 0, 0),
        "new_batch_id": (2, 0, 0),
        "sign_again": (2, 0, 0),
        "halve": (3, 0, 0),
        "give_up_and_keep": (1, 2, 1),
    }
    assert (len(village.pushed), device.outbox.waiting(), len(device.mirror.all("task"))) == seen[case["does"]]
    is_rebuilt = case["does"] in {"new_batch_id", "sign_again", "halve"}
    assert (first["batch_id"] != last["batch_id"]) is is_rebuilt
    assert village.logins == 0


@cases("parting")
def test_requests_of_a_device_that_has_ended(tmp_path: Path, case: dict[str, Any]) -> None:
    sent_headers: list[dict[str, str]] = []

    def note(request: Request) -> Response:
        sent_headers.append(dict(request.headers))
        return answer(200)

    store = Store(tmp_path / "device.db")
    store.keep(token=case["token"])
    line = PartingLine(store, note, sign_in)
    key = Ed25519PrivateKey.from_private_bytes(raw(case["private_key"]))
    line.identity = Identity(device_id=case["device_id"], key=key)
    body = case["signed"].encode() if case["method"] == "POST" else b""
    signed = {"Device-Signature": line.identity.sign(body)} if body else {}
    headers = {**case["upload"], **signed}
    line.once(Request(method=case["method"], path=case["path"], headers=headers, body=body))
    store.close()
    assert (sent_headers == [{**case["upload"], **case["headers"]}]) is case["valid"]
    if not body:
        offset, checksum = (case["upload"].get(f"Upload-{name}", "") for name in ("Offset", "Checksum"))
        media_id = UUID(case["path"].rpartition("/")[2])
        assert upload_text(case["method"], media_id, offset=offset, checksum=checksum) == case["signed"].encode()
    with nullcontext() if case["valid"] else pytest.raises(SignatureInvalid):
        ensure_signed(raw(case["public_key"]), case["signed"].encode(), case["headers"]["Device-Signature"])


@cases("answers", request="upload")
def test_answers_to_an_upload(device: Client, village: Village, tmp_path: Path, case: dict[str, Any]) -> None:
    there = {"upload-offset": "3", "location": "/api/v1/media/x"}
    first = Response(status=204, headers=there, body=b"") if "offset" in case else said(case)
    village.uploads.extend([first, Response(status=204, headers=there, body=b"")])
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    photo = MediaFile(id=ENTITY_ID, path=tmp_path / "photo.jpg", mime="image/jpeg")
    device.capture("media.declare", ENTITY_ID, {}, media=[photo])
    stored = 0
    with suppress(Refused):
        stored = device.uploads.run()
    seen = {
        "go_on": (["POST /media"], 1, 0),
        "ask_where_it_stands": (["POST /media"] * 2, 1, 0),
        "same_bytes_later": (["POST /media"] * 2, 1, 0),
        "log_in_then_same_bytes": (["POST /media", "POST /sessions", "POST /media"], 1, 0),
        "wait": (["POST /media"], 0, 1),
        "set_aside": (["POST /media"], 0, 0),
    }
    assert (village.paths, stored, device.uploads.waiting()) == seen[case["does"]]


@cases("answers", request="pull")
def test_answers_to_a_pull(tmp_path: Path, case: dict[str, Any]) -> None:
    asked: list[str] = []
    page = {"cursor": "next", "has_more": False, "consistent": True, "changes": []}

    def server(request: Request) -> Response:
        asked.append(request.path.partition("?")[0])
        if asked == ["/sync/pull"] and not is_good(case):
            return said(case)
        return answer(200, epoch="two", gaps=[], **page)

    device = Client(tmp_path / "device.db", transport=server, sign_in=sign_in, pause=lambda _: None)
    device.mirror.apply({"cursor": "before", "consistent": True, "changes": []})
    hold(device, {ENTITY_ID: 1})
    with suppress(Refused):
        device.pull()
    seen = {
        "apply": (["/sync/pull"], 1),
        "same_bytes_later": (["/sync/pull"] * 2, 1),
        "snapshot": (["/sync/pull", "/sync/handshake", "/sync/snapshot", "/sync/pull"], 0),
        "wipe_when_outbox_is_empty": (["/sync/pull"], 0),
        "give_up_and_keep": (["/sync/pull"], 1),
    }
    assert (asked, len(device.mirror.all("task"))) == seen[case["does"]]
    device.close()
