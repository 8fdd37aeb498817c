"""Verification: whoever holds a paper learns whether it is valid, and nothing that he does not hold already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.core.errors import NotFound
from inspection_api.core.periods import local_day
from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from kiosk_print import queries
from kiosk_print.models import PaperPrint
from kiosk_print.rules import codes
from kiosk_print.rules.window import PrintStatus
from kiosk_print.service.reserving import PAPER_KEY

if TYPE_CHECKING:
    from datetime import date

    from inspection_api.core.context import Context
    from kiosk_print.rules.codes import CodeParts

STATUS_WORDS = {PrintStatus.VALID: "有效", PrintStatus.SUPERSEDED: "已更替", PrintStatus.VOIDED: "已作废"}
_HASH_PREFIX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the public sees of a print: the customer masked, the hash shortened.

    ``is_same_file`` tells whether a PDF that was brought along is this print to the last byte; None: none was.
    """

    status: str
    status_text: str
    number: str
    copy: int
    organisation: str
    printed_on: date
    customer: str
    sha256_prefix: str
    is_same_file: bool | None = None


def verify(ctx: Context, parts: CodeParts, *, sha256: str | None = None) -> Verified:
    """Return what the public may know about the print behind a code; ``sha256`` (hex) is that of a holder's file.

    Raises:
        NotFound: forged, or never printed; both answer alike.
    """
    row = ctx.session.get(PaperPrint, parts.print_id)
    if not codes.is_genuine(ctx.bank.derived_key(PAPER_KEY), parts) or row is None or row.sha256 is None:
        raise NotFound
    inspection = ctx.session.get_one(Inspection, row.inspection_id)
    customer = ctx.session.get_one(Customer, inspection.customer_id)
    return Verified(
        status=row.status,
        status_text=STATUS_WORDS[PrintStatus(row.status)],
        number=row.number,
        copy=row.copy,
        organisation=queries.organisation(ctx.session, row.organisation_id).name,
        printed_on=local_day(row.printed_at),
        customer=codes.masked_name(customer.name),
        sha256_prefix=row.sha256[:_HASH_PREFIX],
        is_same_file=None if sha256 is None else sha256 == row.sha256,
    )
