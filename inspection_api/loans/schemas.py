"""What the loans endpoints take and give: money and rates are decimal strings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import DecimalText, Input, PageQuery, Text
from inspection_api.loans.rules import FiveClass, RepaymentMethod

_CLASSES = validate.OneOf(list(FiveClass))
_METHODS = validate.OneOf(list(RepaymentMethod))


def _money(**options: Any) -> DecimalText:
    positive = validate.Range(min=Decimal(0), min_inclusive=False, error="应大于 0")
    return DecimalText(maximum_places=2, below=Decimal(10) ** 16, validate=positive, **options)


def _rate(**options: Any) -> DecimalText:
    return DecimalText(maximum_places=6, below=Decimal(1000), allow_none=True, **options)


class LoanInput(Input):
    """A new loan of a customer; ``amount`` in 元, ``rate`` in percent a year."""

    customer_id = fields.UUID(required=True)
    contract_no = Text(required=True, maximum=60)
    amount = _money(required=True)
    disbursed_on = fields.Date(required=True)
    matures_on = fields.Date(required=True)
    five_class = fields.String(load_default=FiveClass.NORMAL.value, validate=_CLASSES)
    rate = _rate(load_default=None)
    repayment_method = fields.String(load_default=None, allow_none=True, validate=_METHODS)


class LoanEdit(Input):
    """What may change of a loan; what is left out stays."""

    amount = _money()
    disbursed_on = fields.Date()
    matures_on = fields.Date()
    five_class = fields.String(validate=_CLASSES)
    rate = _rate()
    repayment_method = fields.String(allow_none=True, validate=_METHODS)


class LoanQuery(PageQuery):
    """Narrow the list of loans."""

    customer_id = fields.UUID(load_default=None)
    five_class = fields.String(load_default=None, validate=_CLASSES)


class LoanSchema(Schema):
    """A drawdown of a customer."""

    id = fields.UUID()
    customer_id = fields.UUID()
    contract_no = fields.String()
    amount = DecimalText()
    disbursed_on = fields.Date()
    matures_on = fields.Date()
    five_class = fields.String()
    rate = DecimalText(allow_none=True)
    repayment_method = fields.String(allow_none=True)
    version = fields.Integer()
