"""Requests to the embedded stack, as a client makes them: over HTTP, through the front proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from local.stack_file import StackFile

CLIENT = httpx.Client(timeout=40, trust_env=False)


def ask(stack: StackFile, **form: str) -> httpx.Response:
    """Ask for a token as the demo client, with client_secret_basic."""
    return CLIENT.post(
        stack.token_endpoint,
        data={"grant_type": "client_credentials"} | form,
        auth=(stack.client_id, stack.client_secret),
    )


def get_token(stack: StackFile, **form: str) -> str:
    """Return an access token of the demo client."""
    answer = ask(stack, **form)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def call(url: str, token: str | None, method: str = "GET") -> httpx.Response:
    """Call a protected API."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return CLIENT.request(method, url, headers=headers)


def statuses(stack: StackFile, token: str | None, method: str = "GET") -> dict[str, int]:
    """Return what each example API answers to this token."""
    return {name: call(url, token, method).status_code for name, url in stack.apis.items()}


def post(stack: StackFile, endpoint: str, **form: Any) -> httpx.Response:
    """Post a form to another endpoint of the issuer as the demo client."""
    return CLIENT.post(f"{stack.issuer}/oauth2/{endpoint}", data=form, auth=(stack.client_id, stack.client_secret))
