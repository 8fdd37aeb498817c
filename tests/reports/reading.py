"""Reading reports as people do: a table, and the list behind each of its numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from checkpoints.models import Checkpoint
from inspection_api.inspections.models import Inspection
from tests.factories import pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from flask.testing import FlaskClient

    from tests.portfolio import Portfolio

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


def add_visit(portfolio: Portfolio, checkpoint_id: UUID, day: date | None, **changes: Any) -> UUID:
    """Write down a visit of a checkpoint as the row that its slice writes; it is an extra one unless told otherwise."""
    with portfolio.world.transaction() as ctx:
        checkpoint = ctx.session.get_one(Checkpoint, checkpoint_id)
        values: dict[str, Any] = {
            "checkpoint_id": checkpoint.id,
            "customer_id": checkpoint.customer_id,
            "organisation_id": checkpoint.organisation_id,
            "officer_id": checkpoint.officer_id,
            "template_version_id": portfolio.version_id,
            "state": "extra",
            "conclusion": "normal",
            "indicators": [],
            "performed_on": day,
            "performed_at": ctx.now,
            "accepted_at": ctx.now,
            **changes,
        }
        if values["state"] == "voided":
            reviewer = portfolio.world.people["second_province_manager"]
            values |= {"voided_by": reviewer, "voided_at": ctx.now, "void_reason": "检查不实"}
        visit = Inspection(**{"id": uuid4(), **values})
        ctx.session.add(visit)
        ctx.session.flush()
        return visit.id


def ask(client: FlaskClient, portfolio: Portfolio, user: str, report: str, **query: Any) -> Any:
    """Return the answer of a report's endpoint; ``organisation`` is named by its name, ``organisations`` by theirs."""
    if "organisations" in query:
        ids = [str(portfolio.world.organisations[name]) for name in query.pop("organisations")]
        query = {"organisation_ids": ids, **query}
    if "organisation" in query:
        query = {"organisation_id": str(portfolio.world.organisations[query.pop("organisation")]), **query}
    headers = portfolio.world.headers(user)
    return client.get(f"/api/v1/reports/{report}", query_string=query, headers=headers)


def numbers(table: dict[str, Any]) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Yield each number of a table with the list behind it: its path, and what it is asked."""
    rows = [*table["rows"], *([table["total"]] if table["total"] else [])]
    for row in rows:
        for column in table["columns"]:
            cell = row["cells"][column["key"]]
            asked = {**table["drill"], **row["drill"], **column["drill"]}
            parts = cell if isinstance(cell, dict) else {"numerator": cell}
            for part in ("numerator", "denominator"):
                if column[part] is not None:
                    yield parts[part], column["listing"], {**asked, "measure": column[part]}


def assert_every_number_is_as_long_as_its_list(
    client: FlaskClient, portfolio: Portfolio, user: str, table: dict[str, Any]
) -> int:
    """Return how many numbers were there that are not zero; an amount is the sum of its list's balances."""
    headers, found = portfolio.world.headers(user), list(numbers(table))
    for number, listing, asked in found:
        path = f"/api/v1/reports/{table['code']}/{listing}"
        rows = list(pages(client, path, headers, limit=3, **asked))
        listed = {json.dumps(row) for row in rows}
        sums = client.get(path, headers=headers, query_string={**asked, "limit": 1}).json["sums"]
        assert sums == {key: f"{sum(Decimal(row[key]) for row in rows):.2f}" for key in sums}, (listing, asked)
        told = Decimal(sums["balance"]) if isinstance(number, str) else len(rows)
        assert (told, len(listed)) == (Decimal(number), len(rows)), (listing, asked)
    return sum(Decimal(number) > 0 for number, *_ in found)
