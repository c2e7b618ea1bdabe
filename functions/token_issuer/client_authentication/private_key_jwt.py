"""A JWT that the client signed with a key of its own (RFC 7521 §4.2, RFC 7523 §2.2 and §3)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.clients.client import Client
from keyturn.domain.errors import ItemDamaged
from keyturn.jose import KeySet, TokenError
from keyturn.jose.client_assertion import claimed_client_id, verify_client_assertion
from keyturn.web.form import Form
from keyturn.web.request import Request
from token_issuer.errors import InvalidClient

if TYPE_CHECKING:
    from keyturn.ports import AssertionLog, Clock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# An assertion is remembered for a little longer than it is accepted: a request takes a while from the one to the other.
_MEMORY_MARGIN = 60
# Stands for the key of a client that has none: as much to read, and nobody has the private half. Whoever tries whether
# a client exists knows neither its kid nor this one: either way the search ends at an unknown key (R23).
_DECOY = {
    "kty": "EC",
    "crv": "P-256",
    "alg": "ES256",
    "kid": secrets.token_urlsafe(32),
    "x": "tAX8fiDYhc88NwFpQS1Gcb-qwUuSGPO1AMFrpmprOVk",  # pragma: allowlist secret
    "y": "zQe7lo7NSslCQVXPpWeUifrjJGasPwZBXlX8bw-XYr8",  # pragma: allowlist secret
}


class PrivateKeyJwt:
    """The method of clients that have keys; an assertion is good for one request."""

    def __init__(
        self, assertions: AssertionLog, clock: Clock, *, issuer: str, token_endpoint: str, leeway: int
    ) -> None:
        """Take the ports, the issuer identifier, the token endpoint's URL, and the leeway in seconds."""
        self._assertions = assertions
        self._clock = clock
        self._audiences = frozenset({issuer})
        self._registered_audiences = frozenset({issuer, token_endpoint})
        self._leeway = leeway

    def __call__(self, _request: Request, form: Form) -> PresentedAssertion | None:
        """Return the assertion of the form, which says itself from which client it is, or None."""
        if form.get("client_assertion") is None and form.get("client_assertion_type") is None:
            return None
        if form.require("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClient("the client_assertion_type is not that of a JWT")
        raw = form.require("client_assertion")
        try:
            return PresentedAssertion(claimed_client_id(raw), raw, self)
        except TokenError as error:
            raise InvalidClient(f"client assertion: {error.reason.value}") from None

    def refusal(self, presented: PresentedAssertion, client: Client | None) -> str | None:
        """Return why the assertion does not prove the client, or None; raises what the ports raise, and ItemDamaged.

        Its use is noted last: what was not signed by the client writes nothing.
        """
        try:
            assertion = verify_client_assertion(
                presented.raw,
                _keys(client),
                client_id=presented.client_id,
                audiences=self._accepted_audiences(client),
                leeway=self._leeway,
                # The late end of the present: an assertion that might be over is.
                now=self._clock.now().latest,
            )
        except TokenError as error:
            return f"client assertion: {error.reason.value}"
        until = assertion.expires_at + self._leeway + _MEMORY_MARGIN
        if not self._assertions.use(assertion.client_id, assertion.jti, until):
            return "client assertion: used before"
        return None

    def _accepted_audiences(self, client: Client | None) -> frozenset[str]:
        """Return the issuer identifier, and the token endpoint's URL where the client is registered for it."""
        if client is not None and client.token_endpoint_audience:
            return self._registered_audiences
        return self._audiences


class PresentedAssertion(NamedTuple):
    """An assertion, the client that it claims to be from, and the method that knows how to check it."""

    client_id: str
    raw: str
    method: PrivateKeyJwt

    def refusal(self, client: Client | None) -> str | None:
        """Return why it does not prove this client, or None."""
        return self.method.refusal(self, client)


def _keys(client: Client | None) -> KeySet:
    if client is None:
        return KeySet.from_jwks({"keys": [_DECOY]})
    try:
        return KeySet.from_jwks({"keys": [dict(jwk) for jwk in client.jwks]})
    except ValueError as error:
        raise ItemDamaged(f"the public keys of client {client.client_id}: {error}") from None
