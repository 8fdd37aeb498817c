"""分行检查表, 支行检查明细, 机构对比 and 检查趋势: every number is as long as its list, and parents add up."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from inspection_api.tasks import service as tasks
from inspection_api.tasks.models import Task
from inspection_api.tasks.rules import Visit
from tests.reports.reading import MARCH, add_visit, ask, assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.portfolio import Portfolio


def closing(point: UUID, inspection_id: UUID | None = None) -> Visit:
    return Visit(
        inspection_id=inspection_id or uuid4(), checkpoint_id=point, performed_on=date(2026, 3, 9),
        template_family="plain_paper", channel="onsite",
    )  # fmt: skip


@pytest.fixture
def busy(desk: Portfolio, clock: Clock) -> Portfolio:
    """On 20 April: in March two of the sub_branch's three tasks and one of the sibling's two were done."""
    mine = [desk.add_checkpoint() for _ in range(3)]
    theirs = [desk.add_checkpoint("sibling", "colleague") for _ in range(2)]
    desk.add_checkpoint("foreign", "foreign_officer")
    desk.create_rule()
    desk.generate()
    visit = add_visit(desk, mine[0], date(2026, 3, 9), indicators=["W01", "W04"], conclusion="watch")
    add_visit(desk, theirs[0], date(2026, 3, 9))
    with desk.world.transaction() as ctx:
        tasks.close(ctx, [closing(mine[0], visit), closing(mine[1]), closing(theirs[0])])
    clock.advance(days=41)
    desk.generate()
    return desk


def rates(row: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return the rates of a row that have a denominator."""
    found = {key: cell for key, cell in row["cells"].items() if isinstance(cell, dict)}
    return {key: (cell["numerator"], cell["denominator"]) for key, cell in found.items() if cell["denominator"]}


def test_branch_checks_show_who_holds_tasks_by_month(client: FlaskClient, busy: Portfolio) -> None:
    table = ask(client, busy, "province_manager", "branch_checks", organisation="province", year=2026).json
    assert [(row["label"], row["cells"]["above"], rates(row)) for row in table["rows"]] == [
        ("sub_branch", "branch", {"2026-03-01": (2, 3), "year": (2, 3)}),
        ("sibling", "branch", {"2026-03-01": (1, 2), "year": (1, 2)}),
        ("foreign", "other_branch", {"2026-03-01": (0, 1), "year": (0, 1)}),
    ]
    assert rates(table["total"]) == {"2026-03-01": (3, 6), "year": (3, 6)}
    assert [column["title"] for column in table["columns"]] == [
        "上级机构", *(f"{number}月" for number in range(1, 13)), "全年"
    ]  # fmt: skip


def test_organisations_stand_side_by_side(client: FlaskClient, busy: Portfolio) -> None:
    chosen = ["sibling", "branch", "foreign"]
    table = ask(client, busy, "province_manager", "comparison", organisations=chosen, year=2026).json
    assert [column["title"] for column in table["columns"]] == chosen
    ids = [str(busy.world.organisations[name]) for name in chosen]
    assert [row["label"] for row in table["rows"]] == [f"{number}月" for number in range(1, 13)]
    assert [rates(row) for row in table["rows"]][1:4] == [{}, dict(zip(ids, [(1, 2), (3, 5), (0, 1)], strict=True)), {}]
    assert rates(table["total"]) == dict(zip(ids, [(1, 2), (3, 5), (0, 1)], strict=True))


@pytest.mark.parametrize(
    ("user", "chosen", "status"),
    [
        ("branch_manager", ["sub_branch", "sibling"], 200),
        ("branch_manager", ["sub_branch", "foreign"], 404),
        ("province_manager", ["sub_branch"], 422),
        ("province_manager", ["sub_branch", "sub_branch"], 422),
        ("nobody", ["sub_branch", "sibling"], 403),
    ],
)
def test_whom_to_compare_follows_role_and_subtree(
    client: FlaskClient, busy: Portfolio, user: str, chosen: list[str], status: int
) -> None:
    assert ask(client, busy, user, "comparison", organisations=chosen, year=2026).status_code == status


def test_comparing_more_takes_the_same_queries(
    client: FlaskClient, busy: Portfolio, queries: Callable[[], list[str]]
) -> None:
    counts = []
    for chosen in (["sibling", "foreign"], list(busy.world.organisations)):
        ids = [str(busy.world.organisations[name]) for name in chosen]
        headers = busy.world.headers("province_manager")
        seen = queries()
        query = {"organisation_ids": ids, "year": 2026}
        client.get("/api/v1/reports/comparison", query_string=query, headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 6


def test_details_tell_how_every_task_stands(client: FlaskClient, busy: Portfolio) -> None:
    with busy.world.transaction() as ctx:
        theirs = Task.organisation_id == busy.world.organisations["sibling"]
        april = Task.due_on > date(2026, 4, 1)
        ctx.session.execute(update(Task).where(theirs, april).values(state="cancelled", reason="exit"))
    window = {"from": "2026-03-01", "to": "2026-04-30"}
    table = ask(client, busy, "branch_manager", "details", organisation="branch", **window).json
    found = {row["label"]: {key: cell for key, cell in row["cells"].items() if cell} for row in table["rows"]}
    assert found == {
        "sub_branch": {"any": 6, "done": 2, "overdue": 1, "pending": 3},
        "sibling": {"any": 4, "done": 1, "overdue": 1, "cancelled": 2},
    }
    assert assert_every_number_is_as_long_as_its_list(client, busy, "branch_manager", table) >= 12


def test_a_detail_names_what_people_know_and_what_the_visit_found(client: FlaskClient, busy: Portfolio) -> None:
    asked = {"organisation": "sub_branch", "measure": "done", **MARCH}
    row = next(row for row in ask(client, busy, "manager", "details/tasks", **asked).json["items"] if row["conclusion"])
    assert (row["checkpoint_code"], row["checkpoint_name"], row["customer_name"]) == ("CP000000", "经营场所0", "企业0")
    assert (row["officer_name"], row["organisation_name"]) == ("姓名officer", "sub_branch")
    assert (row["period_start"], row["due_on"], row["performed_on"]) == ("2026-03-01", "2026-03-31", "2026-03-09")
    assert (row["standing_word"], row["inspection_type_word"], row["conclusion_word"]) == ("按期完成", "存量", "关注")
    assert row["indicators"] == ["W01", "W04"]


def test_details_without_a_measure_are_all_tasks(client: FlaskClient, busy: Portfolio) -> None:
    listed = ask(client, busy, "manager", "details/tasks", organisation="sub_branch", **MARCH).json["items"]
    assert sorted(row["standing_word"] for row in listed) == ["已逾期", "按期完成", "按期完成"]


def test_a_series_has_a_point_for_every_period(client: FlaskClient, busy: Portfolio) -> None:
    window = {"from": "2026-03-09", "to": "2026-04-02"}
    table = ask(client, busy, "branch_manager", "series", organisation="branch", by="week", **window).json
    assert [row["label"] for row in table["rows"]] == [f"2026年第{number}周" for number in (11, 12, 13, 14)]
    first, last = table["rows"][0], table["rows"][-1]
    assert (first["cells"]["visits"], first["cells"]["raised"]) == (2, 1)
    assert (rates(first), rates(last)) == ({}, {"completion": (3, 5), "on_time": (3, 5)})
    assert last["drill"] == {"from": "2026-03-30", "to": "2026-04-02"}
    assert table["chart"]["shape"] == "lines"
    assert (table["total"]["cells"]["visits"], rates(table["total"])["completion"]) == (2, (3, 5))


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_a_series_adds_up_and_every_number_is_as_long_as_its_list(
    client: FlaskClient, busy: Portfolio, by: str
) -> None:
    window = {"from": "2026-03-05", "to": "2026-04-03"}
    table = ask(client, busy, "branch_manager", "series", organisation="branch", by=by, **window).json
    assert assert_every_number_is_as_long_as_its_list(client, busy, "branch_manager", table) >= 10
    for key in ("visits", "raised"):
        assert table["total"]["cells"][key] == sum(row["cells"][key] for row in table["rows"])


@pytest.mark.parametrize(("days", "status"), [("2027-02-04", 200), ("2027-02-05", 422)])
def test_a_series_has_at_most_400_points(client: FlaskClient, busy: Portfolio, days: str, status: int) -> None:
    asked = {"organisation": "branch", "from": "2026-01-01", "to": days}
    answer = ask(client, busy, "branch_manager", "series", **asked)
    assert answer.status_code == status
    assert len(answer.json.get("rows", ())) in {0, 400}


@pytest.mark.parametrize("user", ["province_manager", "branch_manager"])
@pytest.mark.parametrize("report", ["branch_checks", "comparison"])
def test_every_number_is_as_long_as_its_list(client: FlaskClient, busy: Portfolio, user: str, report: str) -> None:
    about: dict[str, Any] = {"organisation": "branch"}
    if report == "comparison":
        about = {"organisations": ["branch", "sub_branch", "sibling"]}
    table = ask(client, busy, user, report, year=2026, **about).json
    assert assert_every_number_is_as_long_as_its_list(client, busy, user, table) >= 12


def test_an_officer_counts_only_what_is_his(client: FlaskClient, busy: Portfolio) -> None:
    for user, number in (("officer", (2, 3)), ("colleague", (0, 0))):
        year = ask(client, busy, user, "branch_checks", organisation="sub_branch", year=2026).json
        cell = year["total"]["cells"]["year"]
        assert (cell["numerator"], cell["denominator"]) == number
        details = ask(client, busy, user, "details", organisation="sub_branch", **MARCH).json
        assert details["total"]["cells"]["any"] == number[1]
        series = ask(client, busy, user, "series", organisation="sub_branch", by="month", **MARCH).json
        assert rates(series["total"]).get("completion", (0, 0)) == number
        for table in (year, details, series):
            assert_every_number_is_as_long_as_its_list(client, busy, user, table)
