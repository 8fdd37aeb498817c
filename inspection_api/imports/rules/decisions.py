"""What is to be done about each row: a new thing, a change of a known one, nothing, or a fault.

Nothing is written before every row of every table is decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints.coordinates import CoordinateSystem, ensure_point
from checkpoints.rules import joining, plate
from inspection_api.core.errors import Problem
from inspection_api.core.ids import new_id
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers.rules import fits, is_uscc
from inspection_api.imports.rules.changes import EDITABLE, checkpoint_columns, decide_known
from inspection_api.imports.rules.outcome import Decisions, Owner, Point
from inspection_api.imports.rules.tables import KEYS, ONSITE, Faults, Row, Table
from inspection_api.loans.rules import FiveClass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from inspection_api.imports.rules.known import Facts, Known, Place

PERFORM = Permission(Action.ONSITE, "perform")
HANDLE = Permission(Action.TASKS, "edit")


def decide(rows: Iterable[Row], facts: Facts, faults: Faults) -> Decisions:
    """Return what all rows come to: customers, loans, checkpoints, then visits, whatever the order of the sheets."""
    decisions = Decisions(facts=facts, faults=faults)
    decisions.owners.update({uscc: _owner_of(known) for uscc, known in facts.customers.items()})
    decisions.loans.update({number: (known.id, known.values["uscc"]) for number, known in facts.loans.items()})
    decisions.visits.update(facts.visits)
    decisions.points.update({code: _point_of(facts, known) for code, known in facts.checkpoints.items()})
    by_table: dict[Table, list[Row]] = {table: [] for table in Table}
    for row in rows:
        by_table[row.table].append(row)
    for table, step in _STEPS.items():
        seen: set[tuple[Any, ...]] = set()
        for row in by_table[table]:
            key = row.values.get(KEYS[table])
            whole = (key, *(row.values.get(name) for name in _FURTHER_KEYS.get(table, ())))
            if key is not None and whole in seen:
                decisions.refuse(row, KEYS[table], "duplicate", "本表中重复")
            elif key is not None:
                seen.add(whole)
                step(decisions, row, key)
    return decisions


_FURTHER_KEYS = {Table.VISITS: ("performed_on", "template")}


def _owner_of(known: Known) -> Owner:
    names = ("organisation", "officer", "first_disbursed_on", "since")
    return Owner(id=known.id, is_mine=known.is_mine, **{name: known.values[name] for name in names})


def _point_of(facts: Facts, known: Known) -> Point | None:
    place = facts.places.get(known.values["organisation"]) if known.is_mine else None
    return Point(id=known.id, path=place.path, since=known.values["since"]) if place else None


def _customer(decisions: Decisions, row: Row, uscc: str) -> None:
    before = decisions.faults.count
    known = decisions.facts.customers.get(uscc)
    if not is_uscc(uscc):
        decisions.refuse(row, "uscc", "uscc_invalid", "应为 18 位统一社会信用代码，且校验码正确（GB 32100-2015）")
    if known is not None:
        decide_known(decisions, row, known)
        return
    place = _place(decisions, row, row.values.get("organisation"))
    officer = _person(decisions, row, "officer", place, PERFORM)
    made: dict[str, Any] = {"id": new_id(), "uscc": uscc, "officer_id": officer}
    if place is None or decisions.faults.count > before:
        decisions.owners[uscc] = None
        return
    made |= {"organisation_id": place.id, **{name: row.values.get(name) for name in EDITABLE[Table.CUSTOMERS]}}
    decisions.by_table[Table.CUSTOMERS].creates.append(made)
    decisions.owners[uscc] = Owner(
        id=made["id"],
        is_mine=True,
        organisation=row.values["organisation"],
        officer=row.values.get("officer"),
        first_disbursed_on=None,
        since=decisions.facts.today,
    )


def _loan(decisions: Decisions, row: Row, number: str) -> None:
    before = decisions.faults.count
    disbursed_on, matures_on = row.values.get("disbursed_on"), row.values.get("matures_on")
    if disbursed_on is not None and matures_on is not None and matures_on < disbursed_on:
        decisions.refuse(row, "matures_on", "loan_dates_invalid", "到期日不能早于放款日")
    owner = _owner(decisions, row)
    known = decisions.facts.loans.get(number)
    if known is not None:
        decide_known(decisions, row, known)
        return
    if owner is None or decisions.faults.count > before:
        return
    values = {"five_class": FiveClass.NORMAL.value, **row.values}
    made: dict[str, Any] = {"id": new_id(), "contract_no": number, "customer_id": owner.id}
    made |= {name: values.get(name) for name in EDITABLE[Table.LOANS]}
    decisions.by_table[Table.LOANS].creates.append(made)
    decisions.loans[number] = (made["id"], row.values["uscc"])
    _begin_earlier(decisions, row.values["uscc"], owner, disbursed_on)


def _begin_earlier(decisions: Decisions, uscc: str, owner: Owner, disbursed_on: date | None) -> None:
    """Let the owner's first day be that of its first loan."""
    days = [day for day in (owner.first_disbursed_on, disbursed_on) if day is not None]
    decisions.owners[uscc] = Owner(
        id=owner.id,
        is_mine=owner.is_mine,
        organisation=owner.organisation,
        officer=owner.officer,
        first_disbursed_on=min(days, default=None),
        since=owner.since,
    )


def _checkpoint(decisions: Decisions, row: Row, code: str) -> None:
    before = decisions.faults.count
    owner = _owner(decisions, row)
    known = decisions.facts.checkpoints.get(code)
    decisions.points.setdefault(code, None)
    if not _register(decisions, row):
        return
    loan_ids = _loans(decisions, row) if owner is not None else []
    if known is not None:
        place = decisions.facts.places.get(known.values["organisation"])
        changed = {name: may for name, may in HELPERS.items() if row.values.get(name) != known.values[name]}
        people = {name: _person(decisions, row, name, place, may) for name, may in changed.items()}
        decide_known(decisions, row, known, people, loan_ids)
        return
    if owner is None:
        return
    place = _place(decisions, row, row.values.get("organisation", owner.organisation))
    row.values.setdefault("officer", owner.officer)
    people = {name: _person(decisions, row, name, place, may) for name, may in (("officer", PERFORM), *HELPERS.items())}
    _first_day(decisions, row, owner, place)
    if place is None or decisions.faults.count > before:
        return
    made: dict[str, Any] = {"id": new_id(), "code": code, "customer_id": owner.id, "organisation_id": place.id}
    made |= {"public_id": plate.next_public_id(), "loan_ids": loan_ids, **checkpoint_columns({}, row.values)}
    made |= {f"{name}_id": person for name, person in people.items()}
    made["effective_from"] = row.values.get("effective_from") or owner.first_disbursed_on or decisions.facts.today
    decisions.by_table[Table.CHECKPOINTS].creates.append(made)
    decisions.points[code] = Point(id=made["id"], path=place.path, since=owner.since)


def _visit(decisions: Decisions, row: Row, code: str) -> None:
    """Decide about a visit from before the system (domain.md §1.7): it may spare a checkpoint its first task.

    So it takes somebody who may approve, and nothing of what the system itself would have seen.
    """
    before = decisions.faults.count
    point, day = decisions.points.get(code), row.values.get("performed_on")
    if point is None:
        if code not in decisions.points or code in decisions.facts.checkpoints:
            decisions.refuse(row, "code", "unknown_checkpoint", "检查点不存在，或不在您的管辖范围内")
        return
    if not point.path.startswith(decisions.facts.approving):
        decisions.refuse(row, "code", "approver_needed", "历史检查可免除首期任务，须由有权审批的人员导入")
    if day is not None and day >= point.since:
        decisions.refuse(row, "performed_on", "not_before_system", f"只能导入客户建档（{point.since}）之前的检查")
    family = _family(decisions, row)
    if day is None or family is None or decisions.faults.count > before:
        return
    decided = decisions.by_table[Table.VISITS]
    if (code, day, family) in decisions.visits:
        decided.unchanged += 1
        return
    decisions.visits.add((code, day, family))
    channel = row.values.get("channel", ONSITE)
    made = {"id": new_id(), "checkpoint_id": point.id, "performed_on": day, "channel": channel}
    decided.creates.append(made | {"template_family": family})


def _family(decisions: Decisions, row: Row) -> str | None:
    """Return the family of the row's template; where the bank has but one, that."""
    families, code = decisions.facts.families, row.values.get("template")
    if code is None and len(set(families.values())) == 1:
        return next(iter(families.values()))
    if code not in families:
        decisions.refuse(row, "template", "unknown_template", "没有该检查模板")
    return families.get(code or "")


def _first_day(decisions: Decisions, row: Row, owner: Owner, place: Place | None) -> None:
    """Refuse a back-dated first day of whoever needs another's approval for it."""
    today, day = decisions.facts.today, row.values.get("effective_from")
    is_approver = place is not None and place.path.startswith(decisions.facts.approving)
    known_from = owner.first_disbursed_on or today
    if day is not None and not is_approver and joining.is_back_dated(day, known_from=known_from, today=today):
        decisions.refuse(row, "effective_from", "back_dated", joining.BACK_DATED)


HELPERS = {"backup_officer": PERFORM, "exception_handler": HANDLE}


def _register(decisions: Decisions, row: Row) -> bool:
    """Make one value of the three of a coordinate; return whether they are one, or none."""
    parts = [row.values.get(name) for name in ("lon", "lat", "sys")]
    if all(part is None for part in parts):
        return True
    if any(part is None for part in parts):
        decisions.refuse(row, "sys", "coordinate_incomplete", "经度、纬度、坐标系须同时填写")
        return False
    try:
        ensure_point(parts[0], parts[1], CoordinateSystem(parts[2]))  # type: ignore[arg-type]  # none of them is None
    except Problem as problem:
        decisions.refuse(row, "lon", problem.code, problem.title)
        return False
    row.values["registered"] = tuple(parts)
    return True


def _loans(decisions: Decisions, row: Row) -> list[UUID]:
    found = [decisions.loans.get(number) for number in row.values.get("loans", [])]
    if any(loan is None or loan[1] != row.values.get("uscc") for loan in found):
        decisions.refuse(row, "loans", "foreign_loan", "借据不存在或不属于该客户")
    return [loan[0] for loan in found if loan is not None]


def _owner(decisions: Decisions, row: Row) -> Owner | None:
    """Return the row's customer; one that is itself at fault in this file is not told again."""
    uscc = row.values.get("uscc")
    if uscc is None:
        return None
    owner = decisions.owners.get(uscc)
    if uscc not in decisions.owners or (owner is not None and not owner.is_mine):
        decisions.refuse(row, "uscc", "unknown_customer", "客户不存在，或不在您的管辖范围内")
        return None
    return owner


def _place(decisions: Decisions, row: Row, code: str | None) -> Place | None:
    place = decisions.facts.places.get(code or "")
    if place is None and code is not None:
        decisions.refuse(row, "organisation", "unknown_organisation", "机构不存在，或不在您的管辖范围内")
    return place


def _person(decisions: Decisions, row: Row, name: str, place: Place | None, may: Permission) -> UUID | None:
    """Return who the row names; he must have a role at the place that may do what he is named for."""
    username = row.values.get(name)
    if username is None or place is None:
        return None
    person = decisions.facts.people.get(username)
    if person is None or not fits(person.assignments, place.path, may):
        decisions.refuse(row, name, "officer_unfit", "该人员不存在、已停用，或在此机构没有相应角色")
        return None
    return person.id


_STEPS = {
    Table.CUSTOMERS: _customer,
    Table.LOANS: _loan,
    Table.CHECKPOINTS: _checkpoint,
    Table.VISITS: _visit,
}
