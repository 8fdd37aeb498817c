"""The label sheet endpoint: anonymous, wrong role, other organisation, invalid, good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pypdfium2
import pytest
import zxingcpp

from checkpoints.rules import plate
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World

PATH = "/api/v1/checkpoints/labels"


@pytest.fixture
def points(world: World) -> list[UUID]:
    portfolio = Portfolio(world)
    return [portfolio.add_checkpoint(public_id=plate.next_public_id()) for _ in range(3)]


def ask(client: FlaskClient, world: World, user: str | None, ids: list[Any], **more: Any) -> Any:
    headers = world.headers(user) if user else {}
    return client.post(PATH, json={"checkpoint_ids": [str(each) for each in ids], **more}, headers=headers)


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("officer", 403),
        ("auditor", 403),
        ("administrator", 403),
        ("foreign_manager", 404),
        ("manager", 200),
        ("province_manager", 200),
    ],
)
def test_managers_print_the_plates_of_their_subtree(
    client: FlaskClient, world: World, points: list[UUID], user: str | None, status: int
) -> None:
    assert ask(client, world, user, points).status_code == status


@pytest.mark.parametrize("more", [{"layout": "a3"}, {"checkpoint_ids": []}, {"checkpoint_ids": ["x"]}, {"dpi": 203}])
def test_a_bad_request_prints_nothing(
    client: FlaskClient, world: World, points: list[UUID], more: dict[str, Any]
) -> None:
    assert ask(client, world, "manager", points, **more).status_code == 422


def test_one_unknown_checkpoint_refuses_the_sheet(client: FlaskClient, world: World, points: list[UUID]) -> None:
    assert ask(client, world, "manager", [*points, uuid4()]).status_code == 404


@pytest.mark.parametrize(("layout", "pages"), [("grid", 1), ("single", 3)])
def test_the_sheet_carries_the_genuine_plates(
    client: FlaskClient, world: World, points: list[UUID], layout: str, pages: int
) -> None:
    answer = ask(client, world, "manager", [*points, points[0]], layout=layout)
    assert answer.mimetype == "application/pdf"
    with pypdfium2.PdfDocument(answer.data) as document:
        images = [page.render(scale=203 / 72, grayscale=True).to_pil() for page in document]
    texts = {found.text for image in images for found in zxingcpp.read_barcodes(image)}
    key = world.bank.derived_key(plate.KEY_PURPOSE)
    assert len(images) == pages
    assert len(texts) == 3
    for text in texts:
        assert plate.ensure_genuine(text, bank_tag=world.bank.tag, key=key).generation == 1


def test_two_sheets_cost_the_same_queries(
    client: FlaskClient, world: World, points: list[UUID], queries: Callable[[], list[str]]
) -> None:
    counts = []
    headers = world.headers("manager")
    for some in (points[:1], points):
        seen = queries()
        client.post(PATH, json={"checkpoint_ids": [str(each) for each in some]}, headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5
