"""What a client can be registered with, as options: `clients add` and `clients update` take the same."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from keyturn_cli.values import parse_duration


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


class Clearable(enum.StrEnum):
    """What `clients update` can take away, or set back to what it is by itself."""

    ACCESS_TOKEN_LIFETIME = "access-token-lifetime"
    CLAIM = "claim"
    CORS_ORIGIN = "cors-origin"
    INTROSPECTS = "introspects"
    RATE = "rate"
    REDIRECT_URI = "redirect-uri"
    REFRESH_IDLE = "refresh-idle"
    REFRESH_LIFETIME = "refresh-lifetime"


Grants = Annotated[list[GrantType] | None, typer.Option("--grant", help="A grant that it may use. Repeatable.")]
RedirectUris = Annotated[
    list[str] | None, typer.Option("--redirect-uri", help="Where a code may be sent, compared whole. Repeatable.")
]
Authentication = Annotated[
    list[AuthenticationMethod] | None,
    typer.Option("--auth", help="How it may authenticate; none for a public client. Repeatable."),
]
Jwks = Annotated[
    Path | None, typer.Option("--jwks", help="A file with its public keys as a JWK Set, for private_key_jwt.")
]
AccessTokenLifetime = Annotated[
    int | None,
    typer.Option(
        "--access-token-lifetime",
        parser=parse_duration,
        metavar="DURATION",
        help="How long its access tokens live at most, such as 5m.",
    ),
]
RefreshLifetime = Annotated[
    int | None,
    typer.Option(
        "--refresh-lifetime",
        parser=parse_duration,
        metavar="DURATION",
        help="When a grant ends, however much it is used; 30d by itself.",
    ),
]
RefreshIdle = Annotated[
    int | None,
    typer.Option(
        "--refresh-idle",
        parser=parse_duration,
        metavar="DURATION",
        help="When a refresh token ends that nobody uses; 14d by itself.",
    ),
]
CorsOrigins = Annotated[
    list[str] | None, typer.Option("--cors-origin", help="A web origin that may call the issuer for it. Repeatable.")
]
Rate = Annotated[int | None, typer.Option("--rate", help="Its token requests a minute at most.")]
Claims = Annotated[
    list[str] | None,
    typer.Option(
        "--claim",
        metavar="NAME=VALUE",
        help="A custom claim, for resource servers that declare it; the value as JSON or as a string. Repeatable.",
    ),
]
Introspects = Annotated[
    list[str] | None,
    typer.Option("--introspects", help="An audience whose tokens it may introspect: for an API's own client."),
]
