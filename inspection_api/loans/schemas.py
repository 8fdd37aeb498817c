"""What the loans endpoints take and give; money is a decimal string in 元."""

from __future__ import annotations

from decimal import Decimal

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, Text
from inspection_api.loans.rules import FiveClass, RepaymentMethod

_AMOUNT = validate.Range(min=Decimal("0.01"), max=Decimal("9999999999999999.99"))
_RATE = validate.Range(min=0, max=100)
_FIVE_CLASS = validate.OneOf(list(FiveClass))
_METHOD = validate.OneOf(list(RepaymentMethod))


class LoanEdit(Input):
    """What may change about a loan; members that are left out stay."""

    amount = fields.Decimal(places=2, validate=_AMOUNT)
    disbursed_on = fields.Date()
    matures_on = fields.Date()
    five_class = fields.String(validate=_FIVE_CLASS)
    rate = fields.Decimal(places=6, allow_none=True, validate=_RATE)
    repayment_method = fields.String(allow_none=True, validate=_METHOD)


class LoanInput(LoanEdit):
    """A new loan of a customer."""

    customer_id = fields.UUID(required=True)
    contract_no = Text(required=True, maximum=60)
    amount = fields.Decimal(places=2, required=True, validate=_AMOUNT)
    disbursed_on = fields.Date(required=True)
    matures_on = fields.Date(required=True)
    five_class = fields.String(load_default=FiveClass.NORMAL.value, validate=_FIVE_CLASS)


class LoanSchema(Schema):
    """A loan (借据); ``rate`` in percent a year."""

    id = fields.UUID()
    customer_id = fields.UUID()
    contract_no = fields.String()
    amount = fields.Decimal(as_string=True, places=2)
    disbursed_on = fields.Date()
    matures_on = fields.Date()
    five_class = fields.String()
    rate = fields.Decimal(as_string=True, places=6, allow_none=True)
    repayment_method = fields.String(allow_none=True)
    version = fields.Integer()


class LoanQuery(PageQuery):
    """Narrow the list of loans."""

    customer_id = fields.UUID(load_default=None)
    five_class = fields.String(load_default=None, validate=_FIVE_CLASS)
