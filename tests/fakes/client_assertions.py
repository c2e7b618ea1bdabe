"""Clients that have keys, and the assertions that they sign."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from keyturn.domain.clients.client import Client
from tests.fakes.http_api_event import form_event
from tests.fakes.issuer_harness import make_client
from tests.fakes.token_factory import ABSENT, ISSUER, NOW, SigningKey, make_token, signing_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NUMBERS = itertools.count()


def client_key(algorithm: str = "ES256") -> SigningKey:
    """Return the key that clients have here."""
    return signing_key(algorithm, "client")


def keyed_client(client_id: str = "keyed", **changes: Any) -> Client:
    """Return a client that authenticates by its key alone, with changes."""
    fields: dict[str, Any] = {"authentication": frozenset({"private_key_jwt"}), "secret_hashes": ()}
    return make_client(client_id, **(fields | {"jwks": (client_key().jwk,)} | changes))


def make_assertion(
    client_id: str = "keyed",
    *,
    key: SigningKey | None = None,
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """Return a new assertion of the client, good but for the changes; ABSENT leaves a claim out."""
    good: dict[str, Any] = {"iss": client_id, "sub": client_id, "aud": ISSUER, "exp": NOW + 60, "scope": ABSENT}
    good |= {"client_id": ABSENT, "jti": f"assertion-{next(_NUMBERS)}"}
    return make_token(
        key=key or client_key(), header={"typ": ABSENT} | dict(header or {}), claims=good | dict(claims or {})
    )


def assertion_event(path: str, assertion: str, **parameters: str) -> dict[str, Any]:
    """Return a request that the assertion authenticates."""
    presented = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    return form_event(path, presented | parameters)
