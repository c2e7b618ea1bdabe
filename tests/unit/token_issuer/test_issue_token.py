"""The claims of an access token, the revocation of its grant, and its largest size (R28, R29)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from keyturn.domain.clients.client import Client
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.clients.token_size import MAX_SIGNING_INPUT, MAX_USER_CLAIMS, largest_token
from keyturn.domain.revocations.revocation import Revocation, Target, TargetKind
from keyturn.jose import verify_access_token
from tests.fakes.issuer_harness import TOKEN, IssuerHarness, make_client
from tests.fakes.stub_key_ring import ring_of
from tests.fakes.token_factory import AUDIENCE, NOW, policy, signing_key
from token_issuer.errors import InvalidGrant
from token_issuer.issue_token import Authorization, TokenIssuance
from token_issuer.revocation_check import RevocationChecks
from token_issuer.token_signer import TokenSigner


def issue(issuer: IssuerHarness, **changes: Any) -> Mapping[str, Any]:
    """Return the verified claims of a token for a user, with changes to its authorization."""
    fields: dict[str, Any] = {
        "subject": "u_1",
        "client": make_client(),
        "audience": AUDIENCE,
        "scope": frozenset({"orders:read"}),
    }
    issuance = TokenIssuance(
        issuer.settings,
        TokenSigner(issuer.view, issuer.signer),
        issuer.resource_servers,
    )
    authorization = Authorization(**fields | changes)
    revocation_check = RevocationChecks(issuer.revocations, issuer.clock).read(
        subject=authorization.subject,
        client_id=authorization.client.client_id,
        grant_id=authorization.grant_id,
        session_id=authorization.session_id,
    )
    token = issuance.issue(authorization, revocation_check)
    verified = verify_access_token(token.value, issuer.view.keys(), policy(), now=NOW)
    assert (verified.jti, verified.kid) == (token.jti, token.kid)
    return verified.claims


def declare(issuer: IssuerHarness, *claims: str) -> None:
    """Make the resource server declare custom claims."""
    scopes = frozenset({"orders:read", "orders:write"})
    issuer.resource_servers.add(
        ResourceServer(audience=AUDIENCE, name="Orders", scopes=scopes, claims=frozenset(claims))
    )


def test_what_a_grant_says(issuer: IssuerHarness) -> None:
    """Grant, session and the user's authentication become gid, sid, auth_time, acr and amr (RFC 9068 §2.2.1, R28)."""
    claims = issue(issuer, grant_id="g1", session_id="s1", auth_time=NOW - 5, acr="urn:example:mfa", amr=("pwd", "otp"))
    said = {name: claims[name] for name in ("sub", "client_id", "gid", "sid", "auth_time", "acr", "amr")}
    assert said == {
        "sub": "u_1",
        "client_id": "web",
        "gid": "g1",
        "sid": "s1",
        "auth_time": NOW - 5,
        "acr": "urn:example:mfa",
        "amr": ["pwd", "otp"],
    }


def test_what_a_grant_does_not_say(issuer: IssuerHarness) -> None:
    """A missing value has no claim, instead of a null or an empty one."""
    assert issue(issuer).keys() == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"}
    assert issue(issuer, auth_time=0)["auth_time"] == 0


@pytest.mark.parametrize(("kind", "field"), [(TargetKind.GRANT, "grant_id"), (TargetKind.SESSION, "session_id")])
@pytest.mark.parametrize("expires_at", [NOW + 100, NOW - 100])
def test_an_ended_grant_gives_no_token(issuer: IssuerHarness, kind: TargetKind, field: str, expires_at: int) -> None:
    """A revoked grant or session is invalid_grant while its revocation is stored."""
    issuer.revocations.store(Revocation(Target.of(kind, "ended"), expires_at=expires_at))
    with pytest.raises(InvalidGrant):
        issue(issuer, **{field: "ended"})
    assert issuer.signer.asked == []
    issue(issuer, **{field: "another"})


def test_one_read_of_revocations(issuer: IssuerHarness) -> None:
    """One call reads the revocations of grant and session together with the cutoffs (P10)."""
    issue(issuer, grant_id="g1", session_id="s1")
    [asked] = issuer.revocations.asked
    pair = "pair#u_1#web"
    assert [target.key for target in asked] == ["sub#u_1", "client#web", "global#0", pair, "gid#g1", "sid#s1"]


def test_declared_claims_of_the_subject_alone(issuer: IssuerHarness) -> None:
    """A token has the declared claims of its subject; an undeclared claim, and the client's own, are left out."""
    declare(issuer, "tenant", "role", "plan")
    client = make_client(claims={"tenant": "client's", "role": "admin"})
    claims = issue(issuer, client=client, claims={"tenant": "user's", "plan": "gold", "shoe_size": 43})
    assert (claims["tenant"], claims["plan"]) == ("user's", "gold")
    assert not claims.keys() & {"role", "shoe_size"}


def test_custom_claims_replace_none_of_the_tokens_own(issuer: IssuerHarness) -> None:
    """A declaration that names a standard claim leaves it as it is; registrations refuse the declaration (R28)."""
    declare(issuer)
    server = issuer.resource_servers.get(AUDIENCE)
    assert server is not None
    object.__setattr__(server, "claims", frozenset({"sub", "client_id", "gid"}))
    claims = issue(issuer, claims={"sub": "admin", "client_id": "other", "gid": "x"}, grant_id="g1")
    assert (claims["sub"], claims["client_id"], claims["gid"]) == ("u_1", "web", "g1")


def padding_to(issuer: IssuerHarness, size: int) -> dict[str, str]:
    """Return a claim that makes a token's signing input exactly, or almost, this many bytes long."""
    declare(issuer, "pad")
    issuer.clients.add(make_client("pad", claims={"pad": ""}))
    empty = len(issuer.issue("pad").rpartition(".")[0])
    return {"pad": "x" * ((size - empty) * 3 // 4)}


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "RS256"])
def test_the_largest_token(issuer: IssuerHarness, algorithm: str) -> None:
    """A token of the largest size is signed with every algorithm, and verifies."""
    key = signing_key(algorithm)
    issuer.signer.keys[key.kid] = key
    issuer.rotate(ring_of(key))
    issuer.clients.add(make_client("full", claims=padding_to(issuer, MAX_SIGNING_INPUT - 4)))
    raw = issuer.issue("full")
    assert MAX_SIGNING_INPUT - 8 < len(raw.rpartition(".")[0]) <= MAX_SIGNING_INPUT
    assert jwt.decode(raw, options={"verify_signature": False})["pad"]


def test_a_token_that_is_too_large(issuer: IssuerHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """A larger token is invalid_request before any call of KMS; the error names the limit, and the log the size."""
    issuer.clients.add(make_client("full", claims=padding_to(issuer, MAX_SIGNING_INPUT + 8)))
    issuer.signer.asked.clear()
    capsys.readouterr()
    answer = issuer.post(TOKEN, client_id="full", grant_type="client_credentials")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert str(MAX_SIGNING_INPUT) in answer.json["error_description"]
    assert issuer.signer.asked == []
    size = int(json.loads(capsys.readouterr().out)["detail"].split("has ")[1].split()[0])
    assert MAX_SIGNING_INPUT < size < MAX_SIGNING_INPUT + 12


def test_the_largest_token_of_a_registration_can_be_issued(issuer: IssuerHarness) -> None:
    """A registration at the limit has tokens with all of its values, whatever its users' claims are."""
    declare(issuer, "pad", "tier", "of_the_user")
    for grant, field, subject in (("client_credentials", "claims", "web"), ("authorization_code", "user_claims", "u")):
        uris = ("https://app.example/",) if grant == "authorization_code" else ()

        def register(pad: int, field: str = field, grant: str = grant, uris: tuple[str, ...] = uris) -> Client:
            changes: dict[str, Any] = {field: {"tier": 1, "pad": "x" * pad}}
            return make_client(grant_types=frozenset({grant}), redirect_uris=uris, **changes)

        empty = register(0)
        room = (MAX_SIGNING_INPUT - largest_token(empty, issuer.settings.issuer)) * 3 // 4
        full = register(room)
        over = register(room + 4)
        assert largest_token(full, issuer.settings.issuer) <= MAX_SIGNING_INPUT
        assert largest_token(over, issuer.settings.issuer) > MAX_SIGNING_INPUT
        own: dict[str, Any] = dict(full.claims)
        if subject == "u":
            # The claims of a user are an object of MAX_USER_CLAIMS bytes.
            own = {**full.user_claims, "of_the_user": "y" * (MAX_USER_CLAIMS - len('{"of_the_user":""}'))}
        details = {} if subject == "web" else {"grant_id": "g" * 22, "session_id": "s" * 22, "auth_time": NOW}
        details |= {} if subject == "web" else {"acr": "urn:keyturn:password", "amr": ("pwd", "otp", "mfa")}
        claims = issue(
            issuer,
            subject="web" if subject == "web" else "u_" + "x" * 64,
            client=full,
            scope=full.scopes,
            claims=own,
            **details,
        )
        assert claims["pad"] == "x" * room
