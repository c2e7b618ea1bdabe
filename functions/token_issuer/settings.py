"""The settings of the token issuer, read from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from keyturn.domain.keys.audience_algorithms import parse_audience_algorithms
from keyturn.environment import issuer_url, parsed, previous_issuers, text, whole_number


class IssuerSettings(NamedTuple):
    """The issuer's configuration; all durations in seconds, the algorithms by audience where one has its own."""

    issuer: str
    previous_issuers: frozenset[str]
    key_ring_table: str
    revocation_table: str
    client_table: str
    grant_table: str
    user_table: str
    authority_table: str
    session_table: str
    interaction_table: str
    successor_key: str
    audience_algorithms: Mapping[str, str]
    access_token_lifetime: int
    max_token_lifetime: int
    leeway: int
    ring_view: int
    jwks_max_age: int

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the issuer by TLS; only a loopback issuer uses plain http."""
        return self.issuer.startswith("https:")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> IssuerSettings:
        """Return the settings; raises SettingsError that names the variable and what it should be."""
        ceiling = whole_number(environment, "MAX_TOKEN_LIFETIME_SECONDS", 1, 3600)
        return cls(
            issuer=issuer_url(environment, "ISSUER", text(environment, "ISSUER")),
            previous_issuers=previous_issuers(environment),
            key_ring_table=text(environment, "KEY_RING_TABLE"),
            revocation_table=text(environment, "REVOCATION_TABLE"),
            client_table=text(environment, "CLIENT_TABLE"),
            grant_table=text(environment, "GRANT_TABLE"),
            user_table=text(environment, "USER_TABLE"),
            authority_table=text(environment, "AUTHORITY_TABLE"),
            session_table=text(environment, "SESSION_TABLE"),
            interaction_table=text(environment, "INTERACTION_TABLE"),
            successor_key=text(environment, "SUCCESSOR_KEY"),
            audience_algorithms=parsed(
                "AUDIENCE_ALGORITHMS", environment.get("AUDIENCE_ALGORITHMS", ""), parse_audience_algorithms
            ),
            access_token_lifetime=whole_number(environment, "ACCESS_TOKEN_LIFETIME_SECONDS", 1, ceiling),
            max_token_lifetime=ceiling,
            leeway=whole_number(environment, "LEEWAY_SECONDS", 0, 60),
            ring_view=whole_number(environment, "RING_VIEW_SECONDS", 2, 600),
            jwks_max_age=whole_number(environment, "JWKS_MAX_AGE_SECONDS", 1, 86_400),
        )
