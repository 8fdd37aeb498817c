"""Use cases of the accounts slice; each runs inside the caller's transaction."""

from __future__ import annotations

from inspection_api.accounts.service.devices import (
    approve,
    enrol,
    enrol_machine,
    on_organisations_closed,
    revoke_device,
)
from inspection_api.accounts.service.failures import claim_guess, forgive, lock_person
from inspection_api.accounts.service.failures import keys_of as failure_keys
from inspection_api.accounts.service.grants import grant, grant_written, revoke
from inspection_api.accounts.service.logins import (
    authenticate,
    end_all_sessions,
    end_session,
    hash_password,
    log_in,
    logout,
    open_session,
)
from inspection_api.accounts.service.people import (
    assign_role,
    close_organisation,
    create_organisation,
    create_user,
    disable_user,
    edit_organisation,
    end_role,
    ensure_root,
    number_staff,
)

__all__ = [
    "approve",
    "assign_role",
    "authenticate",
    "claim_guess",
    "close_organisation",
    "create_organisation",
    "create_user",
    "disable_user",
    "edit_organisation",
    "end_all_sessions",
    "end_role",
    "end_session",
    "enrol",
    "enrol_machine",
    "ensure_root",
    "failure_keys",
    "forgive",
    "grant",
    "grant_written",
    "hash_password",
    "lock_person",
    "log_in",
    "logout",
    "number_staff",
    "on_organisations_closed",
    "open_session",
    "revoke",
    "revoke_device",
]
