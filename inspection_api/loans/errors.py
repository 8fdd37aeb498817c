"""The loans' problems."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Invalid


class ContractTaken(Conflict):
    """Another loan of the bank has this contract number; ``existing_id`` names it if the actor may see it."""

    code = "contract_taken"
    title = "借据号已存在"


class LoanDatesInvalid(Invalid):
    """A loan matures on or after the day of its disbursement."""

    code = "loan_dates_invalid"
    title = "到期日不能早于放款日"
