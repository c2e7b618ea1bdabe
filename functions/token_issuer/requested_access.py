"""Which audience and scope a client may have of what it asks for (RFC 6749 §3.3, RFC 8707), in every grant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.access.scope import OFFLINE_ACCESS, OPENID, OPENID_SCOPES, parse_scope
from keyturn.domain.clients.client import Client
from keyturn.web.form import Form
from token_issuer.errors import InvalidScope, InvalidTarget

if TYPE_CHECKING:
    from keyturn.ports import ResourceServerReader


class Access(NamedTuple):
    """The resource server that a token is for, and what it allows there."""

    audience: str
    scope: frozenset[str]


def check_parameters(form: Form) -> None:
    """Raise BadRequest where a parameter is there more than once, and InvalidTarget where that is resource.

    RFC 8707 §2 lets a client name several resources, and a server refuse to give one token for them.
    """
    if form.repeated == {"resource"}:
        raise InvalidTarget("a token is for one resource")
    form.check_repetitions()


def split_offline_access(scope: str | None) -> tuple[str | None, bool]:
    """Return the scope value without offline_access, and whether that was in it (OIDC Core §11).

    Raises InvalidScope where nothing else is in it: an empty scope would ask for all.
    """
    words = [] if scope is None else scope.split(" ")
    if OFFLINE_ACCESS not in words:
        return scope, False
    rest = " ".join(word for word in words if word != OFFLINE_ACCESS)
    if not rest:
        raise InvalidScope("offline_access goes with another scope")
    return rest, True


class RequestedAccess:
    """Decides by the registrations of the client and of the resource server."""

    def __init__(self, resource_servers: ResourceServerReader) -> None:
        """Take the registered resource servers."""
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
        """Return what the client gets for the `resource` and `scope` of a request; raises InvalidTarget, InvalidScope.

        `granted` is what the grant allows, where not all: never more than that (RFC 6749 §6). `ignores_unknown` drops
        scopes that the client may not have from a request with openid (OIDC Core §3.1.2.1).
        """
        audience = _audience(client, resource)
        allowed = client.scopes if granted is None else client.scopes & granted
        server = self._resource_servers.get(audience)
        if server is not None:
            allowed &= server.scopes | OPENID_SCOPES
        return Access(audience, _scope(allowed - {OFFLINE_ACCESS}, scope, ignores_unknown=ignores_unknown))


def _audience(client: Client, resource: str | None) -> str:
    """Return the audience of the resource asked for; nothing asked is the only one that the client has (R27)."""
    if resource is None:
        if len(client.audiences) != 1:
            raise InvalidTarget("the client has several audiences: name one as resource")
        return client.audiences[0]
    if resource not in client.audiences:
        raise InvalidTarget("the client may not have tokens for this resource")
    return resource


def _scope(allowed: frozenset[str], requested: str | None, *, ignores_unknown: bool) -> frozenset[str]:
    """Return what was asked for if the client may have all of it; nothing asked is all that it may have (R26)."""
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
