"""Reading inboxes: over HTTP as a person does, and as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from inspection_api.notifications.models import InboxItem
from tests.factories import pages
from tests.waiting import deliver_all

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

INBOX = "/api/v1/inbox"


class Post:
    """Everybody's inbox in one world."""

    def __init__(self, client: FlaskClient, world: World) -> None:
        self.client, self.world = client, world

    def items(self, user: str, **query: Any) -> list[dict[str, Any]]:
        """Return a person's items, the newest first, after all deliveries."""
        deliver_all(self.world)
        return list(pages(self.client, INBOX, self.world.headers(user), **query))

    def codes(self, user: str) -> list[str]:
        return [each["code"] for each in self.items(user)]

    def told(self, code: str) -> set[str]:
        """Return the names of those who have an item of ``code``, after all deliveries."""
        deliver_all(self.world)
        names = {id_: name for name, id_ in self.world.people.items()}
        with self.world.transaction() as ctx:
            return {names[id_] for id_ in ctx.session.scalars(select(InboxItem.user_id).where(InboxItem.code == code))}

    def call(self, method: str, path: str, user: str, **body: Any) -> Any:
        options = {"json": body} if method == "POST" and path == "/read" else {"query_string": body}
        return self.client.open(f"{INBOX}{path}", method=method, headers=self.world.headers(user), **options)
