"""Peers do the job that they are measured at: they accept the good token and refuse the bad ones."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import jwt
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

from benchmarks import warm_worker
from benchmarks.contestants import (
    AUTHORIZERS,
    IN_NODE,
    NODE_AUTHORIZER,
    POWERTOOLS,
    POWERTOOLS_JWT,
    RAW,
    VERIFIERS,
    kinds_to_refuse,
)
from benchmarks.local_aws import environment, served
from benchmarks.material import Material, material_of, token_request
from benchmarks.tls_aws import answers
from benchmarks.warm_decisions import node
from benchmarks.warm_worker import prove
from keyturn.adapters.aws.system_clock import wall_seconds
from keyturn.jose import KeySet, VerificationPolicy, verify_access_token

NOW = int(wall_seconds())
MATERIAL = material_of("ES256", NOW)


class _Raw(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    """Answer the calls of boto3 and PyJWKClient in this process, as the server of a run does."""
    answer = answers(served(MATERIAL))

    def send(_session: object, request: Any) -> AWSResponse:
        body = answer(request.headers["X-Amz-Target"].decode(), request.body)
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(body))

    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment("https://localhost", Path(certifi.where()).parent, MATERIAL).items():
            patch.setenv(name, value)
        patch.setenv("AWS_CA_BUNDLE", certifi.where())
        patch.setenv("SSL_CERT_FILE", certifi.where())
        patch.setattr(URLLib3Session, "send", send)
        patch.setattr(jwt.PyJWKClient, "fetch_data", lambda _client: {"keys": [MATERIAL.jwk]})
        yield


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    "name", [RAW, POWERTOOLS, POWERTOOLS_JWT, *(each for each in VERIFIERS if each != "python-jose")]
)
def test_a_peer_in_python_refuses_bad_tokens(name: str) -> None:
    """P2: a tampered, expired, misdirected or revoked token is refused by each contestant that should see it."""
    prove(name, MATERIAL)


def test_whole_authorizers_see_every_fault() -> None:
    """P2: a whole authorizer is asked about revocation too, a verifier about claims, a bare signature about neither."""
    assert all("revoked" in kinds_to_refuse(name) for name in AUTHORIZERS)
    assert kinds_to_refuse("joserfc") == ("tampered", "expired", "another audience")
    assert kinds_to_refuse(RAW) == ("tampered",)
    assert set(kinds_to_refuse(NODE_AUTHORIZER)) == set(MATERIAL.refused)


@pytest.mark.parametrize("kind", sorted(MATERIAL.refused))
def test_a_contestant_that_accepts_a_bad_token_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P2: a peer that leaves out one check is never measured."""

    def prepare(_name: str, material: Material) -> Any:
        accepted = material.token in (MATERIAL.token, MATERIAL.refused[kind])
        return lambda: {"isAuthorized": accepted}

    monkeypatch.setattr(warm_worker, "prepare", prepare)
    with pytest.raises(AssertionError, match=f"accepts a token that is wrong: {kind}"):
        prove(POWERTOOLS, MATERIAL)


def test_a_contestant_that_refuses_everything_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """P2: a peer that refuses the good token would be fast, and measures nothing."""
    monkeypatch.setattr(warm_worker, "prepare", lambda _name, _material: lambda: {"isAuthorized": False})
    with pytest.raises(AssertionError, match="refuses the good token"):
        prove(POWERTOOLS, MATERIAL)


@pytest.mark.usefixtures("aws")
def test_the_issuer_on_boto3_gives_a_good_token() -> None:
    """P12: the peer signs a token by KMS that our own verifier accepts, and refuses a wrong secret."""
    from benchmarks.boto3_issuer import lambda_handler

    answer = lambda_handler(token_request(), None)
    assert answer["statusCode"] == 200
    policy = VerificationPolicy(issuer=MATERIAL.issuer, audiences={MATERIAL.audience}, algorithms={"ES256"})
    keys = KeySet.from_jwks({"keys": [MATERIAL.jwk]})
    token = verify_access_token(json.loads(answer["body"])["access_token"], keys, policy, now=wall_seconds())
    assert (token.subject, token.client_id, token.scope) == ("web", "web", frozenset({"orders:read", "orders:write"}))
    wrong = token_request()
    wrong["headers"]["authorization"] = "Basic d2ViOndyb25n"
    assert lambda_handler(wrong, None)["statusCode"] == 400


@pytest.mark.usefixtures("aws")
def test_the_authorizer_on_boto3_refuses_a_revoked_token() -> None:
    """P5: the peer's look-up of revocations finds the one that is stored."""
    from benchmarks.boto3_authorizer import lambda_handler
    from benchmarks.material import with_token

    assert lambda_handler(MATERIAL.event, None) == {"isAuthorized": True}
    assert lambda_handler(with_token(MATERIAL.event, MATERIAL.refused["revoked"]), None) == {"isAuthorized": False}


def _node(name: str, material: Material, script: str = "worker.mjs") -> subprocess.CompletedProcess[str]:
    runtime = node()
    if runtime is None:
        pytest.skip("the peers in Node are not installed: make bench installs them")
    given = json.dumps(material._asdict()) + "\n1\n"
    command = [runtime, f"benchmarks/javascript/{script}", name]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", IN_NODE)
def test_a_peer_in_node_refuses_bad_tokens(name: str) -> None:
    """P2: a worker in Node proves itself before it answers its first batch."""
    done = _node(name, MATERIAL)
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) > 0


def test_the_issuer_in_node_gives_a_token() -> None:
    """P13: oidc-provider answers by HTTP with a JWT, else its worker ends."""
    done = _node("", MATERIAL, "oidc-provider.mjs")
    assert done.returncode == 0
    assert float(done.stdout) > 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"revoked": []}, "accepts a token that is wrong: revoked"),
        ({"audience": "https://other.example"}, "refuses the good token|Audience"),
    ],
)
def test_a_peer_in_node_without_a_check_is_found(change: dict[str, Any], complaint: str) -> None:
    """P2: an authorizer in Node that knows no revocations, or expects another audience, ends before it is measured."""
    done = _node(NODE_AUTHORIZER, MATERIAL._replace(**change))
    assert done.returncode != 0
    assert any(part in done.stderr for part in complaint.split("|"))
