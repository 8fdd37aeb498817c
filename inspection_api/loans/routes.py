"""Endpoints of loans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import page_of
from inspection_api.loans import queries, schemas, service
from inspection_api.loans.models import Loan

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

READ = Permission(Action.CUSTOMERS, "read")
EDIT = Permission(Action.CUSTOMERS, "edit")

blp = Blueprint("loans", "借据")


@blp.post("/loans", permission=EDIT, body=schemas.LoanInput, out=schemas.LoanSchema, status=201)
def create_loan(ctx: Context, **values: Any) -> Loan:
    """Create a loan of a customer."""
    return service.create(ctx, **values)


@blp.get("/loans", permission=READ, query=schemas.LoanQuery, out=page_of(schemas.LoanSchema))
def list_loans(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the loans of my subtrees and mine, by contract number."""
    statement = queries.loans_of(ctx.actor, **filters)
    return paginate(ctx.session, statement, by=[Loan.contract_no], limit=limit, cursor=cursor)


@blp.get("/loans/<uuid:loan_id>", permission=READ, out=schemas.LoanSchema)
def get_loan(ctx: Context, loan_id: UUID) -> Loan:
    """Show one loan."""
    return queries.get_loan(ctx.session, ctx.actor, loan_id)


@blp.patch("/loans/<uuid:loan_id>", permission=EDIT, body=schemas.LoanEdit, out=schemas.LoanSchema, if_match=True)
def edit_loan(ctx: Context, loan_id: UUID, *, version: int, **changes: Any) -> Loan:
    """Change a loan's data, based on the version in ``If-Match``."""
    return service.edit(ctx, loan_id, version=version, **changes)
