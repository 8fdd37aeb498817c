"""Endpoints of meters and their readings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from inspection_api.core.context import Context
from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.compression import bounded_body
from inspection_api.http.runtime import Caller
from inspection_api.http.schemas import page_of
from inspection_api.telemetry import queries, schemas, service
from inspection_api.telemetry.models import Meter
from inspection_api.telemetry.service import Receipt

INGEST = Permission(Action.TELEMETRY, "ingest")
DEVICES = Permission(Action.ALERT_RULES, "devices")
MAX_BATCH_BYTES = 4 << 20

blp = Blueprint("telemetry", "表计与读数")


@blp.post("/telemetry/readings", permission=INGEST, out=schemas.ReceiptSchema, streamed=True)
@blp.doc(requestBody={"required": True, "content": {"application/json": {"schema": schemas.BatchInput}}})
def ingest(caller: Caller) -> Receipt:
    """Store a batch of my meters' readings; bad rows are named one by one, the same batch again changes nothing."""
    rows = schemas.read_batch(bounded_body(MAX_BATCH_BYTES))
    with caller.transaction() as ctx:
        return service.ingest(ctx, rows)


@blp.post("/meters", permission=DEVICES, body=schemas.MeterInput, out=schemas.MeterSchema, status=201)
def create_meter(ctx: Context, **values: Any) -> Meter:
    """Put a meter of an enterprise behind a gateway."""
    return service.create_meter(ctx, **values)


@blp.get("/meters", permission=queries.READ, query=schemas.MeterQuery, out=page_of(schemas.MeterSchema))
def list_meters(ctx: Context, *, limit: int, cursor: str | None, customer_id: UUID | None) -> Any:
    """List the meters of my subtrees."""
    statement = queries.visible_meters(ctx.actor, customer_id)
    return paginate(ctx.session, statement, by=[Meter.id], limit=limit, cursor=cursor)
