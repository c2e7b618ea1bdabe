"""Registered resource servers (RFC 8707)."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.domain.clients.resource_server import RESERVED_CLAIMS, ResourceServer
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS


def make_server(**changes: Any) -> ResourceServer:
    fields: dict[str, Any] = {
        "audience": "https://api.example.com",
        "name": "Orders",
        "scopes": frozenset({"orders:read"}),
    }
    return ResourceServer(**fields | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": ""},
        {"audience": "two words"},
        {"audience": "a" * 256},
        {"audience": "https://api.example.com\n"},
        {"audience": "https://größe.example"},
        {"name": ""},
        {"name": "n" * 101},
        {"name": "a\x1bb"},
        {"scopes": frozenset({"a b"})},
        {"scopes": frozenset({""})},
        {"access_token_lifetime": 0},
        {"access_token_lifetime": 3601},
        {"algorithm": "HS256"},
        {"algorithm": "none"},
        {"algorithm": "es256"},
        {"algorithm": "default"},
        {"claims": frozenset({""})},
        {"claims": frozenset({"two words"})},
        {"claims": frozenset({"c" * 129})},
    ],
)
def test_a_registration_that_could_not_work_is_refused(changes: dict[str, Any]) -> None:
    """Every field is well-formed, and the algorithm one that a ring can sign with (R27)."""
    with pytest.raises(ValueError, match=r"^an? "):
        make_server(**changes)


@pytest.mark.parametrize("claim", sorted(RESERVED_CLAIMS))
def test_no_declaration_changes_what_a_token_says_by_itself(claim: str) -> None:
    """The claims of RFC 9068, of revocation and of sender constraint are not custom (R28)."""
    with pytest.raises(ValueError, match=f"the claim {claim} is set by the issuer"):
        make_server(claims=frozenset({claim}))


def test_the_claims_of_the_token_profile_are_reserved() -> None:
    """Nothing that the issuer itself puts into an access token can be declared (R28)."""
    own = {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "gid", "sid", "auth_time", "acr", "amr"}
    assert own <= RESERVED_CLAIMS


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": frozenset()},
        {"access_token_lifetime": 1},
        {"access_token_lifetime": 3600},
        *({"algorithm": algorithm} for algorithm in SIGNING_ALGORITHMS),
        {"claims": frozenset({"tenant", "https://example.com/roles", "Sub"})},
        {"audience": "urn:example:api"},
    ],
)
def test_a_registration_that_works(changes: dict[str, Any]) -> None:
    """A value at the limit of each rule is accepted."""
    [(name, value)] = changes.items()
    assert getattr(make_server(**changes), name) == value
