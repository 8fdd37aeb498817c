"""All pages, one row each: adding a page is a row here, a folder in ``static`` and a row in ``static/shell/pages.js``.

A page is the same empty document for everybody; its script asks the API who is there and shows what he may see. It
stands outside the API and holds no data, so it takes no login.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, render_template, send_file
from werkzeug.exceptions import NotFound

from inspection_api.core import lan
from inspection_api.http.pages import Assets, policy
from inspection_api.http.runtime import current_runtime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response as AnyResponse

ASSETS = Assets(Path(__file__).parent, ("static", "vendor"), "/assets")
_ALLOWED = {
    "script_src": "'self'",
    "style_src": "'self'",
    "img_src": "'self' data: blob:",
    "connect_src": "'self'",
    "manifest_src": "'self'",
}
_DENIED = "camera=(), geolocation=(), microphone=()"
_ON_SITE = "camera=(self), geolocation=(self), microphone=(self)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: ``script`` and ``styles`` are files of ``static``, loaded besides those of the shell.

    ``allowed`` adds to what its policy lets it do, ``features`` is its Permissions-Policy, ``manifest`` the address of
    its web app manifest.
    """

    path: str
    title: str
    script: str
    styles: tuple[str, ...] = ()
    allowed: Mapping[str, str] = field(default_factory=dict)
    features: str = _DENIED
    manifest: str | None = None

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the modules that it is made of, so that the browser asks for all at once."""
        folders = ("static/shell/", f"static/{self.script.rpartition('/')[0]}/")
        return tuple(name for name in ASSETS.files if name.startswith(folders) and name.endswith(".js"))

    @property
    def policy(self) -> str:
        """Return its Content-Security-Policy."""
        return policy(**{**_ALLOWED, **self.allowed})


PAGES = (
    Page(path="/login", title="登录", script="login/login.js", styles=("login/login.css",)),
    Page(path="/desk", title="待办审批", script="desk/desk.js", styles=("desk/desk.css",)),
    Page(path="/board", title="进度看板", script="board/board.js", styles=("board/board.css",)),
    Page(
        path="/m",
        title="现场检查",
        script="m/m.js",
        styles=("m/m.css",),
        allowed={"script_src": "'self' 'wasm-unsafe-eval'", "media_src": "'self' blob:", "worker_src": "'self'"},
        features=_ON_SITE,
        manifest="/m/manifest.webmanifest",
    ),
    Page(path="/account", title="我的账户", script="account/account.js", styles=("account/account.css",)),
)

blp = Blueprint("web", __name__, template_folder="templates")


@blp.get("/")
def lead_in() -> AnyResponse:
    """Lead to the login page, which leads whoever is logged in to his page."""
    return redirect("/login")


@blp.get("/assets/<version>/<path:name>")
def send_asset(version: str, name: str) -> Response:
    """Send a file of the pages, to be kept for ever."""
    return ASSETS.send(version, name)


@blp.get("/authority.crt")
def send_authority() -> Response:
    """Send the certificate that a phone installs to trust this machine's HTTPS; production has none."""
    file = lan.files_in(current_runtime().settings.var).authority
    if not file.exists():
        raise NotFound
    return send_file(file, mimetype="application/x-x509-ca-cert")


def _serve(page: Page) -> None:
    def show() -> Response:
        response = make_response(render_template("page.html", page=page, asset=ASSETS.url))
        response.headers["Content-Security-Policy"] = page.policy
        response.headers["Permissions-Policy"] = page.features
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response

    blp.add_url_rule(page.path, endpoint=page.path.strip("/"), view_func=show)


for _page in PAGES:
    _serve(_page)
