"""Endpoints of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers import queries, schemas, service
from inspection_api.customers.models import Customer
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import page_of

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

READ = Permission(Action.CUSTOMERS, "read")
EDIT = Permission(Action.CUSTOMERS, "edit")

blp = Blueprint("customers", "客户")


@blp.post("/customers", permission=EDIT, body=schemas.CustomerInput, out=schemas.CustomerSchema, status=201)
def create_customer(ctx: Context, **values: Any) -> Customer:
    """Take in a customer; it gets an unbound checkpoint at once."""
    return service.create(ctx, **values)


@blp.get("/customers", permission=READ, query=schemas.CustomerQuery, out=page_of(schemas.CustomerSchema))
def list_customers(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the customers in my scope, by name."""
    statement = queries.customers_of(ctx.actor, filters)
    return paginate(ctx.session, statement, by=[Customer.name, Customer.id], limit=limit, cursor=cursor)


@blp.get("/customers/<uuid:customer_id>", permission=READ, out=schemas.CustomerSchema)
def get_customer(ctx: Context, customer_id: UUID) -> Customer:
    """Show one customer."""
    return queries.get_customer(ctx.session, ctx.actor, customer_id)


@blp.patch(
    "/customers/<uuid:customer_id>",
    permission=EDIT,
    body=schemas.CustomerEdit,
    out=schemas.CustomerSchema,
    if_match=True,
)
def edit_customer(ctx: Context, customer_id: UUID, *, version: int, **changes: Any) -> Customer:
    """Change a customer's name or how to reach it."""
    return service.edit(ctx, customer_id, version=version, **changes)
