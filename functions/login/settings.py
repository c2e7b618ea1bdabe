"""The settings of the login, read from its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from keyturn.domain.credentials.buckets import AttemptLimits
from keyturn.domain.credentials.password import Argon2Parameters
from keyturn.environment import SettingsError, issuer_url, text, whole_number

_HEADER_NAME = re.compile("[a-z0-9-]{1,64}")
_MIN_SECRET_LENGTH = 32


class Tables(NamedTuple):
    """The names of the tables."""

    key_rings: str
    revocations: str
    clients: str
    users: str
    authorities: str
    credentials: str
    sessions: str
    interactions: str


class LoginSettings(NamedTuple):
    """The login's configuration; all durations in seconds.

    A CDN in front of the issuer sends the browser's address in the header `client_address_header`, and proves itself by
    `client_address_secret`. Both are "" without a CDN.
    """

    issuer: str
    tables: Tables
    pepper_key: str
    max_token_lifetime: int
    leeway: int
    session_idle: int
    session_lifetime: int
    argon2: Argon2Parameters
    limits: AttemptLimits
    client_address_header: str
    client_address_secret: str

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the issuer by TLS; only a loopback issuer uses plain http."""
        return self.issuer.startswith("https:")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> LoginSettings:
        """Return the settings; raises SettingsError that names the variable and its rule."""
        header, secret = _client_address(environment)
        lifetime = whole_number(environment, "SESSION_LIFETIME_SECONDS", 300, 366 * 86_400)
        return cls(
            issuer=issuer_url(environment, "ISSUER", text(environment, "ISSUER")),
            tables=_tables(environment),
            pepper_key=text(environment, "PEPPER_KEY"),
            max_token_lifetime=whole_number(environment, "MAX_TOKEN_LIFETIME_SECONDS", 1, 3600),
            leeway=whole_number(environment, "LEEWAY_SECONDS", 0, 60),
            session_idle=whole_number(environment, "SESSION_IDLE_SECONDS", 300, lifetime),
            session_lifetime=lifetime,
            argon2=Argon2Parameters(
                # 7 MiB is the least memory of the OWASP table that has five iterations.
                memory=whole_number(environment, "ARGON2_MEMORY_KIB", 7168, 1_048_576),
                iterations=whole_number(environment, "ARGON2_ITERATIONS", 1, 100),
                lanes=whole_number(environment, "ARGON2_LANES", 1, 16),
            ),
            limits=AttemptLimits(
                per_account=whole_number(environment, "SIGN_INS_PER_ACCOUNT", 1, 10_000),
                per_device=whole_number(environment, "SIGN_INS_PER_DEVICE", 1, 10_000),
                per_address=whole_number(environment, "SIGN_INS_PER_ADDRESS", 1, 1_000_000),
                window=whole_number(environment, "SIGN_IN_WINDOW_SECONDS", 60, 86_400),
            ),
            client_address_header=header,
            client_address_secret=secret,
        )


def _tables(environment: Mapping[str, str]) -> Tables:
    return Tables(
        key_rings=text(environment, "KEY_RING_TABLE"),
        revocations=text(environment, "REVOCATION_TABLE"),
        clients=text(environment, "CLIENT_TABLE"),
        users=text(environment, "USER_TABLE"),
        authorities=text(environment, "AUTHORITY_TABLE"),
        credentials=text(environment, "CREDENTIAL_TABLE"),
        sessions=text(environment, "SESSION_TABLE"),
        interactions=text(environment, "INTERACTION_TABLE"),
    )


def _client_address(environment: Mapping[str, str]) -> tuple[str, str]:
    header = environment.get("CLIENT_ADDRESS_HEADER", "").lower()
    secret = environment.get("CLIENT_ADDRESS_SECRET", "")
    if bool(header) != bool(secret):
        raise SettingsError("CLIENT_ADDRESS_HEADER and CLIENT_ADDRESS_SECRET are set together or not at all")
    if header and (_HEADER_NAME.fullmatch(header) is None or header == "x-forwarded-for"):
        # Anybody can write X-Forwarded-For, and proxies append to it.
        raise SettingsError("CLIENT_ADDRESS_HEADER must be a header that the CDN writes, other than X-Forwarded-For")
    if header and len(secret) < _MIN_SECRET_LENGTH:
        raise SettingsError(f"CLIENT_ADDRESS_SECRET has {_MIN_SECRET_LENGTH} characters or more")
    return header, secret
