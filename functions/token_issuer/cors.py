"""Cross-origin requests of web pages (Fetch §3.2): the issuer answers, and the client's registration decides.

What a page may read is said by the answer to its request, once the client is known. Credentials of the browser are
never asked for: a client sends its own, and no cookie is worth anything here.
"""

from __future__ import annotations

from keyturn.domain.clients.client import is_origin
from keyturn.web.responses import Response
from token_issuer.request import IssuerRequest

_ALLOWED_HEADERS = "authorization, content-type"
# API Gateway renames the challenge of a function: a page reads it by the name under which it arrives.
_EXPOSED_HEADERS = "www-authenticate, x-amzn-remapped-www-authenticate, retry-after"
_MAX_AGE = 600  # seconds; a changed registration counts at once all the same


def answer_preflight(request: IssuerRequest, methods: tuple[str, ...]) -> Response | None:
    """Return the answer to a preflight (Fetch §4.8) of an endpoint with these methods, None for any other request.

    A preflight carries no client id, and so cannot be told whose it is: every origin is told that it may ask. That
    grants nothing: without credentials a request is refused, and without a registration its answer is not readable.
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
    """Return the answer, readable by the page that asked if the client that authenticated has its origin.

    Refusals too, from the client's authentication on; before it, nobody knows whose page may read them.
    """
    if not request.cors:
        return response
    headers = {"vary": "Origin"}
    if request.client is not None and request.origin is not None and request.origin in request.client.cors_origins:
        headers["access-control-allow-origin"] = request.origin
        headers["access-control-expose-headers"] = _EXPOSED_HEADERS
    return response.with_headers(headers)
