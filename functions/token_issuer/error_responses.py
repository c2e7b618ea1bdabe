"""The two forms of a refusal: JSON for a client, a page for a person."""

from __future__ import annotations

from keyturn.web.responses import Response, json_response, page
from token_issuer.errors import OAuthError


def error_response(error: OAuthError) -> Response:
    """Return a refusal as JSON (RFC 6749 §5.2)."""
    body = {"error": error.error, "error_description": error.description}
    return json_response(body, status=error.status, headers=error.headers)


def error_page(error: OAuthError) -> Response:
    """Return a refusal for a person; nothing of the request is in it, so that there is nothing to escape."""
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>This request cannot be answered</title><h1>This request cannot be answered</h1><p>{error.description}."
        "<p>Go back to the application that sent you here, and tell its developers this sentence.</html>"
    )
    return page(html, status=error.status, headers=error.headers)
