"""The token endpoint and the client credentials grant (R21, R24 to R29)."""

from __future__ import annotations

import joserfc.jwt
import jwt
import pytest
from joserfc.jwk import OKPKey

from keyturn.domain.clients.client import GRANT_TYPES
from keyturn.domain.keys.key_ring import Compromise, KeyState
from keyturn.jose import KeySet, verify_access_token
from tests.fakes.http_api_event import basic, form_event
from tests.fakes.issuer_harness import JWKS, SECRET, TOKEN, IssuerHarness, make_client
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, ISSUER, NOW, policy, signing_key

GRANT = "client_credentials"


def test_response(issuer: IssuerHarness) -> None:
    """A token response is that of RFC 6749 §5.1 with a scope, without a refresh token, and uncached (R25, R26)."""
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
    """PyJWT verifies tokens of each algorithm that it supports."""
    key = signing_key(algorithm)
    issuer.signer.keys[key.kid] = key
    issuer.rotate(ring_of(key))
    [published] = issuer.get(JWKS).json["keys"]
    raw = issuer.issue()
    claims = jwt.decode(
        raw, jwt.PyJWK(published), [algorithm], audience=AUDIENCE, options={"verify_exp": False, "verify_iat": False}
    )
    assert claims["sub"] == "web"


def test_ed25519_by_its_own_name(issuer: IssuerHarness) -> None:
    """Tokens have alg Ed25519 and not EdDSA (RFC 9864 §2.2); joserfc verifies them with the published key."""
    key = signing_key("Ed25519")
    issuer.signer.keys[key.kid] = key
    issuer.rotate(ring_of(key))
    [published] = issuer.get(JWKS).json["keys"]
    assert (published["alg"], published["crv"]) == ("Ed25519", "Ed25519")
    token = joserfc.jwt.decode(issuer.issue(), OKPKey.import_key(published), algorithms=["Ed25519"])
    assert (token.header["alg"], token.claims["sub"]) == ("Ed25519", "web")


def test_an_audience_has_the_algorithm_that_it_needs(issuer: IssuerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audience's own algorithm signs once its ring is active; until then the default ring signs."""
    key = signing_key("Ed25519")
    other = IssuerHarness(monkeypatch, AUDIENCE_ALGORITHMS=f"{AUDIENCE}=Ed25519 https://other.example=PS256")
    other.signer.keys[key.kid] = key
    added = ring_of(key).replace(name="Ed25519")
    waiting = added.replace(keys=[added.keys[0].replace(state=KeyState.PRE_ACTIVATION)])
    algorithms = []
    for rings in ((), (waiting,), (added,)):
        other.rings.others = rings
        other.wall += 100
        raw = other.issue()
        verify_access_token(raw, KeySet.from_jwks(other.get(JWKS).json), policy(), now=NOW)
        algorithms.append(jwt.get_unverified_header(raw)["alg"])
    assert algorithms == ["ES256", "ES256", "Ed25519"]


def test_no_ring_signs_for_one_whose_key_is_compromised(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an emergency without a standby the audience gets 503 instead of another algorithm (I8)."""
    other = IssuerHarness(monkeypatch, AUDIENCE_ALGORITHMS=f"{AUDIENCE}=Ed25519")
    emergency = (Compromise(kid="k", at=NOW, reason="r", actor="a"),)
    other.rings.others = (ring_of().replace(name="Ed25519", keys=(), compromises=emergency),)
    answer = other.post(TOKEN, grant_type=GRANT)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_jti_is_random(issuer: IssuerHarness) -> None:
    """Each token has its own jti of 128 bits (R29)."""
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
        ({"grant_type": GRANT, "resource": AUDIENCE + "//"}, "invalid_target"),
    ],
)
def test_refusals(issuer: IssuerHarness, parameters: dict[str, str], error: str) -> None:
    """Each error has the RFC's code and status 400, and nothing is signed (R21, R24, R26, R27)."""
    answer = issuer.post(TOKEN, **parameters)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert set(answer.json) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    assert issuer.signer.asked == []


@pytest.mark.parametrize("parameters", [{}, {"grant_type": "password"}], ids=["missing", "unsupported"])
def test_grant_type_is_checked_first(issuer: IssuerHarness, parameters: dict[str, str]) -> None:
    """R24: a missing or unsupported grant type is refused before client authentication, without a read."""
    issuer.clients.add(make_client("slow", rate=1))
    answers = [issuer.post(TOKEN, client_id="slow", secret=secret, **parameters) for secret in (SECRET, "wrong")]
    assert [answer.status for answer in answers] == [400, 400]
    assert (issuer.clients.reads, issuer.rates.taken) == ([], {})


@pytest.mark.parametrize("grant_type", sorted(GRANT_TYPES))
def test_every_grant_type_has_a_handler(issuer: IssuerHarness, grant_type: str) -> None:
    """R24: a client that is registered for a grant type reaches its handler."""
    issuer.clients.add(make_client("all", grant_types=GRANT_TYPES, redirect_uris=("https://app.example/callback",)))
    answer = issuer.post(TOKEN, client_id="all", grant_type=grant_type)
    expected = (200, None) if grant_type == GRANT else (400, "invalid_request")
    assert (answer.status, answer.json.get("error")) == expected


def test_narrower_scope(issuer: IssuerHarness) -> None:
    """A client gets the requested part of its scope, and the answer lists it (R26)."""
    answer = issuer.post(TOKEN, grant_type=GRANT, scope="orders:read")
    assert answer.json["scope"] == "orders:read"


def test_client_without_the_grant(issuer: IssuerHarness) -> None:
    """A client that is not registered for a grant is unauthorized_client (R24)."""
    issuer.clients.add(make_client("other", grant_types=frozenset()))
    answer = issuer.post(TOKEN, client_id="other", grant_type=GRANT)
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


def test_client_without_scope(issuer: IssuerHarness) -> None:
    """A client without a scope gets invalid_scope instead of an unlimited token (RFC 6749 §3.3)."""
    issuer.clients.add(make_client("other", scopes=frozenset()))
    answer = issuer.post(TOKEN, client_id="other", grant_type=GRANT)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")


def test_several_audiences(issuer: IssuerHarness) -> None:
    """A client with several audiences must name one, and the token has that audience alone (R27)."""
    issuer.clients.add(make_client("other", audiences=(AUDIENCE, "https://two.example")))
    answer = issuer.post(TOKEN, client_id="other", grant_type=GRANT)
    assert (answer.status, answer.json["error"]) == (400, "invalid_target")
    raw = issuer.issue("other", resource="https://two.example")
    assert jwt.decode(raw, options={"verify_signature": False})["aud"] == "https://two.example"


def test_issuer_is_configured(issuer: IssuerHarness) -> None:
    """A request cannot change the iss claim (R51)."""
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
    issuer.resource_servers.reads.clear()
    ring_reads = issuer.rings.reads
    issuer.issue()
    counts = (len(issuer.clients.reads), len(issuer.revocations.asked), len(issuer.signer.asked))
    assert (*counts, issuer.rings.reads - ring_reads) == (1, 1, 1, 0)
    assert issuer.resource_servers.reads == []
