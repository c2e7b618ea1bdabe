"""Published vectors: Wycheproof, the RFCs' examples, JSONTestSuite; skipped where the files are missing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn.domain.base64url import decode
from keyturn.jose import KeySet, TokenError, VerificationPolicy, verify_access_token, verify_jws
from keyturn.jose.jwk import parse_jwk
from keyturn.jose.strict_json import parse_object
from keyturn.jose.thumbprint import thumbprint
from tests.fakes.token_factory import ALGORITHMS, NOW, key_set, policy, sign_raw

ROOT = Path(os.environ.get("KEYTURN_VECTORS") or Path(__file__).parents[4] / "shared" / "vectors")
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="no published vectors: set KEYTURN_VECTORS to their folder")
ALL = frozenset({*ALGORITHMS, "EdDSA"})


# Valid vectors that a stricter rule of Keyturn refuses, with that rule. HMAC is refused everywhere (R04).
STRICTER = {
    ("json_web_signature", 345): "R07: a kid with . and @",
    ("json_web_signature", 349): "R07: a kid with . and @",
}


def wycheproof(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], bool]]:
    """Yield each JWS of a Wycheproof file with its key set, and whether it is valid."""
    known_bad = json.loads((ROOT / "wycheproof" / "KNOWN_BAD.json").read_text())
    document = json.loads((ROOT / "wycheproof" / "testvectors_v1" / f"{name}_test.json").read_text())
    for group in document["testGroups"]:
        keys = group.get("public", group["private"])
        for test in group["tests"]:
            mislabelled = known_bad["file"].startswith(f"{name}_test") and str(test["tcId"]) in known_bad["skip"]
            if "jws" in test:
                jwks = keys if "keys" in keys else {"keys": [keys]}
                yield jwks, test, test["result"] == "valid" and not mislabelled


def accepts(jwks: dict[str, Any], token: str) -> bool:
    """Return whether our verifier loads the keys and accepts the token."""
    try:
        return verify_jws(token, KeySet.from_jwks(jwks), ALL) is not None
    except (TokenError, ValueError):
        return False


@pytest.mark.parametrize(
    ("name", "tests", "accepted"),
    [("json_web_signature", 401, 30), ("json_web_key", 26, 1), ("json_web_crypto", 49, 2)],
)
def test_wycheproof(name: str, tests: int, accepted: int) -> None:
    """R01, R04, R05, R08, R09: every asymmetric vector is judged as labelled, less two kids; no HMAC key is taken."""
    seen, taken = 0, 0
    for jwks, test, valid in wycheproof(name):
        symmetric = any(key.get("kty") == "oct" for key in jwks["keys"])
        stricter = (name, int(test["tcId"])) in STRICTER
        verified = accepts(jwks, test["jws"])
        assert verified == (valid and not symmetric and not stricter), test
        if stricter:
            check_signature_alone(jwks["keys"][0], test["jws"])
        seen += 1
        taken += verified
    assert (seen, taken) == (tests, accepted)


def check_signature_alone(jwk: dict[str, Any], token: str) -> None:
    """Verify a token whose kid is not one we take: the rule is all that refuses it."""
    public = {name: value for name, value in jwk.items() if name in {"kty", "crv", "n", "e", "x", "y", "alg"}}
    key = parse_jwk(public | {"kid": "k"})
    signing_input, _, signature = token.rpartition(".")
    key.verify(signing_input.encode(), parse_segment(signature))
    with pytest.raises(TokenError):
        key.verify(signing_input.encode() + b"x", parse_segment(signature))


def parse_segment(segment: str) -> bytes:
    """Return the bytes of a segment."""
    return decode(segment.encode()) or b""


def test_the_cookbook() -> None:
    """RFC 7520 §4.1 to 4.3, RFC 8037 A.4: signatures verify, less the kid that R07 refuses; all others are refused."""
    verified = set()
    folder = ROOT / "ietf-jose-cookbook"
    for path in (*sorted((folder / "jws").glob("*.json")), folder / "curve25519" / "jws.json"):
        example = json.loads(path.read_text())
        keys, token = example["input"]["key"], example["output"].get("compact")
        jwks = {"keys": keys if isinstance(keys, list) else [keys]}
        for spelled in (token, json.dumps(example["output"]["json"]), json.dumps(example["output"].get("json_flat"))):
            assert not accepts(jwks, spelled), path.name
        if token and jwks["keys"][0]["kty"] != "oct":
            algorithm = example["input"]["alg"]
            check_signature_alone(jwks["keys"][0] | {"alg": algorithm}, token)
            verified.add(algorithm)
    assert verified == {"RS256", "PS384", "ES512", "EdDSA"}


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
    """R03: every n_ of JSONTestSuite's 318 texts is refused and every y_ is read; none makes a token raise more."""
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
