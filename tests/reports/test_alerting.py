"""预警统计表: alerts by level and standing, also for those who read nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from inspection_api.accounts.models import AccessGrant
from inspection_api.alerts.models import Alert
from inspection_api.customers.models import Customer
from tests.reports.reading import MARCH, ask, assert_every_number_is_as_long_as_its_list

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.portfolio import Portfolio

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def raise_alert(desk: Portfolio, organisation: str, day: date, level: int, **changes: Any) -> UUID:
    desk.add_checkpoint(organisation, None)
    with desk.world.transaction() as ctx:
        customer = ctx.session.scalars(select(Customer).order_by(Customer.uscc.desc()).limit(1)).one()
        values: dict[str, Any] = {
            "rule": "work_stopped",
            "customer_id": customer.id,
            "organisation_id": customer.organisation_id,
            "level": level,
            "subject_date": day,
            "episode": 1,
            "condition": "active",
            "handling": "new",
            "numbers": {},
            "first_seen_on": day,
            "last_seen_on": day,
            "count": 1,
            "created_at": NOW,
        }
        alert = Alert(**values | changes)
        ctx.session.add(alert)
        ctx.session.flush()
        return alert.id


@pytest.fixture
def alarmed(desk: Portfolio) -> Portfolio:
    by = {"handled_by": desk.world.people["risk_manager"], "handled_at": NOW}
    raise_alert(desk, "sub_branch", date(2026, 3, 1), 3)
    raise_alert(desk, "sub_branch", date(2026, 3, 31), 3, handling="confirmed", **by)
    raise_alert(desk, "sub_branch", date(2026, 4, 1), 3)
    cleared = {"condition": "cleared", "cleared_on": date(2026, 3, 9)}
    raise_alert(desk, "sibling", date(2026, 3, 5), 1, handling="false_alarm", **cleared, **by)
    raise_alert(desk, "foreign", date(2026, 3, 5), 2)
    return desk


@pytest.mark.parametrize("user", ["province_manager", "service_manager"])
def test_alerts_are_counted_by_level_and_standing(client: FlaskClient, alarmed: Portfolio, user: str) -> None:
    table = ask(client, alarmed, user, "alerts", organisation="branch", **MARCH).json
    found = {row["label"]: {key: cell for key, cell in row["cells"].items() if cell} for row in table["rows"]}
    assert found == {
        "sub_branch": {"any": 2, "suspicious": 2, "active": 2, "new": 1, "confirmed": 1},
        "sibling": {"any": 1, "notice": 1, "false_alarm": 1},
    }
    assert table["total"]["cells"]["any"] == 3
    assert assert_every_number_is_as_long_as_its_list(client, alarmed, user, table) >= 15


def test_an_officer_counts_the_alerts_that_he_holds(client: FlaskClient, alarmed: Portfolio) -> None:
    held = raise_alert(alarmed, "sub_branch", date(2026, 3, 9), 2)
    with alarmed.world.transaction() as ctx:
        ctx.session.add(AccessGrant(user_id=alarmed.world.people["officer"], entity="alert", entity_id=held))
    table = ask(client, alarmed, "officer", "alerts", organisation="sub_branch", **MARCH).json
    assert {key: cell for key, cell in table["total"]["cells"].items() if cell} == {
        "any": 1,
        "warning": 1,
        "active": 1,
        "new": 1,
    }
    assert_every_number_is_as_long_as_its_list(client, alarmed, "officer", table)


def test_the_list_says_it_in_words(client: FlaskClient, alarmed: Portfolio) -> None:
    asked = {"organisation": "sibling", "measure": "any", **MARCH}
    (row,) = ask(client, alarmed, "risk_manager", "alerts/alerts", **asked).json["items"]
    assert (row["title"], row["level_word"], row["condition_word"], row["handling_word"]) == (
        *("停工预警", "关注", "已解除", "误报"),
    )
