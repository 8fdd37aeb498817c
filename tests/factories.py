"""A small bank to test in: one province, two branches, three sub-branches, and somebody in every role that matters."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from inspection_api.accounts import service as accounts
from inspection_api.core.context import Actor
from inspection_api.core.permissions import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from inspection_api.core.db import Database

PASSWORD = "a-long-password"


@cache
def password_hash() -> str:
    """One argon2 hash for all test users (each costs 0.1 s)."""
    return accounts.hash_password(PASSWORD)


@dataclass
class World:
    """The people and organisations of one test bank; `headers(user)` is a login."""

    database: Database
    bank: Bank
    organisations: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    def transaction(self, user: str | None = None, **options: Any) -> Any:
        """Open a transaction as a user by name (None: the system)."""
        return self.database.transaction(self.bank, actor=self.actor(user) if user else Actor(), **options)

    def actor(self, user: str) -> Actor:
        with self.database.transaction(self.bank) as ctx:
            token, _ = accounts.open_session(ctx, user_id=self.people[user])
            return accounts.authenticate(ctx, token.rsplit(".", 1)[1])

    def headers(self, user: str) -> dict[str, str]:
        """Return the Authorization header of a fresh login of ``user``."""
        with self.database.transaction(self.bank) as ctx:
            token, _ = accounts.open_session(ctx, user_id=self.people[user])
        return {"Authorization": f"Bearer {token}"}

    def machine(self, organisation: str, kind: str = "gateway") -> tuple[UUID, dict[str, str]]:
        """Enrol a machine and return its id and Authorization header."""
        with self.database.transaction(self.bank) as ctx:
            device, token = accounts.enrol_machine(
                ctx, kind=kind, name="网关", organisation_id=self.organisations[organisation]
            )
            return device.id, {"Authorization": f"Bearer {token}"}

    def add_organisation(self, name: str, kind: str, parent: str | None = None, id: UUID | None = None) -> UUID:
        with self.database.transaction(self.bank) as ctx:
            made = accounts.create_organisation(
                ctx,
                code=f"{len(self.organisations) + 1:04d}",
                name=name,
                kind=kind,
                id=id or uuid4(),
                parent_id=self.organisations[parent] if parent else None,
            )
            self.organisations[name] = made.id
            return made.id

    def add_user(self, username: str, role: Role | None, organisation: str, id: UUID | None = None) -> UUID:
        with self.database.transaction(self.bank) as ctx:
            user = accounts.create_user(
                ctx,
                username=username,
                name=f"姓名{username}",
                organisation_id=self.organisations[organisation],
                password_hash=password_hash(),
                id=id or uuid4(),
            )
            if role is not None:
                accounts.assign_role(ctx, user.id, role=role, organisation_id=self.organisations[organisation])
            self.people[username] = user.id
            return user.id

    def populate(self) -> World:
        """Build the standard tree: sub_branch and sibling under branch, foreign under other_branch."""
        self.add_organisation("province", "province")
        for branch, subs in {"branch": ["sub_branch", "sibling"], "other_branch": ["foreign"]}.items():
            self.add_organisation(branch, "branch", "province")
            for sub in subs:
                self.add_organisation(sub, "sub_branch", branch)
        for username, role, organisation in STAFF:
            self.add_user(username, role, organisation)
        return self


STAFF = (
    ("administrator", Role.ADMINISTRATOR, "province"),
    ("province_manager", Role.PROVINCE_MANAGER, "province"),
    ("second_province_manager", Role.PROVINCE_MANAGER, "province"),
    ("auditor", Role.AUDITOR, "province"),
    ("branch_manager", Role.BRANCH_MANAGER, "branch"),
    ("foreign_branch_manager", Role.BRANCH_MANAGER, "other_branch"),
    ("manager", Role.SUB_BRANCH_MANAGER, "sub_branch"),
    ("second_manager", Role.SUB_BRANCH_MANAGER, "sub_branch"),
    ("foreign_manager", Role.SUB_BRANCH_MANAGER, "foreign"),
    ("officer", Role.LOAN_OFFICER, "sub_branch"),
    ("colleague", Role.LOAN_OFFICER, "sub_branch"),
    ("foreign_officer", Role.LOAN_OFFICER, "foreign"),
    ("approver", Role.APPROVER, "branch"),
    ("risk_manager", Role.RISK_MANAGER, "province"),
    ("service_manager", Role.SERVICE_MANAGER, "province"),
    ("nobody", None, "sub_branch"),
)


def recorded(ctx: Context, kind: str) -> list[dict[str, Any]]:
    """Return the data of the events of ``kind`` that are still pending in ``ctx``."""
    return [event.data for event in ctx.pending if event.kind == kind]


def pages(client: Any, path: str, headers: dict[str, str], **query: Any) -> Iterator[dict[str, Any]]:
    """Yield every item of a paged list."""
    cursor = None
    while True:
        answer = client.get(path, headers=headers, query_string={**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.json
        yield from answer.json["items"]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            return
