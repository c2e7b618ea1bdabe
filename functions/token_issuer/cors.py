"""Cross-origin requests of web pages (Fetch §3.2).

Every page may read a public document, and every error: an error repeats nothing of the request. A page may read another
answer if its client has registered the page's origin. Browsers send no credentials of their own: a client sends its own
in the request, and these endpoints ignore cookies.
"""

from __future__ import annotations

import enum

from keyturn.domain.clients.client import is_origin
from keyturn.web.responses import Response
from token_issuer import paths
from token_issuer.request import IssuerRequest

# The wildcard excludes Authorization (Fetch §4.8). Pages send headers of their own too, such as traceparent.
_ALLOWED_HEADERS = "*, authorization"
# API Gateway renames the challenge of a Lambda function; a page reads it by its new name.
_EXPOSED = {"access-control-expose-headers": "www-authenticate, x-amzn-remapped-www-authenticate, retry-after"}
_PUBLIC = {"access-control-allow-origin": "*"}
_ERRORS = 400
_MAX_AGE = 600  # seconds; a preflight does not depend on the registration, whose changes apply at once


class Readers(enum.Enum):
    """The web pages that may read an endpoint's responses."""

    NO_PAGE = "no page"
    PAGES_OF_THE_CLIENT = "pages of the client"
    EVERY_PAGE = "every page"


# The key is the path: a page can read the error of an endpoint whose composition failed. The authorization endpoint is
# for browsers, and introspection for resource servers.
_READERS = {
    paths.TOKEN: Readers.PAGES_OF_THE_CLIENT,
    paths.REVOCATION: Readers.PAGES_OF_THE_CLIENT,
    paths.USERINFO: Readers.PAGES_OF_THE_CLIENT,
    paths.JWKS: Readers.EVERY_PAGE,
    paths.METADATA: Readers.EVERY_PAGE,
    paths.OPENID_METADATA: Readers.EVERY_PAGE,
}


def answer_preflight(request: IssuerRequest, methods: tuple[str, ...]) -> Response | None:
    """Return the response to a preflight (Fetch §4.8) of an endpoint with these methods, None for any other request.

    A preflight carries no client id, so that every origin is allowed to send the request. This is safe: a request needs
    credentials, and a page can read a success only if the client registered the page's origin.
    """
    readers, origin = _readers(request), request.origin
    if readers is Readers.NO_PAGE or request.method != "OPTIONS" or origin is None:
        return None
    if readers is Readers.PAGES_OF_THE_CLIENT and not is_origin(origin):
        return None
    if request.headers.get("access-control-request-method") not in methods:
        return None
    headers = {
        "access-control-allow-origin": "*" if readers is Readers.EVERY_PAGE else origin,
        "access-control-allow-methods": ", ".join(methods),
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-max-age": str(_MAX_AGE),
    }
    return Response(204, "", headers)


def share(request: IssuerRequest, response: Response) -> Response:
    """Return the response with the CORS headers: for its readers, or for every page if it is an error."""
    readers = _readers(request)
    if readers is Readers.NO_PAGE:
        return response
    is_error = response.status >= _ERRORS
    if readers is Readers.EVERY_PAGE:
        return response.with_headers(_PUBLIC | (_EXPOSED if is_error else {}))
    headers = {"vary": "Origin"}
    if request.client is not None and request.origin is not None and request.origin in request.client.cors_origins:
        headers |= {"access-control-allow-origin": request.origin, **_EXPOSED}
    elif is_error:
        headers |= _PUBLIC | _EXPOSED
    return response.with_headers(headers)


def _readers(request: IssuerRequest) -> Readers:
    return _READERS.get(request.path, Readers.NO_PAGE)
