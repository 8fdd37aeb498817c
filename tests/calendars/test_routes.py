"""The endpoints of the workday calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

PATH = "/api/v1/calendar-years"
YEAR = {"year": 2026, "holidays": ["2026-01-02", "2026-01-01"], "workdays": ["2026-01-04"]}


def put(client: FlaskClient, world: World, user: str | None = "province_manager", **changes: Any) -> Any:
    headers = world.headers(user) if user else {}
    return client.put(PATH, json=YEAR | changes, headers=headers)


@pytest.mark.parametrize(
    ("user", "status"),
    [(None, 401), ("officer", 403), ("manager", 403), ("administrator", 200), ("province_manager", 200)],
)
def test_administrators_and_headquarters_bring_in_a_year(
    client: FlaskClient, world: World, user: str | None, status: int
) -> None:
    assert put(client, world, user).status_code == status


def test_the_same_year_again_takes_the_place_of_the_first(client: FlaskClient, world: World) -> None:
    put(client, world)
    put(client, world, holidays=["2026-01-01"])
    (year,) = client.get(PATH, headers=world.headers("officer")).json["items"]
    assert (year["year"], year["holidays"], year["workdays"]) == (2026, ["2026-01-01"], ["2026-01-04"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"year": 1999}, "year"),
        ({"holidays": ["2025-01-01"]}, "holidays"),
        ({"workdays": ["2026-01-05"]}, "workdays"),
        ({"holidays": "2026-01-01"}, "holidays"),
        ({"holidays": ["01.01.2026"]}, "holidays.0"),
    ],
)
def test_a_bad_year_is_refused_with_the_field(
    client: FlaskClient, world: World, changes: dict[str, Any], field: str
) -> None:
    answer = put(client, world, **changes)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
