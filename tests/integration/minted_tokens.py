"""Tokens that the stack's own key signs, with claims that its issuer does not write yet: grants, sessions, subjects."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.adapters.keys.dynamodb_key_rings import DynamoDbKeyRings
from keyturn.adapters.keys.kms_signer import KmsSigner
from keyturn.jose.jws_encoder import encode_access_token
from tests.integration.aws import aws

if TYPE_CHECKING:
    from keyturn.domain.keys.key_ring import RingKey
    from local.stack_file import StackFile


class Mint:
    """Signs tokens as the issuer does, by its active key of the default ring."""

    def __init__(self, stack: StackFile) -> None:
        """Look up the key."""
        self._stack = stack
        self._signer = KmsSigner(aws(stack, "kms"))
        rings = DynamoDbKeyRings(aws(stack, "dynamodb"), stack.outputs["KeyRingTableName"])
        self._key: RingKey = rings.load_all()[0].active()

    def token(self, *, lifetime: int, **claims: Any) -> str:
        """Return a token for the example APIs, which each claim given is added to or changes; lifetime in seconds."""
        now = int(wall_seconds())
        identity = {"jti": secrets.token_urlsafe(16), "sub": "somebody", "client_id": self._stack.client_id}
        times = {"iat": now, "exp": now + lifetime}
        server = {"iss": self._stack.issuer, "aud": self._stack.audience, "scope": self._stack.scope}
        key = self._key
        return encode_access_token(identity | times | server | claims, algorithm=key.algorithm, kid=key.kid, key=self)

    def sign(self, signing_input: bytes) -> bytes:
        """Sign, as the remote key that the encoder wants."""
        return self._signer.sign(self._key.arn, self._key.algorithm, signing_input)
