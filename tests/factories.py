"""A small bank to test in: one province, two branches, three sub-branches, and somebody in every role that matters."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from sqlalchemy import insert

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation, RoleAssignment, UserAccount
from inspection_api.core.context import Actor
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from inspection_api.core.db import Database

PASSWORD = "a-long-password"


@cache
def password_hash() -> str:
    """One argon2 hash for all test users, cheaply made: whoever checks it pays what it says."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


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
        self.organisations = {name: uuid4() for name, *_ in TREE}
        self.people = {username: uuid4() for username, *_ in STAFF}
        self.settle_in()
        return self

    def settle_in(self) -> None:
        """Write down the standard tree and people under the ids that are there; a row each, for speed."""
        paths: dict[str | None, str] = {None: "/"}
        places = []
        for number, (name, kind, parent) in enumerate(TREE, start=1):
            paths[name] = f"{paths[parent]}{number:04d}/"
            above = self.organisations[parent] if parent else None
            row = {"code": f"{number:04d}", "name": name, "kind": kind, "parent_id": above, "path": paths[name]}
            places.append({"id": self.organisations[name], **row})
        people = [
            {
                "id": self.people[username],
                "username": username,
                "name": f"姓名{username}",
                "organisation_id": self.organisations[organisation],
                "password_hash": password_hash(),
            }
            for username, _, organisation in STAFF
        ]
        with self.transaction() as ctx:
            roles = [
                {
                    "id": uuid4(),
                    "user_id": self.people[username],
                    "role": role.value,
                    "organisation_id": self.organisations[organisation],
                    "valid_from": local_day(ctx.now),
                }
                for username, role, organisation in STAFF
                if role is not None
            ]
            for model, rows in ((Organisation, places), (UserAccount, people), (RoleAssignment, roles)):
                ctx.session.execute(insert(model), rows)


TREE = (
    ("province", "province", None),
    ("branch", "branch", "province"),
    ("sub_branch", "sub_branch", "branch"),
    ("sibling", "sub_branch", "branch"),
    ("other_branch", "branch", "province"),
    ("foreign", "sub_branch", "other_branch"),
)
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
