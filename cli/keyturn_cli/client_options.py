"""What a client can be registered with, as options: `clients add` and `clients update` take the same."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import typer

from keyturn.domain.access.scope import parse_scope
from keyturn.domain.clients.client import REFRESH_IDLE, REFRESH_LIFETIME
from keyturn_cli.registration import Registered, in_order, names, values
from keyturn_cli.values import parse_claims, parse_duration, read_jwks


class GrantType(enum.StrEnum):
    """The grants that a client can be registered for (RFC 7591 §2)."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"


class AuthenticationMethod(enum.StrEnum):
    """How a client can authenticate (RFC 7591 §2)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    JWT = "private_key_jwt"
    NONE = "none"


class AssertionAudience(enum.StrEnum):
    """The `aud` that a client's assertions may have (RFC 7523 §3): the issuer alone, or its token endpoint as well."""

    ISSUER = "issuer"
    TOKEN_ENDPOINT = "token_endpoint"


class Pkce(enum.StrEnum):
    """Whether codes need a PKCE challenge (RFC 9700 §2.1.1)."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Clearable(enum.StrEnum):
    """What `clients update` can take away, or set back to what it is by itself."""

    ACCESS_TOKEN_LIFETIME = "access-token-lifetime"
    CLAIM = "claim"
    CORS_ORIGIN = "cors-origin"
    FIRST_PARTY = "first-party"
    INTROSPECTS = "introspects"
    POST_LOGOUT_REDIRECT_URI = "post-logout-redirect-uri"
    RATE = "rate"
    REDIRECT_URI = "redirect-uri"
    REFRESH_IDLE = "refresh-idle"
    REFRESH_LIFETIME = "refresh-lifetime"


_DURATION: dict[str, Any] = {"parser": parse_duration, "metavar": "DURATION"}

OPTIONS = {
    "name": Registered("name", str, typer.Option(help="What people call it.")),
    "audience": Registered(
        "audiences", list[str], typer.Option(help="An API that its tokens may be for. May be repeated."), in_order
    ),
    "scope": Registered(
        "scopes", str, typer.Option(help="All scopes that it may ask for, separated by single spaces."), parse_scope
    ),
    "grant": Registered(
        "grant_types", list[GrantType], typer.Option(metavar="GRANT", help=f"{names(GrantType)}. Repeatable."), values
    ),
    "redirect_uri": Registered(
        "redirect_uris", list[str], typer.Option(help="Where a code may be sent, compared whole. Repeatable."), in_order
    ),
    "post_logout_redirect_uri": Registered(
        "post_logout_redirect_uris",
        list[str],
        typer.Option(help="Where a logout may return to, compared whole. Repeatable."),
        in_order,
    ),
    "first_party": Registered(
        "first_party",
        bool,
        # A second name for "no" would get a column of its own in the help, and cut the others' names.
        typer.Option("--first-party", help="Your own application: its users are not asked for consent."),
    ),
    "pkce": Registered(
        "pkce",
        Pkce,
        typer.Option(metavar="RULE", help=f"{names(Pkce)}; optional for a confidential client alone."),
        lambda rule: rule.value,
    ),
    "auth": Registered(
        "authentication",
        list[AuthenticationMethod],
        typer.Option(metavar="METHOD", help=f"{names(AuthenticationMethod)}; none for a public client. Repeatable."),
        values,
    ),
    "jwks": Registered(
        "jwks", Path, typer.Option(help="A file with its public keys as a JWK Set, for private_key_jwt."), read_jwks
    ),
    "assertion_audience": Registered(
        "token_endpoint_audience",
        AssertionAudience,
        typer.Option(metavar="AUDIENCE", help="The aud of its assertions: issuer, or token_endpoint as well."),
        lambda audience: audience is AssertionAudience.TOKEN_ENDPOINT,
    ),
    "access_token_lifetime": Registered(
        "access_token_lifetime",
        int,
        typer.Option(help="How long its access tokens live at most, such as 5m; up to 1h.", **_DURATION),
    ),
    "refresh_lifetime": Registered(
        "refresh_lifetime",
        int,
        typer.Option(help="When a grant ends, however much it is used; up to 366d, 30d by itself.", **_DURATION),
    ),
    "refresh_idle": Registered(
        "refresh_idle",
        int,
        typer.Option(help="When a refresh token ends that nobody uses; 14d by itself.", **_DURATION),
    ),
    "cors_origin": Registered(
        "cors_origins",
        list[str],
        typer.Option(help="A web origin that may call the issuer for it. Repeatable."),
        frozenset,
    ),
    "rate": Registered(
        "rate",
        int,
        typer.Option(help="Its requests a minute to each endpoint, up to 1,000,000; not for a public client."),
    ),
    "claim": Registered(
        "claims",
        list[str],
        typer.Option(
            metavar="NAME=VALUE",
            help="A custom claim, for resource servers that declare it; the value as JSON or as a string. Repeatable.",
        ),
        parse_claims,
    ),
    "introspects": Registered(
        "introspects",
        list[str],
        typer.Option(help="An audience whose tokens it may introspect: for an API's own client. Repeatable."),
        frozenset,
    ),
}
# Those without which nobody is a client.
REQUIRED = ("name", "audience", "scope")

# What a field is without a registration of its own.
CLEARED: dict[Clearable, dict[str, Any]] = {
    Clearable.ACCESS_TOKEN_LIFETIME: {"access_token_lifetime": None},
    Clearable.CLAIM: {"claims": {}},
    Clearable.CORS_ORIGIN: {"cors_origins": frozenset()},
    Clearable.FIRST_PARTY: {"first_party": False},
    Clearable.INTROSPECTS: {"introspects": frozenset()},
    Clearable.POST_LOGOUT_REDIRECT_URI: {"post_logout_redirect_uris": ()},
    Clearable.RATE: {"rate": None},
    Clearable.REDIRECT_URI: {"redirect_uris": ()},
    Clearable.REFRESH_IDLE: {"refresh_idle": REFRESH_IDLE},
    Clearable.REFRESH_LIFETIME: {"refresh_lifetime": REFRESH_LIFETIME},
}
