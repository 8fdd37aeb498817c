"""The floor of judging: the product, with the rules taken out of a visit's submission (performance.md).

Same server, login, signature, reads, rows, receipts, events and feed; what is missing is every question that
`sync/protocol/submit.py` asks: the plate, the place, the time, the assignment, the form, the media. Run as
``python -m tests.bench.unjudged``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from inspection_api.core.periods import local_day
from inspection_api.core.settings import Settings
from inspection_api.server import serve_forever
from sync import entities
from sync.entities import OperationKind
from sync.protocol.envelope import Submit
from sync.protocol.submit import VisitWrite
from sync.protocol.verdicts import Status, Verdict
from sync.protocol.visit import evidence_of

if TYPE_CHECKING:
    from sync.protocol.envelope import Operation
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step


def believe(facts: Facts, operation: Operation, payload: Submit, _step: Step) -> tuple[Verdict, VisitWrite]:
    """Take a visit for what it says it is."""
    return Verdict(status=Status.APPLIED, version=1), VisitWrite(
        row=_row(facts, operation, payload), media=tuple(payload.media)
    )


def _row(facts: Facts, operation: Operation, payload: Submit) -> dict[str, Any]:
    checkpoint = facts.checkpoints[payload.checkpoint_id]
    answers = {each.item: {"value": each.value, "note": each.note} for each in payload.answers}
    return {
        "id": operation.entity_id,
        "version": 1,
        "task_id": payload.task_id,
        "checkpoint_id": payload.checkpoint_id,
        "customer_id": checkpoint.customer_id,
        "organisation_id": checkpoint.organisation_id,
        "officer_id": facts.sender.user_id,
        "device_id": facts.sender.device_id,
        "template_version_id": payload.template_version_id,
        "channel": payload.channel,
        "quarantine_codes": (),
        "blockers": ("media",),
        "flags": (),
        "answers": answers,
        "note": None,
        "conclusion": answers["conclusion"]["value"],
        "indicators": (),
        "judgement": {},
        "evidence": evidence_of(operation, payload),
        "performed_at": payload.scan.at.wall,
        "performed_on": local_day(payload.scan.at.wall),
        "submitted_at": facts.sender.received_at,
        "submitted_seq": operation.seq,
    }


if __name__ == "__main__":
    entities.OPERATIONS["inspection.submit"] = OperationKind(msgspec.json.Decoder(Submit), believe)
    serve_forever(Settings.from_env(os.environ))
