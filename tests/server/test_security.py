"""What holds for every route there is, whoever adds the next one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyter_server.auth import User
from tornado.httpclient import HTTPResponse
from tornado.web import RequestHandler

from mlops_nb.server.handlers import routes

pytestmark = pytest.mark.slow

Fetch = Callable[..., Awaitable[HTTPResponse]]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def requests() -> list[tuple[str, str]]:
    """Every method of every route, placeholders filled in."""
    return [
        (method, re.sub(r"\((?:[^()]|\([^()]*\))*\)", "1", path).strip("/"))
        for path, handler in routes("/")
        for method in METHODS
        if getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower())
    ]


async def status(fetch: Fetch, method: str, path: str, **headers: str) -> int:
    body = None if method == "GET" else "{}"
    more = {"allow_nonstandard_methods": True, "raise_error": False, "headers": headers or None}
    return (await fetch(*path.split("/"), method=method, body=body, **more)).code


def test_there_are_routes_to_look_at() -> None:
    assert {("GET", "mlops/version"), ("POST", "mlops/lint")} <= set(requests())


@pytest.mark.parametrize(("method", "path"), requests())
async def test_nobody_without_the_token_is_answered(
    jp_fetch: Fetch, method: str, path: str
) -> None:
    assert await status(jp_fetch, method, path, Authorization="") == 403


@pytest.mark.parametrize(("method", "path"), requests())
async def test_the_authorizer_is_asked(
    jp_serverapp: Any, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    asked: list[str] = []

    def refuse(_self: object, _handler: object, _user: object, action: str, resource: str) -> bool:
        asked.append(resource)
        return False

    monkeypatch.setattr(type(jp_serverapp.authorizer), "is_authorized", refuse)
    assert await status(jp_fetch, method, path) == 403
    assert asked == ["mlops"]


@pytest.mark.parametrize(("method", "path"), [one for one in requests() if one[0] != "GET"])
async def test_another_site_cannot_use_a_users_cookie(
    jp_serverapp: Any, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    provider = jp_serverapp.identity_provider
    known = User(username="ada")
    # As a cookie would: the user is known, and no token was sent.
    monkeypatch.setattr(type(provider), "get_user", lambda *_: known)
    monkeypatch.setattr(type(provider), "is_token_authenticated", lambda *_: False)
    assert await status(jp_fetch, method, path, Authorization="") == 403
