"""tus over HTTP, with all its ways to fail, and looking at what was stored."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlalchemy import select

from inspection_api.core.events import Event, Recorded
from inspection_api.core.ids import new_id
from inspection_api.core.storage import Storage, in_chunks
from inspection_api.media import queries, service
from inspection_api.media.models import Media, MediaUpload
from tests.media.conftest import Phone, jpeg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


def media_of(world: World, media_id: UUID) -> Media:
    with world.transaction() as ctx:
        return ctx.session.get_one(Media, media_id)


def events(world: World, kind: str) -> list[dict[str, Any]]:
    with world.transaction() as ctx:
        return list(ctx.session.scalars(select(Event.data).where(Event.kind == kind).order_by(Event.number)))


def stored(phone: Phone) -> UUID:
    assert phone.create(phone.data).status_code == 201
    return phone.media_id


def with_thumbnail(world: World, media_id: UUID) -> None:
    with world.transaction() as ctx:
        event = Recorded(id=new_id(), kind="media.stored", actor_id=None, at=ctx.now, data={"media_id": str(media_id)})
        service.make_thumbnail(ctx, [event])
        service.make_thumbnail(ctx, [event])


# --- uploading


def test_the_server_says_what_it_speaks(client: FlaskClient) -> None:
    answer = client.options("/api/v1/media")

    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,checksum,expiration,termination"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer.headers["Tus-Max-Size"] == "200000000"


def test_a_photo_comes_in_pieces_and_is_stored_with_the_last(phone: Phone, world: World, storage: Storage) -> None:
    created = phone.create()
    assert (created.status_code, created.headers["Location"]) == (201, phone.path)
    assert phone.offset() == 0
    first = phone.patch(0, 500)
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "500")
    assert "Upload-Expires" in first.headers
    assert phone.offset() == 500
    last = phone.patch(500)
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(phone.data)))

    media = media_of(world, phone.media_id)
    assert (media.status, media.kind, media.owner_user_id) == ("stored", "photo", world.people["officer"])
    assert media.organisation_id == world.organisations["sub_branch"]
    assert b"".join(in_chunks(storage.open(world.bank.tag, media.sha256))) == phone.data
    assert events(world, "media.stored") == [{"media_id": str(phone.media_id), "inspection_id": None}]
    assert storage.partial_size(world.bank.tag, phone.media_id) == 0


def test_creation_may_carry_all_bytes(phone: Phone, world: World) -> None:
    created = phone.create(phone.data)

    assert (created.status_code, created.headers["Upload-Offset"]) == (201, str(len(phone.data)))
    assert media_of(world, phone.media_id).status == "stored"


def test_the_same_id_again_answers_the_same_place(phone: Phone) -> None:
    phone.create(phone.data[:100])
    again = phone.create(phone.data[:100])
    assert (again.status_code, again.headers["Upload-Offset"]) == (201, "100")
    phone.patch(100)
    done = phone.create()
    assert (done.status_code, done.headers["Location"]) == (201, phone.path)
    assert done.headers["Upload-Offset"] == str(len(phone.data))
    assert phone.patch(len(phone.data)).status_code == 204


def test_the_same_id_for_other_bytes_is_a_conflict(phone: Phone) -> None:
    phone.create()
    answer = phone.create(sha256="0" * 64)
    assert (answer.status_code, answer.json["code"]) == (409, "media_declaration_differs")


def test_another_offset_is_a_conflict(phone: Phone) -> None:
    phone.create(phone.data[:100])
    answer = phone.patch(99)
    assert (answer.status_code, answer.json["code"]) == (409, "offset_mismatch")
    assert answer.json["upload_offset"] == 100


def test_longer_than_declared_is_refused_and_nothing_of_it_kept(phone: Phone) -> None:
    phone.create(phone.data[:100])
    answer = phone.patch(100, body=phone.data[100:] + b"more")
    assert (answer.status_code, answer.json["code"]) == (413, "media_too_large")
    assert phone.offset() == 100
    assert phone.patch(100).status_code == 204


def test_wrong_bytes_leave_the_slot_open(phone: Phone, world: World) -> None:
    phone.create()
    wrong = bytearray(phone.data)
    wrong[-1] ^= 1
    answer = phone.patch(0, body=bytes(wrong))
    assert (answer.status_code, answer.json["code"]) == (422, "media_hash_mismatch")
    assert media_of(world, phone.media_id).status == "declared"
    assert [event["reason"] for event in events(world, "media.refused")] == ["sha256_mismatch"]
    assert phone.offset() == 0
    assert phone.patch(0).status_code == 204
    assert media_of(world, phone.media_id).refused_reason is None


def test_html_declared_as_jpeg_is_refused_for_ever(client: FlaskClient, world: World) -> None:
    phone = Phone(client=client, headers=world.headers("officer"), data=b"<html><script>alert(1)</script>" * 9)
    answer = phone.create(phone.data)
    assert (answer.status_code, answer.json["code"]) == (410, "media_refused")
    assert media_of(world, phone.media_id).refused_reason == "type_mismatch"
    assert phone.head().status_code == 410
    assert phone.patch(0).status_code == 410


def test_a_chunk_with_a_wrong_checksum_is_thrown_away(phone: Phone) -> None:
    phone.create(phone.data[:100])
    right = base64.b64encode(hashlib.sha1(phone.data[100:300]).digest()).decode()  # noqa: S324 - tus' checksum
    bad = phone.patch(100, 299, **{"Upload-Checksum": f"sha1 {right}"})
    assert (bad.status_code, bad.json["code"], bad.json["status"]) == (460, "checksum_mismatch", 460)
    assert bad.headers["Tus-Resumable"] == "1.0.0"
    assert phone.offset() == 100
    assert phone.patch(100, 300, **{"Upload-Checksum": f"sha1 {right}"}).status_code == 204
    assert phone.patch(300, 301, **{"Upload-Checksum": "md5 YQ=="}).json["code"] == "checksum_algorithm_unknown"


def test_a_second_writer_is_told_to_wait_until_the_lease_ends(phone: Phone, world: World, clock: Clock) -> None:
    phone.create()
    with world.transaction() as ctx:
        lease = {"lease_token": uuid4(), "lease_until": ctx.now + timedelta(seconds=30)}
        ctx.session.add(MediaUpload(media_id=phone.media_id, expires_at=ctx.now, **lease))
    busy = phone.patch(0)
    assert (busy.status_code, busy.json["code"]) == (423, "upload_busy")
    assert phone.delete().status_code == 423
    clock.advance(seconds=30)
    assert phone.patch(0).status_code == 204


def test_bytes_that_nobody_judged_are_judged_at_the_next_question(phone: Phone, world: World, storage: Storage) -> None:
    phone.create()
    storage.append(world.bank.tag, phone.media_id, [phone.data], offset=0)

    assert phone.offset() == len(phone.data)
    assert media_of(world, phone.media_id).status == "stored"


def test_terminating_throws_the_bytes_away_and_keeps_the_slot(phone: Phone) -> None:
    phone.create(phone.data[:100])
    assert phone.delete().status_code == 204
    assert phone.offset() == 0
    phone.patch(0)
    kept = phone.delete()
    assert (kept.status_code, kept.json["code"]) == (409, "media_already_stored")


def test_forgotten_bytes_expire_and_the_slot_stays(phone: Phone, world: World, clock: Clock) -> None:
    phone.create(phone.data[:100])
    clock.advance(days=6)
    with world.transaction() as ctx:
        assert service.sweep(ctx) == 0
    clock.advance(days=1)
    with world.transaction() as ctx:
        assert service.sweep(ctx) == 1
    phone.headers = world.headers("officer")
    assert phone.offset() == 0
    assert phone.patch(0).status_code == 204


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"filetype": "image/svg+xml"}, 422, "media_type_unknown"),
        ({"length": 15_000_001}, 413, "media_too_large"),
        ({"length": 0}, 400, "upload_header_invalid"),
        ({"length": -1}, 400, "upload_header_invalid"),
        ({"id": "../../etc/passwd"}, 400, "upload_header_invalid"),
        ({"sha256": "zz"}, 400, "upload_header_invalid"),
    ],
)
def test_a_declaration_out_of_bounds_is_refused(phone: Phone, changed: dict[str, Any], status: int, code: str) -> None:
    answer = phone.create(**changed)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    assert phone.head().status_code == 404


def test_headers_out_of_the_protocol_are_refused(phone: Phone, client: FlaskClient) -> None:
    phone.create()
    old = client.patch(phone.path, headers={**phone.headers, "Tus-Resumable": "0.2.2", "Upload-Offset": "0"})
    assert (old.status_code, old.json["code"]) == (412, "tus_version_unknown")
    tus = {**phone.headers, "Tus-Resumable": "1.0.0"}
    assert client.patch(phone.path, headers=tus, data=b"x", content_type="image/jpeg").status_code == 415
    assert phone.patch(0, **{"Upload-Offset": "x"}).json["code"] == "upload_header_invalid"


def test_anonymous_and_roles_that_do_not_inspect_cannot_upload(phone: Phone, world: World) -> None:
    for headers, statuses in (
        ({}, [401, 401, 401, 401]),
        (world.headers("auditor"), [403, 404, 404, 404]),
        (world.headers("nobody"), [403, 404, 404, 404]),
    ):
        phone.headers = headers
        answers = [phone.create(), phone.head(), phone.patch(0), phone.delete()]
        assert [answer.status_code for answer in answers] == statuses


@pytest.mark.parametrize("stranger", ["colleague", "foreign_officer", "manager"])
def test_somebody_elses_media_is_not_there(phone: Phone, world: World, stranger: str) -> None:
    phone.create()
    owner, phone.headers = phone.headers, world.headers(stranger)
    answers = [phone.create(), phone.head(), phone.patch(0), phone.delete()]
    assert [answer.status_code for answer in answers] == [404] * 4
    phone.headers = owner
    assert phone.offset() == 0


def test_two_banks_with_the_same_ids_share_no_bytes(
    phone: Phone, world: World, other_world: World, client: FlaskClient, storage: Storage
) -> None:
    media_id = stored(phone)
    twin = Phone(client=client, headers=other_world.headers("officer"), data=phone.data, media_id=media_id)
    assert twin.head().status_code == 404
    assert twin.create().headers["Upload-Offset"] == "0"
    assert storage.find_size(other_world.bank.tag, hashlib.sha256(phone.data).hexdigest()) is None


# --- declaring in bulk


def bundle(world: World, media: Sequence[dict[str, Any]] = ({},), **changed: Any) -> service.Bundle:
    values: dict[str, Any] = {
        "owner_user_id": world.people["officer"],
        "organisation_id": world.organisations["sub_branch"],
        "inspection_id": uuid4(),
    }
    return service.Bundle(**values | changed, media=[row(**each) for each in media])


def row(**changed: Any) -> service.MediaRow:
    values: dict[str, Any] = {
        "id": uuid4(),
        "kind": "photo",
        "mime": "image/jpeg",
        "bytes": 10,
        "sha256": "a" * 64,
        "item_key": "photo_1",
        "captured": {"mono_ms": 5},
    }
    return service.MediaRow(**values | changed)


def test_many_are_declared_in_one_statement_and_again_without_effect(world: World, queries: Any) -> None:
    bundles = [bundle(world, [{}] * 10) for _ in range(20)]
    with world.transaction() as ctx:
        statements = queries()
        declared = service.declare_many(ctx, bundles)
        assert len(statements) == 1
        assert declared == {one.id: "declared" for each in bundles for one in each.media}
        assert service.declare_many(ctx, bundles) == declared
        assert service.declare_many(ctx, []) == {}


@pytest.mark.parametrize("changed", ["sha256", "owner_user_id", "inspection_id"])
def test_a_contradicting_declaration_is_missing_from_the_answer(world: World, changed: str) -> None:
    first, sha256 = bundle(world), "b" * 64 if changed == "sha256" else "a" * 64
    media = [{"id": first.media[0].id, "sha256": sha256}]
    terms = {"inspection_id": first.inspection_id, "owner_user_id": first.owner_user_id}
    other = {"owner_user_id": world.people["colleague"], "inspection_id": uuid4()}
    terms |= {name: value for name, value in other.items() if name == changed}
    with world.transaction() as ctx:
        service.declare_many(ctx, [first])
        assert service.declare_many(ctx, [bundle(world, media, **terms)]) == {}


def as_uploaded(world: World, phone: Phone) -> service.Bundle:
    sha256 = hashlib.sha256(phone.data).hexdigest()
    return bundle(world, [{"id": phone.media_id, "bytes": len(phone.data), "sha256": sha256}])


def test_bytes_may_come_before_the_operation(phone: Phone, world: World) -> None:
    media_id, late = stored(phone), as_uploaded(world, phone)
    assert late.inspection_id
    with world.transaction() as ctx:
        assert service.declare_many(ctx, [late]) == {media_id: "stored"}
        found = queries.of_inspections(ctx.session, [late.inspection_id, uuid4()])
        assert [(media.id, media.item_key) for media in found[late.inspection_id]] == [(media_id, "photo_1")]


def test_the_operation_may_come_before_the_bytes(phone: Phone, world: World) -> None:
    early = as_uploaded(world, phone)
    with world.transaction() as ctx:
        service.declare_many(ctx, [early])
    stored(phone)
    assert events(world, "media.stored") == [
        {"media_id": str(phone.media_id), "inspection_id": str(early.inspection_id)}
    ]


# --- looking


def test_a_thumbnail_is_shown_without_metadata(phone: Phone, world: World, client: FlaskClient) -> None:
    media_id = stored(phone)
    path = f"/api/v1/media/{media_id}/thumbnail"
    missing = client.get(path, headers=phone.headers)
    assert (missing.status_code, missing.json["code"]) == (404, "thumbnail_missing")
    with_thumbnail(world, media_id)
    for viewer in ("officer", "manager", "branch_manager", "auditor"):
        answer = client.get(path, headers=world.headers(viewer))
        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert answer.headers["Content-Disposition"].startswith("attachment")
    with Image.open(BytesIO(answer.data)) as image:
        assert max(image.size) == 512
    assert b"SecretPhone" not in answer.data


def test_a_thumbnail_out_of_scope_is_not_there(phone: Phone, world: World, client: FlaskClient) -> None:
    with_thumbnail(world, stored(phone))
    path = f"/api/v1/media/{phone.media_id}/thumbnail"
    for viewer in ("colleague", "foreign_manager", "foreign_officer", "nobody"):
        assert client.get(path, headers=world.headers(viewer)).status_code == 404
    assert client.get(path).status_code == 401


def test_viewing_an_original_leaves_a_trace(phone: Phone, world: World, client: FlaskClient) -> None:
    media_id = stored(phone)
    answer = client.get(f"/api/v1/media/{media_id}/original", headers=world.headers("manager"))
    assert (answer.status_code, answer.data) == (200, phone.data)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{media_id}.jpg"'
    assert events(world, "media.original_viewed") == [{"media_id": str(media_id)}]


def test_an_original_is_for_those_who_review(phone: Phone, world: World, client: FlaskClient) -> None:
    path = f"/api/v1/media/{stored(phone)}/original"
    expected = {"officer": 403, "foreign_manager": 404, "foreign_branch_manager": 404, "auditor": 200}
    for viewer, status in expected.items():
        assert client.get(path, headers=world.headers(viewer)).status_code == status
    assert client.get(path).status_code == 401
    phone.media_id, phone.data = uuid4(), jpeg(7)
    phone.create()
    missing = client.get(f"/api/v1/media/{phone.media_id}/original", headers=world.headers("manager"))
    assert (missing.status_code, missing.json["code"]) == (404, "media_not_stored")


def test_a_photo_that_cannot_be_decoded_is_flagged_and_kept(client: FlaskClient, world: World) -> None:
    phone = Phone(client=client, headers=world.headers("officer"), data=jpeg()[:300])
    with_thumbnail(world, stored(phone))
    flagged = events(world, "media.undecodable")
    assert {event["code"] for event in flagged} == {"image_unreadable"}
    assert media_of(world, phone.media_id).status == "stored"
