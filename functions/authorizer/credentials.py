"""The one bearer token of a request (RFC 6750 §2.1, R56): from the Authorization header, never from query or body."""

from __future__ import annotations

from authorizer.refusal import Unauthorized
from authorizer.request import ApiKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from authorizer.request import Request


def bearer_token(request: Request) -> str:
    """Return the token of the request's only Authorization value; raises Unauthorized."""
    return _token_of(_authorization_value(request))


def _authorization_value(request: Request) -> object:
    if request.kind is ApiKind.REST_TOKEN:
        return request.authorization
    # REST keeps the last of several values in `headers` and all of them in `multiValueHeaders`, each under the spelling
    # that the client chose (G9): what a backend would read is not known here, hence one value in all or none.
    single = [value for name, value in request.headers.items() if name.lower() == "authorization"]
    several = [value for name, value in request.multi_value_headers.items() if name.lower() == "authorization"]
    values = [each for value in several for each in (value if isinstance(value, list) else [value])]
    if not single and not values:
        raise Unauthorized("missing_credentials")
    if len(single) > 1 or len(values) > 1 or (single and values and single != values):
        raise Unauthorized("several_credentials")
    return (single or values)[0]


def _token_of(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Unauthorized("missing_credentials")
    # HTTP APIs join repeated headers with commas (G9), and no token holds one.
    if "," in value:
        raise Unauthorized("several_credentials")
    scheme, space, token = value.partition(" ")
    if scheme.lower() != "bearer" or not space or not token or " " in token:
        raise Unauthorized("malformed_credentials")
    return token
