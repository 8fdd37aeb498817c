"""What the telemetry endpoints take and give; a batch of readings is read by msgspec, for there are 10,000 in one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import DecimalText, Input, PageQuery, Pattern, Whole, Word
from inspection_api.telemetry.errors import BatchMalformed, BatchTooLarge
from inspection_api.telemetry.rules import COUNTER_BELOW_KWH, MAX_BATCH, ReadingRow


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    meter: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    counter_kwh: Decimal


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    readings: list[msgspec.Raw]


_BATCH = msgspec.json.Decoder(_Batch)
_ROW = msgspec.json.Decoder(_Row)


def read_batch(body: bytes) -> Sequence[ReadingRow | None]:
    """Return the rows of a batch, None for each that cannot be read; one bad row harms only itself.

    Raises:
        BatchMalformed: the body is no JSON object with a list ``readings``.
        BatchTooLarge: more than 10,000 rows.
    """
    try:
        batch = _BATCH.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BatchMalformed from None
    if len(batch.readings) > MAX_BATCH:
        raise BatchTooLarge(limit=MAX_BATCH)
    return [_read_row(raw) for raw in batch.readings]


def _read_row(raw: msgspec.Raw) -> ReadingRow | None:
    try:
        row = _ROW.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError):
        return None
    return ReadingRow(meter=row.meter, at=row.at, counter_kwh=row.counter_kwh)


class ReadingInput(Schema):
    """A cumulative counter at an instant, by the meter's code."""

    meter = fields.String(required=True, validate=validate.Length(min=1, max=64))
    at = fields.AwareDateTime(required=True)
    counter_kwh = fields.Decimal(required=True, as_string=True)


class BatchInput(Schema):
    """At most 10,000 readings of the gateway's own meters."""

    readings = fields.List(fields.Nested(ReadingInput), required=True, validate=validate.Length(max=MAX_BATCH))


class RefusedSchema(Schema):
    """A row that was not kept, by its place in the batch."""

    index = fields.Integer()
    code = fields.String()
    message = fields.String()


class ReceiptSchema(Schema):
    """What became of a batch; stored + duplicates + refused = rows."""

    stored = fields.Integer()
    duplicates = fields.Integer()
    refused = fields.List(fields.Nested(RefusedSchema))


class MeterInput(Input):
    """A meter of an enterprise behind a gateway."""

    code = Word(required=True, validate=Pattern(r"^[A-Za-z0-9._-]{1,64}$"))
    customer_id = fields.UUID(required=True)
    device_id = fields.UUID(required=True)
    interval_min = Whole(load_default=15, validate=validate.OneOf([1, 5, 10, 15, 30, 60, 120, 240]))
    rollover_kwh = DecimalText(
        load_default=None,
        maximum_places=4,
        below=COUNTER_BELOW_KWH + 1,
        validate=validate.Range(min=1, max=COUNTER_BELOW_KWH),
    )
    installed_on = fields.Date(load_default=None)


class MeterSchema(Schema):
    """A meter."""

    id = fields.UUID()
    code = fields.String()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    device_id = fields.UUID()
    kind = fields.String()
    unit = fields.String()
    interval_min = fields.Integer()
    rollover_kwh = DecimalText(allow_none=True)
    installed_on = fields.Date()


class MeterQuery(PageQuery):
    """Narrow the list of meters."""

    customer_id = fields.UUID(load_default=None)
