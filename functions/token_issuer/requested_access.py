"""Decides the audience and scope of a request (RFC 6749 §3.3, RFC 8707), for every grant type."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.access.scope import OFFLINE_ACCESS, OPENID, OPENID_SCOPES, parse_scope
from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import is_same_resource
from keyturn.web.form import Form
from token_issuer.errors import InvalidScope, InvalidTarget

if TYPE_CHECKING:
    from keyturn.ports import ResourceServerReader


class Access(NamedTuple):
    """The resource server of a token, and its scope there."""

    audience: str
    scope: frozenset[str]


def check_parameters(form: Form) -> None:
    """Raise BadRequest for a repeated parameter, and InvalidTarget for a repeated `resource`.

    RFC 8707 §2 lets a client name several resources, and lets a server refuse to issue one token for them.
    """
    if form.repeated == {"resource"}:
        raise InvalidTarget("a token is for one resource")
    form.check_repetitions()


def split_offline_access(scope: str | None) -> tuple[str | None, bool]:
    """Return the scope value without offline_access, and whether it had offline_access (OIDC Core §11).

    Raises InvalidScope for offline_access alone: the empty rest would request every scope.
    """
    words = [] if scope is None else scope.split(" ")
    if OFFLINE_ACCESS not in words:
        return scope, False
    rest = " ".join(word for word in words if word != OFFLINE_ACCESS)
    if not rest:
        raise InvalidScope("offline_access needs another scope beside it")
    return rest, True


class RequestedAccess:
    """Decides by the registrations of the client and the resource server."""

    def __init__(self, resource_servers: ResourceServerReader) -> None:
        self._resource_servers = resource_servers

    def decide(
        self,
        client: Client,
        *,
        resource: str | None,
        scope: str | None,
        granted: frozenset[str] | None = None,
        ignores_unknown: bool = False,
    ) -> Access:
        """Return the access for the `resource` and `scope` of a request; raises InvalidTarget, InvalidScope.

        `granted` is the limit that the grant sets, None for no limit (RFC 6749 §6). `ignores_unknown` drops scopes that
        the client may not have from a request with openid (OIDC Core §3.1.2.1).
        """
        audience = _audience(client, resource)
        allowed = client.scopes if granted is None else client.scopes & granted
        server = self._resource_servers.get(audience)
        if server is not None:
            allowed &= server.scopes | OPENID_SCOPES
        return Access(audience, _scope(allowed - {OFFLINE_ACCESS}, scope, ignores_unknown=ignores_unknown))


def _audience(client: Client, resource: str | None) -> str:
    """Return the registered audience of the requested resource; the default is the client's only audience."""
    if resource is None:
        if len(client.audiences) != 1:
            raise InvalidTarget("the client has several audiences: name one as resource")
        return client.audiences[0]
    # An equal audience comes first: two audiences may differ in the empty path.
    for audience in sorted(client.audiences, key=lambda each: each != resource):
        if is_same_resource(resource, audience):
            return audience
    raise InvalidTarget("the client may not have tokens for this resource")


def _scope(allowed: frozenset[str], requested: str | None, *, ignores_unknown: bool) -> frozenset[str]:
    """Return the requested scope if the client may have all of it; the default is all that it may have."""
    if requested is None:
        if not allowed:
            raise InvalidScope("the client has no scope for this resource")
        return allowed
    try:
        scope = parse_scope(requested)
    except ValueError as error:
        raise InvalidScope(str(error)) from None
    if ignores_unknown and OPENID in scope & allowed:
        scope &= allowed
    if not scope <= allowed:
        raise InvalidScope("the client may not have all of this scope for this resource")
    return scope
