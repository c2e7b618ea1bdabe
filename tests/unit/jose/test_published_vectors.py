"""Vectors that others published: Wycheproof, the RFCs' examples, JSONTestSuite; skipped where they are not at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn.jose import KeySet, TokenError, VerificationPolicy, verify_access_token, verify_jws
from keyturn.jose.base64url import decode
from keyturn.jose.compact import is_kid
from keyturn.jose.jwk import parse_jwk
from keyturn.jose.strict_json import parse_object
from keyturn.jose.thumbprint import thumbprint
from tests.fakes.token_factory import ALGORITHMS, NOW, key_set, policy, sign_raw

ROOT = Path(os.environ.get("KEYTURN_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors")
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="no published vectors: set KEYTURN_VECTORS to their folder")
ALL = frozenset({*ALGORITHMS, "EdDSA"})


def wycheproof(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each test of a Wycheproof file with the public key, or set, that it is to be verified with."""
    document = json.loads((ROOT / "wycheproof" / "testvectors_v1" / f"{name}_test.json").read_text())
    for group in document["testGroups"]:
        for test in group["tests"]:
            yield group.get("public", group["private"]), test


def accepts(jwks: dict[str, Any], token: str) -> bool:
    """Return whether our verifier loads the keys and accepts the token."""
    try:
        return verify_jws(token, KeySet.from_jwks(jwks), ALL) is not None
    except (TokenError, ValueError):
        return False


def test_wycheproof_signatures() -> None:
    """R01, R04, R05, R08: of Wycheproof's 401 tokens the valid ones verify, less HMAC and kids we do not take."""
    known_bad = json.loads((ROOT / "wycheproof" / "KNOWN_BAD.json").read_text())["skip"]
    accepted, stricter = 0, 0
    for jwk, test in wycheproof("json_web_signature"):
        verified = accepts({"keys": [jwk]}, test["jws"])
        valid = test["result"] == "valid" and str(test["tcId"]) not in known_bad
        if valid and (jwk["kty"] == "oct" or not is_kid(jwk["kid"])):
            valid, stricter = False, stricter + 1
            check_signature_alone(jwk, test["jws"])
        assert verified == valid, test
        accepted += verified
    assert (accepted, stricter) == (30, 10)


def check_signature_alone(jwk: dict[str, Any], token: str) -> None:
    """Verify the signature of a valid token whose kid is not one we take (RFC 7520 §4.1)."""
    if jwk["kty"] != "oct":
        signing_input, _, signature = token.rpartition(".")
        octets = parse_segment(signature)
        parse_jwk(jwk | {"kid": "k"}).verify(signing_input.encode(), octets)


def parse_segment(segment: str) -> bytes:
    """Return the bytes of a segment."""
    return decode(segment.encode()) or b""


def test_wycheproof_keys() -> None:
    """R09: of Wycheproof's key sets, the weak, mixed, duplicate, misused and malformed ones are refused."""
    for keys, test in wycheproof("json_web_key"):
        jwks = keys if "keys" in keys else {"keys": [keys]}
        valid = test["result"] == "valid" and all(key["kty"] != "oct" for key in jwks["keys"])
        assert accepts(jwks, test["jws"]) == valid, test


def test_rfc_examples() -> None:
    """RFC 7515 A.1, A.3, A.5, RFC 8037 A.4: signatures of our algorithms verify, thumbprints are the printed ones."""
    examples = json.loads((ROOT / "rfc-examples" / "vectors.json").read_text())
    for name, algorithm in (("rfc7515_A.3", "ES256"), ("rfc8037_A", "EdDSA")):
        signing_input, _, signature = examples[name]["jws"].rpartition(".")
        key = parse_jwk(examples[name]["jwk"] | {"kid": "k", "alg": algorithm})
        key.verify(signing_input.encode(), parse_segment(signature))
        with pytest.raises(TokenError):
            key.verify(signing_input.encode() + b"x", parse_segment(signature))
    for name in ("rfc7638_3.1", "rfc8037_A"):
        assert thumbprint(examples[name]["jwk"]) == examples[name]["thumbprint"]
    for name in ("rfc7515_A.1", "rfc7515_A.3", "rfc7515_A.5", "rfc8037_A"):
        assert not accepts({"keys": []}, examples[name]["jws"])


def test_json_test_suite() -> None:
    """R03: of JSONTestSuite's 318 texts every n_ is refused and every y_ is read; none makes a token raise more."""
    keys, rules = key_set(), policy()
    seen = 0
    for path in sorted((ROOT / "JSONTestSuite" / "test_parsing").glob("*.json")):
        text = path.read_bytes()
        wrapped = b'{"value":' + text + b"}"
        read = [parse_object(text) is not None, parse_object(wrapped) is not None]
        if path.name.startswith("n_"):
            assert not any(read), path.name
        if path.name.startswith("y_") and "duplicated_key" not in path.name:
            assert read == [text.lstrip()[:1] == b"{", True], path.name
        for token in (sign_raw(text, b"{}"), sign_raw(b"{}", text)):
            assert_refused(token, keys, rules)
        seen += 1
    assert seen == 318


def assert_refused(token: str, keys: KeySet, rules: VerificationPolicy) -> None:
    """Assert that a token is refused, and in no other way than by a TokenError."""
    with pytest.raises(TokenError):
        verify_access_token(token, keys, rules, now=NOW)
