"""A JWT that the client signed with a key of its own (RFC 7521 §4.2, RFC 7523 §2.2 and §3)."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from keyturn.domain.clients.client import Client
from keyturn.domain.errors import ItemDamaged
from keyturn.jose import KeySet, TokenError
from keyturn.jose.client_assertion import VerifiedClientAssertion, claimed_client_id, verify_client_assertion
from keyturn.web.form import Form
from keyturn.web.request import Request
from token_issuer.errors import InvalidClient

if TYPE_CHECKING:
    from keyturn.ports import AssertionLog, Clock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Seconds. An assertion is remembered for longer than it is accepted: the request takes time between the two.
_MEMORY_MARGIN = 60
# The key of an unknown client: it costs as much to parse as a real one, and its private half was discarded. An attacker
# who probes for a client knows neither its kid nor this kid: in both cases the key is unknown. Without a kid,
# the one key verifies the assertion in both cases.
_DECOY = {
    "kty": "EC",
    "crv": "P-256",
    "alg": "ES256",
    "kid": secrets.token_urlsafe(32),
    "x": "tAX8fiDYhc88NwFpQS1Gcb-qwUuSGPO1AMFrpmprOVk",  # pragma: allowlist secret
    "y": "zQe7lo7NSslCQVXPpWeUifrjJGasPwZBXlX8bw-XYr8",  # pragma: allowlist secret
}


class PrivateKeyJwt:
    """The method of clients with keys; an assertion is valid for one request.

    `token_endpoint` is the URL that a registration may allow as audience. `leeway` is in seconds.
    """

    def __init__(
        self, assertions: AssertionLog, clock: Clock, *, issuer: str, token_endpoint: str, leeway: int
    ) -> None:
        self._assertions = assertions
        self._clock = clock
        self._audiences = frozenset({issuer})
        self._registered_audiences = frozenset({issuer, token_endpoint})
        self._leeway = leeway

    def __call__(self, _request: Request, form: Form) -> PresentedAssertion | None:
        """Return the assertion of the form, or None; the assertion itself names its client."""
        if form.get("client_assertion") is None and form.get("client_assertion_type") is None:
            return None
        if form.require("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClient("the client_assertion_type is not that of a JWT")
        raw = form.require("client_assertion")
        try:
            return PresentedAssertion(claimed_client_id(raw), raw, self)
        except TokenError as error:
            raise InvalidClient(f"client assertion: {error.reason.value}") from None

    def verify(self, presented: PresentedAssertion, client: Client) -> None:
        """Raise InvalidClient unless the client signed the assertion and has not used it; raises ItemDamaged.

        The use is stored last, so that only the client's own assertions cause a write.
        """
        audiences = self._registered_audiences if client.token_endpoint_audience else self._audiences
        assertion = self._verify_assertion(presented, _keys(client), audiences)
        until = assertion.expires_at + self._leeway + _MEMORY_MARGIN
        if not self._assertions.use(assertion.client_id, assertion.jti, until):
            raise InvalidClient("client assertion: used before")

    def imitate_verification(self, presented: PresentedAssertion) -> None:
        """Verify the assertion with a decoy key, and discard the result."""
        with suppress(InvalidClient):
            self._verify_assertion(presented, KeySet.from_jwks({"keys": [_DECOY]}), self._audiences)

    def _verify_assertion(
        self, presented: PresentedAssertion, keys: KeySet, audiences: frozenset[str]
    ) -> VerifiedClientAssertion:
        try:
            return verify_client_assertion(
                presented.raw,
                keys,
                client_id=presented.client_id,
                audiences=audiences,
                leeway=self._leeway,
                # The late end of the present: an assertion that may have expired is expired.
                now=self._clock.now().latest,
            )
        except TokenError as error:
            raise InvalidClient(f"client assertion: {error.reason.value}") from None


class PresentedAssertion(NamedTuple):
    """An assertion, the client that it claims to be from, and the method that verifies it."""

    client_id: str
    raw: str
    method: PrivateKeyJwt

    def verify(self, client: Client) -> None:
        """Raise InvalidClient unless the client signed the assertion and has not used it."""
        self.method.verify(self, client)

    def imitate_verification(self) -> None:
        """Verify the assertion with a decoy key, and discard the result."""
        self.method.imitate_verification(self)


def _keys(client: Client) -> KeySet:
    try:
        return KeySet.from_jwks({"keys": [dict(jwk) for jwk in client.jwks]})
    except ValueError as error:
        raise ItemDamaged(f"the public keys of client {client.client_id}: {error}") from None
