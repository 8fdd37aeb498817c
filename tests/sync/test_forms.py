"""A form that people wrote through the editor: what it demands is demanded of the visits made with it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from inspection_api.accounts.models import RoleAssignment
from inspection_api.inspections.models import Inspection
from tests.sync.offices import store_media

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.sync.offices import Office
    from tests.sync.phone import Phone, Street

AUDIO = {"kind": "audio", "mime": "audio/mp4"}
ILL = {"item": "ill", "one_of": [True]}
SECOND = {"kind": "second_person", "item": "witness"}
ITEMS: list[dict[str, Any]] = [
    {"key": "ill", "type": "yes_no", "required": True, "indicator": {"code": "W01", "adverse": [True]}},
    {"key": "why", "type": "text", "required_if": ILL},
    {
        "key": "told",
        "type": "yes_no",
        "required": True,
        "visible_if": ILL,
        "evidence": [{"kind": "audio", "min_seconds": 20}],
    },
    {"key": "gate", "type": "media", "required_if": {"any_indicator": True}},
    {"key": "staff", "type": "number", "decimals": 0, "minimum": "1", "maximum": "5000", "media_limits": {"photo": 1}},
    {"key": "stock", "type": "yes_no", "evidence": [{"kind": "photo", "min_count": 2}, SECOND]},
    {"key": "witness", "type": "text"},
    {"key": "deed", "type": "yes_no", "evidence": [{"kind": "document_number", "item": "deed_no"}]},
    {"key": "deed_no", "type": "text"},
    {"key": "since", "type": "date"},
    {"key": "until", "type": "date", "required_action": "查看租赁合同原件", "verification": "登记合同编号，双人核实"},
]
FORM: dict[str, Any] = {
    "title": "简表",
    "groups": [{"key": "g", "label": "情况"}],
    "items": [{"group": "g", "label": item["key"], **item} for item in ITEMS],
    "rules": [{"kind": "ordered", "items": ["since", "until"]}],
}


class Desk:
    """Two people who write a form and publish it."""

    def __init__(self, client: FlaskClient, world: World) -> None:
        self.client, self.world = client, world

    def call(self, method: str, path: str, who: str, json: Any = None, version: int | None = None) -> Any:
        match = {} if version is None else {"If-Match": f'"{version}"'}
        headers = self.world.headers(who) | match
        return self.client.open(f"/api/v1{path}", method=method, json=json, headers=headers)

    def template(self) -> str:
        body = {"code": "short", "name": "简表", "family": "plain_paper"}
        return str(self.call("POST", "/templates", "province_manager", body).json["id"])

    def published(self, template_id: str, **changes: Any) -> UUID:
        body = {"definition": FORM | changes}
        draft = self.call("POST", f"/templates/{template_id}/versions", "risk_manager", body).json
        path = f"/template-versions/{draft['id']}"
        proposed = self.call("POST", f"{path}/propose", "risk_manager", version=draft["version"]).json
        answer = self.call("POST", f"{path}/publish", "province_manager", version=proposed["version"])
        assert (answer.status_code, answer.json["status"]) == (200, "published")
        return UUID(draft["id"])


@pytest.fixture
def editors(client: FlaskClient, world: World) -> Desk:
    return Desk(client, world)


@pytest.fixture
def template_id(editors: Desk) -> str:
    return editors.template()


@pytest.fixture
def version(editors: Desk, street: Street, template_id: str) -> UUID:
    """The form is published, and is what the street is visited with."""
    street.portfolio.version_id = editors.published(template_id)
    return street.portfolio.version_id


def visit(phone: Phone, street: Street, answers: dict[str, Any], *media: dict[str, Any]) -> dict[str, Any]:
    sent = [{"item": item, "value": value} for item, value in answers.items()]
    return phone.submit(street.add(), answers=sent, media=list(media))


def judged(world: World, operation: dict[str, Any]) -> tuple[dict[str, str], set[tuple[str, str, int]]]:
    """Return what is wrong with a visit's answers, and which proofs it lacks (item, kind, how many are there)."""
    with world.transaction() as ctx:
        judgement = ctx.session.get_one(Inspection, UUID(operation["entity_id"])).judgement or {}
    wrong = {item: fault["code"] for item, fault in judgement.get("wrong_answers", {}).items()}
    return wrong, {(each["item"], each["kind"], each["found"]) for each in judgement.get("evidence_missing", ())}


CALM: dict[str, Any] = {"ill": False}
SICK: dict[str, Any] = {"ill": True, "why": "停产", "told": True}


def test_a_form_written_by_people_reaches_the_phones_with_all_that_it_says(phone: Phone, version: UUID) -> None:
    changes = phone.pull()["changes"]
    (held,) = [each["d"] for each in changes if each["e"] == "template_version" and each["id"] == str(version)]
    assert held["definition"] == FORM


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        (CALM, {}),
        (CALM | {"told": True}, {}),
        ({}, {"ill": "required"}),
        ({"ill": True}, {"why": "required", "told": "required"}),
        (CALM | {"staff": "0"}, {"staff": "out_of_range"}),
        (CALM | {"staff": 5001}, {"staff": "out_of_range"}),
        (CALM | {"staff": "1.5"}, {"staff": "too_many_decimals"}),
        (CALM | {"since": "2026-02-01", "until": "2026-01-31"}, {"until": "not_in_order"}),
        (CALM | {"since": "2026-02-01", "until": "2026-02-01"}, {}),
    ],
    ids=str,
)
@pytest.mark.usefixtures("version")
def test_answers_are_judged_by_the_form(
    phone: Phone, street: Street, world: World, answers: dict[str, Any], wrong: dict[str, str]
) -> None:
    sent = visit(phone, street, answers)
    (result,) = phone.push(sent)
    assert ("answers_invalid" in result.get("codes", ())) is bool(wrong)
    assert judged(world, sent)[0] == wrong


@pytest.mark.parametrize(
    ("answers", "media", "missing"),
    [
        (CALM, [], set()),
        (SICK, [], {("told", "audio", 0), ("gate", "photo", 0)}),
        (SICK, [("told", AUDIO | {"seconds": 19.9}), ("gate", {})], {("told", "audio", 0)}),
        (SICK, [("told", AUDIO | {"seconds": 20}), ("gate", {})], set()),
        (CALM | {"stock": True}, [("stock", {})], {("stock", "photo", 1), ("stock", "second_person", 0)}),
        (CALM | {"stock": True, "witness": "李四"}, [("stock", {}), ("stock", {})], set()),
        (CALM | {"deed": True}, [], {("deed", "document_number", 0)}),
        (CALM | {"deed": True, "deed_no": "已看"}, [], {("deed", "document_number", 0)}),
        (CALM | {"deed": True, "deed_no": "冀（2019）第001号"}, [], set()),
    ],
)
@pytest.mark.usefixtures("version")
def test_a_failing_item_says_which_proof_it_lacks(
    phone: Phone,
    street: Street,
    world: World,
    answers: dict[str, Any],
    media: list[tuple[str, dict[str, Any]]],
    missing: set[tuple[str, str, int]],
) -> None:
    sent = visit(phone, street, answers, *(phone.photo(item, **changes) for item, changes in media))
    (result,) = phone.push(sent)
    assert ("evidence_missing" in result.get("codes", ())) is bool(missing)
    assert judged(world, sent) == ({}, missing)
    store_media(world)
    with world.transaction() as ctx:
        stored = ctx.session.get_one(Inspection, UUID(sent["entity_id"]))
        assert (stored.state, "media" in stored.blockers) == (("submitted", True) if missing else ("extra", False))


@pytest.mark.parametrize(("item", "limit"), [("staff", 1), ("gate", 9)])
@pytest.mark.usefixtures("version")
def test_more_media_of_a_kind_than_the_form_takes_are_refused(
    phone: Phone, street: Street, world: World, item: str, limit: int
) -> None:
    enough, many = (
        visit(phone, street, CALM, *(phone.photo(item) for _ in range(count))) for count in (limit, limit + 1)
    )
    phone.push(enough, many)
    assert judged(world, enough)[0] == {}
    assert judged(world, many)[0] == {item: "too_many_media"}


OF_RISK = {"key": "risk", "group": "g", "label": "风控", "type": "media", "required": True, "roles": ["risk_manager"]}


@pytest.mark.parametrize(("last_day", "asked"), [(date(2026, 3, 10), True), (date(2026, 3, 9), False)], ids=str)
def test_an_item_for_a_role_is_asked_of_whoever_held_it_on_the_day_of_the_visit(
    phone: Phone, street: Street, world: World, editors: Desk, template_id: str, last_day: date, *, asked: bool
) -> None:
    street.portfolio.version_id = editors.published(template_id, items=[*FORM["items"], OF_RISK])
    held = {"user_id": world.people["officer"], "organisation_id": world.organisations["sub_branch"]}
    with world.transaction() as ctx:
        days = {"valid_from": date(2026, 3, 1), "valid_to": last_day}
        ctx.session.add(RoleAssignment(role="risk_manager", **held, **days))
    bare, proved = visit(phone, street, CALM), visit(phone, street, CALM, phone.photo("risk"))
    phone.push(bare, proved)
    assert judged(world, bare) == ({}, {("risk", "photo", 0)} if asked else set())
    assert judged(world, proved) == ({}, set())
    store_media(world)
    with world.transaction() as ctx:
        states = [ctx.session.get_one(Inspection, UUID(each["entity_id"])).state for each in (bare, proved)]
    assert states == ["submitted" if asked else "extra", "extra"]


@pytest.mark.parametrize(("role", "kept"), [("loan_officer", True), ("risk_manager", False)])
def test_an_amendment_answers_only_what_the_visitor_was_asked(
    phone: Phone,
    street: Street,
    world: World,
    editors: Desk,
    template_id: str,
    office: Office,
    role: str,
    *,
    kept: bool,
) -> None:
    remark = {"key": "remark", "group": "g", "label": "说明", "type": "text", "roles": [role]}
    street.portfolio.version_id = editors.published(template_id, items=[*FORM["items"], remark])
    sent = visit(phone, street, CALM)
    phone.push(sent)
    more = {"answers": [{"item": "remark", "value": "补充"}], "note": "改"}
    phone.push(phone.operation("inspection.amend", sent["entity_id"], more))
    assert office.decide("approver", office.waiting()[0]["op_id"]).status_code == 200
    with world.transaction() as ctx:
        stored = ctx.session.get_one(Inspection, UUID(sent["entity_id"]))
        assert (stored.note, "remark" in stored.answers) == ("改", kept)


def test_a_visit_is_judged_for_ever_by_the_version_it_was_made_with(
    phone: Phone, street: Street, world: World, editors: Desk, template_id: str, version: UUID
) -> None:
    old = visit(phone, street, CALM)
    stricter = [item | {"required": True} if item["key"] == "staff" else item for item in FORM["items"]]
    street.portfolio.version_id = editors.published(template_id, items=stricter)
    new = visit(phone, street, CALM)
    assert [result["status"] for result in phone.push(old, new)] == ["extra", "quarantined"]
    assert (judged(world, old)[0], judged(world, new)[0]) == ({}, {"staff": "required"})
    for each in (version, street.portfolio.version_id):
        gone = editors.call("DELETE", f"/template-versions/{each}", "province_manager")
        assert (gone.status_code, gone.json["code"]) == (409, "version_published")
