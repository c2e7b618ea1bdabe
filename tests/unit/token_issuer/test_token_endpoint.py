"""The token endpoint and the client credentials grant (R21, R24 to R29)."""

from __future__ import annotations

import jwt
import pytest

from keyturn.jose import KeySet, verify_access_token
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import JWKS, SECRET, TOKEN, IssuerHarness, make_client
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, policy, signing_key

GRANT = "client_credentials"


def test_response(issuer: IssuerHarness) -> None:
    """A token response is RFC 6749 §5.1 with the scope always, no refresh token, and never stored (R25, R26)."""
    answer = issuer.post(TOKEN, grant_type=GRANT)
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    assert answer.json["scope"] == "orders:read orders:write"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["content-type"] == "application/json"


def test_token_has_the_profile(issuer: IssuerHarness) -> None:
    """The access token has every claim of RFC 9068 §2.2, and its kid is in the published JWKS (R28)."""
    raw = issuer.issue()
    published = KeySet.from_jwks(issuer.get(JWKS).json)
    token = verify_access_token(raw, published, policy(), now=NOW)
    assert token.claims == {
        "iss": ISSUER,
        "sub": "web",
        "aud": AUDIENCE,
        "exp": NOW + 900,
        "iat": NOW,
        "jti": token.jti,
        "client_id": "web",
        "scope": "orders:read orders:write",
    }
    assert jwt.get_unverified_header(raw) == {"typ": "at+jwt", "alg": "ES256", "kid": issuer.key.kid}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_every_algorithm(issuer: IssuerHarness, algorithm: str) -> None:
    """PyJWT verifies tokens of every algorithm that a ring may have."""
    key = signing_key(algorithm)
    issuer.signer.keys[key.kid] = key
    issuer.rotate(ring_of(key))
    [published] = issuer.get(JWKS).json["keys"]
    raw = issuer.issue()
    claims = jwt.decode(
        raw, jwt.PyJWK(published), [algorithm], audience=AUDIENCE, options={"verify_exp": False, "verify_iat": False}
    )
    assert claims["sub"] == "web"


def test_jti_is_random(issuer: IssuerHarness) -> None:
    """No two tokens share a jti, and each has 128 bits (R29)."""
    ids = {jwt.decode(issuer.issue(), options={"verify_signature": False})["jti"] for _ in range(50)}
    assert len(ids) == 50
    assert {len(jti) for jti in ids} == {22}


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "CLIENT_CREDENTIALS"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
        ({"grant_type": GRANT, "scope": "orders:delete"}, "invalid_scope"),
        ({"grant_type": GRANT, "scope": "orders:read orders:delete"}, "invalid_scope"),
        ({"grant_type": GRANT, "scope": "orders:read  orders:write"}, "invalid_scope"),
        ({"grant_type": GRANT, "scope": " orders:read"}, "invalid_scope"),
        ({"grant_type": GRANT, "scope": 'orders:read"'}, "invalid_scope"),
        ({"grant_type": GRANT, "scope": "orders:read\r\nx: y"}, "invalid_scope"),
        ({"grant_type": GRANT, "resource": "https://other.example"}, "invalid_target"),
        ({"grant_type": GRANT, "resource": AUDIENCE + "/"}, "invalid_target"),
    ],
)
def test_refusals(issuer: IssuerHarness, parameters: dict[str, str], error: str) -> None:
    """Each refusal has the RFC's code and status 400, and nothing is signed (R21, R24, R26, R27)."""
    answer = issuer.post(TOKEN, **parameters)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert set(answer.json) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    assert issuer.signer.asked == []


def test_narrower_scope(issuer: IssuerHarness) -> None:
    """A client gets the part of its scope that it asks for, and is told so (R26)."""
    answer = issuer.post(TOKEN, grant_type=GRANT, scope="orders:read")
    assert answer.json["scope"] == "orders:read"


def test_client_without_the_grant(issuer: IssuerHarness) -> None:
    """A client that is not registered for a grant is unauthorized_client (R24)."""
    issuer.clients.add(make_client("other", grant_types=frozenset()))
    answer = issuer.post(TOKEN, client_id="other", grant_type=GRANT)
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


def test_client_without_scope(issuer: IssuerHarness) -> None:
    """A client without any scope gets no token, rather than one without limits (RFC 6749 §3.3)."""
    issuer.clients.add(make_client("other", scopes=frozenset()))
    answer = issuer.post(TOKEN, client_id="other", grant_type=GRANT)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")


def test_several_audiences(issuer: IssuerHarness) -> None:
    """A client with several audiences names one; the token is for that one alone (R27)."""
    issuer.clients.add(make_client("other", audiences=(AUDIENCE, "https://two.example")))
    answer = issuer.post(TOKEN, client_id="other", grant_type=GRANT)
    assert (answer.status, answer.json["error"]) == (400, "invalid_target")
    raw = issuer.issue("other", resource="https://two.example")
    assert jwt.decode(raw, options={"verify_signature": False})["aud"] == "https://two.example"


def test_issuer_is_configured(issuer: IssuerHarness) -> None:
    """The iss claim never comes from a request (R51)."""
    headers = basic("web", SECRET) | {"host": "evil.example", "x-forwarded-host": "evil.example"}
    event = form_event(TOKEN, {"grant_type": GRANT, "iss": "https://evil.example"}, headers=headers)
    event["requestContext"]["domainName"] = "evil.example"
    raw = issuer.send(event).json["access_token"]
    assert jwt.decode(raw, options={"verify_signature": False})["iss"] == ISSUER


def test_round_trips(issuer: IssuerHarness) -> None:
    """A warm token request is one client read, one revocation read and one signature (P10)."""
    issuer.issue()
    for counted in (issuer.clients.reads, issuer.revocations.asked, issuer.signer.asked):
        counted.clear()
    ring_reads = issuer.rings.reads
    issuer.issue()
    counts = (len(issuer.clients.reads), len(issuer.revocations.asked), len(issuer.signer.asked))
    assert (*counts, issuer.rings.reads - ring_reads) == (1, 1, 1, 0)
