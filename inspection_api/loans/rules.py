"""What a loan's fields may say."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.loans.errors import LoanDatesInvalid

if TYPE_CHECKING:
    from datetime import date


class FiveClass(StrEnum):
    """五级分类: 正常, 关注, 次级, 可疑, 损失."""

    NORMAL = "normal"
    WATCH = "watch"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"


class RepaymentMethod(StrEnum):
    """等额本息, 等额本金, 按期付息到期还本, 利随本清, 自定义分段."""

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_FIRST = "interest_first"
    BULLET = "bullet"
    CUSTOM = "custom"


def ensure_dates(disbursed_on: date, matures_on: date) -> None:
    """Refuse a loan that ends before it begins.

    Raises:
        LoanDatesInvalid: ``matures_on`` lies before ``disbursed_on``.
    """
    if matures_on < disbursed_on:
        raise LoanDatesInvalid(fields={"matures_on": "不能早于放款日"})
