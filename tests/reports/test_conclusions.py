"""巡检结论统计表 and its matrix: every number is as long as its list, and a customer moves once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.reports.reading import MARCH, add_visit, ask, assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.portfolio import Portfolio

CONCLUSIONS = ("normal", "watch", "strong_watch", "exit")


@pytest.fixture
def concluded(desk: Portfolio) -> Portfolio:
    """Customers with a history: worse, better, new, of two checkpoints, of another branch."""
    worse, better, new = (desk.add_checkpoint() for _ in range(3))
    add_visit(desk, worse, date(2026, 1, 5), conclusion="strong_watch")
    add_visit(desk, worse, date(2026, 2, 28), conclusion="normal")
    add_visit(desk, worse, date(2026, 3, 1), conclusion="normal")
    add_visit(desk, worse, date(2026, 3, 31), conclusion="exit", state="accepted")
    add_visit(desk, better, date(2026, 2, 1), conclusion="watch", state="accepted")
    add_visit(desk, better, date(2026, 2, 2), conclusion="exit", state="voided")
    add_visit(desk, better, date(2026, 3, 9), conclusion="normal")
    add_visit(desk, better, date(2026, 4, 1), conclusion="exit")
    add_visit(desk, new, date(2026, 3, 9), conclusion="watch")
    add_visit(desk, new, date(2026, 3, 10), conclusion=None)
    add_visit(desk, desk.add_checkpoint("sibling", "colleague"), date(2026, 3, 3), conclusion="strong_watch")
    add_visit(desk, desk.add_checkpoint("foreign", "foreign_officer"), date(2026, 3, 3), conclusion="exit")
    return desk


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row["cells"][key] for key in (*CONCLUSIONS, "any"))


def test_conclusions_are_counted_by_organisation(client: FlaskClient, concluded: Portfolio) -> None:
    table = ask(client, concluded, "branch_manager", "conclusions", organisation="branch", **MARCH).json
    assert {row["label"]: counts(row) for row in table["rows"]} == {
        "sub_branch": (2, 1, 0, 1, 4),
        "sibling": (0, 0, 1, 0, 1),
    }
    assert counts(table["total"]) == (2, 1, 1, 1, 5)
    assert table["total"]["cells"]["normal_share"] == {"numerator": 2, "denominator": 5, "value": "0.4000"}
    assert [column["title"] for column in table["columns"]][3:6] == ["退出", "检查次数", "正常占比"]


def test_without_visits_a_share_has_no_value(client: FlaskClient, concluded: Portfolio) -> None:
    window = {"from": "2025-03-01", "to": "2025-03-31"}
    table = ask(client, concluded, "branch_manager", "conclusions", organisation="branch", **window).json
    assert table["total"]["cells"]["exit_share"] == {"numerator": 0, "denominator": 0, "value": None}


def test_customers_move_from_their_last_conclusion_before(client: FlaskClient, concluded: Portfolio) -> None:
    table = ask(client, concluded, "branch_manager", "migrations", organisation="branch", **MARCH).json
    assert {row["label"]: counts(row) for row in table["rows"]} == {
        "无": (0, 1, 1, 0, 2),
        "正常": (0, 0, 0, 1, 1),
        "关注": (1, 0, 0, 0, 1),
        "强烈关注": (0, 0, 0, 0, 0),
        "退出": (0, 0, 0, 0, 0),
    }
    assert counts(table["total"]) == (1, 1, 1, 1, 4)


def test_the_list_tells_the_move(client: FlaskClient, concluded: Portfolio) -> None:
    asked = {"organisation": "sub_branch", "measure": "exit", "before": "normal", **MARCH}
    (row,) = ask(client, concluded, "manager", "migrations/customers", **asked).json["items"]
    assert (row["name"], row["before_word"], row["after_word"]) == ("企业0", "正常", "退出")


def test_of_two_visits_of_a_day_the_later_accepted_concludes(client: FlaskClient, desk: Portfolio, clock: Any) -> None:
    point = desk.add_checkpoint()
    add_visit(desk, point, date(2026, 3, 9), conclusion="watch")
    clock.advance(minutes=-5)
    add_visit(desk, point, date(2026, 3, 9), conclusion="normal")
    clock.advance(minutes=5)
    table = ask(client, desk, "manager", "migrations", organisation="sub_branch", **MARCH).json
    assert counts(table["total"]) == (0, 1, 0, 0, 1)


@pytest.mark.parametrize("report", ["conclusions", "migrations"])
@pytest.mark.parametrize("organisation", ["province", "sub_branch"])
def test_every_number_is_as_long_as_its_list(
    client: FlaskClient, concluded: Portfolio, report: str, organisation: str
) -> None:
    table = ask(client, concluded, "province_manager", report, organisation=organisation, **MARCH).json
    assert assert_every_number_is_as_long_as_its_list(client, concluded, "province_manager", table) >= 10


@pytest.mark.parametrize(("report", "mine"), [("conclusions", 4), ("migrations", 3)])
def test_an_officer_counts_only_what_is_his(client: FlaskClient, concluded: Portfolio, report: str, mine: int) -> None:
    for user, number in (("officer", mine), ("foreign_officer", None)):
        answer = ask(client, concluded, user, report, organisation="sub_branch", **MARCH)
        if number is None:
            assert answer.status_code == 404
            continue
        assert answer.json["total"]["cells"]["any"] == number
        assert_every_number_is_as_long_as_its_list(client, concluded, user, answer.json)
