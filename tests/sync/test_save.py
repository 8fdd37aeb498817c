"""What a late operation of a device may still change in a draft that its own later one has written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from checkpoints.rules.lifecycle import State as CheckpointState
from checkpoints.rules.values import AssignedSpan, CheckpointFacts
from inspection_api.inspections.rules import FieldChange, State
from inspection_api.templates.default_template import DEFINITION
from inspection_api.templates.forms import compile_form
from sync.entities import OPERATIONS
from sync.protocol.envelope import decode_operation
from sync.protocol.facts import Facts, PublishedTemplate, Record, Sender
from sync.protocol.order import Step, Turn
from sync.protocol.save import judge_save
from sync.protocol.verdicts import Status

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
DEVICE, USER, POINT, TEMPLATE, RECORD = (uuid4() for _ in range(5))


def facts(changed_by_seq: int) -> Facts:
    """A draft whose note this device wrote with ``changed_by_seq``."""
    checkpoint = CheckpointFacts(
        id=POINT,
        code="CP-1",
        public_id="P",
        customer_id=uuid4(),
        organisation_id=uuid4(),
        officer_id=USER,
        state=CheckpointState.ACTIVE,
        radius_m=200,
        plate_generation=1,
        location_generation=1,
    )
    record = Record(
        id=RECORD,
        officer_id=USER,
        checkpoint_id=POINT,
        organisation_id=checkpoint.organisation_id,
        device_id=DEVICE,
        state=State.DRAFT,
        version=2,
        answers={},
        note="后",
        changes={"note": FieldChange(version=2, device_id=str(DEVICE), seq=changed_by_seq)},
    )
    sender = Sender(
        user_id=USER,
        device_id=DEVICE,
        is_approved=True,
        since=NOW,
        samples=(),
        bank_tag="0" * 8,
        plate_key=b"",
        received_at=NOW,
    )
    template = PublishedTemplate(form=compile_form(DEFINITION), family="plain_paper")
    return Facts(
        sender=sender,
        checkpoints={POINT: checkpoint},
        reachable=frozenset({POINT}),
        assignments={POINT: [AssignedSpan(officer_id=USER, valid_from=NOW - timedelta(days=1))]},
        templates={TEMPLATE: template},
        records={RECORD: record},
        stored_versions={RECORD: 2},
    )


def save(known: Facts, **payload: Any) -> tuple[Any, Any]:
    body = {"checkpoint_id": str(POINT), "template_version_id": str(TEMPLATE), **payload}
    raw = {
        "op_id": str(uuid4()),
        "seq": 5,
        "op_format": 1,
        "type": "inspection.save",
        "entity_id": str(RECORD),
        "captured": {"wall": NOW.isoformat()},
        "payload": body,
    }
    operation = decode_operation(json.dumps(raw).encode()).operation
    assert operation is not None
    decoded = OPERATIONS["inspection.save"].payload.decode(operation.payload)
    return judge_save(known, operation, decoded, Step(turn=Turn.JUDGE))


@pytest.mark.parametrize(("seq", "status", "note"), [(9, Status.SUPERSEDED, "后"), (3, Status.APPLIED, "先")])
def test_an_own_later_operation_wins_over_an_earlier_one_that_comes_late(seq: int, status: Status, note: str) -> None:
    verdict, write = save(facts(seq), note="先")
    assert (verdict.status, write.row["note"]) == (status, note)


def test_a_record_of_another_officer_is_unknown() -> None:
    known = facts(3)
    known.records[RECORD] = replace(known.records[RECORD], officer_id=uuid4())
    assert save(known, note="先")[0].status is Status.REJECTED
