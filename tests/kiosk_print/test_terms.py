"""How long and how often: set for an organisation, inherited below it, and never moving a window that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kiosk_print.rules.window import closings, open_window

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk


def put(client: FlaskClient, desk: Desk, place: str, user: str = "province_manager", **terms: Any) -> Any:
    path = f"/api/v1/organisations/{desk.world.organisations[place]}/print-terms"
    body = {"window_days": 7, "prints_per_window": 5} | terms
    return client.put(path, json=body, headers=desk.world.headers(user))


def show(client: FlaskClient, desk: Desk, place: str) -> Any:
    path = f"/api/v1/organisations/{desk.world.organisations[place]}/print-terms"
    return client.get(path, headers=desk.world.headers("province_manager")).json


def test_without_a_word_it_is_seven_days_and_five_prints(client: FlaskClient, desk: Desk) -> None:
    assert show(client, desk, "sub_branch") == {"window_days": 7, "prints_per_window": 5}


def test_the_nearest_word_above_counts(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    put(client, desk, "province", window_days=10)
    put(client, desk, "branch", window_days=2, prints_per_window=1)
    assert show(client, desk, "sub_branch") == {"window_days": 2, "prints_per_window": 1}
    near, far = desk.accept(), desk.accept("foreign", "foreign_officer")
    for visit_id, officer, days in ((near, "officer", 2), (far, "foreign_officer", 10)):
        closes_at = open_window(1, clock.now, days).closes_at.isoformat()
        assert desk.paper(client, visit_id, officer)["closes_at"] == closes_at
    assert [desk.print(client, near).status_code for _ in range(2)] == [201, 409]


def test_a_window_that_is_open_keeps_its_end(client: FlaskClient, desk: Desk) -> None:
    visit_id = desk.accept()
    before = desk.paper(client, visit_id)["closes_at"]
    put(client, desk, "province", window_days=1)
    assert desk.paper(client, visit_id)["closes_at"] == before


@pytest.mark.parametrize(
    ("terms", "field"), [({"window_days": 0}, "window_days"), ({"window_days": 61}, "window_days"),
                         ({"prints_per_window": 51}, "prints_per_window")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(client: FlaskClient, desk: Desk, terms: dict[str, int], field: str) -> None:
    refused = put(client, desk, "province", **terms)
    assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, [field])


def test_only_the_province_sets_them_for_its_own(client: FlaskClient, desk: Desk) -> None:
    assert put(client, desk, "branch", "branch_manager").status_code == 403
    assert put(client, desk, "province").status_code == 200


def test_the_nth_closing_is_that_of_n_days(clock: Clock) -> None:
    assert closings(clock.now)[6] == open_window(1, clock.now, 7).closes_at
