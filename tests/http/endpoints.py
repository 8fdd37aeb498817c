"""Every endpoint of the application, as its own document knows them, and somebody who may call all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from inspection_api.accounts import service as accounts
from inspection_api.accounts.schemas import PEOPLE_ROLES
from inspection_api.app import openapi

if TYPE_CHECKING:
    from tests.factories import World

DOCUMENT = openapi()


@dataclass(frozen=True)
class Endpoint:
    """One method of one path; ``permission`` is None where anybody may call."""

    method: str
    path: str
    permission: str | None
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/v1')}"

    def url(self) -> str:
        """Return the path with ids that belong to nothing."""
        return re.sub(r"\{\w*_id\}", lambda _: str(uuid4()), self.path).replace("{code}", "nothing")

    @property
    def body(self) -> dict[str, Any] | None:
        """Return the JSON schema of the body, if it takes JSON."""
        content = self.document.get("requestBody", {}).get("content", {})
        return resolved(content["application/json"]["schema"]) if "application/json" in content else None

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        """Return the JSON schemas of the query's parameters."""
        return {row["name"]: row["schema"] for row in self.document.get("parameters", []) if row["in"] == "query"}


def _endpoints() -> list[Endpoint]:
    return [
        Endpoint(method.upper(), path, document.get("x-permission"), document)
        for path, methods in DOCUMENT["paths"].items()
        for method, document in methods.items()
        if method != "parameters"
    ]


ENDPOINTS = _endpoints()


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a schema refers to."""
    reference = schema.get("$ref") or next((part["$ref"] for part in schema.get("anyOf", []) if "$ref" in part), None)
    if reference is None:
        return schema
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return found


def omnipotent(world: World) -> dict[str, str]:
    """Return the Authorization header of a user who holds every role that a person may hold, over everything."""
    if "omnipotent" not in world.people:
        user_id = world.add_user("omnipotent", None, "province")
        with world.transaction() as ctx:
            for role in PEOPLE_ROLES:
                accounts.assign_role(ctx, user_id, role=role, organisation_id=world.organisations["province"])
    return world.headers("omnipotent")
