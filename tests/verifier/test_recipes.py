"""The recipes of docs/verifying-service.md, each run as it is written there by its framework's own client."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.test import RequestFactory
from fastapi.testclient import TestClient

from keyturn.verifier import JwksVerifier
from tests.fakes.jwks_site import JwksSite, answer
from tests.fakes.token_factory import AUDIENCE, signing_key
from tests.fakes.two_clocks import TwoClocks

PAGE = (Path(__file__).parents[2] / "docs" / "verifying-service.md").read_text()

# The answer to GET /orders with these headers: status, the two headers in question or None, and the body.
Answered = tuple[int, str | None, str | None, str]
Get = Callable[[dict[str, str]], Answered]


def recipe(heading: str, site: JwksSite) -> dict[str, Any]:
    """Return the module that a section of the page shows, for the site."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    [source] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    source = source.replace("https://auth.example.com", site.origin).replace("https://api.example.com", AUDIENCE)
    module: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(source, f"{heading}.py", "exec"), module)  # the document is the program under test
    return module


def answered(status: int, headers: Mapping[str, str], body: str) -> Answered:
    """Return the parts of an answer that the tests compare."""
    found = {name.lower(): value for name, value in headers.items()}
    return status, found.get("www-authenticate"), found.get("retry-after"), body


def fastapi(site: JwksSite) -> Get:
    """Return the recipe of FastAPI behind an ASGI client."""
    client = TestClient(recipe("FastAPI", site)["app"])

    def get(headers: dict[str, str]) -> Answered:
        response = client.get("/orders", headers=headers)
        return answered(response.status_code, response.headers, response.text)

    return get


def flask(site: JwksSite) -> Get:
    """Return the recipe of Flask behind a WSGI client."""
    client = recipe("Flask", site)["app"].test_client()

    def get(headers: dict[str, str]) -> Answered:
        response = client.get("/orders", headers=headers)
        return answered(response.status_code, response.headers, response.text)

    return get


def django_view(site: JwksSite) -> Get:
    """Return the recipe of Django behind its request factory."""
    if not settings.configured:
        settings.configure()
        django.setup()
    view = recipe("Django", site)["orders"]

    def get(headers: dict[str, str]) -> Answered:
        response = view(RequestFactory().get("/orders", headers=headers))
        return answered(response.status_code, response.headers, response.content.decode())

    return get


def aws_lambda(site: JwksSite) -> Get:
    """Return the recipe of Lambda behind events as a function URL sends them, with header names in lower case."""
    handler = recipe("Lambda", site)["lambda_handler"]

    def get(headers: dict[str, str]) -> Answered:
        event = {"version": "2.0", "headers": {name.lower(): value for name, value in headers.items()}}
        response = handler(event, None)
        return answered(response["statusCode"], response.get("headers", {}), response.get("body", ""))

    return get


RECIPES = {"FastAPI": fastapi, "Flask": flask, "Django": django_view, "Lambda": aws_lambda}


@pytest.fixture(params=RECIPES)
def get(request: pytest.FixtureRequest, site: JwksSite, monkeypatch: pytest.MonkeyPatch, clocks: TwoClocks) -> Get:
    """Return a recipe's service, whose wall clock is that of the tokens."""
    defaults = JwksVerifier.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "clock", clocks)
    return RECIPES[request.param](site)


def test_a_good_token_is_served(get: Get, site: JwksSite) -> None:
    """A token with the scope gets the resource, in any spelling of the scheme."""
    for scheme in ("Bearer", "bearer"):
        status, _, _, body = get({"Authorization": f"{scheme} {site.token(signing_key())}"})
        assert (status, "u_0123456789abcdef0123456789abcdef" in body) == (200, True)


def test_a_request_without_a_token_gets_a_challenge(get: Get, site: JwksSite) -> None:
    """RFC 6750 §3.1: a request without a token gets 401 without an error code."""
    for headers in ({}, {"Authorization": "Basic YTpi"}):
        assert get(headers)[:2] == (401, "Bearer")
    assert site.seen == []


@pytest.mark.parametrize("name", ["expired", "other audience", "no token", "two tokens"])
def test_a_bad_token_gets_401(get: Get, site: JwksSite, name: str) -> None:
    """RFC 6750 §3.1: a token that is refused gets 401 with `invalid_token`."""
    good = site.token(signing_key())
    sent = {
        "expired": site.token(signing_key(), iat=1_700_000_000, exp=1_700_000_900),
        "other audience": site.token(signing_key(), aud="urn:other"),
        "no token": "a.b.c",
        "two tokens": f"{good}, Bearer {good}",
    }[name]
    assert get({"Authorization": f"Bearer {sent}"})[:2] == (401, 'Bearer error="invalid_token"')


def test_a_token_without_the_scope_gets_403(get: Get, site: JwksSite) -> None:
    """RFC 6750 §3.1: a good token that lacks the scope gets 403 with `insufficient_scope`."""
    raw = site.token(signing_key(), scope="orders:write")
    assert get({"Authorization": f"Bearer {raw}"})[:2] == (403, 'Bearer error="insufficient_scope"')


def test_an_outage_gets_503(get: Get, site: JwksSite) -> None:
    """A token that cannot be decided about may be good: the client keeps it, and tries again."""
    site.outage = lambda handler: answer(handler, 500, b"")
    assert get({"Authorization": f"Bearer {site.token(signing_key())}"})[:3] == (503, None, "10")
