"""How long papers may be printed and how often, for an organisation and those below it (domain.md §2.2, §2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, nearest_above, visible_organisations
from inspection_api.core.permissions import Action, Permission
from kiosk_print.models import PrintTerms
from kiosk_print.rules.window import DEFAULT_WINDOW_DAYS, PRINTS_PER_WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from inspection_api.core.context import Context

READ = Permission(Action.CONFIGURATION, "read")
EDIT = Permission(Action.CONFIGURATION, "edit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The days of a first window, and how often it lets print."""

    window_days: int = DEFAULT_WINDOW_DAYS
    prints_per_window: int = PRINTS_PER_WINDOW


def terms_of(ctx: Context, organisations: Iterable[Organisation]) -> dict[UUID, Terms]:
    """Return organisations' terms: their own, else those of the next one above, else 7 days and 5 prints."""
    paths = {each.id: each.path for each in organisations}
    found = nearest_above(ctx.session, PrintTerms, PrintTerms.organisation_id, set(paths.values()))
    return {id_: _terms(found.get(path)) for id_, path in paths.items()}


def _terms(row: PrintTerms | None) -> Terms:
    return Terms(window_days=row.window_days, prints_per_window=row.prints_per_window) if row else Terms()


def print_terms(ctx: Context, organisation_id: UUID) -> Terms:
    """Return an organisation's terms.

    Raises:
        NotFound: out of scope.
    """
    scope = visible_organisations(ctx.actor, READ).where(Organisation.id == organisation_id)
    return terms_of(ctx, [get_one(ctx.session, scope)])[organisation_id]


def put_print_terms(ctx: Context, organisation_id: UUID, *, window_days: int, prints_per_window: int) -> Terms:
    """Set an organisation's terms, for visits accepted from now on and for further prints.

    Raises:
        NotFound: out of scope.
    """
    scope = visible_organisations(ctx.actor, EDIT).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope)
    values = {"window_days": window_days, "prints_per_window": prints_per_window}
    ctx.session.merge(PrintTerms(organisation_id=organisation.id, **values))
    ctx.session.flush()
    ctx.record("organisation.print_terms_put", organisation_id=str(organisation.id), **values)
    return Terms(**values)
