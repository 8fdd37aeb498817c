from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from inspection_api.core.context import Assignment
from inspection_api.core.permissions import Role
from inspection_api.customers.rules import next_uscc
from inspection_api.imports.rules.decisions import decide
from inspection_api.imports.rules.known import Facts, Known, Person, Place
from inspection_api.imports.rules.tables import COLUMNS, Faults, Row, Table, letters

if TYPE_CHECKING:
    from inspection_api.imports.rules.outcome import Decisions

TODAY, FIRST, CAME = date(2026, 3, 10), date(2026, 1, 5), date(2026, 2, 1)
HOME, AWAY = Place(id=uuid4(), path="/1/2/"), Place(id=uuid4(), path="/1/3/")
USCC, OTHER = next_uscc(1), next_uscc(2)


def person(role: Role, path: str = "/1/2/") -> Person:
    return Person(id=uuid4(), assignments=(Assignment(role=role, organisation_id=uuid4(), path=path),))


PEOPLE = {
    "officer": person(Role.LOAN_OFFICER),
    "colleague": person(Role.LOAN_OFFICER),
    "stranger": person(Role.LOAN_OFFICER, "/1/3/"),
    "manager": person(Role.SUB_BRANCH_MANAGER),
}
BARE = {"contact": None, "phone": None, "address": None}
CUSTOMER = {
    "uscc": USCC,
    "name": "甲",
    "organisation": "A",
    "officer": "officer",
    "first_disbursed_on": FIRST,
    "since": CAME,
    **BARE,
}
LOAN = {
    "contract_no": "J1",
    "uscc": USCC,
    "amount": Decimal(5),
    "disbursed_on": FIRST,
    "matures_on": TODAY,
    "five_class": "normal",
    "rate": None,
    "repayment_method": None,
}
POINT = {
    "code": "P1",
    "name": "厂",
    "uscc": USCC,
    "kind": "premises",
    "organisation": "A",
    "officer": "officer",
    "backup_officer": None,
    "exception_handler": None,
    "address": None,
    "contact": None,
    "tags": ["甲", "乙"],
    "registered": None,
    "radius_m": 200,
    "effective_from": FIRST,
    "loans": ["J1"],
    "since": CAME,
}


def known(values: dict[str, Any], *, is_mine: bool = True, **changes: Any) -> Known:
    return Known(id=uuid4(), is_mine=is_mine, values={**values, **changes})


def row(table: Table, number: int = 2, **values: Any) -> Row:
    places = {column.name: letters(index) for index, column in enumerate(COLUMNS[table])}
    given = {name: value for name, value in values.items() if value is not None}
    return Row(table=table, number=number, places=places, values=given)


def facts(**more: Any) -> Facts:
    return Facts(today=TODAY, places={"A": HOME, "B": AWAY}, people=PEOPLE, **more)


def decided(*rows: Row, **more: Any) -> Decisions:
    return decide(rows, facts(**more), Faults())


def faults(*rows: Row, **more: Any) -> list[tuple[str, str]]:
    return [(fault.column, fault.code) for fault in decided(*rows, **more).faults.kept]


def customer(**changes: Any) -> Row:
    return row(Table.CUSTOMERS, **{"uscc": USCC, "name": "甲", "organisation": "A", **changes})


def loan(**changes: Any) -> Row:
    names = ("contract_no", "uscc", "amount", "disbursed_on", "matures_on")
    return row(Table.LOANS, **{**{name: LOAN[name] for name in names}, **changes})


def point(**changes: Any) -> Row:
    return row(Table.CHECKPOINTS, **{"code": "P1", "name": "厂", "uscc": USCC, **changes})


DAY = CAME - timedelta(days=1)
VISITED: dict[str, Any] = {"approving": ("/1/2/",), "families": {"paper": "plain", "paper2": "plain"}}


def visit(**changes: Any) -> Row:
    return row(Table.VISITS, **{"code": "P1", "performed_on": DAY, **changes})


def test_a_file_may_name_what_it_brings_itself_in_any_order() -> None:
    made = decided(
        point(loans=["J1"]), loan(), loan(contract_no="J2", disbursed_on=date(2025, 12, 1)), customer(officer="officer")
    )
    assert made.faults.count == 0
    (owner,) = made.by_table[Table.CUSTOMERS].creates
    owed = made.by_table[Table.LOANS].creates
    (place,) = made.by_table[Table.CHECKPOINTS].creates
    assert (owner["organisation_id"], owner["officer_id"]) == (HOME.id, PEOPLE["officer"].id)
    assert [each["customer_id"] for each in owed] == [owner["id"]] * 2
    assert owed[0]["five_class"] == "normal"
    assert (place["customer_id"], place["organisation_id"]) == (owner["id"], HOME.id)
    assert (place["officer_id"], place["loan_ids"]) == (PEOPLE["officer"].id, [owed[0]["id"]])
    assert (place["effective_from"], place["kind"], place["radius_m"]) == (date(2025, 12, 1), "premises", None)
    assert made.by_table[Table.CUSTOMERS].counts == {"created": 1, "updated": 0, "unchanged": 0}


def test_a_point_begins_with_its_day_else_the_first_loan_else_today() -> None:
    owners = {USCC: known(CUSTOMER), OTHER: known(CUSTOMER, uscc=OTHER, first_disbursed_on=None)}
    made = decided(
        point(effective_from=TODAY), point(code="P2"), point(code="P3", uscc=OTHER), customers=owners
    ).by_table[Table.CHECKPOINTS]
    assert [each["effective_from"] for each in made.creates] == [TODAY, FIRST, TODAY]


@pytest.mark.parametrize(
    ("approving", "expected"), [((), [("P", "back_dated")]), ((AWAY.path,), [("P", "back_dated")]), ((HOME.path,), [])]
)
def test_a_day_before_the_month_and_the_first_loan_needs_who_approves(
    approving: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    earlier = point(effective_from=FIRST - timedelta(days=1))
    assert faults(earlier, customers={USCC: known(CUSTOMER)}, approving=approving) == expected
    assert faults(point(effective_from=FIRST), customers={USCC: known(CUSTOMER)}, approving=approving) == []


def test_a_place_is_kept_as_it_came_and_in_wgs84() -> None:
    given = {"lon": 114.5, "lat": 38.0, "sys": "gcj02"}
    (made,) = decided(point(**given), customers={USCC: known(CUSTOMER)}).by_table[Table.CHECKPOINTS].creates
    assert made["registered_raw"] == given
    assert made["registered_lon"] != 114.5


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((customer(uscc="X"),), [("A", "uscc_invalid")]),
        ((customer(organisation="C"),), [("C", "unknown_organisation")]),
        ((customer(organisation=None),), []),
        ((customer(officer="stranger"),), [("D", "officer_unfit")]),
        ((customer(officer="ghost"),), [("D", "officer_unfit")]),
        ((customer(), customer()), [("A", "duplicate")]),
        ((customer(uscc=None),), []),
        ((loan(),), [("B", "unknown_customer")]),
        ((loan(uscc=None),), []),
        ((customer(), loan(matures_on=date(2025, 1, 1))), [("E", "loan_dates_invalid")]),
        ((customer(), loan(matures_on=None)), []),
        ((customer(organisation="C"), loan(), point(loans=["J1"])), [("C", "unknown_organisation")]),
        ((point(),), [("C", "unknown_customer")]),
        ((customer(), point(organisation="C")), [("E", "unknown_organisation")]),
        ((customer(), point(organisation="B", officer="colleague")), [("F", "officer_unfit")]),
        ((customer(), point(backup_officer="stranger")), [("G", "officer_unfit")]),
        ((customer(), point(exception_handler="officer")), [("H", "officer_unfit")]),
        ((customer(), point(loans=["J9"])), [("Q", "foreign_loan")]),
        ((customer(), point(lon=1.0)), [("N", "coordinate_incomplete")]),
        ((customer(), point(lon=38.0, lat=114.5, sys="wgs84")), [("L", "axis_swapped")]),
    ],
)
def test_what_a_new_thing_lacks_is_told_where_it_stands(rows: tuple[Row, ...], expected: list[Any]) -> None:
    assert faults(*rows) == expected


def test_what_a_table_repeats_changes_nothing() -> None:
    things = {
        "customers": {USCC: known(CUSTOMER)},
        "loans": {"J1": known(LOAN)},
        "checkpoints": {"P1": known(POINT)},
    }
    made = decided(
        row(
            Table.CUSTOMERS,
            **{name: value for name, value in CUSTOMER.items() if name not in {"first_disbursed_on", "since"}},
        ),
        row(Table.LOANS, **LOAN),
        row(Table.CHECKPOINTS, **{**POINT, "tags": ["乙", "甲"]}),
        visit(),
        visits=frozenset({("P1", DAY, "plain")}),
        **things,
        **VISITED,
    )
    assert made.faults.count == 0
    assert [each.counts for each in made.by_table.values()] == [{"created": 0, "updated": 0, "unchanged": 1}] * 4


def test_only_what_a_cell_says_changes() -> None:
    things = {"customers": {USCC: known(CUSTOMER, phone="1")}, "loans": {"J1": known(LOAN)}}
    points = {"P1": known(POINT, backup_officer="colleague"), "P2": known(POINT, code="P2")}
    made = decided(
        customer(name="乙"),
        loan(five_class="watch"),
        point(backup_officer="colleague", exception_handler="manager", radius_m=300, loans=["J1"]),
        point(code="P2", lon=114.5, lat=38.0, sys="wgs84", tags=["丙"]),
        checkpoints={**points, "P2": known(POINT, code="P2", loans=[])},
        **things,
    )
    assert made.faults.count == 0
    assert made.by_table[Table.CUSTOMERS].updates[0][1] == {
        "name": "乙",
        "contact": None,
        "phone": "1",
        "address": None,
    }
    assert made.by_table[Table.LOANS].updates[0][1]["five_class"] == "watch"
    assert made.by_table[Table.LOANS].updates[0][1]["amount"] == Decimal(5)
    first, second = (columns for _, columns in made.by_table[Table.CHECKPOINTS].updates)
    assert (first["radius_m"], first["exception_handler_id"]) == (300, PEOPLE["manager"].id)
    assert not {"backup_officer_id", "loan_ids", "registered_raw"} & set(first)
    assert (second["tags"], second["registered_lon"], second["radius_m"]) == (["丙"], 114.5, 200)


def test_loans_of_a_known_point_are_named_anew() -> None:
    owed = {"J1": known(LOAN), "J2": known(LOAN, contract_no="J2")}
    made = decided(
        point(loans=["J2", "J1"]), customers={USCC: known(CUSTOMER)}, loans=owed, checkpoints={"P1": known(POINT)}
    )
    ((_, columns),) = made.by_table[Table.CHECKPOINTS].updates
    assert columns["loan_ids"] == [owed["J2"].id, owed["J1"].id]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (customer(organisation="B"), [("C", "use_transfer")]),
        (customer(officer="colleague"), [("D", "use_assign")]),
        (loan(uscc=OTHER), [("B", "customer_differs")]),
        (point(uscc=OTHER), [("C", "customer_differs")]),
        (point(organisation="B"), [("E", "use_transfer")]),
        (point(officer="colleague"), [("F", "use_assign")]),
        (point(effective_from=TODAY), [("P", "fixed")]),
        (point(exception_handler="officer"), [("H", "officer_unfit")]),
    ],
)
def test_what_no_table_may_change_is_told(given: Row, expected: list[Any]) -> None:
    things = {
        "customers": {USCC: known(CUSTOMER), OTHER: known(CUSTOMER, uscc=OTHER)},
        "loans": {"J1": known(LOAN)},
        "checkpoints": {"P1": known(POINT)},
    }
    assert faults(given, **things) == expected


def test_what_is_another_branchs_is_taken_and_stays() -> None:
    things = {
        "customers": {USCC: known(CUSTOMER, is_mine=False)},
        "loans": {"J1": known(LOAN, is_mine=False)},
        "checkpoints": {"P1": known(POINT, is_mine=False)},
    }
    assert [code for _, code in faults(customer(), loan(), point(), **things)] == [
        "uscc_taken",
        "unknown_customer",
        "contract_taken",
        "unknown_customer",
        "checkpoint_code_taken",
    ]


def test_a_visit_from_before_the_system_is_a_checkpoints_of_one_day_and_family() -> None:
    made = decided(
        visit(),
        visit(template="paper"),  # the same family: once
        visit(performed_on=DAY - timedelta(days=1), channel="remote"),
        checkpoints={"P1": known(POINT)},
        **VISITED,
    )
    assert made.faults.count == 0
    decision = made.by_table[Table.VISITS]
    assert decision.counts == {"created": 2, "updated": 0, "unchanged": 1}
    first, second = decision.creates
    assert (first["performed_on"], first["channel"], first["template_family"]) == (DAY, "onsite", "plain")
    assert (second["channel"], second["checkpoint_id"]) == ("remote", first["checkpoint_id"])


def test_a_visit_may_be_of_a_checkpoint_that_the_file_brings() -> None:
    rows = (visit(performed_on=TODAY - timedelta(days=1)), point(), customer())
    made = decided(*rows, **VISITED)
    (new,), (seen,) = (made.by_table[table].creates for table in (Table.CHECKPOINTS, Table.VISITS))
    assert (made.faults.count, seen["checkpoint_id"]) == (0, new["id"])


KNOWN_POINT = {"checkpoints": {"P1": known(POINT)}}


@pytest.mark.parametrize(
    ("rows", "more", "expected"),
    [
        ([visit()], {}, [("A", "unknown_checkpoint")]),
        ([visit()], {"checkpoints": {"P1": known(POINT, is_mine=False)}}, [("A", "unknown_checkpoint")]),
        ([visit()], {"checkpoints": {"P1": known(POINT, organisation="closed")}}, [("A", "unknown_checkpoint")]),
        ([visit(), point(uscc=OTHER)], {}, [("C", "unknown_customer")]),  # told once, where it is wrong
        ([visit()], {**KNOWN_POINT, "approving": ("/1/3/",)}, [("A", "approver_needed")]),
        ([visit(performed_on=CAME)], KNOWN_POINT, [("B", "not_before_system")]),
        ([visit(template="moon")], KNOWN_POINT, [("D", "unknown_template")]),
        ([visit(template="moon", performed_on=None)], KNOWN_POINT, [("D", "unknown_template")]),
        ([visit()], {**KNOWN_POINT, "families": {"paper": "plain", "other": "other"}}, [("D", "unknown_template")]),
        ([visit(), visit()], KNOWN_POINT, [("A", "duplicate")]),
    ],
)
def test_what_spares_no_task_is_told_with_its_place(
    rows: list[Row], more: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert faults(*rows, **{**VISITED, **more}) == expected
