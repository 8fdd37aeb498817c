"""`/healthz`: the process lives. `/readyz`: it can reach its database, and every bank is at the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from inspection_api.core.banks import BankMaintenance
from inspection_api.http.runtime import current_runtime

if TYPE_CHECKING:
    from flask import Flask

_blueprint = Blueprint("health", __name__)


def install(app: Flask) -> None:
    """Add the two endpoints, which stand outside the API and its versions."""
    app.register_blueprint(_blueprint)


@_blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@_blueprint.get("/readyz")
def readyz() -> dict[str, object]:
    """Tell that requests can be served; 503 while the database is away or a bank waits for something."""
    banks = current_runtime().banks
    banks.ensure_not_restored()
    behind = [bank.code for bank in banks.everyone() if not banks.is_ready(bank)]
    if behind:
        raise BankMaintenance(banks=behind, retry_after_s=30)
    return {"status": "ok"}
