"""检查记录: every filter alone and together, and every number is as long as its list."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.models import Checkpoint
from tests.reports.reading import MARCH, add_visit, ask, assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.portfolio import Portfolio


@pytest.fixture
def archive(desk: Portfolio) -> Portfolio:
    """Records of two customers and two officers in March, and what is no record of March."""
    one, two = desk.add_checkpoint(), desk.add_checkpoint("sibling", "colleague")
    add_visit(desk, one, date(2026, 3, 1), state="accepted", note="设备停用 50% 以上", indicators=["W01"])
    add_visit(desk, one, date(2026, 3, 9), excepted=True, note="现场信号差", conclusion="watch")
    add_visit(desk, two, date(2026, 3, 31), conclusion="watch", indicators=["W01", "W02"])
    add_visit(desk, two, date(2026, 4, 1))
    add_visit(desk, two, date(2026, 3, 9), state="voided")
    add_visit(desk, two, date(2026, 3, 9), state="refused", accepted_at=None, quarantine_codes=["outside"])
    return desk


def found(client: FlaskClient, archive: Portfolio, **filters: Any) -> list[str]:
    answer = ask(client, archive, "branch_manager", "records/visits", organisation="branch", **MARCH, **filters)
    assert answer.status_code == 200, answer.json
    return [row["performed_on"] for row in answer.json["items"]]


@pytest.mark.parametrize(
    ("filters", "days"),
    [
        ({}, [1, 9, 31]),
        ({"conclusion": "watch"}, [9, 31]),
        ({"indicator": "W01"}, [1, 31]),
        ({"indicator": "any", "conclusion": "watch"}, [31]),
        ({"excepted": "true"}, [9]),
        ({"excepted": "false"}, [1, 31]),
        ({"text": "信号"}, [9]),
        ({"text": "%"}, [1]),
        ({"text": "_"}, []),
        ({"measure": "extra"}, [9, 31]),
        ({"measure": "accepted", "conclusion": "watch"}, []),
    ],
)
def test_records_are_found_by_what_they_say(
    client: FlaskClient, archive: Portfolio, filters: dict[str, str], days: list[int]
) -> None:
    assert found(client, archive, **filters) == [f"2026-03-{day:02}" for day in days]


def test_records_are_found_by_whom_and_where(client: FlaskClient, archive: Portfolio) -> None:
    with archive.world.transaction() as ctx:
        code = Checkpoint.code == "CP000001"
        point = ctx.session.query(Checkpoint).where(code).one()
    for name in ("customer_id", "officer_id"):
        assert found(client, archive, **{name: str(getattr(point, name))}) == ["2026-03-31"]
    assert found(client, archive, checkpoint_id=str(point.id)) == ["2026-03-31"]
    assert found(client, archive, checkpoint_id=str(point.customer_id)) == []


@pytest.mark.parametrize(
    "filters", [{}, {"conclusion": "watch"}, {"excepted": "true"}, {"text": "信号", "excepted": "true"}]
)
def test_every_number_is_as_long_as_its_list(client: FlaskClient, archive: Portfolio, filters: dict[str, str]) -> None:
    table = ask(client, archive, "branch_manager", "records", organisation="branch", **MARCH, **filters).json
    assert assert_every_number_is_as_long_as_its_list(client, archive, "branch_manager", table) >= 3
    assert table["total"]["cells"]["any"] == len(found(client, archive, **filters))


def test_the_table_tells_exceptions_apart(client: FlaskClient, archive: Portfolio) -> None:
    table = ask(client, archive, "branch_manager", "records", organisation="branch", **MARCH).json
    assert {row["label"]: row["cells"] for row in table["rows"]} == {
        "sub_branch": {"any": 2, "accepted": 1, "extra": 1, "excepted": 1},
        "sibling": {"any": 1, "accepted": 0, "extra": 1, "excepted": 0},
    }
    assert [column["title"] for column in table["columns"]] == ["检查记录数", "完成任务", "额外检查", "其中特批"]


def test_an_officer_finds_what_he_inspected_himself(client: FlaskClient, archive: Portfolio) -> None:
    answer = ask(client, archive, "officer", "records/visits", organisation="sub_branch", **MARCH).json["items"]
    assert {row["officer_name"] for row in answer} == {"姓名officer"}
    assert len(answer) == 2
    assert (
        ask(client, archive, "colleague", "records", organisation="sub_branch", **MARCH).json["total"]["cells"]["any"]
        == 0
    )
