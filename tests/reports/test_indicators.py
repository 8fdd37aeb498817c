"""预警指示统计表: every number is as long as its list, customers count once, and nobody reads what is not his."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.reports.reading import add_visit, ask, assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.portfolio import Portfolio

QUARTER = {"from": "2026-01-15", "to": "2026-03-31"}


@pytest.fixture
def raised(desk: Portfolio) -> Portfolio:
    """One customer of the sub_branch with three visits, one of the sibling, one abroad, one of the branch itself."""
    one = desk.add_checkpoint()
    add_visit(desk, one, date(2026, 1, 14), indicators=["W09"])
    add_visit(desk, one, date(2026, 1, 20), indicators=["W01", "W04"])
    add_visit(desk, one, date(2026, 3, 2), indicators=["W01"], state="accepted")
    add_visit(desk, one, date(2026, 3, 3), indicators=["W01", "W10"])
    add_visit(desk, one, date(2026, 3, 4), indicators=["W02"], state="voided")
    add_visit(desk, one, date(2026, 3, 5), indicators=[])
    add_visit(desk, desk.add_checkpoint("sibling", "colleague"), date(2026, 3, 31), indicators=["W01"])
    add_visit(desk, desk.add_checkpoint("branch", "officer"), date(2026, 2, 1), indicators=["W03"])
    add_visit(desk, desk.add_checkpoint("foreign", "foreign_officer"), date(2026, 2, 1), indicators=["W05"])
    return desk


def shown(table: dict[str, Any]) -> dict[tuple[str, str], dict[str, int]]:
    """Return the numbers that are not zero, by organisation and period."""
    found = {}
    for row in table["rows"]:
        cells = {key: value for key, value in row["cells"].items() if value and key != "period"}
        if cells:
            found[row["label"], row["cells"]["period"]] = cells
    return found


def test_visits_are_counted_by_organisation_and_month(client: FlaskClient, raised: Portfolio) -> None:
    table = ask(client, raised, "branch_manager", "indicators", organisation="branch", **QUARTER).json
    assert shown(table) == {
        ("branch（本级）", "2026年2月"): {"W03": 1, "any": 1, "customers": 1},
        ("sub_branch", "2026年1月"): {"W01": 1, "W04": 1, "any": 1, "customers": 1},
        ("sub_branch", "2026年3月"): {"W01": 2, "W10": 1, "any": 2, "customers": 1},
        ("sibling", "2026年3月"): {"W01": 1, "any": 1, "customers": 1},
    }
    assert len(table["rows"]) == 9
    total = {key: value for key, value in table["total"]["cells"].items() if value}
    assert total == {"W01": 4, "W03": 1, "W04": 1, "W10": 1, "any": 5, "customers": 3}


def test_a_customer_counts_once_whatever_the_visits(client: FlaskClient, raised: Portfolio) -> None:
    asked = {"organisation": "sub_branch", "by": "year", "count": "customers", **QUARTER}
    table = ask(client, raised, "manager", "indicators", **asked).json
    assert shown(table) == {("sub_branch（本级）", "2026年"): {"W01": 1, "W04": 1, "W10": 1, "any": 3, "customers": 1}}


def test_the_columns_say_what_they_are(client: FlaskClient, raised: Portfolio) -> None:
    table = ask(client, raised, "manager", "indicators", organisation="sub_branch", by="quarter", **QUARTER).json
    titles = [column["title"] for column in table["columns"]]
    assert titles[:3] == ["期间", "W01 经营异常", "W02 他行授信逾期"]
    assert titles[-3:] == ["W10 带贷许可证失效", "有预警指示的检查数", "涉及企业数"]
    assert [row["cells"]["period"] for row in table["rows"]] == ["2026年第一季度"]


@pytest.mark.parametrize("count", ["visits", "customers"])
@pytest.mark.parametrize("by", ["month", "quarter", "year"])
def test_every_number_is_as_long_as_its_list(client: FlaskClient, raised: Portfolio, by: str, count: str) -> None:
    asked = {"organisation": "branch", "by": by, "count": count, **QUARTER}
    table = ask(client, raised, "province_manager", "indicators", **asked).json
    assert assert_every_number_is_as_long_as_its_list(client, raised, "province_manager", table) >= 15


def test_an_officer_counts_only_what_is_his(client: FlaskClient, raised: Portfolio) -> None:
    for user, number in (("officer", 3), ("colleague", 0)):
        table = ask(client, raised, user, "indicators", organisation="sub_branch", **QUARTER).json
        assert table["total"]["cells"]["any"] == number
        assert_every_number_is_as_long_as_its_list(client, raised, user, table)


def test_the_list_names_what_people_know(client: FlaskClient, raised: Portfolio) -> None:
    asked = {"organisation": "sub_branch", "measure": "W04", **QUARTER}
    (row,) = ask(client, raised, "manager", "indicators/visits", **asked).json["items"]
    assert (row["customer_name"], row["checkpoint_code"], row["officer_name"], row["organisation_name"]) == (
        *("企业0", "CP000000", "姓名officer", "sub_branch"),
    )
    assert (row["performed_on"], row["indicators"]) == ("2026-01-20", ["W01", "W04"])
    assert row["indicator_words"] == ["W01 经营异常", "W04 实控人失联或不配合"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "2026-01-01"}, "report_window_invalid"),
        ({"from": "1999-12-31"}, "report_window_invalid"),
        ({"to": "2100-01-01"}, "report_window_invalid"),
        ({"to": "2031-01-01"}, "report_too_long"),
        ({"by": "day"}, "invalid"),
        ({"count": "loans"}, "invalid"),
    ],
)
def test_a_broken_question_is_refused(
    client: FlaskClient, raised: Portfolio, change: dict[str, str], code: str
) -> None:
    answer = ask(client, raised, "manager", "indicators", organisation="sub_branch", **{**QUARTER, **change})
    assert (answer.status_code, answer.json["code"]) == (422, code)
