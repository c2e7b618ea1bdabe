"""The example of docs/verifier.md: PyJWT's `encode` signs by a key of KMS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest

from keyturn.jose import KeySet, verify_jws
from keyturn.jose.public_key import public_jwk
from tests.fakes.moto_kms import moto_kms

PAGE = Path(__file__).parents[2] / "docs" / "verifier.md"


@pytest.fixture
def example() -> str:
    """Return the code of the page."""
    _, _, section = PAGE.read_text().partition("## Signing with PyJWT")
    _, _, code = section.partition("```python\n")
    return code.partition("```")[0]


def test_the_example_signs_by_kms(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Public interface: the page's code gives a token that our verifier and PyJWT's decode accept."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    before: Any = jwt.get_algorithm_by_name("ES256")
    with moto_kms() as kms:
        arn = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        jwk = public_jwk(kms.get_public_key(KeyId=arn)["PublicKey"], "ES256")
        names: dict[str, Any] = {"arn": arn, "kid": jwk["kid"]}
        try:
            exec(example, names)
            decoded = jwt.decode(names["token"], jwt.PyJWK(jwk), algorithms=["ES256"])
        finally:
            jwt.unregister_algorithm("ES256")
            jwt.register_algorithm("ES256", before)
    assert decoded == {"sub": "somebody"}
    assert verify_jws(names["token"], KeySet.from_jwks({"keys": [jwk]}), frozenset({"ES256"})) == b'{"sub":"somebody"}'
