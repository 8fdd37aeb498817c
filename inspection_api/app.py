"""The application: the only module that imports every slice's routes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

from checkpoints import routes as checkpoints_routes
from inspection_api.accounts import routes as accounts_routes
from inspection_api.accounts import service as accounts
from inspection_api.alerts import routes as alerts_routes
from inspection_api.calendars import routes as calendars_routes
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.db import Database, open_engine
from inspection_api.core.migrations import head
from inspection_api.core.queue import waker
from inspection_api.core.settings import Mode, Settings
from inspection_api.core.storage import Storage
from inspection_api.core.tables import Base
from inspection_api.customers import routes as customers_routes
from inspection_api.exports import routes as exports_routes
from inspection_api.http import headers, health, problems, runtime
from inspection_api.http.compression import MAX_BODY_BYTES
from inspection_api.http.document import Api
from inspection_api.http.runtime import Runtime
from inspection_api.imports import routes as imports_routes
from inspection_api.inspections import routes as inspections_routes
from inspection_api.jobs import routes as jobs_routes
from inspection_api.loans import routes as loans_routes
from inspection_api.media import routes as media_routes
from inspection_api.notifications import routes as notifications_routes
from inspection_api.plans import routes as plans_routes
from inspection_api.reports import routes as reports_routes
from inspection_api.subscriptions import SUBSCRIPTIONS
from inspection_api.tasks import routes as tasks_routes
from inspection_api.telemetry import routes as telemetry_routes
from inspection_api.templates import routes as templates_routes
from inspection_api.todos import routes as todos_routes
from inspection_api.waiting import KINDS
from inspection_api.web import pages, phone
from kiosk_print import kiosk, verifying
from kiosk_print import routes as papers_routes
from sync import routes as sync_routes

if TYPE_CHECKING:
    from sqlalchemy import MetaData

BLUEPRINTS = (
    accounts_routes.blp,
    jobs_routes.blp,
    exports_routes.blp,
    calendars_routes.blp,
    customers_routes.blp,
    loans_routes.blp,
    templates_routes.blp,
    media_routes.blp,
    telemetry_routes.blp,
    alerts_routes.blp,
    *checkpoints_routes.BLUEPRINTS,
    imports_routes.blp,
    plans_routes.blp,
    tasks_routes.blp,
    inspections_routes.blp,
    reports_routes.blp,
    *papers_routes.BLUEPRINTS,
    notifications_routes.blp,
    todos_routes.create_blueprint(KINDS),
    sync_routes.blp,
)


def metadata() -> MetaData:
    """Return the tables of all slices, as the migrations must build them."""
    return Base.metadata


def create_runtime(settings: Settings) -> Runtime:
    """Open what the settings describe; nothing connects before it is used."""
    engine = open_engine(settings.database_url)
    storage = Storage(settings.var / "blobs")
    wake = waker(settings.redis_url)
    return Runtime(
        settings=settings,
        database=Database(engine, clock=settings.clock, subscriptions=SUBSCRIPTIONS, wake=wake, storage=storage),
        banks=BankCatalogue(engine=engine, secret_key=settings.secret_key, head=head()),
        storage=storage,
        authenticate=accounts.authenticate,
    )


def create_app(settings: Settings, *, parts: Runtime | None = None) -> Flask:
    """Return the WSGI application; `parts` replaces what would be opened (tests share their database)."""
    app = Flask(__name__)
    app.config.update(
        API_TITLE="巡迹 Xunji",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="api/v1/openapi.json",
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # the default provider has it
    runtime.install(app, parts or create_runtime(settings))
    api = Api(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(verifying.blp)
    app.register_blueprint(kiosk.blp)
    app.register_blueprint(pages.blp)
    app.register_blueprint(phone.blp)
    headers.install(app, proxies=settings.proxies)
    health.install(app)
    problems.install(app)
    return app


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document; neither database nor Redis is connected."""
    nowhere = Settings(
        mode=Mode.TEST, secret_key=b"", database_url="postgresql+psycopg://", redis_url="redis://", var=Path("var")
    )
    document: dict[str, Any] = create_app(nowhere).extensions["flask-smorest"]["apis"][""]["ext_obj"].document()
    return document
