"""What closing a month takes and gives, and the report about it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from inspection_api.http.schemas import Input, InWords, PageQuery, Truth, Word
from inspection_api.reports.rules import ADJUSTED, FROZEN
from inspection_api.reports.schemas.rows import titled
from inspection_api.reports.words import OUTCOMES

_MONTH = re.compile("^20[0-9]{2}-(0[1-9]|1[0-2])$")
_NO_MONTH = "应为月份，例如 2026-03"


class MonthField(fields.Field[date]):
    """A month as ``2026-03``; inside the program its first day."""

    def __init__(self, **options: Any) -> None:
        """Say in the document what it looks like."""
        super().__init__(metadata={"type": "string", "pattern": _MONTH.pattern, "example": "2026-03"}, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's signature
        return None if value is None else f"{value:%Y-%m}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, str) or not _MONTH.fullmatch(value):
            raise ValidationError(_NO_MONTH)
        return date.fromisoformat(f"{value}-01")


class MonthQuery(Input):
    """Which organisation and which month."""

    organisation_id = fields.UUID(required=True)
    month = MonthField(required=True)


class FrozenTasksQuery(MonthQuery, PageQuery):
    """Which frozen number; ``own`` for the organisation's own row."""

    measure = fields.String(required=True, validate=validate.OneOf([*FROZEN, *ADJUSTED.values()]))
    own = Truth(written=True, load_default=False)


class KeptQuery(MonthQuery, PageQuery):
    """Which number of the frozen coverage; ``own`` for the organisation's own row."""

    measure = fields.String(required=True, validate=validate.OneOf(["due", "covered", "uncovered"]))
    own = Truth(written=True, load_default=False)


class AdjustmentsQuery(MonthQuery, PageQuery):
    """Which changes after the closing; ``own`` for the organisation's own row."""

    measure = fields.String(load_default="adjustments", validate=validate.OneOf(["adjustments"]))
    own = Truth(written=True, load_default=False)


class AdjustmentSchema(Schema):
    """A change after the closing; ``was`` and ``became`` null: not counted."""

    id = fields.Integer()
    organisation_id = fields.UUID()
    task_id = fields.UUID(allow_none=True)
    checkpoint_id = fields.UUID()
    organisation_name = fields.String(**titled("机构"))
    checkpoint_code = fields.String(**titled("检查点编号"))
    checkpoint_name = fields.String(**titled("检查点"))
    special = fields.Boolean()
    was = fields.String(allow_none=True)
    was_word = InWords(OUTCOMES, attribute="was", **titled("月结时"))
    became = fields.String(allow_none=True)
    became_word = InWords(OUTCOMES, attribute="became", **titled("调整为"))
    adjusted_at = fields.AwareDateTime(**titled("调整时间"))


class MonthClosingQuery(PageQuery):
    """Narrow the closings."""

    organisation_id = fields.UUID(load_default=None)
    month = MonthField(load_default=None)


class MonthClosingInput(Input):
    """Whose month is to be closed."""

    organisation_id = fields.UUID(required=True)
    month = MonthField(required=True)


class ReviewInput(Input):
    """What the reviewer has to say."""

    note = Word(required=True, validate=validate.Length(min=1, max=500))


class MonthClosingSchema(Schema):
    """A closed month; ``reviewed_by`` null: nobody has looked at it yet."""

    id = fields.UUID()
    organisation_id = fields.UUID()
    month = MonthField()
    closed_by = fields.UUID()
    closed_at = fields.AwareDateTime()
    reviewed_by = fields.UUID(allow_none=True)
    reviewed_at = fields.AwareDateTime(allow_none=True)
    review_note = fields.String(allow_none=True)
