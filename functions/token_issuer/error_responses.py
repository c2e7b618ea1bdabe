"""The two forms of an error: JSON for a client, an HTML page for a user."""

from __future__ import annotations

from html import escape

from keyturn.web.responses import Response, json_response, page
from token_issuer.errors import OAuthError
from token_issuer.html_page import html_page


def error_response(error: OAuthError) -> Response:
    """Return an error as JSON (RFC 6749 §5.2)."""
    body = {"error": error.error, "error_description": error.description}
    return json_response(body, status=error.status, headers=error.headers)


def error_page(error: OAuthError) -> Response:
    """Return an error as a page for the user; the page repeats nothing of the request."""
    html = html_page(
        "This request cannot be answered",
        "<p>Go back to the application that sent you here, and tell its developers:</p>"
        f"<p><code>{escape(error.description)}</code></p>",
    )
    return page(html, status=error.status, headers=error.headers)
