"""Options of a client's registration: `clients add` and `clients update` take the same ones."""

from __future__ import annotations

import enum
from functools import partial
from pathlib import Path
from typing import Any

import typer

from keyturn.domain.access.scope import parse_scope
from keyturn.domain.clients.client import REFRESH_IDLE, REFRESH_LIFETIME
from keyturn_cli.registration import Registered, in_order, names, values
from keyturn_cli.values import parse_claims, parse_duration, read_jwks


class GrantType(enum.StrEnum):
    """The grant types that a client can be registered for (RFC 7591 §2)."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"


class AuthenticationMethod(enum.StrEnum):
    """The authentication methods of a client (RFC 7591 §2)."""

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
    """The fields that `clients update` can clear or set back to their defaults."""

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
    USER_CLAIM = "user-claim"


_DURATION: dict[str, Any] = {"parser": parse_duration, "metavar": "DURATION"}

OPTIONS = {
    "name": Registered("name", str, typer.Option(help="A name for people.")),
    "audience": Registered(
        "audiences",
        list[str],
        typer.Option(help="The audience of an API that its tokens may be for. Repeatable."),
        in_order,
    ),
    "scope": Registered(
        "scopes", str, typer.Option(help="All scopes that it may request, separated by single spaces."), parse_scope
    ),
    "grant": Registered(
        "grant_types", list[GrantType], typer.Option(metavar="GRANT", help=f"{names(GrantType)}. Repeatable."), values
    ),
    "redirect_uri": Registered(
        "redirect_uris",
        list[str],
        typer.Option(help="A redirect URI for codes, compared character by character. Repeatable."),
        in_order,
    ),
    "post_logout_redirect_uri": Registered(
        "post_logout_redirect_uris",
        list[str],
        typer.Option(help="A URI to return to after a logout, compared character by character. Repeatable."),
        in_order,
    ),
    "first_party": Registered(
        "first_party",
        bool,
        # A second name for "no" would get its own column in the help, and truncate the names of other options.
        typer.Option("--first-party", help="Your own application, which needs no consent of its users."),
    ),
    "pkce": Registered(
        "pkce",
        Pkce,
        typer.Option(metavar="RULE", help=f"{names(Pkce)}. A public client needs PKCE."),
        lambda rule: rule.value,
    ),
    "auth": Registered(
        "authentication",
        list[AuthenticationMethod],
        typer.Option(
            metavar="METHOD", help=f"{names(AuthenticationMethod)}. Give none for a public client. Repeatable."
        ),
        values,
    ),
    "jwks": Registered(
        "jwks", Path, typer.Option(help="A file with its public keys as a JWK Set, for private_key_jwt."), read_jwks
    ),
    "assertion_audience": Registered(
        "token_endpoint_audience",
        AssertionAudience,
        typer.Option(metavar="AUDIENCE", help="The aud of its assertions: issuer, or token_endpoint to accept both."),
        lambda audience: audience is AssertionAudience.TOKEN_ENDPOINT,
    ),
    "access_token_lifetime": Registered(
        "access_token_lifetime",
        int,
        typer.Option(help="The longest lifetime of its access tokens, such as 5m; at most 1h.", **_DURATION),
    ),
    "refresh_lifetime": Registered(
        "refresh_lifetime",
        int,
        typer.Option(help="The lifetime of a grant, used or unused; at most 366d. Default: 30d.", **_DURATION),
    ),
    "refresh_idle": Registered(
        "refresh_idle",
        int,
        typer.Option(help="The lifetime of an unused refresh token. Default: 14d.", **_DURATION),
    ),
    "cors_origin": Registered(
        "cors_origins",
        list[str],
        typer.Option(help="A web origin whose pages may call the issuer (CORS). Repeatable."),
        frozenset,
    ),
    "rate": Registered(
        "rate",
        int,
        typer.Option(help="Its requests per minute to each endpoint, at most 1,000,000. A public client has no rate."),
    ),
    "claim": Registered(
        "claims",
        list[str],
        typer.Option(
            metavar="NAME=VALUE",
            help="A custom claim of tokens in its own name. The value is JSON or a string. Repeatable.",
        ),
        parse_claims,
    ),
    "user_claim": Registered(
        "user_claims",
        list[str],
        typer.Option(
            metavar="NAME=VALUE",
            help="A custom claim of its users' tokens. The value is JSON or a string. Repeatable.",
        ),
        partial(parse_claims, option="--user-claim"),
    ),
    "introspects": Registered(
        "introspects",
        list[str],
        typer.Option(help="An audience whose tokens it may introspect, for the client of an API. Repeatable."),
        frozenset,
    ),
}
# The options that every client needs.
REQUIRED = ("name", "audience", "scope")

# The value of each field after it is cleared.
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
    Clearable.USER_CLAIM: {"user_claims": {}},
}
