"""Sessions of pages: the API's opaque token, in a cookie that no script can read (ADR 0020).

The browser sends it by itself, so whoever calls with it must show that the request comes from one of our own pages:
the cookie is SameSite=Strict; what the browser says of the request's origin must be ours; and what changes anything
carries a header that no other site may send. A bearer token, which no browser adds by itself, needs none of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from flask import after_this_request, request

from inspection_api.core.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Collection

    from flask import Response

    from inspection_api.core.settings import Settings

HEADER = "X-Xunji-Page"
_LONGEST_S = 400 * 24 * 3600
"""Browsers keep no cookie longer than 400 days; each login begins them again."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSiteRequest(Forbidden):
    """A request with a page's cookie does not come from one of our pages, or does not show that it does."""

    code = "cross_site_request"
    title = "请求不是由本系统的页面发出，已拒绝"


def is_from_our_page(
    *, is_safe: bool, is_marked: bool, site: str | None, origin: str | None, hosts: Collection[str]
) -> bool:
    """Tell whether a request with a cookie was made by one of our own pages.

    ``site`` is the browser's Sec-Fetch-Site, which only secure addresses get, ``origin`` its Origin, ``hosts`` where
    we are reached; ``is_marked`` says that it carries our header.
    """
    if is_safe:
        return site in {None, "same-origin", "none"}
    at_home = site == "same-origin" if site is not None else origin is not None and urlsplit(origin).netloc in hosts
    return is_marked and at_home


def ensure_from_our_page(settings: Settings) -> None:
    """Raise CrossSiteRequest unless the request was made by one of our own pages."""
    headers = request.headers
    if not is_from_our_page(
        is_safe=request.method in SAFE_METHODS,
        is_marked=HEADER in headers,
        site=headers.get("Sec-Fetch-Site"),
        origin=headers.get("Origin"),
        hosts={request.host, urlsplit(settings.public_url).netloc},
    ):
        raise CrossSiteRequest


def find_token(settings: Settings) -> str | None:
    """Return the token of the request's cookie; None where it has none.

    Raises:
        CrossSiteRequest: it has one, but comes from elsewhere.
    """
    token = request.cookies.get(_name(settings))
    if token is not None:
        ensure_from_our_page(settings)
    return token


def give(settings: Settings, token: str, *, lifetime_s: int) -> None:
    """Put the token into the answer's cookie, for so many seconds."""
    _keep(settings, _name(settings), token, lifetime_s)


def _keep(settings: Settings, name: str, value: str, lifetime_s: int) -> None:
    def add(response: Response) -> Response:
        secure = _is_secure(settings)
        response.set_cookie(name, value, max_age=lifetime_s, path="/", secure=secure, httponly=True, samesite="Strict")
        return response

    after_this_request(add)


def installation(settings: Settings) -> UUID:
    """Return by which browser the request comes: the id that it keeps, or a new one.

    It outlives logins, so that two people who decide about each other's work in one browser are seen. Whoever deletes
    it is a new one: it proves nothing, it only tells.
    """
    try:
        return UUID(request.cookies.get(_installation_name(settings)))
    except (TypeError, ValueError):
        return uuid4()


def keep_installation(settings: Settings, installation_id: UUID) -> None:
    """Let the browser keep the id of its own that it logged in with."""
    _keep(settings, _installation_name(settings), str(installation_id), _LONGEST_S)


def _installation_name(settings: Settings) -> str:
    return _name(settings) + "-installation"


def take_back(settings: Settings) -> None:
    """Let the answer end the cookie, if that is what the caller was known by."""
    if "Authorization" not in request.headers:
        give(settings, "", lifetime_s=0)


def _name(settings: Settings) -> str:
    """Return the cookie's name; over TLS, its prefix keeps neighbours and plain HTTP from setting it."""
    return "__Host-xunji" if _is_secure(settings) else "xunji"


def _is_secure(settings: Settings) -> bool:
    """Tell whether the browser speaks TLS: to us, or to the proxy that stands before us."""
    return request.is_secure or settings.public_url.startswith("https://")
