"""What must hold for every report and every list behind one, and so for the next ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from marshmallow.validate import OneOf

from inspection_api.reports.catalogue import REPORTS
from inspection_api.reports.queries import READ_ALERTS
from tests.reports.reading import MARCH, ask, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from marshmallow import Schema

    from tests.portfolio import Portfolio

QUERIES = {report.code: report.query for report in REPORTS if report.code != "comparison"} | {
    f"{report.code}/{listing.path}": listing.query for report in REPORTS for listing in report.lists
}
"""All but the report of several organisations."""
SEEN = [
    ("province_manager", "province", 200),
    ("auditor", "other_branch", 200),
    ("approver", "branch", 200),
    ("risk_manager", "province", 200),
    ("officer", "sub_branch", 200),
    ("manager", "branch", 404),
    ("foreign_branch_manager", "branch", 404),
    ("officer", "foreign", 404),
    ("administrator", "province", 403),
    ("nobody", "sub_branch", 403),
]
OF_ALERTS = {report.code for report in REPORTS if report.permission == READ_ALERTS}
BROKEN = [{"to": "2026-02-28"}, {"from": "March"}, {"to": "2100-01-01"}, {"day": "1"}, {"organisation_id": "x"}]
BROKEN_MONTHS = [{"month": "2026-13"}, {"month": "March"}, {"day": "1"}, {"organisation_id": "x"}]
BROKEN_YEARS = [{"year": "1999"}, {"year": "2100"}, {"year": "March"}, {"day": "1"}, {"organisation_id": "x"}]


def plausible(query: type[Schema]) -> dict[str, Any]:
    """Return what a question needs beside its organisation."""
    fields = query().fields
    when: dict[str, dict[str, Any]] = {"start": dict(MARCH), "month": {"month": "2026-03"}, "year": {"year": 2026}}
    found = next(days for name, days in when.items() if name in fields)
    for name, field in fields.items():
        choices = next((rule.choices for rule in field.validators if isinstance(rule, OneOf)), None)
        if field.required and choices:
            found[name] = next(iter(choices))
    return found


@pytest.fixture
def tasked(desk: Portfolio) -> Portfolio:
    """Tasks in two branches."""
    for organisation, officer in (("sub_branch", "officer"), ("sibling", "colleague"), ("foreign", "foreign_officer")):
        desk.add_checkpoint(organisation, officer)
    desk.create_rule()
    desk.generate()
    return desk


@pytest.mark.parametrize("path", QUERIES)
def test_reports_follow_role_and_subtree(client: FlaskClient, desk: Portfolio, path: str) -> None:
    asked, others = plausible(QUERIES[path]), 200 if path.split("/", maxsplit=1)[0] in OF_ALERTS else 403
    for user, organisation, status in [*SEEN, ("service_manager", "province", others)]:
        answer = ask(client, desk, user, path, organisation=organisation, **asked)
        assert answer.status_code == status, (user, organisation)


@pytest.mark.parametrize("path", QUERIES)
def test_a_broken_question_is_refused(client: FlaskClient, desk: Portfolio, path: str) -> None:
    plain = plausible(QUERIES[path])
    for change in BROKEN if "from" in plain else BROKEN_MONTHS if "month" in plain else BROKEN_YEARS:
        asked = {**plain, **change}
        answer = ask(client, desk, "manager", path, organisation="sub_branch", **asked)
        assert answer.status_code == 422, change
        assert [error["field"] for error in answer.json["errors"]] == list(change)


@pytest.mark.parametrize("path", QUERIES)
def test_any_number_of_organisations_takes_the_same_queries(
    client: FlaskClient, tasked: Portfolio, queries: Callable[[], list[str]], path: str
) -> None:
    counts = []
    for organisation in ("sub_branch", "province"):
        asked, headers = plausible(QUERIES[path]), tasked.world.headers("province_manager")
        query = {"organisation_id": str(tasked.world.organisations[organisation]), **asked}
        seen = queries()
        client.get(f"/api/v1/reports/{path}", query_string=query, headers=headers)
        counts.append(len(seen))
        assert sum("force_custom_plan" in statement for statement in seen) == 1
    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.code)
def test_every_number_has_a_list_or_two(client: FlaskClient, tasked: Portfolio, report: Any) -> None:
    about = {"organisations": ["branch", "foreign"]} if report.code == "comparison" else {"organisation": "province"}
    table = ask(client, tasked, "auditor", report.code, **about, **plausible(report.query)).json
    shown = [column for column in table["columns"] if column["kind"] in {"rate", "count", "amount"}]
    known = {listing.path for listing in report.lists}
    assert shown
    if report.code == "month_end":  # of a frozen coverage nobody kept the list
        shown = [column for column in shown if column["key"] not in {"checkpoints", "customers", "balance"}]
    assert {column["listing"] for column in shown} <= known
    assert all(column["numerator"] for column in shown)
    assert all((column["kind"] == "rate") == (column["denominator"] is not None) for column in shown)
    assert table["headline"] in {column["key"] for column in table["columns"]}
    assert set(table["chart"]["columns"]) <= {column["key"] for column in shown}
    keys = [row["key"] for row in table["rows"]]
    assert len(keys) == len(set(keys))
    assert list(numbers(table))


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.code)
def test_every_list_of_a_report_of_names_says_what_its_columns_are_called(report: Any) -> None:
    for listing in report.lists:
        if listing.out.__name__.endswith("RowSchema"):
            titles = [field.metadata.get("title") for field in listing.out().fields.values()]
            told = [title for title in titles if title]
            assert len(told) == len(set(told)) >= 3


def test_the_catalogue_lists_what_one_may_read(client: FlaskClient, desk: Portfolio) -> None:
    listed = client.get("/api/v1/reports", headers=desk.world.headers("manager")).json["items"]
    assert [(row["code"], row["path"]) for row in listed] == [(row.code, f"/reports/{row.code}") for row in REPORTS]
    assert len({row["title"] for row in listed}) == len(REPORTS)
    lists = {each["path"]: each["columns"] for each in listed[0]["lists"]}
    assert lists["tasks"][0] == {"key": "checkpoint_code", "title": "检查点编号"}
    of_alerts = client.get("/api/v1/reports", headers=desk.world.headers("service_manager")).json["items"]
    assert [row["code"] for row in of_alerts] == ["alerts"]
    assert client.get("/api/v1/reports", headers=desk.world.headers("administrator")).status_code == 403
    for user, explains, exports in (
        ("manager", True, True),
        ("officer", True, False),
        ("auditor", False, True),
        ("approver", False, False),
    ):
        answer = client.get("/api/v1/reports", headers=desk.world.headers(user)).json
        assert (answer["may_explain_tasks"], answer["may_export_lists"]) == (explains, exports), user
