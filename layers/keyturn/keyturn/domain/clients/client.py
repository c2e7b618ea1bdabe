"""Registered clients (RFC 6749 §2), the rules of a registration, and the comparison of client secrets."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keyturn.domain.access.scope import check_scope_tokens
from keyturn.domain.clients.custom_claims import check_claims
from keyturn.domain.clients.redirect_uri import (
    check_post_logout_redirect_uri,
    check_redirect_uri,
    is_native,
    matches_redirect_uri,
)
from keyturn.domain.clients.resource_server import check_audience, check_lifetime
from keyturn.domain.clients.url_host import HOST, PORT

# A user's subject begins with `u_`: a client id never equals a subject (RFC 9700 §4.15).
_CLIENT_ID = re.compile(r"(?!u_)[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Browsers omit the scheme's default port: an origin registered with it would never match.
_ORIGIN = re.compile(rf"(https://{HOST}(?!:443$)|http://(localhost|127\.0\.0\.1|\[::1\])(?!:80$))(:{PORT})?")

SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
AUTHENTICATION_METHODS = SECRET_METHODS | {"private_key_jwt", "none"}
PKCE = ("required", "optional")
GRANT_TYPES = frozenset({"authorization_code", "client_credentials", "refresh_token"})
# A refresh token that nobody uses ends after the idle time, and its grant after the absolute one; in seconds.
REFRESH_LIFETIME = 30 * 86_400
REFRESH_IDLE = 14 * 86_400
MAX_REFRESH_LIFETIME = 366 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One registered client.

    `authentication`: the methods that it may use at the token endpoint (RFC 7591 §2), {"none"} for a public client.
    `secret_hashes`: SHA-256 digests in hex, at most two at a time, so that secrets rotate without downtime. A plain
    digest is enough, since a secret is 256 random bits. `jwks`: the public keys of its assertions (RFC 7523), by value.
    `token_endpoint_audience` allows the token endpoint's URL as their aud, beside the issuer identifier.
    `scopes`: all scopes that it may request. `audiences`: the resource servers that its tokens may be for.
    `introspects`: the audiences for which it may introspect the tokens of other clients (RFC 7662 §2.1).
    `redirect_uris` and `post_logout_redirect_uris` are compared as whole strings (RP-Initiated Logout 1.0 §3.1).
    `access_token_lifetime`, `refresh_lifetime` and `refresh_idle` are in seconds. `cors_origins`: origins of the web
    pages that may read the issuer's responses. `rate`: requests a minute to each of the token, revocation and
    introspection endpoints, None without a limit. `claims`: values of custom claims that resource servers declare, for
    tokens in the client's own name. `user_claims`: the same for tokens of its users, whose own values take precedence.
    `first_party`: the operator's own application, whose users are asked for no consent. `pkce` "optional" allows a
    confidential client to send no challenge (RFC 9700 §2.1.1). `revision` counts the changes of the registration.
    """

    client_id: str
    name: str
    grant_types: frozenset[str]
    scopes: frozenset[str]
    audiences: tuple[str, ...]
    secret_hashes: tuple[str, ...] = ()
    authentication: frozenset[str] = SECRET_METHODS
    jwks: tuple[Mapping[str, Any], ...] = ()
    token_endpoint_audience: bool = False
    redirect_uris: tuple[str, ...] = ()
    introspects: frozenset[str] = frozenset()
    access_token_lifetime: int | None = None
    refresh_lifetime: int = REFRESH_LIFETIME
    refresh_idle: int = REFRESH_IDLE
    cors_origins: frozenset[str] = frozenset()
    rate: int | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    user_claims: Mapping[str, Any] = field(default_factory=dict)
    first_party: bool = False
    pkce: str = "required"
    post_logout_redirect_uris: tuple[str, ...] = ()
    created_at: int = 0
    revision: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError with the rule for a registration that could not work, or whose id could be a subject."""
        if not is_client_id(self.client_id):
            raise ValueError("a client id is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with u_")
        if not 0 < len(self.name) <= 100 or not self.name.isprintable():
            raise ValueError("a client's name is 1 to 100 printable characters")
        check_scope_tokens(self.scopes)
        if not self.audiences:
            raise ValueError("a client needs an audience that its tokens are for")
        for audience in (*self.audiences, *self.introspects):
            check_audience(audience)
        self._check_authentication()
        self._check_grants()
        check_lifetime(self.access_token_lifetime)
        if not 1 <= self.refresh_idle <= self.refresh_lifetime <= MAX_REFRESH_LIFETIME:
            raise ValueError(
                "a refresh token's idle time is 1 second to its lifetime, and its lifetime is at most 366 days"
            )
        if self.rate is not None and self.is_public:
            raise ValueError("a public client has no rate: anybody could send requests in its name, and exhaust it")
        if self.rate is not None and not 1 <= self.rate <= 1_000_000:
            raise ValueError("a rate is 1 to 1,000,000 requests a minute")
        for origin in self.cors_origins:
            if not is_origin(origin):
                raise ValueError(
                    "an origin is https://host[:port] in lower case, or http:// for a loopback host; omit a default "
                    "port (443 or 80), as browsers do"
                )
        check_claims(self.claims)
        check_claims(self.user_claims)

    @property
    def is_public(self) -> bool:
        """Whether the client cannot keep a secret (RFC 6749 §2.1)."""
        return self.authentication == {"none"}

    def has_redirect_uri(self, presented: str) -> bool:
        """Return whether a code may be sent to this URI; any port of localhost matches for a public client alone.

        Another process may listen at the name localhost, also on the port of a confidential client's development server
        (RFC 8252 §8.3).
        """
        public = self.is_public
        return any(matches_redirect_uri(each, presented, any_localhost_port=public) for each in self.redirect_uris)

    def needs_pkce(self, redirect_uri: str) -> bool:
        """Return whether a code for this redirect URI needs a challenge (RFC 9700 §2.1.1, RFC 8252 §8.1)."""
        return self.pkce == "required" or self.is_public or is_native(redirect_uri)

    def _check_authentication(self) -> None:
        if not self.authentication or not self.authentication <= AUTHENTICATION_METHODS:
            raise ValueError(f"a client authenticates by one or more of {', '.join(sorted(AUTHENTICATION_METHODS))}")
        if "none" in self.authentication and not self.is_public:
            raise ValueError("a client has either the method none, or methods by which it authenticates")
        by_secret = not self.authentication.isdisjoint(SECRET_METHODS)
        if not (1 if by_secret else 0) <= len(self.secret_hashes) <= (2 if by_secret else 0):
            raise ValueError("a client has one or two secrets if it authenticates by secret, else none")
        if bool(self.jwks) != ("private_key_jwt" in self.authentication):
            raise ValueError("a client has public keys if, and only if, it authenticates by private_key_jwt")
        if self.token_endpoint_audience and not self.jwks:
            raise ValueError(
                "a client signs assertions for the token endpoint only if it authenticates by private_key_jwt"
            )

    def _check_grants(self) -> None:
        if self.is_public and "client_credentials" in self.grant_types:
            raise ValueError("a public client has no credentials for the client_credentials grant (RFC 6749 §4.4)")
        if "refresh_token" in self.grant_types and "authorization_code" not in self.grant_types:
            raise ValueError("a refresh token comes with a code: refresh_token needs authorization_code")
        if bool(self.redirect_uris) != ("authorization_code" in self.grant_types):
            raise ValueError("a client has redirect URIs if, and only if, it may use the authorization_code grant")
        if self.post_logout_redirect_uris and not self.redirect_uris:
            raise ValueError("a client has post-logout URIs only if users sign in to it: it needs redirect URIs")
        if self.pkce not in PKCE:
            raise ValueError("a client's PKCE is required or optional")
        if self.pkce == "optional" and self.is_public:
            raise ValueError("a public client needs PKCE: anybody could use its codes (RFC 9700 §2.1.1)")
        for uri in self.redirect_uris:
            check_redirect_uri(uri)
        for uri in self.post_logout_redirect_uris:
            check_post_logout_redirect_uri(uri)


def is_client_id(value: str) -> bool:
    """Return whether a client could be registered with this id."""
    return _CLIENT_ID.fullmatch(value) is not None


def is_origin(value: str) -> bool:
    """Return whether a client could be registered with this origin of web pages (RFC 6454 §6.2)."""
    return _ORIGIN.fullmatch(value) is not None


def hash_secret(secret: str) -> str:
    """Return the hex SHA-256 of a client secret, the only form that is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def secret_matches(client: Client | None, secret: str) -> bool:
    """Return whether the secret is one of the client's, in constant time; an unknown client takes the same."""
    presented = hash_secret(secret)
    stored = client.secret_hashes if client is not None else ()
    padded = (*stored, "", "")[:2]
    matches = [hmac.compare_digest(presented, candidate.ljust(64, "-")) for candidate in padded]
    return any(matches)
