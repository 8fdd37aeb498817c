"""The floor of push and pull: what the same server does without a product around it (performance.md, *skeleton*).

Bare Flask and msgspec under the product's own gunicorn settings. A pushed visit is one JSONB row and its media are
rows, one statement per batch and table, one commit; no login, signature, rules, receipts, events or feed. A pulled page
is Core rows written by orjson, without cursor seals, grants or feed. Run as ``python -m tests.bench.skeleton``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import orjson
from flask import Flask, Response, request
from sqlalchemy import Engine, create_engine, select, text

from inspection_api.core.settings import Settings
from inspection_api.server import Server
from sync.entities import ENTITIES
from sync.protocol.envelope import Submit

if TYPE_CHECKING:
    from sqlalchemy import Select

TABLES = """
CREATE TABLE public.floor_visit (id uuid PRIMARY KEY, doc jsonb NOT NULL, received_at timestamptz DEFAULT now());
CREATE TABLE public.floor_medium (
    id uuid PRIMARY KEY, visit_id uuid NOT NULL, kind text NOT NULL, mime text NOT NULL, bytes int NOT NULL,
    sha256 text NOT NULL, captured jsonb NOT NULL, status text NOT NULL DEFAULT 'declared');
CREATE INDEX ON public.floor_medium (visit_id);
"""
_VISITS = text(
    "INSERT INTO public.floor_visit (id, doc) SELECT r.id, r.doc FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r (id uuid, doc jsonb) ON CONFLICT DO NOTHING RETURNING id"
)
_MEDIA = text(
    "INSERT INTO public.floor_medium (id, visit_id, kind, mime, bytes, sha256, captured)"
    " SELECT r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r (id uuid, visit_id uuid, kind text, mime text, bytes int, sha256 text, captured jsonb)"
    " ON CONFLICT DO NOTHING"
)
PULLED = ("customer", "loan", "checkpoint", "task")


class _Operation(msgspec.Struct):
    """One visit of a batch."""

    op_id: UUID
    seq: int
    entity_id: UUID
    payload: Submit


class _Batch(msgspec.Struct):
    """The batch as the product receives it."""

    ops: list[_Operation]


_DECODER = msgspec.json.Decoder(_Batch)


def create(database_url: str) -> Flask:
    """Return the skeleton's application."""
    app = Flask(__name__)
    engine = create_engine(database_url, pool_size=8)
    app.add_url_rule("/push", endpoint="push", view_func=lambda: _push(engine), methods=["POST"])
    app.add_url_rule("/pull", endpoint="pull", view_func=lambda: _pull(engine))
    app.add_url_rule("/readyz", endpoint="readyz", view_func=_idle)
    app.add_url_rule("/idle", endpoint="idle", view_func=lambda: _pull(engine, nothing=True))
    return app


def _push(engine: Engine) -> Response:
    batch = _DECODER.decode(request.get_data())
    visits = [{"id": each.entity_id, "doc": each.payload} for each in batch.ops]
    media = [_medium_row(each.entity_id, medium) for each in batch.ops for medium in each.payload.media]
    with engine.begin() as connection:
        new = set(connection.scalars(_VISITS, {"rows": _json(visits)}))
        connection.execute(_MEDIA, {"rows": _json(media)})
    results = [
        {"op_id": each.op_id, "seq": each.seq, "status": "applied", "new": each.entity_id in new} for each in batch.ops
    ]
    return _answer({"results": results})


def _medium_row(visit_id: UUID, medium: Any) -> dict[str, Any]:
    names = ("id", "kind", "mime", "bytes", "sha256", "captured")
    return {"visit_id": visit_id, **{name: getattr(medium, name) for name in names}}


def _json(rows: Any) -> str:
    return msgspec.json.encode(rows).decode()


def _pull(engine: Engine, *, nothing: bool = False) -> Response:
    name, _, after = request.args.get("cursor", f"{PULLED[0]}:").partition(":")
    limit, officer_id = int(request.args["limit"]), UUID(request.args["officer_id"])
    statement = _rows(name, officer_id, after).limit(0 if nothing else limit)
    with engine.connect().execution_options(schema_translate_map={None: "bank_demo"}) as connection:
        rows = connection.execute(statement).all()
    columns = ENTITIES[name].columns
    changes = [
        {"k": "put", "e": name, "id": id_, "v": version, "d": dict(zip(columns, values, strict=True))}
        for id_, version, *values in rows
    ]
    following = f"{name}:{rows[-1].id}" if len(rows) == limit else f"{_after(name)}:"
    return _answer({"cursor": following, "has_more": not nothing and following != ":", "changes": changes})


def _rows(name: str, officer_id: UUID, after: str) -> Select[*tuple[Any, ...]]:
    entity = ENTITIES[name]
    columns = entity.table.c
    statement = select(*(columns[each] for each in ("id", "version", *entity.columns))).order_by(columns.id)
    if after:
        statement = statement.where(columns.id > UUID(after))
    if name != "loan":
        return statement.where(columns.officer_id == officer_id)
    customers = ENTITIES["customer"].table.c
    return statement.where(columns.customer_id.in_(select(customers.id).where(customers.officer_id == officer_id)))


def _after(name: str) -> str:
    position = PULLED.index(name) + 1
    return PULLED[position] if position < len(PULLED) else ""


def _idle() -> Response:
    return _answer({"status": "ok"})


def _answer(answer: dict[str, Any]) -> Response:
    return Response(orjson.dumps(answer, default=str), mimetype="application/json")


class _SkeletonServer(Server):
    """The product's gunicorn with the skeleton in it."""

    def load(self) -> Flask:
        return create(self._settings.database_url)


if __name__ == "__main__":
    settings = Settings.from_env(os.environ)
    _SkeletonServer(settings, {"bind": f"{settings.host}:{settings.port}", "workers": settings.workers}).run()
