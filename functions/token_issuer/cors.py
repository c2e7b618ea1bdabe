"""Cross-origin requests of web pages (Fetch §3.2), by the origins that the client has registered.

A page may read an answer once its client has authenticated. Browsers send no credentials of their own: a client sends
its own in the request, and these endpoints ignore cookies.
"""

from __future__ import annotations

from keyturn.domain.clients.client import is_origin
from keyturn.web.responses import Response
from token_issuer.request import IssuerRequest

_ALLOWED_HEADERS = "authorization, content-type"
# API Gateway renames the challenge of a Lambda function; a page reads it by its new name.
_EXPOSED_HEADERS = "www-authenticate, x-amzn-remapped-www-authenticate, retry-after"
_MAX_AGE = 600  # seconds; a preflight does not depend on the registration, whose changes apply at once


def answer_preflight(request: IssuerRequest, methods: tuple[str, ...]) -> Response | None:
    """Return the answer to a preflight (Fetch §4.8) of an endpoint with these methods, None for any other request.

    A preflight carries no client id, so that every origin is allowed to send the request. This is safe: a request needs
    credentials, and a page can read its answer only if the client registered the page's origin.
    """
    if not request.cors or request.method != "OPTIONS" or request.origin is None or not is_origin(request.origin):
        return None
    if request.headers.get("access-control-request-method") not in methods:
        return None
    headers = {
        "access-control-allow-origin": request.origin,
        "access-control-allow-methods": ", ".join(methods),
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-max-age": str(_MAX_AGE),
    }
    return Response(204, "", headers)


def share(request: IssuerRequest, response: Response) -> Response:
    """Return the answer with the CORS headers, if the authenticated client has registered the page's origin.

    Errors are readable too, once the client has authenticated; before that the issuer does not know its pages.
    """
    if not request.cors:
        return response
    headers = {"vary": "Origin"}
    if request.client is not None and request.origin is not None and request.origin in request.client.cors_origins:
        headers["access-control-allow-origin"] = request.origin
        headers["access-control-expose-headers"] = _EXPOSED_HEADERS
    return response.with_headers(headers)
